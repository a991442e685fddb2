/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Words: whatever is taken must be printed as words that give an equal rule, as a row and as a
 * sentence; whatever is refused says why.
 */

#include "rules/words/words.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/judge.h"
#include "rules/policy/rule.h"
#include "tests/lib/shell_words.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

/* duration_sec: what `for` said; its words say it again. */
static void rule_expect(Rule *rule, Placement placement, uint64_t duration_sec)
{
        _cleanup_free_ char *text = NULL, *row = NULL, *sentence = NULL, *until = NULL;
        _cleanup_strv_ char **words = NULL;
        RuleWords again;

        expect(rule_words_print_left(rule, duration_sec, &text) == 0, "words");
        rule->expires_usec = duration_sec * 1000000;
        expect(rule_words_print_until(rule, &until) == 0, "words until");
        expect(rule_rows_print(rule, 1, duration_sec / 2, &row) == 0, "row");
        rule->expires_usec = 0;
        expect(rule_sentence_print(&rule, 1, placement, duration_sec, &sentence) == 0, "sentence");
        expect(!strchr(row, '\n') && !strchr(sentence, '\n') && !strchr(until, '\n'), "one line");
        expect(shell_words_split(text, &words) == 0, "split");
        expect(rule_words_parse(words, NULL, &again) == 0, text);
        expect(again.n_rules == 1 && rule_equal(again.rules[0], rule), text);
        expect(again.duration_sec == duration_sec, text);
        rule_words_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        _cleanup_free_ char *line = strndup((const char *)data, n);
        _cleanup_strv_ char **words = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        RuleWords w;

        if (!line || shell_words_split(line, &words) < 0 || !words)
                return 0;
        if (rule_words_parse(words, &d, &w) < 0) {
                expect(d.n_errors > 0, "an error without a word");
                return 0;
        }
        expect(d.n_errors == 0, "a rule with an error");
        /* what p25d would refuse need not be printable */
        for (size_t i = 0; i < w.n_rules && rule_judge(w.rules[0], NULL, NULL) == 0; i++)
                rule_expect(w.rules[i], w.placement, w.duration_sec);
        rule_words_deinit(&w);
        return 0;
}
