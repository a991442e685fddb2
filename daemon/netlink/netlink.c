/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sockets and datagrams of netlink. Does not know what messages mean.
 */

#include "daemon/netlink/netlink.h"

#include "daemon/reader/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define RECEIVE_MAX 65536
#define RECEIVE_QUEUE (4 << 20)
#define TIMEOUT_SEC 10

/* Best effort: an old kernel, or a process without CAP_NET_ADMIN, has less. */
static void socket_configure(int fd)
{
        static const int one = 1, queue = RECEIVE_QUEUE;
        static const struct timeval timeout = { .tv_sec = TIMEOUT_SEC };

        setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
        setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

static int socket_portid(int fd, uint32_t *ret)
{
        struct sockaddr_nl address;
        socklen_t length = sizeof(address);

        if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
                return -errno;
        if (length != sizeof(address) || address.nl_family != AF_NETLINK)
                return -EPROTONOSUPPORT;
        *ret = address.nl_pid;
        return 0;
}

int netlink_open(int protocol, Netlink *ret)
{
        struct sockaddr_nl address = { .nl_family = AF_NETLINK };
        uint32_t portid;
        int fd, r;

        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
        /* where a worker may not open one (daemon/bus/confine.h) */
        if (fd < 0 && errno == EACCES)
                fd = reader_netlink(protocol);
        else if (fd < 0)
                fd = -errno;
        if (fd < 0)
                return fd;
        r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
        if (r >= 0)
                r = socket_portid(fd, &portid);
        if (r < 0) {
                close(fd);
                return r;
        }
        socket_configure(fd);
        *ret = (Netlink){ .fd = fd, .portid = portid };
        return 0;
}

static void socket_drain(int fd)
{
        char buffer[1];

        while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS)
                continue;
}

int netlink_adopt(int fd, int protocol, Netlink *ret)
{
        int found = -1;
        socklen_t length = sizeof(found);
        uint32_t portid;
        int r;

        if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &found, &length) < 0)
                return -errno;
        r = socket_portid(fd, &portid);
        if (r < 0)
                return r;
        if (found != protocol || portid == 0)
                return -EPROTONOSUPPORT;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        socket_configure(fd);
        socket_drain(fd);
        *ret = (Netlink){ .fd = fd, .portid = portid, .seq = (uint32_t)getpid() << 8 };
        return 0;
}

void netlink_close(Netlink *n)
{
        if (n->fd >= 0)
                close(n->fd);
        *n = NETLINK_CLOSED;
}

int netlink_join(Netlink *n, unsigned group)
{
        return setsockopt(n->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0
                       ? -errno
                       : 0;
}

int netlink_leave(Netlink *n, unsigned group)
{
        return setsockopt(n->fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, sizeof(group)) < 0
                       ? -errno
                       : 0;
}

/* A message must reach the kernel in one piece: the send queue is made to hold it. Without an
 * address it goes to the kernel, which then looks at who opened the socket as well. */
static int socket_send(int fd, const void *data, size_t length)
{
        int queue = length > INT32_MAX / 2 ? INT32_MAX / 2 : (int)length + 65536;
        ssize_t n;

        if (length > 65536 && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &queue, sizeof(queue)) < 0)
                setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &queue, sizeof(queue));
        do
                n = send(fd, data, length, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t)n == length ? 0 : -EMSGSIZE;
}

static ssize_t socket_receive(int fd, void *buffer, size_t size, int flags)
{
        struct sockaddr_nl from;
        struct iovec part = { .iov_base = buffer, .iov_len = size };
        struct msghdr message = {
                .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1
        };
        ssize_t n;

        for (;;) {
                n = recvmsg(fd, &message, flags);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (message.msg_flags & MSG_TRUNC)
                        return -ENOSPC;
                if (from.nl_pid == 0) /* other processes may write to us: only the kernel counts */
                        return n;
        }
}

ssize_t netlink_receive(Netlink *n, void *buffer, size_t size)
{
        return socket_receive(n->fd, buffer, size, MSG_DONTWAIT);
}

/*
 * Calls take() for each message that comes, until *done. done NULL: as long as one is there; the
 * kernel has answered when send() returns. 0; -ENOBUFS: some were lost; another negative errno.
 */
static int take_answers(Netlink *n, const bool *done,
        void (*take)(void *data, const struct nlmsghdr *h), void *data)
{
        _cleanup_free_ char *buffer = malloc(RECEIVE_MAX);
        int lost = 0;

        if (!buffer)
                return -ENOMEM;
        while (!done || !*done) {
                ssize_t size = socket_receive(n->fd, buffer, RECEIVE_MAX, done ? 0 : MSG_DONTWAIT);
                const struct nlmsghdr *h = (const void *)buffer;
                int left = (int)size;

                if (size == -EAGAIN)
                        return done ? -ETIMEDOUT : lost;
                if (size < 0 && (done || size != -ENOBUFS))
                        return (int)size;
                if (size < 0)
                        lost = (int)size;
                for (; size > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
                        take(data, h);
        }
        return 0;
}

/* ---- requests and dumps ---- */

typedef struct Reply {
        uint32_t seq, first;
        bool done, ended; /* the walk of f */
        int error;
        size_t asked, answers; /* netlink_ask: requests, and how many answers have come */
        NetlinkHandler f;
        void *data;
} Reply;

static void reply_note(Reply *r, int error)
{
        if (error < 0 && r->error == 0)
                r->error = error;
}

static void reply_message(void *data, const struct nlmsghdr *h)
{
        Reply *r = data;
        const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

        if (h->nlmsg_seq != r->seq)
                return;
        if (h->nlmsg_flags & NLM_F_DUMP_INTR)
                reply_note(r, -EINTR);
        if (h->nlmsg_type == NLMSG_ERROR) {
                r->done = true;
                if (mnl_nlmsg_get_payload_len(h) >= sizeof(*e))
                        reply_note(r, e->error);
        } else if (h->nlmsg_type == NLMSG_DONE) {
                r->done = true;
                if (mnl_nlmsg_get_payload_len(h) >= sizeof(int))
                        reply_note(r, *(const int *)mnl_nlmsg_get_payload(h));
        } else if (h->nlmsg_type >= NLMSG_MIN_TYPE && r->f && !r->ended) {
                int error = r->f(h, r->data);

                r->ended = error < 0;
                r->done = error == -ECANCELED;
                reply_note(r, error);
        }
}

static int exchange(
        Netlink *n, struct nlmsghdr *request, uint16_t flags, NetlinkHandler f, void *data)
{
        Reply reply = { .seq = ++n->seq, .f = f, .data = data };
        int r;

        request->nlmsg_flags = (uint16_t)(request->nlmsg_flags | NLM_F_REQUEST | flags);
        request->nlmsg_seq = reply.seq;
        r = socket_send(n->fd, request, request->nlmsg_len);
        if (r >= 0)
                r = take_answers(n, &reply.done, reply_message, &reply);
        /* or the answer to the next question found no room either, and would be waited for */
        if (r == -ENOBUFS)
                socket_drain(n->fd);
        return r < 0 ? r : reply.error;
}

int netlink_dump(Netlink *n, struct nlmsghdr *request, NetlinkHandler f, void *data)
{
        return exchange(n, request, NLM_F_DUMP, f, data);
}

int netlink_request(Netlink *n, struct nlmsghdr *request, NetlinkHandler f, void *data)
{
        return exchange(n, request, NLM_F_ACK, f, data);
}

/* ---- many requests ---- */

/* The receive queue of an unprivileged process holds the answers to so many. */
#define ASK_AT_ONCE 128
#define ASK_SIZE 512 /* a request */

/* Writes requests: how many, and in ret_length their bytes. */
static size_t ask_fill(
        Netlink *n, NetlinkRequester next, void *data, uint8_t *buffer, size_t *ret_length)
{
        size_t count = 0, length = 0;

        for (; count < ASK_AT_ONCE; count++) {
                struct nlmsghdr *h = (void *)(buffer + length);

                if (next(h, ASK_SIZE, data) == 0)
                        break;
                h->nlmsg_flags = NLM_F_REQUEST;
                h->nlmsg_seq = ++n->seq;
                length += NLMSG_ALIGN(h->nlmsg_len);
        }
        *ret_length = length;
        return count;
}

static void ask_message(void *data, const struct nlmsghdr *h)
{
        Reply *r = data;

        if (h->nlmsg_seq - r->first >= r->asked)
                return; /* of an earlier request */
        r->seq = h->nlmsg_seq;
        reply_message(r, h);
        r->answers++;
}

static int ask_answers(Netlink *n, Reply *r)
{
        reply_note(r, take_answers(n, NULL, ask_message, r));
        return r->error == 0 && r->answers != r->asked ? -EIO : r->error;
}

int netlink_ask(Netlink *n, NetlinkRequester next, NetlinkHandler f, void *data)
{
        _cleanup_free_ uint8_t *requests = calloc(ASK_AT_ONCE, ASK_SIZE);
        size_t count, length;
        int r = requests ? 0 : -ENOMEM;

        while (r >= 0 && (count = ask_fill(n, next, data, requests, &length)) > 0) {
                Reply reply = {
                        .first = n->seq - (uint32_t)count + 1, .asked = count, .f = f, .data = data
                };

                r = socket_send(n->fd, requests, length);
                if (r >= 0)
                        r = ask_answers(n, &reply);
        }
        return r;
}

/* ---- batches ---- */

typedef struct BatchReply {
        const NetlinkBatch *batch;
        NetlinkOutcome *outcome;
} BatchReply;

static void batch_message(void *data, const struct nlmsghdr *h)
{
        const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
        const NetlinkBatch *b = ((BatchReply *)data)->batch;
        NetlinkOutcome *o = ((BatchReply *)data)->outcome;
        bool reports = h->nlmsg_type != NLMSG_ERROR;

        /* Of an earlier request. Some kernels report elements that were removed without a number.
         */
        if (h->nlmsg_seq - b->first > b->last - b->first && !(reports && h->nlmsg_seq == 0))
                return;
        if (reports) {
                if (b->f && h->nlmsg_type >= NLMSG_MIN_TYPE)
                        b->f(h, b->f_data);
                return;
        }
        if (mnl_nlmsg_get_payload_len(h) < sizeof(*e))
                return;
        if (e->error == 0 && h->nlmsg_seq == b->last)
                o->acknowledged = true;
        if (e->error < 0 && o->error == 0) {
                o->error = e->error;
                o->error_seq = h->nlmsg_seq;
        }
}

int netlink_batch(Netlink *n, const NetlinkBatch *b, NetlinkOutcome *ret)
{
        int r;

        *ret = (NetlinkOutcome){ 0 };
        n->seq = b->last + 1;
        r = socket_send(n->fd, b->data, b->length);
        if (r < 0)
                return r;
        ret->sent = true;
        r = take_answers(n, NULL, batch_message, &(BatchReply){ b, ret });
        if (r < 0 && r != -ENOBUFS)
                return r;
        if (ret->error == 0 && !ret->acknowledged)
                return r < 0 ? r : -EIO;
        return 0;
}

const char *netlink_family_to_string(unsigned family)
{
        switch (family) {
        case NFPROTO_INET:
                return "inet";
        case NFPROTO_IPV4:
                return "ip";
        case NFPROTO_IPV6:
                return "ip6";
        case NFPROTO_ARP:
                return "arp";
        case NFPROTO_NETDEV:
                return "netdev";
        case NFPROTO_BRIDGE:
                return "bridge";
        }
        return "?";
}
