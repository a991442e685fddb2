/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The addresses of the sites: each answers on whole prefixes, so that a packet may come from and
 * go to any address that a random policy speaks of. Adds to the world of tests/lib/world.h what
 * this needs: routes, listeners everywhere, ports that are published and redirected.
 */

#include "rules/address/family.h"
#include "tests/lib/random.h"
#include "tests/lib/world.h"

#include "rules/address/address.h"

#define PORT_EXTRA 80 /* a mail port where the policy says so */

#define PORT_OTHER 2526

#define PORT_PUBLISHED_OTHER 8025 /* DNATed to port 25, and none of p25's business */
#define PUBLISHED4 "203.0.113.60"
#define PUBLISHED6 "2001:db8:aa::60"
#define REDIRECTED4 "198.51.100.250" /* of the Internet, port 587: DNATed as it leaves the host */

static const uint16_t site_ports[] = { 25, 25, 25, 25, 25, 465, 587, 587, 2525, PORT_EXTRA,
        PORT_OTHER };

bool site_owns(Site site, const Address *a);
Address site_draw(Random *r, Site site, Family family);
Address site_address(const char *text);

/* ---- the world ---- */

/* Packets that conntrack does not follow; then nothing is published either. */
void sites_track(bool track);
void sites_build(void);

/* What came in is taken, so that there is room for more. */
void sites_accept(void);
void sites_end(void);
