/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Makes an idle end of a connection send: a segment out of the window, in the name of the other
 * end, is answered with an ACK (RFC 9293, 3.10.7.4), which passes through this host and meets its
 * rules. Needs CAP_NET_RAW; without it an idle connection is reset when it sends by itself.
 */

#include "daemon/netlink/conntrack.h"

typedef struct Knocker {
        int fds[2]; /* raw sockets of IPv4 and IPv6; -1: not open (yet) */
        bool failed[2];
} Knocker;

#define KNOCKER_CLOSED ((Knocker){ .fds = { -1, -1 } })

/* From one end to the other, with the mark that decides the route (0: none). */
void knock(Knocker *k, const Tuple *t, uint32_t mark);
void knocker_close(Knocker *k);
