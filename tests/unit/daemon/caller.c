/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The origin of a caller, by a /proc of the test's own. */

#include "daemon/auth/caller.h"

#include "rules/base/util.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char proc[64];

static int setup(void **state)
{
        (void)state;
        (void)snprintf(proc, sizeof(proc), "/tmp/p25-caller-XXXXXX");
        return mkdtemp(proc) ? 0 : -1;
}

static int teardown(void **state)
{
        char command[128];

        (void)state;
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", proc);
        return system(command);
}

static void put(int pid, const char *name, const char *text)
{
        char path[256], command[sizeof(path) + 32];
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/%d/%s", proc, pid, name);
        (void)snprintf(command, sizeof(command), "mkdir -p $(dirname '%s')", path);
        assert_int_equal(system(command), 0);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static void put_process(int pid, const char *name, int parent)
{
        char text[128];

        (void)snprintf(text, sizeof(text), "%d (%s) S %d 1 1 0\n", pid, name, parent);
        put(pid, "stat", text);
        (void)snprintf(text, sizeof(text), "%s\n", name);
        put(pid, "comm", text);
}

static void put_socket(int pid, int fd, unsigned inode)
{
        char path[256], target[64];

        put(pid, "fd/x", "");
        (void)snprintf(path, sizeof(path), "%s/%d/fd/%d", proc, pid, fd);
        (void)snprintf(target, sizeof(target), "socket:[%u]", inode);
        assert_int_equal(symlink(target, path), 0);
}

static void expect(int pid, const char *unit, const char *remote)
{
        CallerPlace p;

        caller_look(proc, pid, &p);
        assert_string_equal(p.unit, unit);
        assert_string_equal(p.remote, remote);
}

static void test_unit(void **state)
{
        static const struct {
                const char *cgroup, *unit;
        } cases[] = {
                { "0::/system.slice/cron.service\n", "cron.service" },
                { "0::/system.slice/system-a.slice/a@1.service/sub\n", "a@1.service" },
                { "0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope" },
                { "0::/user.slice/user-7.slice/user@7.service/app.slice/x.service\n",
                        "user@7.service" },
                { "12:pids:/x.service\n1:name=systemd:/system.slice/b.service\n", "b.service" },
                { "0::/\n", "" },
                { "0::/system.slice\n", "" },
                { "0::/system.slice/.service\n", "" },
                { "", "" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                put(10, "cgroup", cases[i].cgroup);
                expect(10, cases[i].unit, "");
        }
        expect(11, "", "");
        expect(0, "", "");
}

#define TABLE_HEAD                                                                            \
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  " \
        "timeout inode\n"

static void test_ssh(void **state)
{
        (void)state;
        if (geteuid() != 0)
                skip(); /* the processes are to be root's */
        put_process(20, "p25ctl", 19);
        put_process(19, "a (b) sudo", 18);
        put_process(18, "bash", 17);
        put_process(17, "sshd-session", 16);
        put_process(16, "sshd", 1);
        put(17, "net/tcp",
                TABLE_HEAD "   0: 0100000A:0016 070200C0:C350 01 00000000:00000000 02:000A7 "
                           "00000000     0        0 777 4 0\n"
                           "   1: 0100000A:0016 080200C0:C350 01 00000000:00000000 02:000A7 "
                           "00000000     0        0 778 4 0\n");
        put_socket(17, 5, 778);
        expect(20, "", "192.0.2.8");
        put_socket(17, 4, 777); /* a lower one came first */
        expect(20, "", "192.0.2.7");
        /* a listening socket is not a connection */
        put_socket(17, 3, 776);
        put(17, "net/tcp6",
                TABLE_HEAD "   0: 00000000000000000000000000000000:0016 "
                           "00000000000000000000000000000000:0000 0A 0:0 00:0 0     0        0 776 "
                           "1 0\n");
        expect(20, "", "192.0.2.7");
        put(17, "net/tcp6",
                TABLE_HEAD "   0: B80D0120000000000000000001000000:0016 "
                           "B80D0120000000000000000009000000:C350 01 0:0 00:0 0     0        0 776 "
                           "1 0\n");
        expect(20, "", "2001:db8::9");
        put(17, "net/tcp6",
                TABLE_HEAD "   0: 0000000000000000FFFF00000100000A:0016 "
                           "0000000000000000FFFF0000090200C0:C350 01 0:0 00:0 0     0        0 776 "
                           "1 0\n");
        expect(20, "", "192.0.2.9");
        put_process(17, "sshx", 16);
        expect(20, "", "");
}

/* Only root's is believed, and a circle ends. */
static void test_not_believed(void **state)
{
        char path[128];

        (void)state;
        put_process(20, "p25ctl", 17);
        put_process(17, "sshd", 20);
        expect(20, "", "");
        if (geteuid() != 0)
                skip();
        put(17, "net/tcp",
                TABLE_HEAD "   0: 0100000A:0016 070200C0:C350 01 0:0 00:0 0     0        "
                           "0 777 4 0\n");
        put_socket(17, 4, 777);
        expect(20, "", "192.0.2.7");
        (void)snprintf(path, sizeof(path), "%s/17", proc);
        assert_int_equal(chown(path, 1000, 0), 0);
        expect(20, "", "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_unit),
                TEST(test_ssh),
                TEST(test_not_believed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
