/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Rules that end, under iptables: what is installed is what the text says, a rule that gets another
 * time changes that and no more, and a kernel without xt_time is refused by name before anything
 * has changed. That they do end is what tests/differential and tests/e2e/expire.t see.
 */

#include "tests/lib/ipt_backend.h"

#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <sys/syscall.h>

static bool no_time;

/* In the place of libc's, so that the kernel seems to lack an extension. */
int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict n)
{
        const struct xt_get_revision *revision = value;

        if (no_time && name == IPT_SO_GET_REVISION_MATCH && streq(revision->name, "time")) {
                errno = ENOENT;
                return -1;
        }
        return (int)syscall(SYS_getsockopt, fd, level, name, value, n);
}

/* All rules end then, and an hour later each. */
static Compiled compile_ending(uint64_t first_sec)
{
        Compiled c = compile_text(full);

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                for (size_t i = 0; i < c.ruleset->directions[d].n; i++)
                        c.ruleset->directions[d].rules[i].rule->expires_usec =
                                (first_sec + 3600 * i) * 1000000;
        return c;
}

static void test_installed(void **state)
{
        _cleanup_compiled_ Compiled c = compile_ending(1800000000),
                                    later = compile_ending(1800000001), ever = compile_text(full);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
        assert_false(ipt_monitor_look(b));
        assert_int_equal(run("iptables-legacy-save 2>/dev/null |"
                             " grep -q -- '--datestop 2027-01-15T07:59:59'"),
                0);
        assert_int_equal(apply(&b->base, later.ruleset), 0);
        expect_text_installed(b);
        assert_false(ipt_monitor_look(b));
        assert_int_equal(apply(&b->base, ever.ruleset), 0);
        expect_text_installed(b);
        assert_int_not_equal(run("iptables-legacy-save 2>/dev/null | grep -q -- '-m time'"), 0);
}

static void test_missing(void **state)
{
        _cleanup_compiled_ Compiled c = compile_ending(1800000000), ever = compile_text(full);
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        no_time = true;
        assert_int_equal(apply(&b->base, ever.ruleset), 0);
        assert_int_equal(backend_iptables.check(&b->base, c.ruleset, &d), -EOPNOTSUPP);
        assert_string_equal(d.items[0].text,
                "this kernel's iptables has no match time (revision 0), which the policy needs");
        assert_int_equal(backend_iptables.apply(&b->base, c.ruleset, &d), -EOPNOTSUPP);
        expect_text_installed(b);
        assert_int_not_equal(run("iptables-legacy-save 2>/dev/null | grep -q -- '-m time'"), 0);
        no_time = false;
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
        const struct CMUnitTest tests[] = {
                TEST(test_installed),
                TEST(test_missing),
        };

        tested_backend = &backend_iptables;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
