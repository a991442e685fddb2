/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel's connection tracking knows of a connection: what the client dialled, before any
 * translation of addresses. */

#include "daemon/netlink.h"
#include "rules/policy.h"

/* One end to the other. */
typedef struct Tuple {
        Address from, to;
        uint16_t from_port, to_port;
} Tuple;

/* A connection as it was opened, and as its replies come. */
typedef struct Tracked {
        Tuple original, reply;
} Tracked;

/* Nothing at all is tracked: asked in microseconds, where walking the empty table takes the kernel
 * milliseconds. False when it is not known. */
bool conntrack_is_empty(Netlink *n);

/*
 * The connection to which TCP packets of this tuple belong, in either direction. n is of
 * NETLINK_NETFILTER. 0, -ENOENT (it is not tracked), another negative errno.
 */
int conntrack_find(Netlink *n, const Tuple *t, Tracked *ret);

/* All TCP connections to these ports, as dialled, whose destination is another than was dialled. A
 * malloc()ed array; 0 or negative errno. */
int conntrack_list_redirected(Netlink *n, const Ports *ports, Tracked **ret, size_t *ret_n);

bool tuple_equal(const Tuple *a, const Tuple *b);
