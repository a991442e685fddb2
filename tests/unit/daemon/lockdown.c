/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One word that closes every mail port, whatever the policy says and whether it can be read. */

#include "daemon/manager/internal.h"
#include "daemon/manager/pending.h"
#include "daemon/manager/settings.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/report/report.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/manager_world.h"

#include <signal.h>
#include <sys/resource.h>

static void lock(bool on, const Change *c, const char *diff)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        int q = manager_set_lockdown(manager, on, c, &r);

        if (q < 0)
                print_result(&r);
        assert_int_equal(q, 0);
        assert_int_equal(r.changed, diff[0] != '\0');
        expect_diff(&r, diff);
}

static bool is_locked(void)
{
        _cleanup_(report_deinit) Report report = { 0 };
        const Ruleset *r = manager_ruleset(manager);

        assert_int_equal(manager_report(manager, &report), 0);
        assert_int_equal(report.lockdown, r && r->lockdown);
        assert_int_equal(report.lockdown, manager_policy(manager)->state->lockdown);
        return r && r->lockdown && !r->keep_established &&
               r->directions[DIRECTION_IN].default_action == ACTION_DENY &&
               r->directions[DIRECTION_OUT].default_action == ACTION_REJECT &&
               r->directions[DIRECTION_ROUTED].default_action == ACTION_REJECT &&
               r->directions[DIRECTION_OUT].managed.n >= 4 && r->directions[DIRECTION_IN].n == 0 &&
               strstr(backend_memory_text(backend), "lockdown on");
}

static void test_on_and_off(void **state)
{
        const Change dry = { .dry_run = true };
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf",
                "enabled = true;\nkeep_established = true;\nroles = ( \"open\" );\n"
                "assert = ( { packet = \"in from 192.0.2.1\"; verdict = \"allow\"; } );\n");
        start();
        assert_false(is_locked());
        lock(true, &dry, "+ lockdown");
        assert_false(is_locked());
        lock(true, &no_options, "+ lockdown");
        assert_true(is_locked());
        lock(true, &no_options, "");
        settle(250000);
        assert_true(n_cut > 0);
        start();
        assert_true(is_locked());
        do_words("allow in 465", true, "+ allow 465/tcp");
        assert_true(is_locked());
        lock(false, &no_options, "- lockdown");
        assert_false(is_locked());
        assert_non_null(strstr(backend_memory_text(backend), "465"));
        start();
        assert_false(is_locked());
        assert_true(manager_set_lockdown(manager, true,
                            &(Change){ .has_expected = true, .expected_revision = 99 }, &r) < 0);
        assert_int_equal(r.error, ERROR_STALE_REVISION);
}

/* While p25 is off it closes the ports all the same, and opens them again. */
static void test_inactive(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        start();
        assert_null(manager_ruleset(manager));
        lock(true, &no_options, "+ lockdown");
        assert_true(is_locked());
        start();
        assert_true(is_locked());
        lock(false, &no_options, "- lockdown");
        assert_null(manager_ruleset(manager));
        assert_null(backend_memory_text(backend));

        lock(true, &no_options, "+ lockdown");
        assert_int_equal(manager_set_enabled(manager, false, &no_options, &r), 0);
        assert_true(r.changed);
        assert_null(backend_memory_text(backend));
        start();
        assert_null(backend_memory_text(backend));
}

static void test_failsafe(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", "roles = ( \"clo");
        start();
        assert_non_null(manager_ruleset(manager));
        lock(true, &no_options, "+ lockdown");
        assert_true(is_locked());
        start();
        assert_true(is_locked());
        lock(false, &no_options, "- lockdown");
        assert_false(is_locked());
        assert_non_null(manager_ruleset(manager));
        lock(true, &no_options, "+ lockdown");
        write_text("etc/p25/p25.conf", conf);
        assert_int_equal(manager_reload(manager, &no_options, &r), 0);
        assert_true(is_locked());
        lock(false, &no_options, "- lockdown");
        assert_non_null(strstr(backend_memory_text(backend), "192.0.2.0/24"));
}

/* Files that broke after they were loaded, and after a stop. */
static void test_broken_files(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        write_text("etc/p25/p25.conf", "enabled = true;\nroles = ( \"nowhere\" );\n");
        lock(true, &no_options, "+ lockdown");
        assert_true(is_locked());
        start();
        assert_true(is_locked());
        settle(250000);
        assert_true(manager_set_lockdown(manager, false, &no_options, &r) < 0);
        assert_true(is_locked());
        write_text("etc/p25/p25.conf", "x");
        start();
        assert_true(is_locked());
        lock(false, &no_options, "- lockdown");
        /* the copies are those of the files that compiled */
        assert_non_null(strstr(backend_memory_text(backend), "192.0.2.0/24"));
}

static void test_kernel_refuses(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", "roles = ( \"clo");
        start();
        {
                _cleanup_snapshot_ Snapshot before = take_snapshot();

                backend_memory_fail(backend, MEMORY_APPLY, -EBUSY);
                assert_true(manager_set_lockdown(manager, true, &no_options, &r) < 0);
                assert_int_equal(r.error, ERROR_BACKEND_FAILED);
                expect_same(&before, false);
        }
}

/* ---- a disk that takes nothing ---- */

static void disk_fill(bool full)
{
        static rlim_t before;
        struct rlimit limit;

        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        if (full)
                before = limit.rlim_cur;
        limit.rlim_cur = full ? 0 : before;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lock_with_full_disk(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        int q;

        disk_fill(true);
        q = manager_set_lockdown(manager, true, &no_options, &r);
        disk_fill(false);
        if (q < 0)
                print_result(&r);
        assert_int_equal(q, 0);
        assert_true(r.changed && r.warnings);
        assert_non_null(strstr(r.warnings[0], "is in force, and is stored as soon as it can be"));
        assert_null(strstr(r.warnings[0], "nothing was changed"));
        assert_true(is_locked());
}

/* Whoever fills the disk does not keep the ports open. It is stored once there is room. */
static void test_disk_full(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", "enabled = true;\nroles = ( \"open\" );\n");
        start();
        do_words("allow in 465", true, "+ allow 465/tcp");
        lock_with_full_disk();
        settle(3 * USEC_PER_SEC);
        start();
        assert_true(is_locked());
        lock(false, &no_options, "- lockdown");
        assert_non_null(strstr(backend_memory_text(backend), "465"));
        expect_consistent();
}

/* A ban that comes before there is room again is kept with it. */
static void test_disk_full_and_changes(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", "enabled = true;\nroles = ( \"open\" );\n");
        start();
        lock_with_full_disk();
        do_words("deny in from 192.0.2.9", true, "+ deny from 192.0.2.9 to any port 25");
        start();
        assert_true(is_locked());
        expect_consistent();
}

/* A change that waits to be confirmed still waits. */
static void test_disk_full_and_pending(void **state)
{
        const Change confirm = { .confirm_seconds = 600 };
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        uint64_t waits;

        (void)state;
        write_text("etc/p25/p25.conf", "enabled = true;\nroles = ( \"open\" );\n");
        start();
        assert_int_equal(manager_set_default(manager, DIRECTION_IN, ACTION_DENY, &confirm, &r), 0);
        waits = manager->pending->record.revision;
        assert_true(waits > 0);
        lock_with_full_disk();
        assert_int_equal(manager->pending->record.revision, waits);
        start();
        assert_int_equal(manager->pending->record.revision, waits);
}

/* In the fail-safe the rules that are stored aside stay as they are. */
static void test_disk_full_in_failsafe(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", "enabled = true;\n");
        start();
        do_words("allow in 465", true, "+ allow 465/tcp");
        manager = manager_free(manager);
        write_text("etc/p25/p25.conf", "roles = ( \"clo");
        (void)unlink(path_of("var/lib/p25/last-good")); /* not there yet, as a rule */
        start();
        assert_true(manager_in_failsafe(manager));
        lock_with_full_disk();
        settle(3 * USEC_PER_SEC);
        write_text("etc/p25/p25.conf", "enabled = true;\n");
        start();
        assert_true(is_locked());
        assert_int_equal(manager_set_lockdown(manager, false, &no_options, &r), 0);
        assert_non_null(strstr(backend_memory_text(backend), "465"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_on_and_off),
                TEST(test_inactive),
                TEST(test_failsafe),
                TEST(test_broken_files),
                TEST(test_kernel_refuses),
                TEST(test_disk_full),
                TEST(test_disk_full_and_changes),
                TEST(test_disk_full_and_pending),
                TEST(test_disk_full_in_failsafe),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
