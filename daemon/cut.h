/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Connections that pass through this host, for the backends whose rules see them. */

#include "daemon/netlink.h"
#include "rules/ruleset.h"

/*
 * Marks the conntrack entries that the ruleset refuses with the label NFT_LABEL_CUT, which the
 * backend's rules answer with a reset, and takes the mark from those that it allows. n is of
 * NETLINK_NETFILTER. *ret_n: how many were marked. 0 or negative errno; no ctnetlink in the kernel
 * is no error, there is then nothing to cut by.
 */
int cut_passing(Netlink *n, const Ruleset *r, uint64_t *ret_n);
