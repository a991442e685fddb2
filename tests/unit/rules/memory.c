/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Each single allocation fails, once and from then on, while texts are read, compiled, printed and
 * compared, and while large sets change: -ENOMEM is returned, nothing is lost (the leak check of
 * the sanitizers) and nothing is read that was not set. What libraries allocate does not fail:
 * libconfig would end the process.
 */

#include "rules/address/address.h"
#include "rules/address/ranges.h"
#include "rules/base/strv.h"
#include "rules/compare/difference.h"
#include "rules/compile/assertions.h"
#include "rules/compile/compile.h"
#include "rules/config/parse.h"
#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/allocations.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- what is tried ---- */

static int find_name(_unused_ void *data, const char *name, uint32_t *ret)
{
        *ret = streq(name, "mail") ? 8 : 0;
        return streq(name, "mail") || streq(name, "root") ? 0 : -ENOENT;
}

static int find_unit(_unused_ void *data, _unused_ const char *name, Cgroup *ret)
{
        *ret = (Cgroup){ .id = 5, .level = 2 };
        return 0;
}

static const Names names = { .user = find_name, .group = find_name, .unit = find_unit };

static const char role_text[] =
        "role = { name = \"r\"; summary = \"x\"; manages = [ \"all\" ];"
        "vars = { v = { type = \"networks\"; default = [ \"10.0.0.0/8\", \"2001:db8::/32\" ]; };"
        "u = { type = \"users\"; default = [ \"root\", \"mail\", \"ghost\" ]; };"
        "p = { type = \"ports\"; default = [ \"smtp\", \"submission\" ]; }; };"
        "default = { incoming = \"deny\"; };"
        "rules = ( { action = \"allow\"; direction = \"in\"; from = \"$v\"; ports = \"$p\"; },"
        "{ action = \"limit\"; direction = \"out\"; user = \"$u\"; } ); };";
static const char host_text[] =
        "enabled = true; roles = ( \"r\" ); default = { outgoing = \"reject\"; };"
        "sets = { office = { entries = [ \"198.51.100.0/24\", \"2001:db8:1::/48\" ]; }; };"
        "rules = ( { action = \"deny\"; direction = \"in\"; from = \"@office\"; comment = \"c\"; },"
        "{ action = \"allow\"; direction = \"out\"; user = \"mail\"; to = \"192.0.2.0/24\"; },"
        "{ action = \"limit\"; direction = \"out\"; unit = \"a.service\"; rate = \"5/minute\"; } );"
        "assert = ( { packet = \"in from 198.51.100.7\"; verdict = \"deny\"; } );";

static int read_texts(Policy **ret, Diagnostics *d)
{
        _cleanup_(policy_free_p) Policy *p = policy_new();
        int r;

        if (!p || !(p->roles = calloc(1, sizeof(*p->roles))))
                return -ENOMEM;
        p->n_roles = 1;
        if ((r = parse_role(role_text, strlen(role_text), "role", d, p->roles)) < 0 ||
                (r = parse_host(host_text, strlen(host_text), "p25.conf", d, &p->host)) < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

typedef int Try(Diagnostics *d);

static int try_policy(Diagnostics *d)
{
        _cleanup_(policy_free_p) Policy *p = NULL;
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        _cleanup_(difference_free_p) Difference *difference = NULL;
        _cleanup_strv_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        if ((r = read_texts(&p, d)) < 0 || (r = compile_policy(p, &names, d, &ruleset)) < 0 ||
                (r = assertions_check(p, ruleset, &names, d)) < 0 ||
                (r = ruleset_print(ruleset, &text)) < 0 ||
                (r = difference_compute_within(
                         NULL, ruleset, &(Steps){ .max = 100000 }, &difference)) < 0)
                return r;
        return difference_print(difference, NULL, 10, &lines);
}

/* Sets of so many entries are lists in pieces after a change (itemlist.h). */
#define LARGE 20000

static Prefix large_entry(Family f, uint32_t i)
{
        Prefix p = { { f, { 0x20 } }, (uint8_t)family_bits(f) };

        for (unsigned k = 0; k < 3; k++)
                p.address.bytes[family_bits(f) / 8 - 3 + k] = (uint8_t)(i >> (16 - 8 * k));
        return p;
}

/* Entries at even places of both families. */
static int large_new(PrefixSet **ret)
{
        _cleanup_free_ Prefix *entries = calloc(2 * LARGE, sizeof(*entries));

        if (!entries)
                return -ENOMEM;
        for (uint32_t i = 0; i < LARGE; i++) {
                entries[i] = large_entry(FAMILY_IPV4, 2 * i);
                entries[LARGE + i] = large_entry(FAMILY_IPV6, 2 * i);
        }
        return prefix_set_new(entries, (size_t)2 * LARGE, ret);
}

/* A set of which no other could be made: what was to be added is not there, and the rest is. */
static void check_large(const PrefixSet *s, const PrefixSet *add, const PrefixSet *remove)
{
        for (size_t i = 0; i < prefix_set_size(add); i++) {
                Prefix p = prefix_set_at(add, i), q = prefix_set_at(remove, i);

                assert_false(prefix_set_has(s, &p));
                assert_false(range_set_contains(s->ranges, &p.address));
                assert_true(prefix_set_has(s, &q));
                assert_true(range_set_contains(s->ranges, &q.address));
        }
}

/* n entries of each family, from a place on, are added, and others removed. */
static int large_change(PrefixSet **s, uint32_t from, uint32_t n)
{
        Prefix more[2 * 64], less[2 * 64];
        _cleanup_(prefix_set_unref_p) PrefixSet *add = NULL, *remove = NULL;
        PrefixSet *next = NULL;
        size_t added, removed, n_entries = prefix_set_size(*s);
        size_t n_ranges = range_set_size((*s)->ranges);
        int r;

        for (uint32_t i = 0; i < n; i++) {
                more[i] = large_entry(FAMILY_IPV4, from + 200 * i + 5);
                less[i] = large_entry(FAMILY_IPV4, from + 200 * i);
                more[n + i] = large_entry(FAMILY_IPV6, from + 200 * i + 5);
                less[n + i] = large_entry(FAMILY_IPV6, from + 200 * i);
        }
        if ((r = prefix_set_new(more, 2 * n, &add)) < 0 ||
                (r = prefix_set_new(less, 2 * n, &remove)) < 0)
                return r;
        r = prefix_set_update(*s, add, remove, &next, &added, &removed);
        if (r < 0) {
                assert_null(next);
                assert_int_equal(prefix_set_size(*s), n_entries);
                assert_int_equal(range_set_size((*s)->ranges), n_ranges);
                check_large(*s, add, remove);
                return r;
        }
        prefix_set_unref(*s);
        *s = next;
        return 0;
}

/* From an array to pieces, from pieces to pieces, and to an array again. */
static int try_sets(_unused_ Diagnostics *d)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *s = NULL;
        _cleanup_(range_set_unref_p) RangeSet *both = NULL;
        RangeSet *ranges;
        int r;

        if ((r = large_new(&s)) < 0 || (r = prefix_set_ranges(s, &ranges)) < 0 ||
                (r = range_set_union((RangeSet *[]){ ranges, ranges }, 2, &both)) < 0 ||
                (r = large_change(&s, 300, 1)) < 0)
                return r;
        assert_non_null(s->v4->base);
        if ((r = large_change(&s, 30000, 1)) < 0)
                return r;
        assert_non_null(s->v4->base);
        if ((r = large_change(&s, 1000, 64)) < 0)
                return r;
        assert_null(s->v4->base);
        return 0;
}

/* The number of allocations of one that succeeds. */
static unsigned count_all(Try *try)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r;

        allocations_fail(0, false);
        r = try(&d);
        for (size_t i = 0; i < d.n; i++)
                print_message("# %s\n", d.items[i].text);
        assert_int_equal(r, 0);
        return allocations_made();
}

static void fail_each(Try *try, bool on)
{
        unsigned n = count_all(try), n_wrong = 0;

        for (unsigned i = 1; i <= n; i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                int r;

                allocations_fail(i, on);
                r = try(&d);
                allocations_fail(0, false);
                if (r == -ENOMEM)
                        continue;
                print_error("allocation %u of %u: %d\n", i, n, r);
                n_wrong++;
        }
        print_message("# %u allocations\n", n);
        assert_int_equal(n_wrong, 0);
}

static void test_once(_unused_ void **state)
{
        fail_each(try_policy, false);
        fail_each(try_sets, false);
}

static void test_from_then_on(_unused_ void **state)
{
        fail_each(try_policy, true);
        fail_each(try_sets, true);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_once),
                cmocka_unit_test(test_from_then_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
