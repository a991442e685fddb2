/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Packets that rules send to an NFLOG group. Does not know what a prefix means.
 */

#include "daemon/netlink/netlink.h"

/* All is borrowed. */
typedef struct NflogPacket {
        const char *prefix;
        const uint8_t *data; /* from the network header on, the first bytes of it */
        size_t length;
        bool has_uid, has_gid; /* of the socket that sent it; packets of others have none */
        uint32_t uid, gid;
        uint32_t sequence; /* of the group, from 0 on; a gap: packets were lost */
} NflogPacket;

/* Binds the group. 0, -EBUSY (another process has it), -EPERM, -EOPNOTSUPP, … */
int nflog_open(uint16_t group, size_t copied_bytes, Netlink *ret);

/* Hands the packets of one datagram to f. 0, -EAGAIN (there is none), -ENOBUFS (the queue was full:
 * some were lost), another negative errno. */
int nflog_read(Netlink *n, void (*f)(const NflogPacket *p, void *data), void *data);
