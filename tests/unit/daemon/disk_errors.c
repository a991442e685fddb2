/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The disk fails at every single call by which a change is stored: the change is made all the same,
 * or refused with a word and nothing has changed, and can be made when the disk is well again.
 */

#include "tests/unit/crash_world.h"

static unsigned n_trials, n_failed;

static unsigned fail_at;
static int fail_error;
static bool fail_on;

static bool grumble(const char *what)
{
        print_error("%s, call %u, %s%s: %s\n", scenario->name, fail_at,
                fail_error ? strerrorname_np(fail_error) : "short", fail_on ? " from then on" : "",
                what);
        return false;
}

static bool check_refused(const char *kernel, const char *report, const ChangeResult *r)
{
        _cleanup_free_ char *report_now = timeless_report();
        const char *kernel_now = backend_memory_text(backend);

        if (!r->message || r->error == ERROR_NONE)
                return grumble("refused without a word");
        if (!streq_null(kernel, kernel_now) || !streq(report, report_now))
                return grumble("refused and changed");
        return true;
}

static bool check_stored(const char *expected, const char *other)
{
        _cleanup_free_ char *now = NULL;

        if (!boot())
                return grumble("does not start");
        now = signature();
        if (!streq(now, expected) && !(fail_on && streq(now, other))) {
                print_difference(expected, now);
                return grumble("something else is stored");
        }
        return true;
}

/* The state that a start would find now; this one runs on. */
static bool in_grandchild(void)
{
        int status;
        pid_t pid = fork();

        if (pid == 0)
                _exit(check_stored(before, after) ? 0 : 1);
        return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool try_change(bool *ret_reached)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 }, again = { 0 };
        _cleanup_free_ char *kernel = NULL, *report = NULL;
        const char *text;
        int q;

        if (scenario->when == EDITED)
                write_files(false);
        if (!boot())
                return grumble("does not start");
        settle(0);
        if (scenario->when == EDITED)
                write_files(true);
        text = backend_memory_text(backend);
        kernel = text ? strdup(text) : NULL;
        report = timeless_report();
        (void)snprintf(disk.folder, sizeof(disk.folder), "%s", folder);
        disk.disk = disk_read();
        disk.calls = disk.writes = 0;
        disk.fail_at = fail_at;
        disk.fail_on = fail_on;
        disk.error = fail_error;
        q = scenario->change(&r);
        *ret_reached = disk.failed;
        disk.folder[0] = '\0';
        disk.fail_at = 0;
        disk.fail_on = disk.failed = false;
        if (q >= 0)
                return check_stored(after, after);
        if (!check_refused(kernel, report, &r))
                return false;
        if (!in_grandchild())
                return false;
        /* when the disk is well again the change can be made */
        if (scenario->change(&again) < 0)
                return grumble(again.message);
        return check_stored(after, after);
}

static void fail_and_go_on(const Disk *base)
{
        bool reached = false, good;

        disk_restore(base, folder, &no_loss);
        good = try_change(&reached);
        _exit(!good ? 1 : reached ? 0 : 2);
}

static void fail_calls(const Scenario *s)
{
        /* each call once, each from then on, and half of each write */
        static const int errors[] = { ENOSPC, EIO, EROFS, EMFILE, EDQUOT };
        Disk base;
        unsigned before_this = n_failed;

        begin(s, &base);
        find_signatures(&base);
        for (unsigned e = 0; e < 3; e++) {
                fail_on = e == 1;
                for (fail_at = 1;; fail_at++) {
                        int status;
                        pid_t pid;

                        fail_error = e == 2 ? 0 : errors[(fail_at + 2 * e) % ELEMENTS(errors)];
                        pid = fork();

                        assert_true(pid >= 0);
                        if (pid == 0) {
                                memcpy(folder, elsewhere, sizeof(folder));
                                fail_and_go_on(&base);
                        }
                        assert_int_equal(waitpid(pid, &status, 0), pid);
                        if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
                                break;
                        n_trials++;
                        n_failed += status != 0;
                }
        }
        if (n_failed > before_this)
                print_message("%s: %u failed\n", s->name, n_failed - before_this);
        end(&base);
}

static void test_errors(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(scenarios); i++)
                fail_calls(&scenarios[i]);
        print_message("%u trials\n", n_trials);
        assert_int_equal(n_failed, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { TEST(test_errors) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
