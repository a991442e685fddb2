/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Open connections of this host's own sockets: what a ruleset refuses of them is cut. Connections
 * that pass through the host have no socket here; they are the backend's.
 */

#include "rules/ruleset/ruleset.h"

/*
 * Judges every open TCP connection of a local socket that has a watched port at one end, and ends
 * exactly those that the ruleset refuses: the owner reads ECONNABORTED, the peer a reset. *ret_n:
 * how many.
 *
 * A kernel without INET_DIAG_DESTROY ends none: there their conntrack entries are marked with the
 * label NFT_LABEL_CUT, and the backend's rules answer each side that speaks with a reset. Those
 * that are allowed again lose the mark.
 *
 * Never cut: connections within the host (lo); those that wait for the peer's first answer, which
 * the rules judge themselves; sockets in teardown, which still deliver what their owner has sent;
 * anything while r->keep_established; and what may be allowed: where the owner's group or cgroup
 * cannot be told, a connection goes only if every answer means refusal.
 * The interface of an incoming connection is taken to be the one towards its peer.
 *
 * 0, -EOPNOTSUPP (a kernel with neither that nor conntrack), -EPERM, another negative errno. What
 * could be cut is cut also when some could not.
 */
int connections_cut(const Ruleset *r, uint64_t *ret_n);
