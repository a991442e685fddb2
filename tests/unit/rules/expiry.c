/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Rules that end: when they count, which of a state have ended, how times are written. */

#include "rules/policy/expiry.h"
#include "rules/base/buffer.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/report/report.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/rule_words.h"

#define SEC USEC_PER_SEC

static void test_round(void **state)
{
        static const uint64_t cases[][2] = { { 0, 0 }, { 1, SEC }, { SEC - 1, SEC }, { SEC, SEC },
                { SEC + 1, 2 * SEC }, { UINT64_C(1767225600000000), UINT64_C(1767225600000000) },
                { UINT64_MAX - 551615, UINT64_MAX - 551615 },
                { UINT64_MAX, UINT64_MAX - UINT64_MAX % SEC } };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                assert_true(expiry_round(cases[i][0]) == cases[i][1]);
}

static void test_passed(void **state)
{
        Rule r = { 0 };

        (void)state;
        assert_false(expiry_has_passed(&r, UINT64_MAX));
        assert_true(expiry_seconds_left(&r, 0) == 0);
        r.expires_usec = 10 * SEC - 5;
        assert_false(expiry_has_passed(&r, 0));
        assert_false(expiry_has_passed(&r, 10 * SEC - 1));
        assert_true(expiry_has_passed(&r, 10 * SEC));
        assert_true(expiry_has_passed(&r, UINT64_MAX));
        assert_true(expiry_seconds_left(&r, 0) == 10);
        assert_true(expiry_seconds_left(&r, 1) == 9);
        assert_true(expiry_seconds_left(&r, 8 * SEC) == 2);
        assert_true(expiry_seconds_left(&r, 9 * SEC) == 1);
        assert_true(expiry_seconds_left(&r, 10 * SEC) == 1);
        assert_true(expiry_seconds_left(&r, 99 * SEC) == 1);
}

static State *state_of_words(const char *const *lines)
{
        State *s = state_new();

        assert_non_null(s);
        add_rules_of_words(&s->rules, lines);
        return s;
}

static void expect_ids(const RuleList *l, const char *expected)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, "");
        for (size_t i = 0; i < l->n; i++)
                buffer_printf(&b, " %d", (int)l->items[i]->id);
        assert_string_equal(b.data, expected);
}

static void test_drop(void **state)
{
        static const char *const lines[] = { "deny for 20s", "deny 587", "allow out for 10s",
                "allow 587 for 20s", NULL };
        _cleanup_(state_free_p) State *s = state_of_words(lines), *copy = NULL;
        RuleList dropped = { 0 };

        (void)state;
        assert_true(expiry_next(s) == 10 * SEC);
        assert_int_equal(expiry_drop(s, 10 * SEC - 1, &dropped), 0);
        expect_ids(&s->rules, " 1 2 3 4");
        assert_int_equal(state_copy(s, &copy), 0);
        assert_int_equal(expiry_drop(s, 10 * SEC, &dropped), 1);
        expect_ids(&s->rules, " 1 2 4");
        assert_true(expiry_next(s) == 20 * SEC);
        assert_int_equal(expiry_drop(s, 20 * SEC, &dropped), 2);
        expect_ids(&s->rules, " 2");
        expect_ids(&dropped, " 3 1 4");
        assert_true(expiry_next(s) == 0);
        assert_int_equal(expiry_drop(s, UINT64_MAX, &dropped), 0);
        rule_list_deinit(&dropped);
        /* who shares the rules still has them */
        expect_ids(&copy->rules, " 1 2 3 4");
        assert_int_equal(expiry_drop(copy, UINT64_MAX, NULL), 3);
        expect_ids(&copy->rules, " 2");
}

static void test_texts(void **state)
{
        static const struct {
                uint64_t sec;
                const char *shown, *word;
        } durations[] = {
                { 1, "1s", "1s" },
                { 59, "59s", "59s" },
                { 60, "1m", "1m" },
                { 61, "1m1s", "61s" },
                { 3599, "59m59s", "3599s" },
                { 7199, "1h59m", "7199s" },
                { 7200, "2h", "2h" },
                { 7260, "2h1m", "121m" },
                { 86399, "23h59m", "86399s" },
                { 86400, "1d", "1d" },
                { 90000, "1d1h", "25h" },
                { 86461, "1d", "86461s" },
                { DURATION_MAX_SEC, "366d", "366d" },
        };
        char text[EXPIRY_TEXT_MAX];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(durations); i++) {
                uint64_t sec = 0;

                assert_string_equal(duration_format(durations[i].sec, text), durations[i].shown);
                assert_string_equal(
                        duration_format_word(durations[i].sec, text), durations[i].word);
                assert_int_equal(duration_parse(text, &sec), 0);
                assert_true(sec == durations[i].sec);
        }
        assert_string_equal(expiry_format(1, text), "1970-01-01T00:00:01Z");
        assert_string_equal(
                expiry_format(UINT64_C(1767225600000000), text), "2026-01-01T00:00:00Z");
        assert_string_equal(
                expiry_format(UINT64_C(1767225600000001), text), "2026-01-01T00:00:01Z");
        assert_string_equal(
                expiry_format(UINT64_C(253402300799) * SEC, text), "9999-12-31T23:59:59Z");
        assert_string_equal(expiry_format(UINT64_C(253402300800) * SEC, text), "253402300800");
        assert_string_equal(expiry_format(UINT64_MAX, text), "18446744073709");
}

/* As a command what is left, elsewhere when it ends. */
static void test_words(void **state)
{
        static const char *const lines[] = {
                "limit log from 192.0.2.1 rate 5/hour for 2h comment x", NULL
        };
        _cleanup_(state_free_p) State *s = state_of_words(lines);
        _cleanup_free_ char *words = NULL, *left = NULL, *until = NULL, *row = NULL, *timed = NULL;
        const Rule *r = s->rules.items[0];

        (void)state;
        assert_int_equal(rule_words_print(r, &words), 0);
        assert_string_equal(
                words, "limit log from 192.0.2.1 to any port 25 rate 5/hour comment 'x'");
        assert_int_equal(rule_words_print_left(r, expiry_seconds_left(r, 10), &left), 0);
        assert_string_equal(
                left, "limit log from 192.0.2.1 to any port 25 rate 5/hour for 7199s comment 'x'");
        assert_int_equal(rule_words_print_until(r, &until), 0);
        assert_string_equal(until,
                "limit log from 192.0.2.1 to any port 25 rate 5/hour comment 'x' until "
                "1970-01-01T02:00:00Z");
        assert_int_equal(rule_rows_print(r, 0, 7199, &row), 0);
        assert_string_equal(row,
                "25/tcp                     LIMIT IN    192.0.2.1                  (5/hour, burst "
                "6) (log) (for 1h59m) # x");
        assert_int_equal(rule_rows_print(r, 1, 0, &timed), 0);
        assert_string_equal(timed,
                "[ 1] 25/tcp                     LIMIT IN    192.0.2.1                  (5/hour, "
                "burst 6) (log) "
                "(until 1970-01-01T02:00:00Z) # x");
}

static void test_evaluate(void **state)
{
        _cleanup_(policy_free_p) Policy *p = make_policy();
        _cleanup_(ruleset_free_p) Ruleset *r = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        static const struct {
                uint64_t time_usec;
                uint64_t id;
        } cases[] = { { 0, 1 }, { 10 * SEC - 1, 1 }, { 10 * SEC, 2 }, { 20 * SEC - 1, 2 },
                { 20 * SEC, 3 }, { UINT64_MAX, 3 } };

        (void)state;
        add_rules_of_words(&p->state->rules,
                (const char *const[]){ "deny for 10s", "reject for 20s", "limit", NULL });
        r = compile_good(p, &d);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                Packet packet = {
                        .family = FAMILY_IPV6, .port = 25, .time_usec = cases[i].time_usec
                };
                Verdict v;

                evaluate(r, &packet, &v);
                assert_non_null(v.rule);
                assert_int_equal(v.rule->rule->id, cases[i].id);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round),
                cmocka_unit_test(test_passed),
                cmocka_unit_test(test_drop),
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_evaluate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
