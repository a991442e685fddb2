/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * By which interfaces a connection passes through this host, as far as routing says so for sure.
 * Does not judge.
 */

#include "daemon/netlink/netlink.h"
#include "rules/address/address.h"

#include <net/if.h>

/* Packets of the client enter by in and leave by out. */
typedef struct Through {
        char in[IF_NAMESIZE], out[IF_NAMESIZE];
} Through;

/* The client and the server, as the host's routing sees them: with translated addresses where the
 * host translates. */
typedef struct ThroughEnds {
        const Address *client, *server;
        uint16_t client_port, server_port;
        uint32_t mark; /* of all its packets */
} ThroughEnds;

/*
 * False where it is not sure: the routes of both directions do not go by the same two interfaces,
 * or no mark is known and a rule of routing asks for one (marked_routes, by routes_ask_mark()). n
 * is of NETLINK_ROUTE.
 */
bool through_find(Netlink *n, const ThroughEnds *e, bool marked_routes, Through *ret);

/* In doubt: yes. */
bool routes_ask_mark(void);
