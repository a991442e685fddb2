/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Long lists under the iptables backend: sets of the kernel, or chains where it has none. */

#include "tests/lib/ipt_backend.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

/* n single addresses that do not merge, and one more. */
static RangeSet *make_ranges(size_t n, const char *more)
{
        _cleanup_free_ Prefix *p = calloc(n + 1, sizeof(Prefix));
        PrefixSet *set;
        RangeSet *r;

        for (size_t i = 0; i < n; i++)
                p[i] = (Prefix){ .address = address_from_ipv4(
                                         (uint32_t)(0x0b000000 + i * 2654435761u % 0x40000000 * 2)),
                        .bits = 32 };
        if (more) {
                bool host_bits;
                const char *reason;

                assert_int_equal(prefix_parse(more, strlen(more), &p[n], &host_bits, &reason), 0);
        }
        assert_int_equal(prefix_set_new(p, n + (more != NULL), &set), 0);
        assert_int_equal(range_set_from_prefixes(set, &r), 0);
        prefix_set_unref(set);
        return r;
}

static Compiled compile_big(RangeSet *ranges)
{
        Compiled c = compile_text("sets = { big = { entries = [ \"192.0.2.1\" ]; }; };"
                                  "rules = ({ action = \"deny\"; direction = \"in\";"
                                  "  from = \"@big\"; });");
        MatchSet *m = &c.ruleset->directions[DIRECTION_IN].rules[0].from.sets[0];

        range_set_unref(m->ranges);
        m->ranges = ranges;
        return c;
}

#define SET_NAMES "ipset list -n 2>/dev/null | grep ^p25-4-"
#define SET_SIZE "test $(ipset list $(" SET_NAMES ") | grep -c '^[0-9].*[0-9]$') = "

static void test_sets(void **state)
{
        _cleanup_compiled_ Compiled a = compile_big(make_ranges(1000, NULL));
        _cleanup_compiled_ Compiled more = compile_big(make_ranges(1000, "9.9.9.9"));
        _cleanup_compiled_ Compiled merged = compile_big(make_ranges(1000, "11.0.0.0/9"));
        _cleanup_compiled_ Compiled other = compile_big(make_ranges(2000, NULL));
        _cleanup_compiled_ Compiled s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        _cleanup_free_ char *first = NULL, *second = NULL, *third = NULL;

        (void)state;
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        if (!ipt_sets_are_there(&b->sets))
                skip();
        first = output_of(SET_NAMES);
        must("test $(" SET_NAMES " | wc -l) = 1");
        must(SET_SIZE "1000");
        /* One entry more, one that swallows others, and back: in the same set. */
        assert_int_equal(apply(&b->base, more.ruleset), 0);
        must(SET_SIZE "1001");
        must("ipset test $(" SET_NAMES ") 9.9.9.9 2>/dev/null");
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        must(SET_SIZE "1000");
        assert_int_equal(apply(&b->base, merged.ruleset), 0);
        must("ipset test $(" SET_NAMES ") 11.127.0.1 2>/dev/null");
        assert_false(ipt_monitor_look(b));
        second = output_of(SET_NAMES);
        /* Another list: another set. */
        assert_int_equal(apply(&b->base, other.ruleset), 0);
        third = output_of(SET_NAMES);
        must("test $(" SET_NAMES " | wc -l) = 1");
        must(SET_SIZE "2000");
        assert_string_not_equal(third, first);
        assert_false(ipt_monitor_look(b));
        must("ipset flush $(" SET_NAMES ")");
        assert_true(ipt_monitor_look(b));
        assert_int_equal(ipt_apply_again(b), 0);
        must(SET_SIZE "2000");
        /* A new daemon leaves no set of the former behind. */
        close_own(&b);
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        must(SET_SIZE "1000");
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        assert_int_not_equal(run(SET_NAMES " >/dev/null"), 0);
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        close_own(&b);
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        expect_no_trace();
}

/* Without sets in the kernel: chains. And a failure leaves no set behind. */
static void test_sets_otherwise(void **state)
{
        _cleanup_compiled_ Compiled a = compile_big(make_ranges(1000, NULL));
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        must("iptables-legacy -N P25-IN; iptables-legacy -A P25-IN -j ACCEPT");
        expect_refused(b, a.ruleset, -EEXIST, "P25-IN");
        assert_int_not_equal(run(SET_NAMES " >/dev/null"), 0);
        must("iptables-legacy -F; iptables-legacy -X");
        netlink_close(&b->sets.netlink);
        b->sets.asked = true;
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        expect_text_installed(b);
        must("test $(iptables-legacy-save" QUIET " | grep -c -- '-s [0-9.]*/32 -g P25-') = 1000");
}

/* No slower than twice `ipset restore` and one rule. */
static void test_speed(void **state)
{
        _cleanup_(range_set_unref_p) RangeSet *ranges = make_ranges(10000, NULL);
        _cleanup_compiled_ Compiled c = compile_big(range_set_ref(ranges));
        char path[] = "/tmp/p25-ipset-XXXXXX", text[ADDRESS_TEXT_MAX];
        FILE *f = fdopen(mkstemp(path), "w");
        uint64_t theirs = UINT64_MAX, ours = UINT64_MAX;

        (void)state;
        fprintf(f, "create big hash:net family inet hashsize 4096 maxelem 65536\n");
        for (size_t i = 0; i < range_set_size(ranges); i++) {
                Address a = address_from_ipv4(range4_at(ranges, i)->first);

                fprintf(f, "add big %s\n", address_format(&a, text));
        }
        fclose(f);
        for (int i = 0; i < 3; i++) {
                IptBackend *b;
                uint64_t began = now_msec();

                must("ipset restore <%s && iptables-legacy -A INPUT -p tcp --dport 25"
                     " -m set --match-set big src -j DROP",
                        path);
                if (now_msec() - began < theirs)
                        theirs = now_msec() - began;
                must("iptables-legacy -F; ipset destroy big");
                b = open_own(NULL, NULL, NULL);
                began = now_msec();
                assert_int_equal(apply(&b->base, c.ruleset), 0);
                if (now_msec() - began < ours)
                        ours = now_msec() - began;
                assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
                ipt_backend_close(b);
        }
        unlink(path);
        print_message("# 10,000 prefixes: %d ms, ipset restore and a rule: %d ms\n", (int)ours,
                (int)theirs);
        assert_true(ours <= 2 * theirs);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
        static const struct CMUnitTest tests[] = {
                TEST(test_sets),
                TEST(test_sets_otherwise),
                TEST(test_speed),
        };

        tested_backend = &backend_iptables;
        if (!world_begin() || backend_iptables.probe() < 0) {
                puts("1..0 # SKIP no network namespaces, or no legacy iptables here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
