/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/io/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

typedef union Control {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
} Control;

int socket_send(int socket, const void *data, size_t n, int fd)
{
        Control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
                                    .cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS } };
        struct iovec part = { (void *)data, n };
        struct msghdr m = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        ssize_t sent;

        memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
        /* sendmsg() is nothing that a confined worker may call */
        sent = fd < 0 ? send(socket, data, n, MSG_NOSIGNAL) : sendmsg(socket, &m, MSG_NOSIGNAL);
        return sent < 0 ? -errno : 0;
}

/* CMSG_SPACE() rounds up, so a second descriptor may fit beside the one that is wanted. All others
 * are closed; > 0: there is one. */
static int descriptor_take(struct msghdr *m, int *ret)
{
        int n = 0, fd;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t at = CMSG_LEN(0); at + sizeof(fd) <= c->cmsg_len; at += sizeof(fd)) {
                        memcpy(&fd, (const char *)c + at, sizeof(fd));
                        if (n++ == 0)
                                *ret = fd;
                        else
                                close(fd);
                }
        }
        return n;
}

int socket_receive(int socket, void *ret, size_t n, int *ret_fd)
{
        Control control;
        struct iovec part = { ret, n };
        struct msghdr m = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        ssize_t got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);

        *ret_fd = -1;
        if (got < 0)
                return -errno;
        if (descriptor_take(&m, ret_fd) > 1 || m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
                return -EBADMSG;
        return got == (ssize_t)n ? 0 : -EBADMSG;
}

int socket_serve(
        const char *program, int idle_msec, void (*serve)(int client, void *data), void *data)
{
        struct pollfd p = { .fd = SD_LISTEN_FDS_START, .events = POLLIN };

        if (sd_listen_fds(1) != 1) {
                fprintf(stderr, "%s is started by %s.socket\n", program, program);
                return 4;
        }
        while (poll(&p, 1, idle_msec) > 0) {
                int client = accept4(p.fd, NULL, NULL, SOCK_CLOEXEC);

                if (client < 0)
                        continue;
                serve(client, data);
                close(client);
        }
        return 0;
}
