/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The route by which the kernel would send a packet to an address. */

#include "daemon/netlink/netlink.h"
#include "rules/address/address.h"
#include "rules/address/family.h"

#include <net/if.h>

typedef struct Route {
        bool local;                  /* to this host itself: over lo */
        bool gateway;                /* by way of another router */
        uint32_t ifindex;            /* 0: none */
        char interface[IF_NAMESIZE]; /* its name; "": none */
        bool has_source;
        Address source; /* that a socket of this host would take */
} Route;

/* The TCP packet in question; rules of routing (ip-rule(8)) may ask for all of it. From NULL: any
 * address; a port 0: any; mark 0: none; an interface 0: any. */
typedef struct RouteQuestion {
        const Address *from, *to;
        uint16_t from_port, to_port;
        uint32_t mark;
        uint32_t in_ifindex; /* by which it came, to be passed on; 0: this host sends it itself */
        uint32_t ifindex;    /* by which it leaves */
        bool has_uid;        /* false: no user's */
        uint32_t uid;        /* whose socket sends it */
} RouteQuestion;

/* n is of NETLINK_ROUTE. 0, or negative errno (without a route: -ENETUNREACH, -EHOSTUNREACH, …). */
int route_find(Netlink *n, const RouteQuestion *q, Route *ret);

/* Is it an address of this host, by any table of routes? False if that cannot be asked. */
bool route_is_local(Netlink *n, const Address *a, uint32_t mark);
