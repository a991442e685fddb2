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

int socket_receive(int socket, void *ret, size_t n, int *ret_fd)
{
        Control control;
        struct iovec part = { ret, n };
        struct msghdr m = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        ssize_t got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
        struct cmsghdr *c;

        *ret_fd = -1;
        if (got < 0)
                return -errno;
        c = CMSG_FIRSTHDR(&m);
        if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
                c->cmsg_len == CMSG_LEN(sizeof(int)))
                memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
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
