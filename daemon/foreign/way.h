/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Routes and listeners of this host, as far as they decide about one connection. Needs no
 * privilege. */

#include "daemon/foreign/walk.h"
#include "daemon/netlink/netlink.h"
#include "rules/address/family.h"
#include "rules/ruleset/packet.h"

typedef struct Way {
        Netlink routes, sockets;
} Way;

int way_open(Way *ret);
void way_close(Way *w);
HostView way_view(Way *w);

/* A packet with what it lacked. */
typedef struct Completion {
        Packet packet; /* its interfaces may be those below */
        char in[IFNAMSIZ], out[IFNAMSIZ];
        bool in_assumed;
} Completion;

/* Facts that a packet lacks are taken from the routes: the interface that it leaves by, its own
 * address; of one that comes from outside, the interface by which its source is reached. */
void way_complete(Way *w, const Packet *p, Completion *ret);

/* Appends the sentence that in_assumed stands for, once. 0 or -ENOMEM. */
int way_assume_in(const Completion *c, char ***sentences);

/* Is it an address of this host, in whatever table? */
bool way_is_own(Way *w, const Address *a);

/* Can it not be sent, or passed on? A static sentence, or NULL. */
const char *way_obstacle(Way *w, const Packet *p);

/* Does a socket listen on the port, at an address that to is one of (NULL: any of the family)? */
Truth way_listens(Way *w, Family family, const Address *to, uint16_t port);
