/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Open connections of this host's own sockets: those that a ruleset refuses are cut. Connections
 * that pass through the host have no socket here; passing.h cuts them.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct Ruleset Ruleset;

typedef struct CutResult {
        uint64_t n;     /* cut now */
        bool half_open; /* connections that are refused are still being opened: look again */
} CutResult;

/*
 * Judges every open TCP connection of a local socket that has a watched port at one end, and ends
 * exactly those that the ruleset refuses: the owner reads ECONNABORTED, the peer a reset. Who
 * dialled is asked of conntrack, and so is what was dialled, before any translation.
 *
 * A kernel without INET_DIAG_DESTROY ends none: there their conntrack entries are marked with the
 * label NFT_LABEL_CUT, and the backend's rules answer each side that speaks with a reset. Those
 * that are allowed again lose the mark.
 *
 * Never cut: connections within the host (lo); sockets in teardown, which still deliver what their
 * owner has sent; anything while r->keep_established; and what may be allowed: where the owner's
 * group or cgroup cannot be determined, a connection goes only if every answer means refusal. A
 * connection that waits for the peer's first answer is judged by the rules with every packet that
 * it sends, but the answer to an earlier one may still come: ret->half_open says to look again, and
 * so it does where a peer may hold a cookie in the place of a socket (cookies.h).
 * The interface of an incoming connection is taken to be the one towards its peer, by the
 * connection's mark.
 *
 * 0, -EOPNOTSUPP (a kernel with neither that nor conntrack), -EPERM, another negative errno. What
 * could be cut is cut also when some could not.
 */
int connections_cut(const Ruleset *r, CutResult *ret);
