/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Packets that wait in a queue of the kernel until they are answered for. Where nobody reads the
 * queue, or it is full, packets go on without waiting.
 */

#include "daemon/netlink/netlink.h"

/* All is borrowed. */
typedef struct NfqueuePacket {
        uint32_t id;         /* grows from packet to packet */
        const uint8_t *data; /* from the network header on, the first bytes of it */
        size_t length;
        bool has_uid, has_gid; /* of the socket that sent it */
        uint32_t uid, gid;
        uint32_t out_interface; /* its index; 0: not known */
} NfqueuePacket;

typedef struct NfqueueOptions {
        uint16_t number;
        uint32_t copied_bytes;
        uint32_t max; /* of packets that wait */
} NfqueueOptions;

/* 0, -EBUSY (another process reads it), -EPERM, -EOPNOTSUPP, … */
int nfqueue_open(const NfqueueOptions *o, Netlink *ret);

/* Hands the packets of one datagram to f. 0, -EAGAIN (there is none), -ENOBUFS (some went on
 * without being seen), another negative errno. */
int nfqueue_read(Netlink *n, void (*f)(const NfqueuePacket *p, void *data), void *data);
/* The same of a datagram, whatever its bytes are. */
void nfqueue_parse(const void *datagram, size_t size, void (*f)(const NfqueuePacket *p, void *data),
        void *data);

/* The packet goes on; many: with all before it. 0 or negative errno. */
int nfqueue_release(Netlink *n, uint16_t number, uint32_t id, bool many);
