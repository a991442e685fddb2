/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel's connection tracking knows of a connection: what the client dialled, before any
 * translation of addresses. */

#include "daemon/netlink/netlink.h"
#include "rules/address/address.h"
#include "rules/policy/ports.h"

/* One end to the other. */
typedef struct Tuple {
        Address from, to;
        uint16_t from_port, to_port;
} Tuple;

/* A connection as it was opened, and as its replies come. */
typedef struct Tracked {
        Tuple original, reply;
        bool marked; /* it carries the label NFT_LABEL_CUT */
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

/* Those that are marked. */
int conntrack_list_marked(Netlink *n, Tracked **ret, size_t *ret_n);

/* Marks the entry, which is made if there is none, and made again if it has no room for labels. 0
 * or negative errno. */
int conntrack_mark(Netlink *n, const Tracked *t);
/* It is no error if there is none. */
int conntrack_unmark(Netlink *n, const Tracked *t);

/* ---- parts of messages, for who writes its own ---- */

bool conntrack_has_label(const struct nlattr *labels, unsigned bit);
/* Sets or takes the mark, of an entry that is there. */
void conntrack_put_mark(struct nlmsghdr *h, bool mark);
/* What an entry that is to be made has besides its tuples: it stands, and is marked. */
void conntrack_put_marked_entry(struct nlmsghdr *h);

bool tuple_equal(const Tuple *a, const Tuple *b);
