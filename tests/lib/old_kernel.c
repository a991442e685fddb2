/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Preloaded into p25d by tests: the kernel answers as an older or smaller one would. It knows no
 * tables that are owned and persist (before Linux 6.9): what p25d sends to find that out gets a
 * flag that no kernel knows, and the kernel refuses it. And it ends no sockets (built without
 * INET_DIAG_DESTROY): such a request names no socket any more, and its answer is another.
 */

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define SENT_MAX 65536

/* Attribute 2 of a table: its flags, in network byte order. */
static const uint8_t owned[] = { 8, 0, 2, 0, 0, 0, 0, 6 }, unknown[] = { 8, 0, 2, 0, 0, 0, 1, 6 };

static int is_sock_diag(int fd)
{
        int domain = 0, protocol = -1;
        socklen_t length = sizeof(int);

        return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
               getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
               domain == AF_NETLINK && protocol == NETLINK_SOCK_DIAG;
}

/* Zeros name no socket. */
static void destroy_nothing(void *data, size_t n)
{
        struct {
                struct nlmsghdr header;
                struct inet_diag_req_v2 request;
        } m;

        if (n != sizeof(m))
                return;
        memcpy(&m, data, sizeof(m));
        if (m.header.nlmsg_type == SOCK_DESTROY)
                memset(&m.request.id, 0, sizeof(m.request.id));
        memcpy(data, &m, sizeof(m));
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
        uint8_t changed[SENT_MAX], *at;

        if (n <= sizeof(changed)) {
                memcpy(changed, data, n);
                at = memmem(data, n, "p25", 4) ? memmem(changed, n, owned, sizeof(owned)) : NULL;
                if (at)
                        memcpy(at, unknown, sizeof(unknown));
                if (is_sock_diag(fd))
                        destroy_nothing(changed, n);
                data = changed;
        }
        return syscall(SYS_sendto, fd, data, n, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
        ssize_t n = syscall(SYS_recvmsg, fd, message, flags);
        struct nlmsghdr *h;
        struct nlmsgerr *e;

        if (n < (ssize_t)NLMSG_LENGTH(sizeof(*e)) || !is_sock_diag(fd))
                return n;
        h = message->msg_iov->iov_base;
        e = NLMSG_DATA(h);
        if (h->nlmsg_type == NLMSG_ERROR && e->msg.nlmsg_type == SOCK_DESTROY)
                e->error = -EOPNOTSUPP;
        return n;
}
