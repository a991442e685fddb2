/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Large sets, which are lists in pieces after a few changes (itemlist.h), against sorted arrays:
 * random changes one after the other, at the borders of pieces too. What each set holds is compared
 * with the array and with a set that was made from the array, entry by entry and range by range;
 * sets from which others were made stay as they were.
 */

#include "rules/address/address.h"
#include "rules/address/ranges.h"
#include "rules/address/rangeset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ENTRIES 30000
#define STEPS 120
#define CHANGES_MAX 2000
#define KEPT 4

/* As a list is in pieces at all: itemlist.c. */
#define PIECE_LEAST 2048

static uint64_t seed = 88172645463325252;

static uint32_t pick(uint32_t below)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (uint32_t)(seed >> 11) % below;
}

/* ---- a set as an array ---- */

typedef struct Model {
        Prefix *items; /* ascending */
        size_t n;
} Model;

static bool model_find(const Model *m, const Prefix *p, size_t *ret)
{
        size_t low = 0, high = m->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (prefix_compare(&m->items[middle], p) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret = low;
        return low < m->n && prefix_compare(&m->items[low], p) == 0;
}

static bool model_add(Model *m, const Prefix *p)
{
        size_t at;

        if (model_find(m, p, &at))
                return false;
        m->items = realloc(m->items, (m->n + 1) * sizeof(*p));
        assert_non_null(m->items);
        memmove(&m->items[at + 1], &m->items[at], (m->n - at) * sizeof(*p));
        m->items[at] = *p;
        m->n++;
        return true;
}

static bool model_remove(Model *m, const Prefix *p)
{
        size_t at;

        if (!model_find(m, p, &at))
                return false;
        m->n--;
        memmove(&m->items[at], &m->items[at + 1], (m->n - at) * sizeof(*p));
        return true;
}

static Model model_copy(const Model *m)
{
        Model copy = { malloc((m->n + 1) * sizeof(Prefix)), m->n };

        assert_non_null(copy.items);
        memcpy(copy.items, m->items, m->n * sizeof(Prefix));
        return copy;
}

/* ---- entries ---- */

/* A prefix around the n-th of 4 * ENTRIES addresses: every fourth is an entry at first, so others
 * lie between entries, beside them and around them. */
static Prefix prefix_number(Family f, uint32_t n, unsigned shorter)
{
        Prefix p = { .address.family = f, .bits = (uint8_t)(family_bits(f) - shorter) };

        n = n >> shorter << shorter;
        if (f == FAMILY_IPV4) {
                p.address = address_from_ipv4(0x0a000000 + n);
        } else {
                p.address.bytes[0] = 0x20;
                for (unsigned i = 0; i < 4; i++)
                        p.address.bytes[12 + i] = (uint8_t)(n >> (24 - 8 * i));
        }
        return p;
}

static Prefix pick_prefix(Family f, uint32_t near)
{
        static const unsigned shorter[] = { 0, 0, 0, 0, 1, 2, 3, 8 };
        uint32_t n = pick(3) ? pick(4 * ENTRIES) : (near + pick(9)) % (4 * ENTRIES);

        return prefix_number(f, n, shorter[pick(ELEMENTS(shorter))]);
}

/* ---- a change ---- */

typedef struct Change {
        Prefix add[CHANGES_MAX], remove[CHANGES_MAX];
        size_t n_add, n_remove;
} Change;

/* Some entries that follow each other, at the beginning and at the end too. */
static void change_remove_run(Change *c, const Model *m, size_t n)
{
        size_t begin = pick(3) ? pick((uint32_t)m->n) : 0;

        if (pick(4) == 0)
                begin = m->n > n ? m->n - n : 0;
        for (size_t i = begin; i < m->n && c->n_remove < n; i++)
                c->remove[c->n_remove++] = m->items[i];
}

static void change_pick(Change *c, const Model *m, Family f)
{
        static const unsigned amounts[] = { 1, 1, 1, 1, 2, 3, 8, 60 };
        size_t n = pick(25) ? amounts[pick(ELEMENTS(amounts))] : CHANGES_MAX;
        uint32_t near = pick(4) ? pick(4 * ENTRIES) : 0;

        c->n_add = c->n_remove = 0;
        switch (pick(5)) {
        case 0:
                change_remove_run(c, m, n);
                break;
        case 1: /* what is there, and what is not */
                for (size_t i = 0; i < n; i++)
                        c->remove[c->n_remove++] =
                                pick(2) ? m->items[pick((uint32_t)m->n)] : pick_prefix(f, near);
                break;
        case 2: /* the same one in both, too */
                for (size_t i = 0; i < n; i++) {
                        c->add[c->n_add++] = pick_prefix(f, near);
                        c->remove[c->n_remove++] =
                                pick(2) ? c->add[pick((uint32_t)c->n_add)] : pick_prefix(f, near);
                }
                break;
        default:
                for (size_t i = 0; i < n; i++)
                        c->add[c->n_add++] = pick_prefix(f, near);
        }
}

static void change_model(const Change *c, Model *m, size_t *ret_added, size_t *ret_removed)
{
        Model before = model_copy(m);
        size_t at;

        *ret_added = *ret_removed = 0;
        for (size_t i = 0; i < c->n_add; i++)
                model_add(m, &c->add[i]);
        for (size_t i = 0; i < c->n_remove; i++)
                *ret_removed +=
                        model_remove(m, &c->remove[i]) && model_find(&before, &c->remove[i], &at);
        for (size_t i = 0; i < m->n; i++)
                *ret_added += !model_find(&before, &m->items[i], &at);
        free(before.items);
}

static PrefixSet *change_set(const Change *c, PrefixSet *s, size_t *ret_added, size_t *ret_removed)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *add = NULL, *remove = NULL;
        PrefixSet *next = NULL;

        assert_int_equal(prefix_set_new(c->add, c->n_add, &add), 0);
        assert_int_equal(prefix_set_new(c->remove, c->n_remove, &remove), 0);
        assert_int_equal(prefix_set_update(s, add, remove, &next, ret_added, ret_removed), 0);
        return next;
}

/* ---- what a set holds ---- */

static void check_entries(const PrefixSet *s, const Model *m)
{
        assert_int_equal(prefix_set_size(s), m->n);
        for (size_t i = 0; i < m->n; i++) {
                Prefix p = prefix_set_at(s, i);

                assert_int_equal(prefix_compare(&p, &m->items[i]), 0);
        }
}

static void check_text(const PrefixSet *s, const PrefixSet *flat)
{
        _cleanup_free_ char *text = NULL, *wanted = NULL;
        size_t n, n_wanted;

        assert_int_equal(prefix_set_print(s, &text, &n), 0);
        assert_int_equal(prefix_set_print(flat, &wanted, &n_wanted), 0);
        assert_int_equal(n, n_wanted);
        assert_memory_equal(text, wanted, n);
}

static void check_same_ranges(const RangeSet *a, const RangeSet *b)
{
        assert_true(range_set_equal(a, b));
        assert_true(range_set_equal(b, a));
        for (unsigned k = 0; k < 2; k++) {
                Family f = k ? FAMILY_IPV6 : FAMILY_IPV4;

                assert_int_equal(range_count(a, f), range_count(b, f));
                for (size_t i = 0; i < range_count(a, f); i++) {
                        assert_true(wide_equal(range_first(a, f, i), range_first(b, f, i)));
                        assert_true(wide_equal(range_last(a, f, i), range_last(b, f, i)));
                }
        }
}

static void check_looking(
        const PrefixSet *s, const Model *m, const RangeSet *ranges, const RangeSet *flat, Family f)
{
        for (unsigned i = 0; i < 200; i++) {
                Prefix p = pick(2) ? pick_prefix(f, 0) : m->items[pick((uint32_t)m->n)];
                Wide w = f == FAMILY_IPV4 ? (Wide){ 0, address_to_ipv4(&p.address) }
                                          : wide_load(p.address.bytes);
                size_t at, from = pick(1000);

                assert_int_equal(prefix_set_has(s, &p), model_find(m, &p, &at));
                assert_int_equal(range_set_contains(ranges, &p.address),
                        range_set_contains(flat, &p.address));
                assert_int_equal(range_seek(ranges, f, from, w), range_seek(flat, f, from, w));
        }
}

static RangeSet *ranges_of(const Model *m)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *flat = NULL;
        RangeSet *ranges = NULL;

        assert_int_equal(prefix_set_new(m->items, m->n, &flat), 0);
        assert_int_equal(range_set_from_prefixes(flat, &ranges), 0);
        return ranges;
}

static void check_set(PrefixSet *s, const Model *m, Family f)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *flat = NULL;
        _cleanup_(range_set_unref_p) RangeSet *wanted = ranges_of(m);
        RangeSet *ranges = NULL;

        check_entries(s, m);
        assert_int_equal(prefix_set_new(m->items, m->n, &flat), 0);
        assert_true(prefix_set_equal(s, flat));
        assert_true(prefix_set_equal(flat, s));
        check_text(s, flat);
        assert_int_equal(prefix_set_ranges(s, &ranges), 0);
        check_same_ranges(ranges, wanted);
        assert_true(range_set_hash(ranges) == range_set_hash(wanted));
        check_looking(s, m, ranges, wanted, f);
}

/* ---- two sets ---- */

typedef struct Difference {
        RangeSet gone, came;
} Difference;

static Difference difference_of(const RangeSet *old, const RangeSet *new, Family f)
{
        Difference d = { 0 };

        assert_int_equal(range_set_append_changes(old, new, f, SIZE_MAX, &d.gone, &d.came), 0);
        assert_int_equal(
                ranges_count_alike(old, new, f), range_count(old, f) - range_count(&d.gone, f));
        return d;
}

static void check_difference(
        const RangeSet *old, const RangeSet *new, const Difference *wanted, Family f)
{
        Difference d = difference_of(old, new, f);

        check_same_ranges(&d.gone, &wanted->gone);
        check_same_ranges(&d.came, &wanted->came);
        ranges_free(&d.gone);
        ranges_free(&d.came);
}

static void check_joined(RangeSet *a, RangeSet *b, RangeSet *flat_a, RangeSet *flat_b, Family f)
{
        _cleanup_(range_set_unref_p) RangeSet *both = NULL, *both_flat = NULL;
        _cleanup_(range_set_unref_p) RangeSet *one = NULL, *one_flat = NULL;

        assert_int_equal(range_set_union((RangeSet *[]){ a, b }, 2, &both), 0);
        assert_int_equal(range_set_union((RangeSet *[]){ flat_a, flat_b }, 2, &both_flat), 0);
        check_same_ranges(both, both_flat);
        assert_int_equal(range_set_exclusive(a, b, f, SIZE_MAX, &one), 0);
        assert_int_equal(range_set_exclusive(flat_a, flat_b, f, SIZE_MAX, &one_flat), 0);
        check_same_ranges(one, one_flat);
        assert_int_equal(ranges_hold(a, b, f), ranges_hold(flat_a, flat_b, f));
        assert_int_equal(ranges_meet(a, b, f), ranges_meet(flat_a, flat_b, f));
        assert_true(ranges_hold(both, a, f));
}

/* As of sets that were made from arrays, which share nothing: also of sets some changes apart. */
static void check_two(PrefixSet *old, const Model *was, PrefixSet *new, const Model *is, Family f)
{
        _cleanup_(range_set_unref_p) RangeSet *flat_old = ranges_of(was), *flat_new = ranges_of(is);
        Difference wanted = difference_of(flat_old, flat_new, f);
        size_t head, tail, n_old, n_new;
        RangeSet *a, *b;

        assert_int_equal(prefix_set_ranges(old, &a), 0);
        assert_int_equal(prefix_set_ranges(new, &b), 0);
        check_difference(a, b, &wanted, f);
        check_difference(flat_old, b, &wanted, f);
        check_difference(a, flat_new, &wanted, f);
        check_joined(a, b, flat_old, flat_new, f);
        range_set_common(a, b, f, &head, &tail);
        n_old = range_count(a, f);
        n_new = range_count(b, f);
        assert_true(head + tail <= n_old && head + tail <= n_new);
        for (size_t i = 0; i < head; i++)
                assert_true(wide_equal(range_last(flat_old, f, i), range_last(flat_new, f, i)));
        for (size_t i = 1; i <= tail; i++)
                assert_true(wide_equal(
                        range_first(flat_old, f, n_old - i), range_first(flat_new, f, n_new - i)));
        ranges_free(&wanted.gone);
        ranges_free(&wanted.came);
}

/* ---- memory ---- */

/* Pieces are long on average, and little that is not in the list stays in memory. */
static void check_memory(const ItemList *l, const ItemList *old)
{
        if (!l || !l->base)
                return;
        assert_null(l->base->base);
        assert_true(l->n_pieces <= old->n / PIECE_LEAST);
        assert_true(l->base->n + l->n_own <= old->n + old->n / 8);
        assert_int_equal(l->pieces[0].begin, 0);
        for (size_t k = 0; k < l->n_pieces; k++)
                assert_true(
                        (k + 1 < l->n_pieces ? l->pieces[k + 1].begin : l->n) > l->pieces[k].begin);
}

/* ---- the tests ---- */

typedef struct History {
        PrefixSet *sets[KEPT];
        Model models[KEPT];
} History;

static void history_drop(History *h, size_t i)
{
        prefix_set_unref(h->sets[i]);
        free(h->models[i].items);
}

static PrefixSet *set_begin(Model *m, Family f)
{
        PrefixSet *s = NULL;

        *m = (Model){ calloc(ENTRIES, sizeof(Prefix)), ENTRIES };
        assert_non_null(m->items);
        for (uint32_t i = 0; i < ENTRIES; i++)
                m->items[i] = prefix_number(f, 4 * i, 0);
        assert_int_equal(prefix_set_new(m->items, m->n, &s), 0);
        return s;
}

static void walk(Family f)
{
        size_t added, removed, want_added, want_removed, n_pieces = 0, n_whole = 0;
        _cleanup_free_ Change *c = calloc(1, sizeof(*c));
        History h = { 0 };
        Model m;
        PrefixSet *s = set_begin(&m, f);

        assert_non_null(c);
        assert_int_equal(prefix_set_ranges(s, &(RangeSet *){ NULL }), 0);
        for (unsigned step = 0; step < STEPS; step++) {
                size_t at = pick(KEPT);
                PrefixSet *next;
                const ItemList *list, *old = f == FAMILY_IPV4 ? s->v4 : s->v6;

                history_drop(&h, at);
                h.sets[at] = prefix_set_ref(s);
                h.models[at] = model_copy(&m);
                change_pick(c, &m, f);
                change_model(c, &m, &want_added, &want_removed);
                next = change_set(c, s, &added, &removed);
                assert_int_equal(added, want_added);
                assert_int_equal(removed, want_removed);
                list = f == FAMILY_IPV4 ? next->v4 : next->v6;
                check_memory(list, old);
                n_pieces += list->base != NULL;
                n_whole += old->base && !list->base;
                check_set(next, &m, f);
                check_two(s, &h.models[at], next, &m, f);
                prefix_set_unref(s);
                s = next;
                at = pick(KEPT);
                if (!h.sets[at])
                        continue;
                check_set(h.sets[at], &h.models[at], f);
                check_two(h.sets[at], &h.models[at], s, &m, f);
                check_two(s, &m, h.sets[at], &h.models[at], f);
                prefix_set_count_changes(h.sets[at], s, &added, &removed);
                assert_int_equal(m.n + removed, h.models[at].n + added);
        }
        print_message("# %zu of %u changes in pieces, %zu copies\n", n_pieces, STEPS, n_whole);
        assert_true(n_pieces > STEPS / 2);
        assert_true(n_whole > 2);
        for (size_t i = 0; i < KEPT; i++)
                history_drop(&h, i);
        prefix_set_unref(s);
        free(m.items);
}

static void test_ipv4(_unused_ void **state)
{
        walk(FAMILY_IPV4);
}

static void test_ipv6(_unused_ void **state)
{
        walk(FAMILY_IPV6);
}

/* A set that changed at one place and back is what it was, in as much memory. */
static void test_back_and_forth(_unused_ void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *one = NULL;
        size_t added, removed;
        Model m;
        PrefixSet *s = set_begin(&m, FAMILY_IPV4);
        const ItemList *base = s->v4;
        Prefix p = prefix_number(FAMILY_IPV4, 4 * 777 + 2, 0);

        assert_int_equal(prefix_set_new(&p, 1, &one), 0);
        for (unsigned i = 0; i < 1000; i++) {
                PrefixSet *next = NULL;

                assert_int_equal(prefix_set_update(s, i % 2 ? NULL : one, i % 2 ? one : NULL, &next,
                                         &added, &removed),
                        0);
                prefix_set_unref(s);
                s = next;
                assert_ptr_equal(s->v4->base, base);
                assert_int_equal(s->v4->n_pieces, i % 2 ? 1 : 3);
                assert_int_equal(s->v4->n_own, i % 2 ? 0 : 1);
        }
        check_set(s, &m, FAMILY_IPV4);
        prefix_set_unref(s);
        free(m.items);
}

/* A set that loses its entries from the beginning, one by one, gives their memory back. */
static void test_shrinking(_unused_ void **state)
{
        Model m;
        PrefixSet *s = set_begin(&m, FAMILY_IPV4);

        while (prefix_set_size(s) > 0) {
                Prefix first = prefix_set_at(s, 0);
                _cleanup_(prefix_set_unref_p) PrefixSet *one = NULL;
                PrefixSet *next = NULL;
                size_t added, removed;

                assert_int_equal(prefix_set_new(&first, 1, &one), 0);
                assert_int_equal(prefix_set_update(s, NULL, one, &next, &added, &removed), 0);
                assert_int_equal(removed, 1);
                check_memory(next->v4, s->v4);
                prefix_set_unref(s);
                s = next;
        }
        assert_null(s->v4);
        prefix_set_unref(s);
        free(m.items);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ipv4),
                cmocka_unit_test(test_ipv6),
                cmocka_unit_test(test_back_and_forth),
                cmocka_unit_test(test_shrinking),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
