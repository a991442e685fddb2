/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Makes an idle end of a connection send: a segment out of the window, in the name of the other
 * end, is answered with an ACK (RFC 9293, 3.10.7.4), which passes through this host and meets its
 * rules. Needs CAP_NET_RAW. Does not know why.
 */

#include "rules/base/util.h"

typedef struct Tuple Tuple;

/* Raw sockets of IPv4 and IPv6. -1: not open yet; less: an error, negative errno - 1. */
typedef struct Segments {
        int fds[2];
} Segments;

#define SEGMENTS_CLOSED ((Segments){ .fds = { -1, -1 } })

/*
 * From one end to the other, with the mark that decides the route (0: none); without the mark on
 * kernels before 5.17 where CAP_NET_ADMIN is lacking. Four segments of a header each, without
 * content. 0 or negative errno.
 */
int segments_send(Segments *s, const Tuple *t, uint32_t mark);
void segments_close(Segments *s);
