/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel's connection tracking: which connections it knows, as their clients dialled them and
 * as their replies come, and the label by which rules cut them. TCP only. Does not judge.
 */

#include "daemon/netlink/netlink.h"
#include "rules/address/address.h"

typedef struct Ports Ports;

/* One end to the other. */
typedef struct Tuple {
        Address from, to;
        uint16_t from_port, to_port;
} Tuple;

/* A connection as it was opened, and as its replies come. */
typedef struct Tracked {
        Tuple original, reply;
        uint16_t zone, original_zone, reply_zone; /* of both ways, or of one; 0: the default */
        uint32_t mark;
        uint32_t status;   /* IPS_… */
        uint8_t tcp_state; /* TCP_CONNTRACK_… */
        bool picked_up;    /* not from its first packet on: original may be the reply */
        bool incoming;     /* carries the label NFT_LABEL_INCOMING */
        bool cut;          /* carries the label NFT_LABEL_CUT */
} Tracked;

typedef struct TrackedList {
        Tracked *items;
        size_t n;
} TrackedList;

void tracked_list_deinit(TrackedList *l);

/*
 * The connection in the default zone to which TCP packets of this tuple belong, in either
 * direction. n is of NETLINK_NETFILTER. 0, -ENOENT (it is not tracked), another negative errno.
 */
int conntrack_find(Netlink *n, const Tuple *t, Tracked *ret);

/* All connections, of all zones, that have one of these ports at one end of either direction and
 * have not ended; status: only those with these bits (IPS_…). 0 or negative errno. */
int conntrack_list(Netlink *n, const Ports *ports, uint32_t status, TrackedList *ret);

/* Labels the entry, so that rules reset it. It is made if there is none, and made again if it has
 * no room for labels. 0 or negative errno. */
int conntrack_mark(Netlink *n, const Tracked *t);
/* Lets packets out of the window belong to the entry, as long as it lives. One that is still being
 * opened becomes established, and one that was answered: if the answer passes by another host, it
 * never would, and no packet but the first would belong to it; and a reset by one end would remove
 * the entry, and its mark, while the other end still waits to be answered. */
int conntrack_tolerate(Netlink *n, const Tracked *t);
/* Makes a marked entry in the place of one that has the ends the wrong way round (picked_up): rules
 * ask for the port that was dialled. *ret: the new one. 0 or negative errno. */
int conntrack_turn(Netlink *n, const Tracked *t, Tracked *ret);
/* Removes the label; also succeeds if the entry does not exist. */
int conntrack_unmark(Netlink *n, const Tracked *t);

bool tuple_equal(const Tuple *a, const Tuple *b);
