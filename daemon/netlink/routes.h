/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which way the kernel would send a packet to an address. */

#include "daemon/netlink/netlink.h"
#include "rules/address/address.h"

#include <net/if.h>

typedef struct Route {
        bool local;                  /* to this host itself: over lo */
        char interface[IF_NAMESIZE]; /* "": none */
} Route;

/* The route from one address (NULL: any) to another, over the interface of this index (0: any). n
 * is of NETLINK_ROUTE. 0, or negative errno (there is none: -ENETUNREACH, -EHOSTUNREACH, …). */
int route_find(Netlink *n, const Address *from, const Address *to, uint32_t ifindex, Route *ret);
