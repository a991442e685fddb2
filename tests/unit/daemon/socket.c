/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Messages of a program of p25 in an attacker's hands to another: no descriptor stays open there.
 */

#include "daemon/io/socket.h"
#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define DESCRIPTORS_MAX 8

/* Those of this process below 1024. */
static unsigned count_open(void)
{
        unsigned n = 0;

        for (int fd = 0; fd < 1024; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static void send_all(int socket, const void *data, size_t length, int fd, size_t n)
{
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_MAX)];
        } control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int) * n),
                              .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS } };
        struct iovec part = { (void *)(uintptr_t)data, length };
        struct msghdr m = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = n > 0 ? &control : NULL,
                .msg_controllen = n > 0 ? CMSG_SPACE(sizeof(int) * n) : 0 };

        for (size_t i = 0; i < n; i++)
                memcpy(control.bytes + CMSG_LEN(sizeof(int) * i), &fd, sizeof(fd));
        assert_int_equal(sendmsg(socket, &m, 0), length);
}

/* Sends so many bytes and descriptors; how eight bytes are received. */
static int receive(size_t length, size_t n, bool *ret_has_fd)
{
        static const char message[16];
        char received[8];
        int ends[2], fd, r;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        send_all(ends[0], message, length, STDERR_FILENO, n);
        r = socket_receive(ends[1], received, sizeof(received), &fd);
        *ret_has_fd = fd >= 0;
        if (fd >= 0)
                close(fd);
        close(ends[0]);
        close(ends[1]);
        return r;
}

static void test_several_descriptors(void **state)
{
        unsigned before = count_open();
        bool has_fd;

        (void)state;
        assert_int_equal(receive(8, 0, &has_fd), 0);
        assert_false(has_fd);
        assert_int_equal(receive(8, 1, &has_fd), 0);
        assert_true(has_fd);
        for (size_t n = 2; n <= DESCRIPTORS_MAX; n++)
                assert_int_equal(receive(8, n, &has_fd), -EBADMSG);
        assert_int_equal(count_open(), before);
}

static void test_length(void **state)
{
        unsigned before = count_open();
        bool has_fd;

        (void)state;
        assert_int_equal(receive(7, 1, &has_fd), -EBADMSG);
        assert_int_equal(receive(9, 1, &has_fd), -EBADMSG);
        assert_int_equal(count_open(), before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_several_descriptors),
                cmocka_unit_test(test_length),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
