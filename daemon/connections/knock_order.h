/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The orders of p25d to p25d-knocker, which may send segments and can do nothing else: one message
 * of a fixed size, over a socket that only p25d's user may open. There is no answer. The message
 * names ends of connections; what is sent to them is not part of it.
 */

#include "daemon/netlink/conntrack.h"
#include "rules/base/util.h"

#define KNOCKER_SOCKET "/run/p25d-knocker.socket"
#define KNOCKS_MAX 64

typedef struct KnockOrder {
        uint32_t n;
        struct KnockItem {
                uint32_t mark;
                uint16_t version; /* of IP: 4 or 6 */
                uint16_t from_port, to_port;
                uint16_t unused; /* 0 */
                uint8_t from[16], to[16];
        } items[KNOCKS_MAX];
} KnockOrder;

/* False: there is no room. */
bool knock_order_add(KnockOrder *o, const Tuple *t, uint32_t mark);

/*
 * One item of a message from whomever. False, and *ret is not written: no such item, or it names
 * what is not an end of a connection that passes through a host: an address that is unspecified,
 * of the host itself, of a link or of many; or no port.
 */
bool knock_order_read(const KnockOrder *o, size_t i, Tuple *ret, uint32_t *ret_mark);
