/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The lock of a p25d: a second process is refused while the first lives, and gets it as soon as
 * that one is dead, although a child of it lives on.
 */

#include "daemon/instance.h"

#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int setup(void **state)
{
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/p25-instance-XXXXXX");
        return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
        char path[128];

        (void)state;
        (void)snprintf(path, sizeof(path), "%s/p25d.lock", folder);
        return unlink(path) < 0 || rmdir(folder) < 0 ? -1 : 0;
}

/* Locks, makes a child, and writes its pid; both live until they are killed or the test ends. */
_Noreturn static void first_run(int said)
{
        pid_t other = 0, child;
        int fd;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (instance_lock(folder, &other, &fd) < 0)
                _exit(1);
        child = fork();
        if (child < 0)
                _exit(1);
        if (child > 0 && write(said, &child, sizeof(child)) != sizeof(child))
                _exit(1);
        for (;;)
                pause();
}

typedef struct First {
        pid_t pid, child;
} First;

/* A process that holds the lock; another one is refused, and learns its pid. */
static void first_begin(First *ret)
{
        int said[2], fd = -1;
        pid_t other = 0;

        assert_int_equal(pipe2(said, O_CLOEXEC), 0);
        ret->pid = fork();
        assert_true(ret->pid >= 0);
        if (ret->pid == 0)
                first_run(said[1]);
        close(said[1]);
        assert_int_equal(read(said[0], &ret->child, sizeof(ret->child)), sizeof(ret->child));
        close(said[0]);
        assert_int_equal(instance_lock(folder, &other, &fd), -EWOULDBLOCK);
        assert_int_equal(other, ret->pid);
}

/* Its child lives on. */
static void first_kill(const First *f)
{
        int status;

        kill(f->pid, SIGKILL);
        assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
        assert_int_equal(kill(f->child, 0), 0);
}

static void test_child_outlives(void **state)
{
        pid_t other = 0;
        int r, fd = -1;
        First first;

        (void)state;
        first_begin(&first);
        first_kill(&first);
        r = instance_lock(folder, &other, &fd);
        kill(first.child, SIGKILL);
        assert_int_equal(r, 0);
        close(fd);
}

/* A start does not wait for the disk on which the lock may lie; what a file says is not believed.
 */
static void test_file_is_not_written(void **state)
{
        static const char text[] = "1\n";
        char path[128], found[16];
        First first;
        int fd;

        (void)state;
        (void)snprintf(path, sizeof(path), "%s/p25d.lock", folder);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
        close(fd);
        first_begin(&first);
        first_kill(&first);
        kill(first.child, SIGKILL);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(read(fd, found, sizeof(found)), sizeof(text) - 1);
        assert_memory_equal(found, text, sizeof(text) - 1);
        close(fd);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_file_is_not_written, setup, teardown),
                cmocka_unit_test_setup_teardown(test_child_outlives, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
