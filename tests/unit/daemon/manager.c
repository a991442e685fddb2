/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Every change of the policy: its effect, the parts that it leaves unchanged, and that whatever
 * fails on the way leaves everything as it was.
 */

#include "daemon/manager/settings.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/manager_world.h"

static void test_inactive(void **state)
{
        (void)state;
        start();
        assert_null(manager_ruleset(manager));
        assert_string_equal(manager_backend_name(manager), "");
        do_words("deny in", true, "+ deny 25/tcp");
        assert_null(backend_memory_text(backend));
        assert_int_equal(backend_memory_calls(backend, MEMORY_APPLY), 0);
        expect_consistent();
}

static void test_rules(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        assert_string_equal(manager_backend_name(manager), "memory");
        assert_non_null(strstr(backend_memory_text(backend), "192.0.2.0/24"));

        do_words("deny in", true, "+ deny 25/tcp");
        do_words("deny in", false, "");
        do_words("allow out user postfix", true, "+ allow out 25/tcp user postfix");
        expect_rule(0, 1, ACTION_DENY, NULL);
        expect_rule(1, 2, ACTION_ALLOW, NULL);
        /* in place, with its id */
        do_words("reject in comment why", true, "- deny 25/tcp\n+ reject 25/tcp comment 'why'");
        expect_rule(0, 1, ACTION_REJECT, "why");
        do_words(
                "prepend allow in from 10.0.0.0/8", true, "+ allow from 10.0.0.0/8 to any port 25");
        expect_rule(0, 3, ACTION_ALLOW, NULL);
        do_words("insert 2 limit in from 10.0.0.0/9", true,
                "+ limit from 10.0.0.0/9 to any port 25");
        expect_rule(1, 4, ACTION_LIMIT, NULL);
        do_words("delete allow in", false, "");
        do_words("delete deny in", false, "");
        do_words("delete reject in", true, "- reject 25/tcp comment 'why'");
        do_words("deny both", true, "+ deny 25/tcp\n+ deny out 25/tcp");
        assert_int_equal(manager_policy(manager)->state->rules.n, 5);
        assert_int_equal(n_changed, 7);
        expect_consistent();
        expect_rule(1, 4, ACTION_LIMIT, NULL);
        assert_int_equal(manager_policy(manager)->state->origin.uid, 3);
        assert_string_equal(manager_policy(manager)->state->origin.process, "test");
        assert_string_equal(manager_policy(manager)->state->origin.reason, "because");
        /* a deleted rule's id does not come back */
        do_words("deny in 465", true, "+ deny 465/tcp");
        expect_rule(5, 7, ACTION_DENY, NULL);
}

static Outcome outcome_of(const char *text, bool dry)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = no_options;

        c.dry_run = dry;
        (void)words(text, &c, &r);
        return r.outcome;
}

static Outcome set_outcome(const char *add, const char *remove)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        char *plus[] = { (char *)add, NULL }, *minus[] = { (char *)remove, NULL };

        assert_int_equal(manager_update_set(manager, "bans", plus, minus, &no_options, &r), 0);
        return r.outcome;
}

static Outcome fragment_outcome(const char *text)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        assert_int_equal(put_text(text, &no_options, &r), 0);
        return r.outcome;
}

/* The outcome, which is the first line of p25ctl about a change. */
static void test_outcomes(void **state)
{
        static const struct {
                const char *words;
                Outcome outcome;
        } steps[] = {
                { "deny in", OUTCOME_ADDED },
                { "deny in", OUTCOME_NONE },
                { "reject in", OUTCOME_UPDATED },
                { "insert 1 allow in from 192.0.2.1", OUTCOME_INSERTED },
                { "insert 3 allow in from 192.0.2.2", OUTCOME_INSERTED },
                { "insert 1 deny in from 192.0.2.2", OUTCOME_UPDATED },
                { "reject both", OUTCOME_ADDED },
                { "delete deny in", OUTCOME_NONE },
                { "delete reject in", OUTCOME_REMOVED },
                { "deny in from @nowhere", OUTCOME_NONE },
        };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        for (size_t i = 0; i < ELEMENTS(steps); i++) {
                assert_int_equal(outcome_of(steps[i].words, true), steps[i].outcome);
                assert_int_equal(outcome_of(steps[i].words, false), steps[i].outcome);
        }
        assert_int_equal(set_outcome("192.0.2.9", NULL), OUTCOME_ADDED);
        assert_int_equal(set_outcome("192.0.2.9", NULL), OUTCOME_NONE);
        assert_int_equal(set_outcome("192.0.2.8", "192.0.2.9"), OUTCOME_CHANGED);
        assert_int_equal(set_outcome(NULL, "192.0.2.8"), OUTCOME_REMOVED);
        assert_int_equal(fragment_outcome("rules = ();"), OUTCOME_ADDED);
        assert_int_equal(fragment_outcome("rules = ( );"), OUTCOME_UPDATED);
        assert_int_equal(fragment_outcome(""), OUTCOME_REMOVED);
        assert_int_equal(fragment_outcome(""), OUTCOME_NONE);
}

static void test_remove_by(void **state)
{
        (void)state;
        start();
        do_words("deny in", true, "+ deny 25/tcp");
        do_words("deny out", true, "+ deny out 25/tcp");
        do_words("deny in 587", true, "+ deny 587/tcp");
        {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };

                assert_int_equal(manager_remove_rule_id(manager, 2, &no_options, &r), 0);
                expect_diff(&r, "- deny out 25/tcp");
        }
        {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };

                assert_int_equal(manager_remove_rule_id(manager, 2, &no_options, &r), -ENOENT);
                assert_int_equal(r.error, ERROR_NO_SUCH_RULE);
        }
        {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };

                assert_int_equal(
                        manager_remove_rule_position(manager, 3, &no_options, &r), -ENOENT);
                assert_int_equal(r.error, ERROR_NO_SUCH_RULE);
        }
        {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };

                assert_int_equal(manager_remove_rule_position(manager, 2, &no_options, &r), 0);
                expect_diff(&r, "- deny 587/tcp");
        }
        expect_rule(0, 1, ACTION_DENY, NULL);
        expect_consistent();
}

/* ---- refusals: one table of bad rules ---- */

static void expect_refused(const char *text, ErrorKind kind)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        _cleanup_snapshot_ Snapshot before = take_snapshot();

        if (words(text, &no_options, &r) >= 0 || r.error != kind)
                print_result(&r);
        assert_int_equal(r.error, kind);
        assert_false(r.changed);
        assert_non_null(r.message);
        assert_null(strchr(r.message, '\n'));
        assert_null(r.diff);
        expect_same(&before, true);
}

static void test_refused_rules(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        _cleanup_(rule_unref_p) Rule *rule = rule_new();
        char comment[300];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_words("deny in", true, "+ deny 25/tcp");
        expect_refused("allow out user ghost", ERROR_NO_SUCH_NAME);
        expect_refused("allow out group ghost", ERROR_NO_SUCH_NAME);
        /* a candidate of a role that does not exist is not a user either */
        expect_refused("allow out user exim", ERROR_NO_SUCH_NAME);
        expect_refused("allow in from @nowhere", ERROR_NO_SUCH_SET);
        expect_refused("insert 9 deny out", ERROR_INVALID_ARGS);

        assert_non_null(rule);
        memset(comment, 'x', sizeof(comment) - 1);
        comment[sizeof(comment) - 1] = '\0';
        rule->action = ACTION_ALLOW;
        rule->comment = strdup(comment);
        assert_true(manager_add_rules(manager, &rule, 1, &no_options, &r) < 0);
        assert_int_equal(r.error, ERROR_LIMIT_EXCEEDED);
        change_result_deinit(&r);
        memcpy(rule->comment, "a\nb", 4);
        assert_true(manager_add_rules(manager, &rule, 1, &no_options, &r) < 0);
        assert_int_equal(r.error, ERROR_INVALID_RULE);
        change_result_deinit(&r);
        free(rule->comment);
        rule->comment = NULL;
        rule->from.items = calloc(RULE_ADDRESSES_MAX + 1, sizeof(AddressItem));
        rule->from.n = RULE_ADDRESSES_MAX + 1;
        assert_true(manager_add_rules(manager, &rule, 1, &no_options, &r) < 0);
        assert_int_equal(r.error, ERROR_LIMIT_EXCEEDED);
        change_result_deinit(&r);
        rule->from.n = 0;
        rule->ports.items[0] = 22;
        assert_true(manager_add_rules(manager, &rule, 1, &no_options, &r) < 0);
        assert_int_equal(r.error, ERROR_INVALID_RULE);
}

static void test_options(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = no_options;

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_words("deny in", true, "+ deny 25/tcp");
        _cleanup_snapshot_ Snapshot before = take_snapshot();

        c.dry_run = true;
        assert_int_equal(words("deny out", &c, &r), 0);
        assert_true(r.changed);
        assert_int_equal(r.revision, 1);
        expect_diff(&r, "+ deny out 25/tcp");
        assert_int_equal(backend_memory_calls(backend, MEMORY_CHECK), 1);
        change_result_deinit(&r);
        assert_int_equal(words("deny in", &c, &r), 0);
        assert_false(r.changed);
        change_result_deinit(&r);
        expect_same(&before, true);

        c = no_options;
        c.has_expected = true;
        c.expected_revision = 7;
        assert_int_equal(words("deny out", &c, &r), -ESTALE);
        assert_int_equal(r.error, ERROR_STALE_REVISION);
        change_result_deinit(&r);
        assert_int_equal(words("deny in", &c, &r), -ESTALE);
        change_result_deinit(&r);
        expect_same(&before, true);
        c = no_options;
        c.has_expected = true;
        c.expected_revision = 1;
        assert_int_equal(words("deny out", &c, &r), 0);
        assert_true(r.changed);
}

/* ---- settings, sets, fragments: each change once, twice, and undone ---- */

static int set_role_none(const Change *c, ChangeResult *r)
{
        return manager_set_roles(manager, NULL, c, r);
}

static int set_role_unknown(const Change *c, ChangeResult *r)
{
        char *roles[] = { (char *)"open", (char *)"unknown", NULL };

        return manager_set_roles(manager, roles, c, r);
}

static int set_role_twice(const Change *c, ChangeResult *r)
{
        char *roles[] = { (char *)"open", (char *)"open", NULL };

        return manager_set_roles(manager, roles, c, r);
}

static int default_limit(const Change *c, ChangeResult *r)
{
        return manager_set_default(manager, DIRECTION_IN, ACTION_LIMIT, c, r);
}

static int put_same_meaning(const Change *c, ChangeResult *r)
{
        return put_text("rules = ( { direction = \"out\"; action = \"deny\"; } );", c, r);
}

/* which files are read is for root to say, and the caller is somebody else */
static int put_file(const Change *c, ChangeResult *r)
{
        write_text("list", "192.0.2.1\n");
        return put_text("sets = { x = { file = \"/list\"; } };", c, r);
}

static int put_broken(const Change *c, ChangeResult *r)
{
        return put_text("rules = (\n\n { action = \"denied\"; } );", c, r);
}

static int put_ghost(const Change *c, ChangeResult *r)
{
        return put_text(
                "rules = ( { action = \"deny\"; direction = \"out\"; user = [ \"ghost\" ]; } );", c,
                r);
}

static int put_assertion(const Change *c, ChangeResult *r)
{
        return put_text(
                "assert = ( { packet = \"in from 198.51.100.1\"; verdict = \"allow\"; } );", c, r);
}

static int put_nothing(const Change *c, ChangeResult *r)
{
        return put_text("", c, r);
}

static int replace_set(const Change *c, ChangeResult *r)
{
        static const char text[] = "10.0.0.0/8\n# comment\n2001:db8::/32\n";

        return manager_replace_set(manager, "mine", text, strlen(text), c, r);
}

static int replace_twin(const Change *c, ChangeResult *r)
{
        return manager_replace_set(manager, "file", "10.0.0.1\n", 9, c, r);
}

static int replace_broken(const Change *c, ChangeResult *r)
{
        return manager_replace_set(manager, "mine", "10.0.0.1\nexample.org\n", 21, c, r);
}

static int replace_bad_name(const Change *c, ChangeResult *r)
{
        return manager_replace_set(manager, "../mine", "10.0.0.1\n", 9, c, r);
}

static int update_set(const Change *c, ChangeResult *r)
{
        char *add[] = { (char *)"192.0.2.1", (char *)"10.0.0.0/8", NULL };
        char *gone[] = { (char *)"2001:db8::/32", NULL };

        return manager_update_set(manager, "mine", add, gone, c, r);
}

static int update_new(const Change *c, ChangeResult *r)
{
        char *add[] = { (char *)"192.0.2.1", NULL };

        return manager_update_set(manager, "new", add, NULL, c, r);
}

static int update_broken(const Change *c, ChangeResult *r)
{
        char *add[] = { (char *)"192.0.2.1", (char *)"::ffff:192.0.2.1", NULL };

        return manager_update_set(manager, "mine", add, NULL, c, r);
}

static int update_none(const Change *c, ChangeResult *r)
{
        char *gone[] = { (char *)"192.0.2.1", NULL };

        return manager_update_set(manager, "nowhere", NULL, gone, c, r);
}

static int use_set(const Change *c, ChangeResult *r)
{
        return words("allow in from @mine", c, r);
}

static int unuse_set(const Change *c, ChangeResult *r)
{
        return words("delete allow in from @mine", c, r);
}

static int drop_set(const Change *c, ChangeResult *r)
{
        return manager_drop_set(manager, "mine", c, r);
}

static int drop_file_set(const Change *c, ChangeResult *r)
{
        return manager_drop_set(manager, "file", c, r);
}

static int reset(const Change *c, ChangeResult *r)
{
        return manager_reset(manager, c, r);
}

static int reload(const Change *c, ChangeResult *r)
{
        return manager_reload(manager, c, r);
}

/* One after another on one manager. diff NULL: refused with error. Every change is tried dry, with
 * a backend and a disk that fail, then done, then done again, which must be no change. */
static const Step steps[] = {
        { put_broken, NULL, ERROR_INVALID_POLICY, false },
        { put_file, NULL, ERROR_INVALID_POLICY, false },
        { put_ghost, NULL, ERROR_INVALID_POLICY, false },
        { put_assertion, NULL, ERROR_ASSERTION_FAILED, false },
        { set_role_unknown, NULL, ERROR_NO_SUCH_ROLE, false },
        { set_role_twice, NULL, ERROR_INVALID_ARGS, false },
        { default_limit, NULL, ERROR_INVALID_ARGS, false },
        { replace_broken, NULL, ERROR_INVALID_POLICY, false },
        { replace_bad_name, NULL, ERROR_INVALID_ARGS, false },
        { replace_twin, NULL, ERROR_INVALID_POLICY, false },
        { update_none, NULL, ERROR_NO_SUCH_SET, false },
        { drop_set, NULL, ERROR_NO_SUCH_SET, false },
        { drop_file_set, NULL, ERROR_NO_SUCH_SET, false },
        { set_role_open, "+ role open", ERROR_NONE, false },
        { set_role_none, "- role open\n- role closed", ERROR_NONE, false },
        { default_in, "+ default incoming reject", ERROR_NONE, false },
        { logging_high, "- logging low\n+ logging high", ERROR_NONE, false },
        { put_fragment, "+ fragment web\n+ deny out 25/tcp (fragment web)", ERROR_NONE, false },
        { put_same_meaning, "- fragment web\n+ fragment web (other text, same meaning)", ERROR_NONE,
                false },
        { replace_set, "+ set mine 2 entries", ERROR_NONE, false },
        { update_broken, NULL, ERROR_INVALID_POLICY, false },
        { use_set, "+ allow from @mine to any port 25", ERROR_NONE, false },
        { drop_set, NULL, ERROR_INVALID_POLICY, false },
        { update_set, "- set mine 1 entry\n+ set mine 1 entry", ERROR_NONE, false },
        { update_new, "+ set new 1 entry", ERROR_NONE, false },
        { unuse_set, "- allow from @mine to any port 25", ERROR_NONE, false },
        { drop_set, "- set mine 2 entries", ERROR_NONE, true },
        { put_nothing, "- fragment web\n- deny out 25/tcp (fragment web)", ERROR_NONE, false },
        { disable, "- enabled\n+ disabled", ERROR_NONE, false },
        { use_set, NULL, ERROR_NO_SUCH_SET, false },
        { enable, "- disabled\n+ enabled", ERROR_NONE, false },
        { reload, "", ERROR_NONE, false },
        { reset,
                "+ role closed\n- default incoming reject\n- enabled (p25ctl)\n- logging high\n"
                "+ logging low\n- set new 1 entry",
                ERROR_NONE, false },
};

static void step_refused(const Step *s)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        _cleanup_snapshot_ Snapshot before = take_snapshot();
        int q = s->operation(&no_options, &r);

        if (q >= 0 || r.error != s->error)
                print_result(&r);
        assert_true(q < 0);
        assert_int_equal(r.error, s->error);
        assert_non_null(r.message);
        expect_same(&before, true);
}

static void step_fails(const Step *s, MemoryStep step, bool dry)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        _cleanup_snapshot_ Snapshot before = take_snapshot();
        Change c = no_options;
        int q;

        c.dry_run = dry;
        backend_memory_fail(backend, step, -EBUSY);
        q = s->operation(&c, &r);
        backend_memory_fail(backend, step, 0);
        if (q >= 0)
                print_result(&r);
        assert_int_equal(q, -EBUSY);
        assert_int_equal(r.error, ERROR_BACKEND_FAILED);
        assert_false(r.changed);
        expect_same(&before, false);
}

static void step_disk_fails(const Step *s)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        _cleanup_snapshot_ Snapshot before = take_snapshot();
        struct rlimit limit;
        int q;

        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = 1;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        q = s->operation(&no_options, &r);
        limit.rlim_cur = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_true(q < 0);
        assert_int_equal(r.error, ERROR_FAILED);
        assert_false(r.changed);
        expect_same(&before, false);
        /* the kernel was not even asked */
        assert_int_equal(before.applied, backend_memory_calls(backend, MEMORY_APPLY));
}

static void test_set_in_use(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        start();
        step_done(&(Step){ replace_set, "+ set mine 2 entries", ERROR_NONE, false }, false);
        step_done(
                &(Step){ use_set, "+ allow from @mine to any port 25", ERROR_NONE, false }, false);
        assert_int_equal(manager_drop_set(manager, "mine", &no_options, &r), -EBUSY);
        assert_non_null(strstr(r.message, "in use"));
}

static void test_steps(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        for (size_t i = 0; i < ELEMENTS(steps); i++) {
                const Step *s = &steps[i];
                bool changes = s->diff && s->diff[0] != '\0';

                print_message("step %zu: %s\n", i, s->diff ? s->diff : "refused");
                if (!s->diff) {
                        step_refused(s);
                        continue;
                }
                {
                        _cleanup_snapshot_ Snapshot before = take_snapshot();

                        step_done(s, true);
                        expect_same(&before, true);
                }
                if (changes) {
                        if (s->operation == disable) {
                                step_fails(s, MEMORY_REMOVE, false);
                        } else {
                                step_fails(s, MEMORY_CHECK, true);
                                step_fails(s, MEMORY_APPLY, false);
                        }
                        step_disk_fails(s);
                }
                step_done(s, false);
                if (!s->not_idempotent) {
                        _cleanup_snapshot_ Snapshot before = take_snapshot();
                        const Step again = { s->operation, "", ERROR_NONE, false };

                        step_done(&again, false);
                        expect_same(&before, true);
                }
                if (manager_ruleset(manager)) {
                        _cleanup_free_ char *text = NULL;

                        assert_int_equal(ruleset_print(manager_ruleset(manager), &text), 0);
                        assert_string_equal(text, backend_memory_text(backend));
                } else {
                        assert_null(backend_memory_text(backend));
                }
                expect_consistent();
        }
}

/* ---- the lock of the packet filter ---- */

static char tried[16];
static size_t n_tried;

typedef struct Waiter {
        ManagerWait wait;
        char name;
} Waiter;

static int waiter_again(void *data, bool last)
{
        _cleanup_(change_result_deinit) ChangeResult result = { 0 };
        Waiter *w = data;
        Action action = w->name == 'b' ? ACTION_DENY : ACTION_ALLOW;
        int r = manager_set_default(manager, DIRECTION_OUT, action, &no_options, &result);

        if (r < 0) {
                assert_true(result.locked_out);
                assert_int_equal(result.error, ERROR_BACKEND_FAILED);
                return last ? 0 : -EBUSY;
        }
        tried[n_tried++] = w->name;
        assert_false(backend_memory_is_locked(backend));
        return 0;
}

/* Whoever is locked out waits, in the order of arrival, and nothing has changed meanwhile. */
static void test_locked_out(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult result = { 0 };
        Waiter a = { .name = 'a' }, b = { .name = 'b' }, left = { .name = 'x' };
        _cleanup_snapshot_ Snapshot before = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        before = take_snapshot();
        n_tried = 0;
        backend_memory_fail(backend, MEMORY_LOCK, -EBUSY);
        assert_true(words("deny from 203.0.113.9", &no_options, &result) < 0);
        assert_true(result.locked_out);
        expect_same(&before, false);
        assert_false(manager_is_waiting(manager));
        assert_int_equal(manager_wait(manager, &a.wait, waiter_again, &a), 0);
        assert_int_equal(manager_wait(manager, &left.wait, waiter_again, &left), 0);
        assert_int_equal(manager_wait(manager, &b.wait, waiter_again, &b), 0);
        assert_true(manager_is_waiting(manager));
        for (unsigned i = 0; i < 10; i++)
                assert_true(sd_event_run(event, 1000000) > 0);
        assert_int_equal(n_tried, 0);
        expect_same(&before, false);
        manager_wait_cancel(&left.wait);
        backend_memory_fail(backend, MEMORY_LOCK, 0);
        while (manager_is_waiting(manager))
                assert_true(sd_event_run(event, 1000000) > 0);
        assert_int_equal(n_tried, 2);
        assert_memory_equal(tried, "ab", 2);
        assert_int_equal(manager_policy(manager)->state->defaults.of[DIRECTION_OUT], ACTION_DENY);
        assert_false(backend_memory_is_locked(backend));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_inactive),
                TEST(test_rules),
                TEST(test_outcomes),
                TEST(test_remove_by),
                TEST(test_refused_rules),
                TEST(test_options),
                TEST(test_set_in_use),
                TEST(test_steps),
                TEST(test_locked_out),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
