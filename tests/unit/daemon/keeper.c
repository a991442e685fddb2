/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Does the service manager keep a descriptor? Here it is a child of the test, with room for some,
 * with none, or deaf. That systemd does so is seen in tests/kernels.
 */

#include "daemon/backend/keeper.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOM_MAX 4

/* ---- a service manager ---- */

typedef struct Store {
        int fds[ROOM_MAX];
        size_t n, room;
} Store;

/* One message: what it says, and its descriptor, or -1. */
static bool message_receive(int socket, char *text, size_t max, int *ret_fd)
{
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
        } control;
        struct iovec part = { text, max - 1 };
        struct msghdr m = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        ssize_t n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);

        *ret_fd = -1;
        if (n < 0)
                return false;
        text[n] = '\0';
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
                        memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
        return true;
}

static void serve(int socket, size_t room)
{
        Store store = { .room = room };
        char text[256];
        int fd;

        while (message_receive(socket, text, sizeof(text), &fd))
                if (strstr(text, "FDSTORE=1") && store.n < store.room)
                        store.fds[store.n++] = fd;
                else if (fd >= 0)
                        close(fd);
}

static pid_t manager;

static void manager_start(bool deaf, size_t room)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        char name[64];
        int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        assert_true(s >= 0);
        snprintf(name, sizeof(name), "@p25-keeper-%d", (int)getpid());
        memcpy(a.sun_path + 1, name + 1, strlen(name) - 1);
        assert_int_equal(
                bind(s, (struct sockaddr *)&a,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                0);
        manager = fork();
        assert_true(manager >= 0);
        if (manager == 0) {
                if (deaf)
                        pause();
                serve(s, room);
                _exit(0);
        }
        close(s);
        setenv("NOTIFY_SOCKET", name, 1);
}

static int manager_stop(void **state)
{
        (void)state;
        if (manager > 0) {
                kill(manager, SIGKILL);
                waitpid(manager, NULL, 0);
        }
        manager = 0;
        unsetenv("NOTIFY_SOCKET");
        unsetenv("MEMORY_PRESSURE_WATCH");
        unsetenv("FDSTORE");
        return 0;
}

/* ---- tests ---- */

/* The answer of keeper_keep(), and whether it is true: a pipe whose one end was kept. */
static void expect_kept(int wanted)
{
        char byte;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(keeper_keep(ends[1]), wanted);
        close(ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), wanted ? -1 : 0);
        close(ends[0]);
}

static void test_kept(void **state)
{
        (void)state;
        manager_start(false, 2);
        expect_kept(1);
}

static void test_no_store(void **state)
{
        (void)state;
        manager_start(false, 0);
        expect_kept(0);
}

/* One that closes late what it does not keep, and says before that it keeps nothing. */
static void test_denied(void **state)
{
        (void)state;
        manager_start(false, 4);
        setenv("MEMORY_PRESSURE_WATCH", "/dev/null", 1);
        expect_kept(0);
        setenv("FDSTORE", "4", 1);
        expect_kept(1);
}

static void test_no_manager(void **state)
{
        (void)state;
        expect_kept(0);
        keeper_drop();
        assert_int_equal(keeper_offer(0), 0);
}

/* Without room for the witness it is not known. */
static void test_little_room(void **state)
{
        int ends[2];

        (void)state;
        manager_start(false, 1);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(keeper_keep(ends[1]), 0);
        close(ends[0]);
        close(ends[1]);
}

/* It does not answer in time: on its way the descriptor lives on, but nobody promised to keep it.
 */
static void test_deaf(void **state)
{
        int ends[2];

        (void)state;
        manager_start(true, 0);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(keeper_keep(ends[1]), 0);
        close(ends[0]);
        close(ends[1]);
}

static void test_gone(void **state)
{
        (void)state;
        setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
        assert_true(keeper_keep(0) < 0);
        assert_true(keeper_offer(0) < 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, manager_stop)
        static const struct CMUnitTest tests[] = {
                TEST(test_kept),
                TEST(test_no_store),
                TEST(test_denied),
                TEST(test_no_manager),
                TEST(test_little_room),
                TEST(test_deaf),
                TEST(test_gone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
