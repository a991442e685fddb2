/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Does this host route by packet marks (ip-rule(8), fwmark)? A packet that is marked on its way out
 * is routed again behind the place where rules see it, and leaves by another interface than they
 * saw.
 */

#include "rules/address/family.h"
#include "rules/base/util.h"

typedef struct MarkRoute {
        bool found;
        bool inverted; /* "not fwmark": only packets without the mark take it */
        Family family;
        uint32_t mark;
} MarkRoute;

/* The first rule of either family that asks for a mark; one that is not inverted goes before. 0 or
 * negative errno. */
int mark_route_find(MarkRoute *ret);
