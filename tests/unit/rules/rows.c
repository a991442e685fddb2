/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rows of rules that p25ctl did not make. Those that it makes are in tests/golden/words.
 */

#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/rule.h"
#include "rules/words/words.h"
#include "tests/lib/shell_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants setjmp.h and stdarg.h first */
#include <cmocka.h>

static Rule *make(const char *line)
{
        _cleanup_strv_ char **words = NULL;
        RuleWords w;
        Rule *rule;

        assert_int_equal(shell_words_split(line, &words), 0);
        assert_int_equal(rule_words_parse(words, NULL, &w), 0);
        rule = rule_ref(w.rules[0]);
        rule_words_deinit(&w);
        return rule;
}

static void expect_row(
        Rule *rule, SourceKind source, const char *name, unsigned number, const char *wanted)
{
        _cleanup_free_ char *row = NULL;

        rule->source = source;
        rule->source_name = name ? strdup(name) : NULL;
        assert_int_equal(rule_rows_print(rule, number, 0, &row), 0);
        assert_string_equal(row, wanted);
        rule_unref(rule);
}

static void test_sources(void **state)
{
        (void)state;
        expect_row(make("limit"), SOURCE_ROLE, "mx", 0,
                "25/tcp                     LIMIT IN    Anywhere                   (12/minute, "
                "burst 6) # role mx");
        expect_row(make("limit rate 60/minute burst 30 max 20"), SOURCE_ROLE, "mx", 0,
                "25/tcp                     LIMIT IN    Anywhere                   (60/minute, "
                "burst 30, 20 open) # role mx");
        expect_row(make("limit max 3"), SOURCE_P25CTL, NULL, 0,
                "25/tcp                     LIMIT IN    Anywhere                   (3 open)");
        expect_row(make("allow out user postfix"), SOURCE_ROLE, "mx", 0,
                "25/tcp                     ALLOW OUT   user postfix               # role mx");
        expect_row(make("allow out to 203.0.113.7 user backup"), SOURCE_CONF, NULL, 0,
                "203.0.113.7 25/tcp         ALLOW OUT   user backup                # p25.conf");
        expect_row(make("deny comment why"), SOURCE_ROLE, "mx", 0,
                "25/tcp                     DENY IN     Anywhere                   # role mx: why");
        expect_row(make("deny comment why"), SOURCE_P25CTL, NULL, 0,
                "25/tcp                     DENY IN     Anywhere                   # why");
        expect_row(make("deny comment why"), SOURCE_CONF, NULL, 0,
                "25/tcp                     DENY IN     Anywhere                   # p25.conf: "
                "why");
        expect_row(make("deny comment why"), SOURCE_FRAGMENT, "site", 0,
                "25/tcp                     DENY IN     Anywhere                   # fragment "
                "site: why");
        expect_row(make("deny"), SOURCE_FRAGMENT, "site", 0,
                "25/tcp                     DENY IN     Anywhere                   # fragment "
                "site");
        expect_row(make("deny log"), SOURCE_ROLE, "mx", 0,
                "25/tcp                     DENY IN     Anywhere                   (log) # role "
                "mx");
}

static void test_numbers(void **state)
{
        (void)state;
        expect_row(make("deny"), SOURCE_P25CTL, NULL, 1,
                "[ 1] 25/tcp                     DENY IN     Anywhere                  ");
        expect_row(make("deny"), SOURCE_P25CTL, NULL, 100,
                "[100] 25/tcp                     DENY IN     Anywhere                  ");
}

static void test_vars(void **state)
{
        Rule *rule = make("allow out user x");

        (void)state;
        rule->to.items = calloc(4, sizeof(AddressItem));
        assert_non_null(rule->to.items);
        rule->to.items[rule->to.n++] =
                (AddressItem){ .kind = ADDRESS_VAR, .name = strdup("smarthosts") };
        rule->ports_var = strdup("ports");
        expect_row(rule, SOURCE_ROLE, "app-server", 0,
                "$smarthosts (empty) $ports/tcp ALLOW OUT   user x                     # role "
                "app-server");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sources),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_vars),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
