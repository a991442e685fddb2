/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Rules that end, in the manager: in time, at the start, against assertions, a kernel and a disk
 * that refuse, over rollbacks and the fail-safe.
 */

#include "daemon/loop/clock.h"
#include "daemon/manager/settings.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/expiry.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "tests/unit/manager_world.h"

#define PAST_USEC UINT64_C(1000000000000000) /* 2001 */

/* As over the bus. */
static int add_until(const char *text, uint64_t expires_usec, ChangeResult *r)
{
        _cleanup_(rule_words_deinit) RuleWords w = { 0 };
        _cleanup_strv_ char **list = NULL;
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy, *word;

        while ((word = strsep(&rest, " ")))
                assert_int_equal(strv_append(&list, word), 0);
        assert_int_equal(rule_words_parse(list, NULL, &w), 0);
        w.rules[0]->expires_usec = expires_usec;
        return manager_add_rules(manager, w.rules, w.n_rules, &no_options, r);
}

static void do_add_until(const char *text, uint64_t expires_usec)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        if (add_until(text, expires_usec, &r) < 0)
                print_result(&r);
        assert_true(r.changed);
}

static uint64_t soon(void)
{
        return clock_now_usec(CLOCK_REALTIME) + USEC_PER_SEC / 2;
}

static uint64_t in_an_hour(void)
{
        return clock_now_usec(CLOCK_REALTIME) + 3600 * USEC_PER_SEC;
}

static const State *state_now(void)
{
        return manager_policy(manager)->state;
}

/* Goes on until p25ctl has so many rules; a second or two. */
static void wait_for_rules(size_t n)
{
        uint64_t deadline = clock_now_usec(CLOCK_REALTIME) + 20 * USEC_PER_SEC;

        while (state_now()->rules.n != n && clock_now_usec(CLOCK_REALTIME) < deadline)
                assert_true(sd_event_run(event, 100000) >= 0);
        assert_int_equal(state_now()->rules.n, n);
}

/* Goes on until the kernel has been asked so often. */
static void wait_for_calls(unsigned n)
{
        unsigned before = backend_memory_calls(backend, MEMORY_APPLY);

        for (unsigned i = 0; backend_memory_calls(backend, MEMORY_APPLY) < before + n; i++) {
                assert_true(i < 500);
                assert_true(sd_event_run(event, 100000) >= 0);
        }
}

static char *stored_text(void)
{
        char command[160];
        _cleanup_buffer_ Buffer b = { 0 };
        char line[4096], *text;
        FILE *f;

        (void)snprintf(command, sizeof(command), "cat '%s/var/lib/p25/state.conf'", folder);
        f = popen(command, "re");
        assert_non_null(f);
        buffer_add_string(&b, "");
        while (fgets(line, sizeof(line), f))
                buffer_add_string(&b, line);
        pclose(f);
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

static bool is_stored(const char *part)
{
        _cleanup_free_ char *text = stored_text();

        return strstr(text, part) != NULL;
}

/* Without what says how many seconds are left. */
static void expect_consistent_without(const char *words_of_rule)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        assert_int_equal(words(words_of_rule, &no_options, &r), 0);
        assert_true(r.changed);
        expect_consistent();
}

static void test_range(void **state)
{
        const uint64_t now = clock_now_usec(CLOCK_REALTIME), year = DURATION_MAX_SEC * USEC_PER_SEC;
        const struct {
                uint64_t expires_usec;
                const char *message;
        } cases[] = {
                { 1, "cannot end in the past: expires is 1970-01-01T00:00:01Z, and it is 20" },
                { now - USEC_PER_SEC, "cannot end in the past" },
                { now + year + 60 * USEC_PER_SEC, "lasts at most 366 days" },
                { UINT64_MAX, "lasts at most 366 days" },
                { now + year - 60 * USEC_PER_SEC, NULL },
        };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };
                int q = add_until("deny from 192.0.2.9", cases[i].expires_usec, &r);

                assert_int_equal(q < 0, cases[i].message != NULL);
                if (!cases[i].message)
                        continue;
                assert_int_equal(r.error, ERROR_INVALID_RULE);
                assert_non_null(strstr(r.message, cases[i].message));
        }
        assert_int_equal(state_now()->rules.n, 1);
        assert_true(state_now()->rules.items[0]->expires_usec % USEC_PER_SEC == 0);
}

/* Another time is an update in place; the same one, up to the second, is none. */
static void test_update(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        uint64_t end = expiry_round(in_an_hour());
        char until[EXPIRY_TEXT_MAX], later[EXPIRY_TEXT_MAX], diff[512];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_words("deny 465", true, "+ deny 465/tcp");
        do_add_until("deny 587", end);
        assert_int_equal(add_until("deny 587", end - 17, &r), 0);
        assert_false(r.changed);
        change_result_deinit(&r);
        assert_int_equal(add_until("deny 587", end + 1, &r), 0);
        expiry_format(end, until);
        expiry_format(end + 1, later);
        (void)snprintf(diff, sizeof(diff), "- deny 587/tcp until %s\n+ deny 587/tcp until %s",
                until, later);
        expect_diff(&r, diff);
        expect_rule(1, 2, ACTION_DENY, NULL);
        (void)snprintf(diff, sizeof(diff), "- deny 587/tcp until %s\n+ deny 587/tcp", later);
        do_words("deny 587", true, diff);
        expect_rule(1, 2, ACTION_DENY, NULL);
        assert_true(state_now()->rules.items[1]->expires_usec == 0);
        do_add_until("deny 2525", end);
        (void)snprintf(diff, sizeof(diff), "- deny 2525/tcp until %s", until);
        do_words("delete deny 2525", true, diff);
}

static void test_in_time(void **state)
{
        uint64_t revision;
        unsigned changed, cut;

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_words("deny 465", true, "+ deny 465/tcp");
        do_add_until("allow from 192.0.2.9", soon());
        do_add_until("deny 587", in_an_hour());
        assert_non_null(strstr(backend_memory_text(backend), "192.0.2.9"));
        revision = state_now()->revision;
        changed = n_changed;
        cut = n_cut;
        wait_for_rules(2);
        expect_rule(0, 1, ACTION_DENY, NULL);
        expect_rule(1, 3, ACTION_DENY, NULL);
        assert_null(strstr(backend_memory_text(backend), "192.0.2.9"));
        assert_false(is_stored("[ \"192.0.2.9\" ]"));
        assert_int_equal(state_now()->revision, revision + 1);
        assert_int_equal(n_changed, changed + 1);
        assert_string_equal(state_now()->origin.process, "p25d");
        assert_string_equal(
                state_now()->origin.reason, "rule expired: allow from 192.0.2.9 to any port 25");
        settle(250000);
        assert_true(n_cut > cut);
        assert_string_equal(alerts, "");
        expect_consistent_without("delete deny 587");
}

/* Puts the end of the first rule into the past, in what is stored. */
static void end_stored(void)
{
        char command[256];

        manager = manager_free(manager);
        (void)snprintf(command, sizeof(command),
                "sed -i '0,/expires = [0-9]*L/s//expires = %lluL/' '%s'/var/lib/p25/state.conf*",
                (unsigned long long)PAST_USEC, folder);
        assert_int_equal(system(command), 0);
}

static void test_start(void **state)
{
        uint64_t revision;

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_add_until("allow from 192.0.2.9", in_an_hour());
        do_words("deny 465", true, "+ deny 465/tcp");
        do_add_until("deny 587", in_an_hour());
        revision = state_now()->revision;
        end_stored();
        start();
        assert_int_equal(state_now()->rules.n, 2);
        assert_int_equal(state_now()->revision, revision);
        assert_null(strstr(backend_memory_text(backend), "192.0.2.9"));
        assert_int_equal(backend_memory_calls(backend, MEMORY_APPLY), 1);
        assert_true(is_stored("[ \"192.0.2.9\" ]"));
        settle(100000);
        assert_int_equal(state_now()->revision, revision + 1);
        assert_false(is_stored("[ \"192.0.2.9\" ]"));
        expect_rule(1, 3, ACTION_DENY, NULL);
        start();
        settle(100000);
        assert_int_equal(state_now()->revision, revision + 1);
        expect_consistent_without("delete deny 587");
}

/* A warning, in the log and in status, and the rule ends all the same. */
static void test_assertion(void **state)
{
        _cleanup_free_ char *text = NULL;

        (void)state;
        alerts[0] = '\0';
        write_text("etc/p25/p25.conf",
                "enabled = true;\nroles = ( \"closed\" );\n"
                "assert = ( { packet = \"in from 192.0.2.9\"; verdict = \"allow\"; } );\n");
        start();
        do_add_until("allow from 192.0.2.9", in_an_hour());
        end_stored();
        start();
        settle(100000);
        assert_int_equal(state_now()->rules.n, 0);
        assert_non_null(strstr(alerts, "assertion 0 : a rule has expired, and now: "));
        assert_non_null(strstr(alerts, "in from 192.0.2.9"));
        text = report_text();
        assert_non_null(strstr(text, "in from 192.0.2.9"));
        alerts[0] = '\0';
        do_add_until("allow from 192.0.2.9", soon());
        assert_string_equal(alerts, "");
        /* reported once, however often the kernel has to be asked */
        backend_memory_fail(backend, MEMORY_APPLY, -EBUSY);
        wait_for_calls(3);
        assert_string_equal(alerts, "");
        backend_memory_fail(backend, MEMORY_APPLY, 0);
        wait_for_rules(0);
        assert_non_null(strstr(alerts, "assertion 0 : a rule has expired, and now: "));
        assert_null(strstr(alerts + 1, "assertion 0"));
        alerts[0] = '\0';
}

/* What the kernel refuses is tried again; what the disk refuses is in force all the same. */
static void test_failures(void **state)
{
        uint64_t revision;
        char command[128];

        (void)state;
        alerts[0] = '\0';
        write_text("etc/p25/p25.conf", conf);
        start();
        do_add_until("allow from 192.0.2.9", in_an_hour());
        revision = state_now()->revision;
        end_stored();
        start();
        (void)snprintf(command, sizeof(command), "mkdir '%s/var/lib/p25/state.conf.new'", folder);
        assert_int_equal(system(command), 0);
        settle(100000);
        assert_int_equal(state_now()->rules.n, 0);
        assert_null(strstr(backend_memory_text(backend), "192.0.2.9"));
        assert_true(is_stored("[ \"192.0.2.9\" ]"));
        assert_int_equal(state_now()->revision, revision);
        assert_non_null(strstr(alerts, "unstored 0 : rule expired: allow from 192.0.2.9"));
        alerts[0] = '\0';
        (void)snprintf(command, sizeof(command), "rmdir '%s/var/lib/p25/state.conf.new'", folder);
        assert_int_equal(system(command), 0);
        /* a change stores it as well, and nothing is reported twice */
        do_words("deny 465", true, "+ deny 465/tcp");
        assert_false(is_stored("[ \"192.0.2.9\" ]"));
        assert_int_equal(state_now()->revision, revision + 1);
        do_add_until("deny 587", soon());
        backend_memory_fail(backend, MEMORY_APPLY, -EBUSY);
        wait_for_calls(3);
        assert_int_equal(state_now()->rules.n, 2);
        backend_memory_fail(backend, MEMORY_APPLY, 0);
        wait_for_rules(1);
        assert_string_equal(alerts, "");
        expect_consistent();
}

static void test_rollback(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        uint64_t revision;

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_add_until("deny 587", soon());
        do_add_until("deny 2525", in_an_hour());
        revision = state_now()->revision;
        wait_for_rules(1);
        assert_int_equal(words("delete deny 2525", &no_options, &r), 0);
        change_result_deinit(&r);
        assert_int_equal(manager_rollback(manager, revision, &no_options, &r), 0);
        assert_true(r.changed);
        expect_rule(0, 2, ACTION_DENY, NULL);
        assert_int_equal(state_now()->rules.n, 1);
        assert_true(state_now()->rules.items[0]->expires_usec != 0);
        assert_int_equal(strv_length(r.warnings), 1);
        assert_non_null(strstr(r.warnings[0], "a rule has expired and stays away: deny 587/tcp"));
        change_result_deinit(&r);
        assert_int_equal(manager_diff_revisions(manager, revision - 1, revision + 1, &r), 0);
        assert_int_equal(strv_length(r.diff), 2);
        assert_non_null(strstr(r.diff[0], "- deny 587/tcp until 20"));
        assert_non_null(strstr(r.diff[1], "+ deny 2525/tcp until 20"));
        /* what has ended makes no difference to packets any more */
        for (char **line = r.effects; line && *line; line++)
                assert_null(strstr(*line, "587/tcp"));
}

/* The stored rules wait aside, and those that have ended do not come back. */
static void test_failsafe(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_add_until("deny 587", in_an_hour());
        do_words("deny 465", true, "+ deny 465/tcp");
        manager = manager_free(manager);
        write_text("etc/p25/p25.conf", "roles = ( \"closed\";");
        end_stored();
        {
                char command[160];

                (void)snprintf(command, sizeof(command), "rm -rf '%s'/var/lib/p25/[!s]*", folder);
                assert_int_equal(system(command), 0);
        }
        start();
        settle(100000);
        write_text("etc/p25/p25.conf", conf);
        assert_int_equal(manager_reload(manager, &no_options, &r), 0);
        settle(0);
        expect_rule(0, 2, ACTION_DENY, NULL);
        assert_int_equal(state_now()->rules.n, 1);
        assert_false(is_stored("\"submission\""));
}

/* Under lockdown and while p25 is off rules end as well. */
static void test_asleep(void **state)
{
        Change c = no_options;

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        for (int i = 0; i < 2; i++) {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };

                do_add_until("deny 587", soon());
                if (i == 0)
                        assert_int_equal(manager_set_lockdown(manager, true, &c, &r), 0);
                else
                        assert_int_equal(manager_set_enabled(manager, false, &c, &r), 0);
                wait_for_rules(0);
                assert_false(is_stored("\"submission\""));
                expect_consistent();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_range),
                TEST(test_update),
                TEST(test_in_time),
                TEST(test_start),
                TEST(test_assertion),
                TEST(test_failures),
                TEST(test_rollback),
                TEST(test_failsafe),
                TEST(test_asleep),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
