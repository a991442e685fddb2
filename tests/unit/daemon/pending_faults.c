/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Changes that wait to be confirmed, when disk or kernel refuse, before and after. */

#include "tests/unit/pending_world.h"

#include "daemon/manager/settings.h"

static void file_size_limit(rlim_t size)
{
        struct rlimit limit;

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = size;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Without a place for the record nothing is changed. */
static void test_disk_full(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = with_confirm(60);
        int q;

        (void)state;
        (void)signal(SIGXFSZ, SIG_IGN);
        start_world();
        _cleanup_snapshot_ Snapshot before = take_snapshot();
        assert_int_equal(mkdir(path_of("var/lib/p25/pending.new"), 0700), 0);
        q = words("deny out", &c, &r);
        assert_int_equal(rmdir(path_of("var/lib/p25/pending.new")), 0);
        assert_true(q < 0);
        assert_int_equal(r.error, ERROR_FAILED);
        assert_non_null(strstr(r.message, "nothing was changed"));
        expect_same(&before, false);
        assert_int_equal(waiting(), 0);
        expect_consistent();
}

/* Nor if the kernel refuses. */
static void test_change_refused(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = with_confirm(60);

        (void)state;
        start_world();
        _cleanup_snapshot_ Snapshot before = take_snapshot();
        backend_memory_fail(backend, MEMORY_APPLY, -EINVAL);
        assert_true(words("deny out", &c, &r) < 0);
        backend_memory_fail(backend, MEMORY_APPLY, 0);
        expect_same(&before, false);
        assert_int_equal(waiting(), 0);
        assert_int_equal(access(path_of("var/lib/p25/pending"), F_OK), -1);
        expect_consistent();
}

/* What is not on disk cannot be gone back to. */
static void test_base_not_stored(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = with_confirm(60);

        (void)state;
        start_world();
        do_set("bans", "198.51.100.1", 0, 0);
        do_set("bans", "198.51.100.2", 0, 0);
        write_text("var/lib/p25/sets.journal", "");
        assert_int_equal(words("deny out", &c, &r), -ENOENT);
        assert_non_null(strstr(r.message, "revision 3 is not safely on disk"));
        assert_int_equal(waiting(), 0);
        assert_int_equal(revision(), 3);
        change("deny out", 0, true);
}

/* The kernel goes back in time even so; the disk follows when it can. */
static void test_disk_full_later(void **state)
{
        (void)state;
        (void)signal(SIGXFSZ, SIG_IGN);
        start_world();
        do_set("bans", "198.51.100.1", 0, 0);
        do_set("a-set", "198.51.100.2", 60, 0);
        do_set("a-set", "198.51.100.4", 60, 0);
        change("deny out", 1, true);
        file_size_limit(0);
        wait_for_rules(1);
        file_size_limit(RLIM_INFINITY);
        assert_int_equal(waiting(), 0);
        for (unsigned i = 0; i < 1500 && access(path_of("var/lib/p25/pending"), F_OK) == 0; i++)
                (void)sd_event_run(event, 10000);
        expect_taken_back("not confirmed in time: revision 5 taken back");
        start();
        assert_int_equal(set_size("a-set"), 0);
        assert_int_equal(set_size("bans"), 1);
}

/* And if the disk does not come back, so does the next start. */
static void test_disk_full_and_dead(void **state)
{
        (void)state;
        (void)signal(SIGXFSZ, SIG_IGN);
        start_world();
        change("deny out", 1, true);
        file_size_limit(0);
        wait_for_rules(1);
        manager = manager_free(manager);
        file_size_limit(RLIM_INFINITY);
        start();
        expect_taken_back("not confirmed in time: revision 2 taken back");
}

/* Has an attempt to take back failed, so that status says so? */
static bool has_failed(void)
{
        PendingReport p;

        manager_pending(manager, &p);
        return p.failure != NULL;
}

static void test_kernel_refuses(void **state)
{
        _cleanup_free_ char *text = NULL;

        (void)state;
        start_world();
        change("deny out", 1, true);
        backend_memory_fail(backend, MEMORY_APPLY, -EBUSY);
        for (unsigned i = 0; i < 1000 && !has_failed(); i++)
                (void)sd_event_run(event, 10000);
        assert_true(has_failed());
        assert_true(has_rules(2));
        text = report_text();
        assert_non_null(strstr(text, "cannot be taken back"));
        backend_memory_fail(backend, MEMORY_APPLY, 0);
        wait_for_rules(1);
        expect_taken_back("not confirmed in time: revision 2 taken back");
}

/* What cannot be taken back may be kept. */
static void test_base_lost(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        start_world();
        change("deny out", 60, true);
        manager = manager_free(manager);
        write_text("var/lib/p25/revisions/1.conf", "state = {");
        record_set("boottime", 1);
        start();
        assert_true(has_failed());
        assert_true(has_rules(2));
        assert_int_equal(manager_confirm(manager, 2, &no_options, &r), 0);
        assert_false(has_failed());
        expect_consistent();
}

static void test_failsafe(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = with_confirm(60);

        (void)state;
        write_text("etc/p25/p25.conf", "nonsense");
        start();
        assert_int_equal(manager_set_lockdown(manager, true, &c, &r), -EINVAL);
        assert_non_null(strstr(r.message, "without --confirm"));
        assert_int_equal(waiting(), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_disk_full),
                TEST(test_change_refused),
                TEST(test_base_not_stored),
                TEST(test_disk_full_later),
                TEST(test_disk_full_and_dead),
                TEST(test_kernel_refuses),
                TEST(test_base_lost),
                TEST(test_failsafe),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
