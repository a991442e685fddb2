/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Changes that are taken back unless somebody confirms them. */

#include "daemon/manager/settings.h"
#include "rules/policy/effective.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "tests/unit/pending_world.h"

static void test_in_time(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = no_options;

        (void)state;
        start_world();
        change("deny out", 60, true);
        assert_int_equal(waiting(), 2);
        c.connection = "bus/:1.1";
        assert_int_equal(manager_confirm(manager, 2, &c, &r), -EACCES);
        assert_int_equal(r.error, ERROR_ACCESS_DENIED);
        change_result_deinit(&r);
        c.connection = "bus/:1.2";
        assert_int_equal(manager_confirm(manager, 1, &c, &r), -ENOENT);
        assert_int_equal(r.error, ERROR_NO_SUCH_REVISION);
        assert_non_null(
                strstr(r.message, "revision 1 is not waiting for confirmation; revision 2 is"));
        change_result_deinit(&r);
        assert_int_equal(waiting(), 2);
        assert_int_equal(manager_confirm(manager, 2, &c, &r), 0);
        assert_int_equal(waiting(), 0);
        assert_true(has_rules(2));
        change_result_deinit(&r);
        assert_int_equal(manager_confirm(manager, 2, &c, &r), -ENOENT);
        assert_string_equal(r.message, "no change is waiting for confirmation");
        expect_consistent();
        assert_true(has_rules(2));
}

/* A connection is known again by a daemon that was started meanwhile. */
static void test_same_connection(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = no_options;

        (void)state;
        start_world();
        change("deny out", 60, true);
        start();
        assert_int_equal(waiting(), 2);
        c.connection = "bus/:1.1";
        assert_int_equal(manager_confirm(manager, 2, &c, &r), -EACCES);
        change_result_deinit(&r);
        c.connection = "bus/:1.2";
        assert_int_equal(manager_confirm(manager, 2, &c, &r), 0);
}

static void test_not_in_time(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        start_world();
        n_changed = 0;
        change("deny out", 1, true);
        assert_true(has_rules(2));
        assert_int_equal(n_changed, 1);
        wait_for_rules(1);
        assert_int_equal(n_changed, 2);
        assert_int_equal(manager_confirm(manager, 2, &no_options, &r), -ENOENT);
        assert_non_null(strstr(r.message, "revision 2 was not confirmed in time"));
        assert_int_equal(revision(), 3);
        expect_taken_back("not confirmed in time: revision 2 taken back");
}

/* The timer has not come yet, but the time has. */
static void test_too_late(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        start_world();
        change("deny out", 1, true);
        (void)usleep(1100000);
        assert_int_equal(manager_confirm(manager, 2, &no_options, &r), -ENOENT);
        assert_non_null(strstr(r.message, "revision 2 was not confirmed in time"));
        expect_taken_back("not confirmed in time: revision 2 taken back");
}

/* What was in force once is so again, also if a user is gone by now that a rule names. */
static void test_user_is_gone(void **state)
{
        (void)state;
        start_world();
        change("delete deny in from 192.0.2.1", 0, true);
        change("allow out user postfix", 0, true);
        change("delete allow out user postfix", 60, true);
        write_text("host/passwd", "root:x:0:0::/:\n");
        start();
        assert_true(has_rules(0));
        record_set("boottime", 1);
        start();
        expect_taken_back("not confirmed in time: revision 4 taken back");
}

static void test_nothing_waits(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = with_confirm(60);

        (void)state;
        start_world();
        change("deny in from 192.0.2.1", 60, false);
        assert_int_equal(waiting(), 0);
        c.dry_run = true;
        assert_int_equal(words("deny out", &c, &r), 0);
        assert_true(r.changed);
        assert_int_equal(waiting(), 0);
        assert_int_equal(access(path_of("var/lib/p25/pending"), F_OK), -1);
}

/* ---- a life after the change ---- */

static void test_restart_before(void **state)
{
        struct timespec now;

        (void)state;
        start_world();
        change("deny out", 60, true);
        start();
        assert_int_equal(waiting(), 2);
        assert_true(has_rules(2));
        assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
        record_set("boottime", ((uint64_t)now.tv_sec + 1) * SEC);
        start();
        wait_for_rules(1);
        expect_taken_back("not confirmed in time: revision 2 taken back");
}

static void test_restart_after(void **state)
{
        (void)state;
        start_world();
        change("deny out", 60, true);
        manager = manager_free(manager);
        record_set("boottime", 1);
        start();
        expect_taken_back("not confirmed in time: revision 2 taken back");
}

/* As after a reboot: another boot id, so that the wall clock counts. */
static void test_reboot(void **state)
{
        _cleanup_free_ char *text = NULL;

        (void)state;
        start_world();
        change("deny out", 60, true);
        manager = manager_free(manager);
        record_set("boot", 1);
        record_set("boottime", 1);
        start();
        assert_int_equal(waiting(), 2);
        text = record_text();
        assert_null(strstr(text, "boot 1\n"));
        assert_null(strstr(text, "boottime 1\n"));
        manager = manager_free(manager);
        record_set("boot", 1);
        record_set("deadline", 1000);
        start();
        expect_taken_back("not confirmed in time: revision 2 taken back");
}

/* The power went when the record was written and the change was not. */
static void test_never_made(void **state)
{
        (void)state;
        start_world();
        change("deny out", 60, true);
        manager = manager_free(manager);
        record_set("from", 3);
        start();
        assert_int_equal(waiting(), 0);
        assert_int_equal(access(path_of("var/lib/p25/pending"), F_OK), -1);
        assert_true(has_rules(2));
}

/* The same of a second change: the first one waits as it did. */
static void test_second_never_made(void **state)
{
        PendingReport p;

        (void)state;
        start_world();
        change("deny out", 60, true);
        change("deny in 465", 3600, true);
        manager = manager_free(manager);
        record_set("from", 4);
        start();
        manager_pending(manager, &p);
        assert_int_equal(p.revision, 2);
        assert_true(p.seconds_left <= 60);
        record_set("boottime", 1);
        start();
        assert_int_equal(waiting(), 0);
        assert_true(has_rules(1));
}

static void test_state_broken(void **state)
{
        (void)state;
        start_world();
        change("deny out", 60, true);
        manager = manager_free(manager);
        write_text("var/lib/p25/state.conf", "state = {");
        write_text("var/lib/p25/state.conf.copy", "state = {");
        start();
        assert_int_equal(waiting(), 2);
        assert_true(has_rules(0)); /* the fail-safe */
        manager = manager_free(manager);
        record_set("boottime", 1);
        start();
        assert_true(has_rules(1));
        assert_int_equal(waiting(), 0);
        start();
        assert_true(has_rules(1));
}

static void test_record_broken(void **state)
{
        (void)state;
        start_world();
        change("deny out", 60, true);
        manager = manager_free(manager);
        write_text("var/lib/p25/pending", "revision 2\nbase x\n");
        start();
        assert_int_equal(waiting(), 0);
        assert_true(has_rules(2));
        assert_non_null(strstr(manager_warnings(manager)[0], "cannot be read"));
}

/* ---- what others do meanwhile ---- */

static void test_others_wait(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change dry = no_options;

        (void)state;
        start_world();
        change("deny out", 60, true);
        refuse("deny in 465", "revision 2 is waiting for confirmation");
        dry.dry_run = true;
        assert_int_equal(words("deny in 465", &dry, &r), 0);
        assert_true(r.changed);
        change_result_deinit(&r);
        assert_int_equal(manager_set_enabled(manager, false, &no_options, &r), -EBUSY);
        change_result_deinit(&r);
        assert_int_equal(manager_reset(manager, &no_options, &r), -EBUSY);
        change_result_deinit(&r);
        /* files that say what they said are no change */
        assert_int_equal(manager_reload(manager, &no_options, &r), 0);
        assert_false(r.changed);
        change_result_deinit(&r);
        write_text("etc/p25/p25.conf", "enabled = true;\n");
        assert_int_equal(manager_reload(manager, &no_options, &r), -EBUSY);
        assert_int_equal(waiting(), 2);
}

static void test_further_change(void **state)
{
        PendingReport p;

        (void)state;
        start_world();
        change("deny out", 60, true);
        change("deny in 465", 3600, true);
        manager_pending(manager, &p);
        assert_int_equal(p.revision, 3);
        assert_true(p.seconds_left > 3500);
        assert_true(has_rules(3));
        change("deny in 587", 1, true);
        wait_for_rules(1);
        expect_taken_back("not confirmed in time: revision 4 taken back");
}

/* A set that does not change by what waits is of others, and so is lockdown. */
static void test_others_stay(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        start_world();
        do_set("bans", "198.51.100.1", 0, 0);
        change("deny out", 60, true);
        do_set("mine", "198.51.100.1", 60, 0);
        do_set("bans", "198.51.100.2", 0, 0);
        do_set("bans", "198.51.100.3", 0, 0);
        do_set("new", "198.51.100.4", 0, 0);
        do_set("mine", "198.51.100.5", 0, -EBUSY);
        assert_int_equal(manager_set_lockdown(manager, true, &no_options, &r), 0);
        assert_int_equal(waiting(), 4);
        start();
        assert_int_equal(waiting(), 4);
        record_set("boottime", 1);
        start();
        assert_true(has_rules(1));
        assert_int_equal(set_size("bans"), 3);
        assert_int_equal(set_size("new"), 1);
        assert_int_equal(set_size("mine"), 0);
        assert_true(manager_policy(manager)->state->lockdown);
        expect_taken_back("not confirmed in time: revision 4 taken back");
}

/* Lockdown that waits itself is taken back. */
static void test_lockdown_waits(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = with_confirm(60);

        (void)state;
        start_world();
        assert_int_equal(manager_set_lockdown(manager, true, &c, &r), 0);
        record_set("boottime", 1);
        start();
        assert_false(manager_policy(manager)->state->lockdown);
        assert_int_equal(waiting(), 0);
}

static void test_rollback(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        start_world();
        change("deny in 465", 0, true);
        change("delete deny in 465", 0, true);
        change("deny out", 60, true);
        do_set("bans", "198.51.100.1", 0, 0);
        /* to where it came from: what others did stays */
        assert_int_equal(manager_rollback(manager, 3, &no_options, &r), 0);
        assert_true(r.changed);
        assert_int_equal(set_size("bans"), 1);
        assert_true(has_rules(1));
        assert_int_equal(waiting(), 0);
        change_result_deinit(&r);
        /* to another: that is what is in force then */
        change("deny out", 60, true);
        assert_int_equal(manager_rollback(manager, 2, &no_options, &r), 0);
        assert_int_equal(set_size("bans"), 1);
        assert_true(has_rules(2));
        assert_int_equal(waiting(), 0);
        expect_consistent();
}

/* A base that is older than the last thousand revisions is kept. */
static void test_old_base(void **state)
{
        char entry[32];

        (void)state;
        start_world();
        do_set("bans", "198.51.100.1", 0, 0);
        change("deny out", 3600, true);
        for (unsigned i = 0; i < 1250; i++) {
                (void)snprintf(entry, sizeof(entry), "10.0.%u.%u", i / 256, i % 256);
                do_set("bans", entry, 0, 0);
        }
        record_set("boottime", 1);
        start();
        assert_int_equal(set_size("bans"), 1251);
        expect_taken_back("not confirmed in time: revision 3 taken back");
}

/* ---- files ---- */

static const char other_conf[] = "enabled = true;\nroles = ( \"open\" );\n";

static void reload(uint32_t seconds)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = seconds > 0 ? with_confirm(seconds) : no_options;

        if (manager_reload(manager, &c, &r) < 0)
                fail_msg("reload: %s", r.message);
        assert_true(r.changed);
}

/* The files of conf are in force, although those of other_conf are on disk. */
static void expect_former_files(void)
{
        _cleanup_free_ char *text = report_text();

        assert_string_equal(policy_role_names(manager_policy(manager))[0], "closed");
        assert_non_null(strstr(text, "the files on disk are not what is in force"));
        assert_int_equal(waiting(), 0);
        expect_consistent();
}

static void test_reload(void **state)
{
        (void)state;
        start_world();
        settle(0);
        write_text("etc/p25/p25.conf", other_conf);
        reload(60);
        settle(0);
        assert_string_equal(policy_role_names(manager_policy(manager))[0], "open");
        start();
        assert_string_equal(policy_role_names(manager_policy(manager))[0], "open");
        assert_int_equal(waiting(), 2);
        record_set("boottime", 1);
        start();
        expect_former_files();
        reload(0);
        assert_string_equal(policy_role_names(manager_policy(manager))[0], "open");
        expect_consistent();
}

/* The same without a restart, and onto what was taken back once before. */
static void test_reload_again(void **state)
{
        (void)state;
        start_world();
        settle(0);
        write_text("etc/p25/p25.conf", other_conf);
        for (unsigned i = 0; i < 2; i++) {
                reload(1);
                assert_string_equal(policy_role_names(manager_policy(manager))[0], "open");
                for (unsigned k = 0; k < 1000 && waiting() > 0; k++)
                        (void)sd_event_run(event, 10000);
                expect_former_files();
        }
}

/* What is written for a host that is off is tried like this. */
static void test_reload_first(void **state)
{
        static const char *const before[] = { NULL, "enabled = false;\n" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(before); i++) {
                if (before[i])
                        write_text("etc/p25/p25.conf", before[i]);
                start();
                settle(0);
                assert_null(manager_ruleset(manager));
                write_text("etc/p25/p25.conf", conf);
                reload(60);
                assert_non_null(manager_ruleset(manager));
                record_set("boottime", 1);
                start();
                assert_null(manager_ruleset(manager));
                assert_int_equal(waiting(), 0);
                expect_consistent();
                reload(0);
                assert_non_null(manager_ruleset(manager));
                assert_int_equal(unlink(path_of("etc/p25/p25.conf")), 0);
        }
}

/* Another change is confirmed by nobody; that the files were edited and p25d started again is no
 * reason for what was never in force before. */
static void test_edited_meanwhile(void **state)
{
        (void)state;
        start_world();
        settle(0);
        change("deny out", 60, true);
        write_text("etc/p25/p25.conf", other_conf);
        start();
        record_set("boottime", 1);
        start();
        expect_former_files();
        assert_true(has_rules(1));
}

/* The revision from before was stored with other files than it had in the end. */
static void test_edited_before(void **state)
{
        (void)state;
        start_world();
        settle(0);
        write_text("etc/p25/p25.conf", other_conf);
        start();
        settle(0);
        assert_string_equal(policy_role_names(manager_policy(manager))[0], "open");
        change("deny out", 60, true);
        record_set("boottime", 1);
        start();
        assert_string_equal(policy_role_names(manager_policy(manager))[0], "open");
        assert_true(has_rules(1));
        expect_consistent();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_in_time),
                TEST(test_same_connection),
                TEST(test_not_in_time),
                TEST(test_too_late),
                TEST(test_user_is_gone),
                TEST(test_nothing_waits),
                TEST(test_restart_before),
                TEST(test_restart_after),
                TEST(test_reboot),
                TEST(test_never_made),
                TEST(test_second_never_made),
                TEST(test_state_broken),
                TEST(test_record_broken),
                TEST(test_others_wait),
                TEST(test_further_change),
                TEST(test_others_stay),
                TEST(test_lockdown_waits),
                TEST(test_rollback),
                TEST(test_old_base),
                TEST(test_reload),
                TEST(test_reload_again),
                TEST(test_reload_first),
                TEST(test_edited_meanwhile),
                TEST(test_edited_before),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
