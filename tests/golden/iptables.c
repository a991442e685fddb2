/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Policies as text for iptables-restore: NAME.txt is what tests/golden/iptables/NAME.conf becomes,
 * or how it is refused. GOLDEN_UPDATE=1 writes what is found.
 */

#include "rules/address/address.h"
#include "rules/base/buffer.h"
#include "rules/iptables/script.h"
#include "rules/iptables/statement.h"
#include "rules/iptables/table.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/golden.h"

#define FOLDER "tests/golden/iptables/"

/* Every entry must fit into bytes too, and the bytes say how long they are. */
static void encode(const Ruleset *r, Family family)
{
        _cleanup_(ipt_table_free_p) IptTable *t = NULL;
        IptOptions o = { .family = family, .cut = true };

        assert_int_equal(ipt_table_new(r, &o, NULL, &t), 0);
        for (size_t i = 0; i < t->n_chains; i++)
                for (size_t k = 0; k < t->chains[i].n; k++) {
                        _cleanup_buffer_ Buffer b = { 0 };
                        uint16_t target, next;
                        size_t at = family == FAMILY_IPV4 ? 88 : 140; /* of target_offset */

                        assert_int_equal(
                                ipt_entry_encode(t, &t->chains[i].entries[k], NULL, NULL, &b), 0);
                        memcpy(&target, b.data + at, sizeof(target));
                        memcpy(&next, b.data + at + 2, sizeof(next));
                        assert_int_equal(next, b.length);
                        assert_true(target < next);
                        assert_int_equal(next % 8, 0);
                }
}

static void policy_check(const char *folder, const char *path)
{
        _cleanup_free_ char *name = test_base_name(path), *text = NULL;
        _cleanup_free_ char *golden = format_path(folder, name, ".txt");
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = golden_load_policy(folder, path, &d);
        _cleanup_(ruleset_free_p) Ruleset *r = compile_good(p, &d);
        int k = ipt_script_print(r, true, true, &d, &text);

        if (k == -EOPNOTSUPP) {
                assert_true(d.n_errors == 1);
                assert_int_equal(diagnostic_format(&d.items[d.n - 1], &text), 0);
        } else {
                assert_int_equal(k, 0);
                encode(r, FAMILY_IPV4);
                encode(r, FAMILY_IPV6);
        }
        file_expect(golden, text);
}

static void test_all(void **state)
{
        (void)state;
        golden_each(FOLDER, 6, policy_check);
}

/* The last second that iptables-restore can read, and the next. */
static void test_late(void **state)
{
        static const uint64_t ends_sec[] = { INT32_MAX, INT32_MAX + UINT64_C(1) };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(ends_sec); i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(policy_free_p) Policy *p = make_policy();
                _cleanup_(ruleset_free_p) Ruleset *r = NULL;
                _cleanup_free_ char *text = NULL;

                add_rule(&p->state->rules, .id = 1, .action = ACTION_DENY,
                        .expires_usec = ends_sec[i] * 1000000 - 999999);
                r = compile_good(p, &d);
                assert_int_equal(
                        ipt_script_print(r, true, true, &d, &text), i == 0 ? 0 : -EOPNOTSUPP);
                if (i == 0)
                        assert_non_null(strstr(text, " --datestop 2038-01-19T03:14:06 "));
                else
                        assert_string_equal(d.items[d.n - 1].text,
                                "the iptables backend cannot end a rule after the year 2037 (deny "
                                "25/tcp)");
        }
}

static void test_comments(void **state)
{
        static const uint64_t ids[] = { IPT_COMMENT_MARK, 1, 17, UINT64_C(1) << 47,
                DEFAULT_COUNTER_ID(0), DEFAULT_COUNTER_ID(1), DEFAULT_COUNTER_ID(2) };
        static const char *const bad[] = { "", "p", "p25:", "p25:0", "p25:x", "p25:5x", "p25:-1",
                "p25:default", "p25:05" };
        char buffer[IPT_COMMENT_TEXT_MAX];
        uint64_t id;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(ids); i++) {
                assert_true(ipt_comment_parse(ipt_comment_format(ids[i], buffer), &id));
                assert_int_equal(id, ids[i]);
        }
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_false(ipt_comment_parse(bad[i], &id));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_late),
                cmocka_unit_test(test_comments),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
