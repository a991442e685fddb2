/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Words → rule → canonical words, row and sentence, against tests/golden/words, where every line
 * that begins with "$ " is a command; and words that must be refused, with the very message,
 * against tests/golden-fail/words: "COMMAND<tab>MESSAGE". GOLDEN_UPDATE=1 writes what is found.
 */

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/judge.h"
#include "rules/policy/rule.h"
#include "tests/lib/golden.h"
#include "tests/lib/shell_words.h"

#define GOOD "tests/golden/words/"
#define BAD "tests/golden-fail/words/"

static void diagnostics_tell(Buffer *b, const Diagnostics *d, const char *before)
{
        for (size_t i = 0; i < d->n; i++) {
                _cleanup_free_ char *text = NULL;

                assert_int_equal(diagnostic_format(&d->items[i], &text), 0);
                buffer_printf(
                        b, "%s%s: %s\n", before, severity_to_string(d->items[i].severity), text);
        }
}

/* What is printed must be taken back as an equal rule. */
static void rule_expect_again(Rule *rule, const char *text)
{
        _cleanup_strv_ char **words = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        RuleWords again;

        assert_int_equal(shell_words_split(text, &words), 0);
        if (rule_words_parse(words, &d, &again) < 0)
                fail_msg("%s: %s", text, d.n > 0 ? d.items[0].text : "?");
        assert_int_equal(again.n_rules, 1);
        if (!rule_equal(rule, again.rules[0]))
                fail_msg("%s: not the rule that was printed", text);
        rule_words_deinit(&again);
}

static void placement_tell(Buffer *b, const RuleWords *w)
{
        static const char *const names[] = {
                [PLACEMENT_APPEND] = NULL,
                [PLACEMENT_INSERT] = "insert",
                [PLACEMENT_PREPEND] = "prepend",
                [PLACEMENT_DELETE] = "delete",
        };

        if (names[w->placement])
                buffer_printf(b, "  at: %s %u\n", names[w->placement], w->position);
        if (w->duration_sec > 0)
                buffer_printf(b, "  for: %llu s\n", (unsigned long long)w->duration_sec);
}

static void command_tell(Buffer *b, const char *line)
{
        _cleanup_strv_ char **words = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *sentence = NULL;
        RuleWords w;

        assert_int_equal(shell_words_split(line, &words), 0);
        if (rule_words_parse(words, &d, &w) < 0)
                fail_msg("%s: %s", line, d.n > 0 ? d.items[0].text : "?");
        assert_int_equal(rule_judge_complete(w.rules[0], &mail_ports_default, &d), 0);
        diagnostics_tell(b, &d, "  ");
        placement_tell(b, &w);
        for (size_t i = 0; i < w.n_rules; i++) {
                _cleanup_free_ char *canonical = NULL, *row = NULL;

                assert_int_equal(rule_words_print(w.rules[i], &canonical), 0);
                assert_int_equal(rule_rows_print(w.rules[i], 0, 0, &row), 0);
                buffer_printf(b, "  words: %s\n  row: %s|\n", canonical, row);
                rule_expect_again(w.rules[i], canonical);
        }
        assert_int_equal(
                rule_sentence_print(w.rules, w.n_rules, w.placement, w.duration_sec, &sentence), 0);
        buffer_printf(b, "  %s\n", sentence);
        rule_words_deinit(&w);
}

static void test_golden(void **state)
{
        const char *path = *state;
        _cleanup_free_ char *copy = test_read_file(path), *found = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        char *save = NULL;

        for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                if (*line != '$' && *line != '#')
                        continue;
                buffer_printf(&b, "%s%s\n", b.length > 0 ? "\n" : "", line);
                if (*line == '$')
                        command_tell(&b, line + 1);
        }
        assert_int_equal(buffer_take(&b, &found), 0);
        assert_true(strlen(found) > 100);
        file_expect(path, found);
}

static void test_refused(void **state)
{
        const char *path = *state;
        _cleanup_free_ char *copy = test_read_file(path), *found = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        char *save = NULL;

        for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                _cleanup_strv_ char **words = NULL;
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                char *none[] = { NULL };
                RuleWords w;

                line[strcspn(line, "\t")] = '\0';
                assert_int_equal(shell_words_split(line, &words), 0);
                if (rule_words_parse(words ?: none, &d, &w) >= 0) {
                        if (rule_judge_complete(w.rules[0], &mail_ports_default, &d) != -EINVAL)
                                fail_msg("%s: should be refused", line);
                        rule_words_deinit(&w);
                }
                assert_true(d.n_errors >= 1);
                buffer_printf(&b, "%s\t%s\n", line, diagnostics_first_error(&d)->text);
        }
        assert_int_equal(buffer_take(&b, &found), 0);
        assert_true(strlen(found) > 100);
        file_expect(path, found);
}

/* A word less or one twice never crashes, and never gives a rule that cannot be printed again. */
static void test_mutilated(void **state)
{
        const char *path = *state;
        _cleanup_free_ char *copy = test_read_file(path);
        char *save = NULL;

        for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                _cleanup_strv_ char **words = NULL;
                size_t n;

                if (*line != '$')
                        continue;
                assert_int_equal(shell_words_split(line + 1, &words), 0);
                n = strv_length(words);
                for (size_t i = 0; i < 2 * n; i++) {
                        char *mutilated[128] = { NULL };
                        RuleWords w;

                        assert_true(n < 120);
                        for (size_t k = 0, at = 0; k < n; k++) {
                                if (i >= n || k != i)
                                        mutilated[at++] = words[k];
                                if (i >= n && k == i - n)
                                        mutilated[at++] = words[k];
                        }
                        if (rule_words_parse(mutilated, NULL, &w) < 0)
                                continue;
                        for (size_t k = 0; k < w.n_rules; k++) {
                                _cleanup_free_ char *text = NULL;

                                assert_int_equal(rule_words_print(w.rules[k], &text), 0);
                                rule_expect_again(w.rules[k], text);
                        }
                        rule_words_deinit(&w);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                { "rules of this host", test_golden, NULL, NULL, (void *)GOOD "host.txt" },
                { "routed rules", test_golden, NULL, NULL, (void *)GOOD "route.txt" },
                { "refused", test_refused, NULL, NULL, (void *)BAD "refused.txt" },
                { "mutilated, host", test_mutilated, NULL, NULL, (void *)GOOD "host.txt" },
                { "mutilated, routed", test_mutilated, NULL, NULL, (void *)GOOD "route.txt" },
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
