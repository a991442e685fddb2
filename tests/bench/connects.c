/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * connects FROM TO ADDRESS PORT COUNT: opens COUNT connections one after the other from the network
 * namespace FROM (a file, as of ip-netns(8)) to ADDRESS, which is of the namespace TO, and prints
 * the nanoseconds that one takes. This one process connects, accepts and resets them: nobody waits
 * for another process.
 */

#include "tests/bench/timing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void enter(const char *namespace)
{
        int fd = open(namespace, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
                error(1, errno, "%s", namespace);
        close(fd);
}

static int listener_open(const struct sockaddr_in *address)
{
        int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
                bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
                listen(fd, 16) < 0)
                error(1, errno, "listen");
        return fd;
}

static void connect_once(int listener, const struct sockaddr_in *address)
{
        static const struct linger reset = { .l_onoff = 1 };
        int here = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), there;

        if (here < 0 || setsockopt(here, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0 ||
                connect(here, (const struct sockaddr *)address, sizeof(*address)) < 0)
                error(1, errno, "connect");
        there = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (there < 0)
                error(1, errno, "accept");
        close(here);
        close(there);
}

int main(int argc, char **argv)
{
        struct sockaddr_in address = { .sin_family = AF_INET };
        long count = argc == 6 ? strtol(argv[5], NULL, 10) : 0;
        int64_t began;
        int listener;

        if (count <= 0 || inet_pton(AF_INET, argv[3], &address.sin_addr) != 1)
                error(2, 0, "usage: connects FROM TO ADDRESS PORT COUNT");
        address.sin_port = htons((uint16_t)strtoul(argv[4], NULL, 10));
        enter(argv[2]);
        listener = listener_open(&address);
        enter(argv[1]);
        began = timing_now_nsec();
        for (long i = 0; i < count; i++)
                connect_once(listener, &address);
        printf("%lld\n", (long long)(timing_now_nsec() - began) / count);
        return 0;
}
