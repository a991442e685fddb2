/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/rule_words.h"

#include "rules/base/strv.h"
#include "rules/policy/rule.h"
#include "rules/policy/rulelist.h"

static char **split_blanks(const char *text)
{
        char **l = NULL;

        for (; *text; text += strspn(text, " ")) {
                size_t n = strcspn(text, " ");

                assert_int_equal(strv_consume(&l, strndup(text, n)), 0);
                text += n;
        }
        return l;
}

void add_rules_of_words(RuleList *l, const char *const *lines)
{
        for (; *lines; lines++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_strv_ char **words = split_blanks(*lines);
                RuleWords w = { 0 };

                if (rule_words_parse(words, &d, &w) < 0)
                        fail_msg("%s: %s", *lines, d.items[0].text);
                w.rules[0]->id = l->n + 1;
                w.rules[0]->expires_usec = w.duration_sec * 1000000;
                assert_int_equal(rule_list_append(l, w.rules[0]), 0);
                rule_words_deinit(&w);
        }
}
