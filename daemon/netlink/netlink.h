/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A netlink socket that stays open: dumps, single requests, and batches whose errors are reported
 * by message. Does not depend on any subsystem. Closing a socket after deletions waits for RCU:
 * keep it.
 */

#include "rules/base/util.h"

#include <linux/netlink.h>
#include <sys/types.h>

typedef struct Netlink {
        int fd; /* -1: closed */
        uint32_t portid;
        uint32_t seq; /* of the last request */
} Netlink;

#define NETLINK_CLOSED ((Netlink){ .fd = -1 })

/* protocol: NETLINK_NETFILTER, …; 0 or negative errno */
int netlink_open(int protocol, Netlink *ret);
/* Goes on with a socket from elsewhere: waiting messages are dropped. -ENOTSOCK, -EPROTONOSUPPORT
 * if it is not a bound socket of this protocol; then the descriptor stays the caller's. */
int netlink_adopt(int fd, int protocol, Netlink *ret);
void netlink_close(Netlink *n);

int netlink_join(Netlink *n, unsigned group);
int netlink_leave(Netlink *n, unsigned group);

/* Called for every message of a reply. A negative return ends the walk of what has come, not the
 * reading: the socket is always drained. -ECANCELED ends the reading too: whoever returns it closes
 * the socket, in which the rest is. */
typedef int (*NetlinkHandler)(const struct nlmsghdr *h, void *data);

/*
 * Sends the request (sequence number and flags are set here) and hands every part of the dump to f.
 * 0, f's first error, -EINTR when the kernel says that the dump is not consistent (f gets all of
 * it nevertheless), the kernel's errno.
 */
int netlink_dump(Netlink *n, struct nlmsghdr *request, NetlinkHandler f, void *data);
/* One request that is answered by messages (f may be NULL) and an acknowledgement. */
int netlink_request(Netlink *n, struct nlmsghdr *request, NetlinkHandler f, void *data);

/* Messages without acknowledgements, each of which the kernel answers with one message or an error:
 * writes the next request to the buffer and returns its length, 0 after the last. */
typedef size_t (*NetlinkRequester)(struct nlmsghdr *buffer, size_t size, void *data);
/* Sends the requests some at a time, so that the answers fit the receive queue. 0, f's first error,
 * the kernel's first errno; the socket is drained in any case. */
int netlink_ask(Netlink *n, NetlinkRequester next, NetlinkHandler f, void *data);

/* One datagram that the kernel sent by itself; does not wait. Its bytes, -EAGAIN, -ENOBUFS (others
 * were lost before it), -ENOSPC (it is larger), another negative errno. */
ssize_t netlink_receive(Netlink *n, void *buffer, size_t size);

/* Messages with the sequence numbers first … last, sent in one piece. Other messages that the
 * kernel answers with (echoes) go to f, which may be NULL. */
typedef struct NetlinkBatch {
        const void *data;
        size_t length;
        uint32_t first, last;
        NetlinkHandler f;
        void *f_data;
} NetlinkBatch;

/* The result of a batch. */
typedef struct NetlinkOutcome {
        bool sent;
        bool acknowledged; /* the last message */
        int error;         /* the first of a message, negative; 0: none */
        uint32_t error_seq;
} NetlinkOutcome;

/* Returns 0 when the kernel reported on the batch, else a negative errno: if ret->sent, it is not
 * known what became of it. *ret is set in any case. */
int netlink_batch(Netlink *n, const NetlinkBatch *b, NetlinkOutcome *ret);

/* The family of a table of nf_tables (NFPROTO_...), by nft's word; "?": another. */
const char *netlink_family_to_string(unsigned family);
