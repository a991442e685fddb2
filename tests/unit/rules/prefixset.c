/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sets of prefixes against a naive model: random prefixes over 256 points, placed at different
 * depths of both address families, so that every edge (0, the last address, the halves of an IPv6
 * address) is met; what the set says is compared with the model point by point.
 */

#include "rules/address/address.h"
#include "rules/address/ranges.h"
#include "rules/address/rangeset.h"
#include "rules/base/diagnostic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#define POINTS 256
#define LENGTHS 9 /* a prefix covers 2^0..2^8 points */

/* The places of the points: point n is base with n at bit `shift`. */
typedef struct Space {
        Family family;
        unsigned shift;
        Address base;
} Space;

static const Space spaces[] = {
        { FAMILY_IPV4, 0, { FAMILY_IPV4, { 10, 1, 2, 0 } } },
        { FAMILY_IPV4, 0, { FAMILY_IPV4, { 255, 255, 255, 0 } } },
        { FAMILY_IPV4, 0, { FAMILY_IPV4, { 0 } } },
        { FAMILY_IPV4, 24, { FAMILY_IPV4, { 0 } } },
        { FAMILY_IPV4, 11, { FAMILY_IPV4, { 172, 24, 0, 0 } } },
        { FAMILY_IPV6, 0, { FAMILY_IPV6, { 0x20, 1, 0x0d, 0xb8 } } },
        { FAMILY_IPV6, 120, { FAMILY_IPV6, { 0 } } },
        { FAMILY_IPV6, 60, { FAMILY_IPV6, { 0x20, 1, 0x0d, 0xb8 } } },
        { FAMILY_IPV6, 56, { FAMILY_IPV6, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } },
        { FAMILY_IPV6, 64, { FAMILY_IPV6, { 0 } } },
        { FAMILY_IPV6, 0,
                { FAMILY_IPV6, { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                       255, 255, 0 } } },
};

/* present[k][n]: the prefix of 2^k points that begins at point n is in the set. */
typedef struct Model {
        bool present[LENGTHS][POINTS];
} Model;

static uint64_t seed = 1;

static unsigned pick(unsigned below)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (unsigned)(seed >> 11) % below;
}

static Address point_address(const Space *s, unsigned point)
{
        Address a = s->base;
        unsigned bytes = family_bits(s->family) / 8, at = bytes - 1 - s->shift / 8;
        unsigned value = point << s->shift % 8;

        a.bytes[at] |= (uint8_t)value;
        if (value > 0xff)
                a.bytes[at - 1] |= (uint8_t)(value >> 8);
        return a;
}

/* Some address within a point. */
static Address point_sample(const Space *s, unsigned point)
{
        Address a = point_address(s, point);

        for (unsigned i = 0; i < s->shift; i++)
                if (pick(2))
                        a.bytes[family_bits(s->family) / 8 - 1 - i / 8] |= (uint8_t)(1u << i % 8);
        return a;
}

static Prefix model_prefix(const Space *s, unsigned k, unsigned point)
{
        return (Prefix){ point_address(s, point),
                (uint8_t)(family_bits(s->family) - s->shift - k) };
}

static PrefixSet *model_build(const Model *m, const Space *s)
{
        Prefix prefixes[2 * LENGTHS * POINTS];
        PrefixSet *set;
        size_t n = 0;

        for (unsigned k = 0; k < LENGTHS; k++)
                for (unsigned i = 0; i < POINTS; i++)
                        if (m->present[k][i])
                                for (unsigned twins = 1 + pick(2); twins > 0; twins--)
                                        prefixes[n++] = model_prefix(s, k, i);
        for (size_t i = n; i > 1; i--) {
                size_t j = pick((unsigned)i);
                Prefix p = prefixes[j];

                prefixes[j] = prefixes[i - 1];
                prefixes[i - 1] = p;
        }
        assert_int_equal(prefix_set_new(prefixes, n, &set), 0);
        return set;
}

static void model_random(Model *m)
{
        static const unsigned amounts[] = { 0, 1, 2, 5, 20, 100, 400 };

        *m = (Model){ 0 };
        for (unsigned n = amounts[pick(ELEMENTS(amounts))]; n > 0; n--) {
                unsigned k = pick(4) ? pick(3) : pick(LENGTHS);

                m->present[k][pick(POINTS) >> k << k] = true;
        }
}

static bool model_covers(const Model *m, unsigned point)
{
        for (unsigned k = 0; k < LENGTHS; k++)
                if (m->present[k][point >> k << k])
                        return true;
        return false;
}

static size_t model_size(const Model *m)
{
        size_t n = 0;

        for (unsigned k = 0; k < LENGTHS; k++)
                for (unsigned i = 0; i < POINTS; i++)
                        n += m->present[k][i];
        return n;
}

/* The fewest prefixes that cover exactly what the model covers, between two points. */
static size_t model_fewest(const Model *m, unsigned first, unsigned n)
{
        unsigned covered = 0;

        for (unsigned i = first; i < first + n; i++)
                covered += model_covers(m, i);
        if (covered == 0)
                return 0;
        if (covered == n)
                return 1;
        return model_fewest(m, first, n / 2) + model_fewest(m, first + n / 2, n / 2);
}

/* The set holds exactly the model's prefixes, in order. */
static void check_set(const PrefixSet *set, const Model *m, const Space *s)
{
        size_t n = 0;

        assert_int_equal(prefix_set_size(set), model_size(m));
        for (unsigned i = 0; i < POINTS; i++)
                for (unsigned k = LENGTHS; k-- > 0;) {
                        Prefix p = model_prefix(s, k, i);

                        if (!m->present[k][i])
                                continue;
                        if (s->family == FAMILY_IPV4) {
                                assert_int_equal(
                                        prefix4_at(set, n)->address, address_to_ipv4(&p.address));
                                assert_int_equal(prefix4_at(set, n)->bits, p.bits);
                        } else {
                                assert_memory_equal(
                                        prefix6_at(set, n)->address, p.address.bytes, 16);
                                assert_int_equal(prefix6_at(set, n)->bits, p.bits);
                        }
                        n++;
                }
}

typedef struct Walk {
        Prefix prefixes[POINTS];
        size_t n;
} Walk;

static int collect(const Prefix *p, void *data)
{
        Walk *w = data;

        assert_true(w->n < POINTS);
        w->prefixes[w->n++] = *p;
        return 0;
}

static void check_cut(const RangeSet *ranges, const Model *m, const Space *s)
{
        Walk w = { 0 };

        assert_int_equal(range_set_each_prefix(ranges, FAMILY_IPV4, collect, &w), 0);
        assert_int_equal(range_set_each_prefix(ranges, FAMILY_IPV6, collect, &w), 0);
        assert_int_equal(w.n, model_fewest(m, 0, POINTS));
        for (size_t i = 1; i < w.n; i++)
                assert_true(prefix_compare(&w.prefixes[i - 1], &w.prefixes[i]) < 0);
        for (unsigned point = 0; point < POINTS; point++) {
                Address a = point_sample(s, point);
                size_t hits = 0;

                for (size_t i = 0; i < w.n; i++)
                        hits += prefix_contains(&w.prefixes[i], &a);
                assert_int_equal(hits, model_covers(m, point));
        }
}

/* As many ranges as the model has runs: merged, and nothing else. */
static void check_ranges(const RangeSet *ranges, const Model *m, const Space *s)
{
        size_t runs = 0;

        for (unsigned i = 0; i < POINTS; i++) {
                Address a = point_sample(s, i);

                runs += model_covers(m, i) && (i == 0 || !model_covers(m, i - 1));
                assert_int_equal(range_set_contains(ranges, &a), model_covers(m, i));
        }
        assert_int_equal(range_count(ranges, s->family), runs);
        assert_int_equal(range_set_size(ranges), runs);
        assert_int_equal(range_set_has_family(ranges, s->family), runs > 0);
        assert_int_equal(range_set_is_whole(ranges, s->family),
                s->shift + 8 == family_bits(s->family) && model_fewest(m, 0, POINTS) == 1 &&
                        model_covers(m, 0) && model_covers(m, POINTS - 1));
        check_cut(ranges, m, s);
}

/* Of every prefix that the model can have, and of what is around one point. */
static void check_has(const PrefixSet *set, const Model *m, const Space *s)
{
        for (unsigned k = 0; k < LENGTHS; k++)
                for (unsigned i = 0; i < POINTS; i += 1u << k) {
                        Prefix p = model_prefix(s, k, i), point = model_prefix(s, 0, i);
                        Prefix around = prefix_shorten(&point, p.bits);

                        assert_int_equal(prefix_set_has(set, &p), m->present[k][i]);
                        assert_int_equal(prefix_compare(&around, &p), 0);
                }
}

static void check_text(const PrefixSet *set)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *again = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t n;

        assert_int_equal(prefix_set_print(set, &text, &n), 0);
        assert_int_equal(strlen(text), n);
        assert_int_equal(prefix_set_parse(text, n, NULL, &d, &again), 0);
        assert_int_equal(d.n, 0);
        assert_true(prefix_set_equal(set, again));
}

static void test_model(void **state _unused_)
{
        for (unsigned round = 0; round < 60 * ELEMENTS(spaces); round++) {
                const Space *s = &spaces[round % ELEMENTS(spaces)];
                Model m;

                model_random(&m);
                _cleanup_(prefix_set_unref_p) PrefixSet *set = model_build(&m, s);
                _cleanup_(range_set_unref_p) RangeSet *ranges = NULL;

                check_set(set, &m, s);
                check_has(set, &m, s);
                check_text(set);
                assert_int_equal(range_set_from_prefixes(set, &ranges), 0);
                check_ranges(ranges, &m, s);
        }
}

static bool has_range(const RangeSet *s, Family f, Wide first, Wide last)
{
        for (size_t i = 0; i < range_count(s, f); i++)
                if (wide_equal(range_first(s, f, i), first) &&
                        wide_equal(range_last(s, f, i), last))
                        return true;
        return false;
}

/* Exactly the ranges of one that the other has not, in their order. */
static void check_only_in(const RangeSet *only, const RangeSet *a, const RangeSet *b, Family f)
{
        size_t n = 0;

        for (size_t i = 0; i < range_count(a, f); i++) {
                Wide first = range_first(a, f, i), last = range_last(a, f, i);

                if (has_range(b, f, first, last))
                        continue;
                assert_true(n < range_count(only, f));
                assert_true(wide_equal(range_first(only, f, n), first));
                assert_true(wide_equal(range_last(only, f, n++), last));
        }
        assert_int_equal(n, range_count(only, f));
}

static bool range_is(const RangeSet *a, size_t i, const RangeSet *b, size_t j, Family f)
{
        return wide_equal(range_first(a, f, i), range_first(b, f, j)) &&
               wide_equal(range_last(a, f, i), range_last(b, f, j));
}

static void check_ends(const RangeSet *a, const RangeSet *b, Family f, size_t head, size_t tail)
{
        size_t n_a = range_count(a, f), n_b = range_count(b, f);

        assert_true(head + tail <= n_a);
        assert_true(head + tail <= n_b);
        for (size_t i = 0; i < head; i++)
                assert_true(range_is(a, i, b, i, f));
        for (size_t i = 1; i <= tail; i++)
                assert_true(range_is(a, n_a - i, b, n_b - i, f));
}

static void check_changes(const RangeSet *old, const RangeSet *new, Family f)
{
        RangeSet gone = { 0 }, came = { 0 }, some = { 0 }, more = { 0 };
        size_t n;

        assert_int_equal(range_set_append_changes(old, new, f, SIZE_MAX, &gone, &came), 0);
        check_only_in(&gone, old, new, f);
        check_only_in(&came, new, old, f);
        assert_int_equal(
                ranges_count_alike(old, new, f), range_count(old, f) - range_count(&gone, f));
        n = range_count(&gone, f) + range_count(&came, f);
        if (n > 0)
                assert_int_equal(
                        range_set_append_changes(old, new, f, n - 1, &some, &more), -E2BIG);
        ranges_free(&gone);
        ranges_free(&came);
        ranges_free(&some);
        ranges_free(&more);
}

/* As if they had been merged from the prefixes, and what they share with those before is there. */
static void check_updated_ranges(const PrefixSet *before, const PrefixSet *now, Family family)
{
        _cleanup_(range_set_unref_p) RangeSet *merged = NULL;
        const RangeSet *old = before->ranges, *new = now->ranges;
        size_t head, tail;

        assert_int_equal(range_set_from_prefixes(now, &merged), 0);
        assert_true(range_set_equal(new, merged));
        check_changes(old, new, family);
        check_changes(new, old, family);
        check_changes(old, merged, family);
        range_set_common(old, new, family, &head, &tail);
        check_ends(old, new, family, head, tail);
}

/* The set is changed, and changed again: from merged ranges to merged ranges, one entry or many. */
static void test_update_ranges(void **state _unused_)
{
        for (unsigned round = 0; round < 60 * ELEMENTS(spaces); round++) {
                const Space *s = &spaces[round % ELEMENTS(spaces)];
                _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL;
                Model m;

                model_random(&m);
                set = model_build(&m, s);
                assert_int_equal(prefix_set_ranges(set, &(RangeSet *){ NULL }), 0);
                for (unsigned step = 0; step < 6; step++) {
                        Model add = { 0 }, drop = { 0 };
                        size_t added, removed;

                        for (unsigned n = 1 + pick(round % 2 ? 40 : 2); n > 0; n--) {
                                unsigned k = pick(round % 3 ? 3 : LENGTHS);

                                (pick(2) ? &add : &drop)->present[k][pick(POINTS >> k) << k] = true;
                        }
                        PrefixSet *a = model_build(&add, s), *r = model_build(&drop, s), *next;

                        assert_int_equal(prefix_set_update(set, a, r, &next, &added, &removed), 0);
                        if (!next->ranges) /* more changes than entries */
                                assert_int_equal(prefix_set_ranges(next, &(RangeSet *){ NULL }), 0);
                        check_updated_ranges(set, next, s->family);
                        /* the other family is as it was */
                        check_updated_ranges(
                                set, next, s->family == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4);
                        prefix_set_unref(a);
                        prefix_set_unref(r);
                        prefix_set_unref(set);
                        set = next;
                }
        }
}

/* Sets that were made from one another go in any order. */
static void test_update_order(void **state _unused_)
{
        const Prefix one = { { FAMILY_IPV4, { 192, 0, 2, 1 } }, 32 },
                     two = { { FAMILY_IPV4, { 192, 0, 2, 9 } }, 32 };
        PrefixSet *set, *more, *a, *b;
        size_t added, removed;

        assert_int_equal(prefix_set_new(&one, 1, &set), 0);
        assert_int_equal(prefix_set_new(&two, 1, &more), 0);
        assert_int_equal(prefix_set_ranges(set, &(RangeSet *){ NULL }), 0);
        assert_int_equal(prefix_set_update(set, more, NULL, &a, &added, &removed), 0);
        assert_int_equal(prefix_set_update(set, more, set, &b, &added, &removed), 0);
        prefix_set_count_changes(set, a, &added, &removed);
        assert_int_equal(added, 1);
        assert_int_equal(removed, 0);
        prefix_set_count_changes(b, set, &added, &removed);
        assert_int_equal(added, 1);
        assert_int_equal(removed, 1);
        prefix_set_unref(b);
        prefix_set_unref(set);
        prefix_set_unref(a);
        prefix_set_unref(more);
}

static void test_update(void **state _unused_)
{
        for (unsigned round = 0; round < 60 * ELEMENTS(spaces); round++) {
                const Space *s = &spaces[round % ELEMENTS(spaces)];
                size_t added, removed, want_added = 0, want_removed = 0;
                Model old, add, drop;

                model_random(&old);
                model_random(&add);
                model_random(&drop);
                _cleanup_(prefix_set_unref_p) PrefixSet *o = model_build(&old, s);
                _cleanup_(prefix_set_unref_p) PrefixSet *a = model_build(&add, s);
                _cleanup_(prefix_set_unref_p) PrefixSet *r = model_build(&drop, s);
                _cleanup_(prefix_set_unref_p) PrefixSet *result = NULL;

                for (unsigned k = 0; k < LENGTHS; k++)
                        for (unsigned i = 0; i < POINTS; i++) {
                                bool *is = &old.present[k][i], was = *is;

                                *is = (was || add.present[k][i]) && !drop.present[k][i];
                                want_added += *is && !was;
                                want_removed += was && !*is;
                        }
                assert_int_equal(prefix_set_update(o, a, r, &result, &added, &removed), 0);
                check_set(result, &old, s);
                assert_int_equal(added, want_added);
                assert_int_equal(removed, want_removed);
                prefix_set_count_changes(o, result, &added, &removed);
                assert_int_equal(added, want_added);
                assert_int_equal(removed, want_removed);
        }
}

/* The parts that two sets share at their ends, and the part between. */
static void test_common(void **state _unused_)
{
        for (unsigned round = 0; round < 60 * ELEMENTS(spaces); round++) {
                const Space *s = &spaces[round % ELEMENTS(spaces)];
                size_t head, tail, n_a, n_b;
                Model m;

                model_random(&m);
                _cleanup_(prefix_set_unref_p) PrefixSet *p = model_build(&m, s);
                for (unsigned n = pick(3); n > 0; n--)
                        m.present[0][pick(POINTS)] ^= true;
                _cleanup_(prefix_set_unref_p) PrefixSet *q = model_build(&m, s);
                _cleanup_(range_set_unref_p) RangeSet *a = NULL;
                _cleanup_(range_set_unref_p) RangeSet *b = NULL;

                assert_int_equal(range_set_from_prefixes(p, &a), 0);
                assert_int_equal(range_set_from_prefixes(q, &b), 0);
                range_set_common(a, b, s->family, &head, &tail);
                check_ends(a, b, s->family, head, tail);
                n_a = range_count(a, s->family) - tail;
                n_b = range_count(b, s->family) - tail;
                assert_int_equal(range_set_equal(a, b), n_a == head && n_b == head);
                if (n_a > head && n_b > head) {
                        assert_false(range_is(a, head, b, head, s->family));
                        assert_false(range_is(a, n_a - 1, b, n_b - 1, s->family));
                }
        }
}

static void test_update_of_nothing(void **state _unused_)
{
        const Prefix one = { { FAMILY_IPV4, { 192, 0, 2, 1 } }, 32 };
        _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL, *empty = NULL, *same = NULL,
                                                *none = NULL;
        size_t added, removed;

        assert_int_equal(prefix_set_new(&one, 1, &set), 0);
        assert_int_equal(prefix_set_update(NULL, NULL, NULL, &empty, &added, &removed), 0);
        assert_int_equal(prefix_set_size(empty), 0);
        assert_int_equal(prefix_set_update(NULL, set, NULL, &same, &added, &removed), 0);
        assert_int_equal(added, 1);
        assert_true(prefix_set_equal(same, set));
        assert_false(prefix_set_equal(same, empty));
        assert_int_equal(prefix_set_update(set, NULL, set, &none, &added, &removed), 0);
        assert_int_equal(added, 0);
        assert_int_equal(removed, 1);
        assert_true(prefix_set_equal(none, empty));
}

static void test_union(void **state _unused_)
{
        for (unsigned round = 0; round < 40 * ELEMENTS(spaces); round++) {
                const Space *s = &spaces[round % ELEMENTS(spaces)];
                RangeSet *parts[3] = { NULL }, *whole;
                size_t n = pick(4);
                Model all = { 0 };

                for (size_t j = 0; j < n; j++) {
                        Model m;

                        model_random(&m);
                        _cleanup_(prefix_set_unref_p) PrefixSet *set = model_build(&m, s);

                        assert_int_equal(range_set_from_prefixes(set, &parts[j]), 0);
                        for (unsigned k = 0; k < LENGTHS; k++)
                                for (unsigned i = 0; i < POINTS; i++)
                                        all.present[k][i] |= m.present[k][i];
                }
                assert_int_equal(range_set_union(parts, n, &whole), 0);
                check_ranges(whole, &all, s);
                if (n == 1)
                        assert_ptr_equal(whole, parts[0]);

                _cleanup_(prefix_set_unref_p) PrefixSet *set = model_build(&all, s);
                _cleanup_(range_set_unref_p) RangeSet *ranges = NULL;

                assert_int_equal(range_set_from_prefixes(set, &ranges), 0);
                assert_true(range_set_equal(whole, ranges));
                assert_int_equal(range_set_hash(whole), range_set_hash(ranges));
                range_set_unref(whole);
                for (size_t j = 0; j < n; j++)
                        range_set_unref(parts[j]);
        }
}

static PrefixSet *parse(const char *text)
{
        PrefixSet *set = NULL;

        assert_int_equal(prefix_set_parse(text, strlen(text), NULL, NULL, &set), 0);
        return set;
}

static uint64_t hash_of(const char *text)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = parse(text);
        _cleanup_(range_set_unref_p) RangeSet *ranges = NULL;

        assert_int_equal(range_set_from_prefixes(set, &ranges), 0);
        return range_set_hash(ranges);
}

static void test_hash(void **state _unused_)
{
        /* the value itself is part of what is stored: it must not change from build to build */
        assert_true(hash_of("192.0.2.0/24\n2001:db8::/32\n") == UINT64_C(0x7e819d42ed896ea6));
        assert_true(hash_of("192.0.2.0/25\n192.0.2.128/25") == hash_of("192.0.2.0/24"));
        assert_true(hash_of("192.0.2.0/24") != hash_of("192.0.2.0/25"));
        assert_true(hash_of("") != hash_of("0.0.0.0"));
        assert_true(hash_of("0.0.0.0/0") != hash_of("::/0"));
}

static int stop(const Prefix *p _unused_, void *data)
{
        ++*(int *)data;
        return -ECANCELED;
}

static void test_walk_ends(void **state _unused_)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = parse("192.0.2.1\n198.51.100.1\n");
        _cleanup_(range_set_unref_p) RangeSet *ranges = NULL;
        int calls = 0;

        assert_int_equal(range_set_from_prefixes(set, &ranges), 0);
        assert_int_equal(range_set_each_prefix(ranges, FAMILY_IPV4, stop, &calls), -ECANCELED);
        assert_int_equal(calls, 1);
}

static void test_whole(void **state _unused_)
{
        static const struct Case {
                const char *text;
                bool v4, v6;
        } cases[] = {
                { "0.0.0.0/0", true, false },
                { "::/0", false, true },
                { "0.0.0.0/1\n128.0.0.0/1\n8000::/1\n::/1", true, true },
                { "0.0.0.0/1\n128.0.0.0/2", false, false },
                { "::/1\n8000::/2", false, false },
                { "", false, false },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(prefix_set_unref_p) PrefixSet *set = parse(cases[i].text);
                _cleanup_(range_set_unref_p) RangeSet *ranges = NULL;

                assert_int_equal(range_set_from_prefixes(set, &ranges), 0);
                assert_int_equal(range_set_is_whole(ranges, FAMILY_IPV4), cases[i].v4);
                assert_int_equal(range_set_is_whole(ranges, FAMILY_IPV6), cases[i].v6);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_model),
                cmocka_unit_test(test_update),
                cmocka_unit_test(test_update_ranges),
                cmocka_unit_test(test_update_order),
                cmocka_unit_test(test_common),
                cmocka_unit_test(test_update_of_nothing),
                cmocka_unit_test(test_union),
                cmocka_unit_test(test_hash),
                cmocka_unit_test(test_walk_ends),
                cmocka_unit_test(test_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
