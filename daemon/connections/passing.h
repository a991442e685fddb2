/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Cutting connections by the backend's rules: those that pass through this host, and those of its
 * own sockets where the kernel has no other way. */

#include "daemon/netlink/conntrack.h"

typedef struct Ruleset Ruleset;

/*
 * Marks the conntrack entries that the ruleset refuses with the label NFT_LABEL_CUT, which the
 * backend's rules answer with a reset, and takes the mark from those that it allows. n is of
 * NETLINK_NETFILTER. *ret_n: how many were marked. 0 or negative errno; succeeds without
 * effect if the kernel has no ctnetlink.
 */
int cut_passing(Netlink *n, const Ruleset *r, uint64_t *ret_n);

/* A connection that passes through this host and that conntrack does not follow, as its client
 * dialled it. */
typedef struct Untracked {
        Tuple tuple;
        uint64_t left_msec; /* for which it will be known still: the newest the longest */
} Untracked;

/* Leaves those that the ruleset refuses in the list, in their order; returns how many. */
size_t cut_judge_untracked(const Ruleset *r, Untracked *items, size_t n);

/* Makes both ends of the newest of them send, up to a number that does not delay p25d. The order of
 * the list changes. */
void cut_knock_untracked(Untracked *items, size_t n);

/* Must the rules answer marked connections of this host's own sockets too? Asked once,
 * because the answer does not change. 0 or negative errno. */
int cut_needs_rules(bool *ret);
