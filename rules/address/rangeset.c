/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Merged ranges of addresses: making, asking (rangeset.h). IPv6 addresses are counted as
 * two 64-bit halves.
 */

#include "rules/address/rangeset.h"

#include "rules/address/address.h"
#include "rules/address/large.h"
#include "rules/address/radix.h"
#include "rules/address/ranges.h"

#include <errno.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint8_t range4_digits[] = { 0, 1, 2, 3 };
#else
static const uint8_t range4_digits[] = { 3, 2, 1, 0 };
#endif
static const uint8_t range6_digits[] = { 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 };

static void range_set_destroy(RangeSet *s)
{
        if (s->before)
                s->before->after = NULL;
        if (s->after)
                s->after->before = NULL;
        item_list_unref(s->v4);
        item_list_unref(s->v6);
}

DEFINE_REFERENCES(RangeSet, range_set, range_set_destroy)

RangeSet *range_set_empty(void)
{
        RangeSet *s = calloc(1, sizeof(*s));

        if (s)
                s->n_refs = 1;
        return s;
}

/* ---- merging ---- */

size_t ranges4_merge(Range4 *r, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                Range4 *last = kept > 0 ? &r[kept - 1] : NULL;

                if (last && (last->last == UINT32_MAX || r[i].first <= last->last + 1)) {
                        if (r[i].last > last->last)
                                last->last = r[i].last;
                } else {
                        r[kept++] = r[i];
                }
        }
        return kept;
}

size_t ranges6_merge(Range6 *r, size_t n)
{
        size_t kept = 0;
        Wide last = { 0 };

        for (size_t i = 0; i < n; i++) {
                Wide first = wide_load(r[i].first), end = wide_load(r[i].last);

                if (kept > 0 && (!wide_less(last, first) || wide_equal(wide_next(last), first))) {
                        if (!wide_less(last, end))
                                continue;
                        memcpy(r[kept - 1].last, r[i].last, 16);
                } else {
                        r[kept++] = r[i];
                }
                last = end;
        }
        return kept;
}

/* Lists of sorted arrays that are for free(3), which they own from then on, also on failure. */
static int ranges4_list(Range4 *r, size_t n, ItemList **ret)
{
        return item_list_adopt(r, ranges4_merge(r, n), sizeof(*r), ret);
}

static int ranges6_list(Range6 *r, size_t n, ItemList **ret)
{
        return item_list_adopt(r, ranges6_merge(r, n), sizeof(*r), ret);
}

static int ranges4_of(const PrefixSet *s, ItemList **ret)
{
        size_t n = item_list_count(s->v4);
        Range4 *ranges = n > 0 ? large_array_new(n, sizeof(*ranges)) : NULL;

        if (n > 0 && !ranges)
                return -ENOMEM;
        for (size_t i = 0, end; i < n;) {
                const Prefix4 *p = item_list_run(s->v4, i, sizeof(*p), &end);

                while (i < end)
                        ranges[i++] = range4_of(p++);
        }
        return ranges4_list(ranges, n, ret);
}

static int ranges6_of(const PrefixSet *s, ItemList **ret)
{
        size_t n = item_list_count(s->v6);
        Range6 *ranges = n > 0 ? large_array_new(n, sizeof(*ranges)) : NULL;

        if (n > 0 && !ranges)
                return -ENOMEM;
        for (size_t i = 0, end; i < n;) {
                const Prefix6 *p = item_list_run(s->v6, i, sizeof(*p), &end);

                while (i < end)
                        ranges[i++] = range6_of(p++);
        }
        return ranges6_list(ranges, n, ret);
}

int range_set_from_prefixes(const PrefixSet *s, RangeSet **ret)
{
        _cleanup_(range_set_unref_p) RangeSet *ranges = range_set_empty();

        if (!ranges || ranges4_of(s, &ranges->v4) < 0 || ranges6_of(s, &ranges->v6) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(ranges);
        return 0;
}

int prefix_set_ranges(PrefixSet *s, RangeSet **ret)
{
        if (!s->ranges && range_set_from_prefixes(s, &s->ranges) < 0)
                return -ENOMEM;
        *ret = s->ranges;
        return 0;
}

/* The lists of all sets one behind the other, in an array for free(). */
static int ranges_gather(RangeSet *const *sets, size_t n, Family f, void **ret, size_t *ret_n)
{
        size_t size = f == FAMILY_IPV4 ? sizeof(Range4) : sizeof(Range6), n_ranges = 0;
        char *ranges;

        for (size_t i = 0; i < n; i++)
                n_ranges += range_count(sets[i], f);
        *ret = NULL;
        *ret_n = n_ranges;
        if (n_ranges == 0)
                return 0;
        *ret = ranges = large_array_new(n_ranges, size);
        if (!ranges)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                item_list_copy(f == FAMILY_IPV4 ? sets[i]->v4 : sets[i]->v6, ranges, size);
                ranges += range_count(sets[i], f) * size;
        }
        return 0;
}

static int union4(RangeSet *const *sets, size_t n, ItemList **ret)
{
        _cleanup_free_ void *ranges = NULL;
        size_t n_ranges;

        if (ranges_gather(sets, n, FAMILY_IPV4, &ranges, &n_ranges) < 0 ||
                radix_sort(ranges, n_ranges, sizeof(Range4), range4_digits,
                        ELEMENTS(range4_digits)) < 0)
                return -ENOMEM;
        return ranges4_list(TAKE_PTR(ranges), n_ranges, ret);
}

static int union6(RangeSet *const *sets, size_t n, ItemList **ret)
{
        _cleanup_free_ void *ranges = NULL;
        size_t n_ranges;

        if (ranges_gather(sets, n, FAMILY_IPV6, &ranges, &n_ranges) < 0 ||
                radix_sort(ranges, n_ranges, sizeof(Range6), range6_digits,
                        ELEMENTS(range6_digits)) < 0)
                return -ENOMEM;
        return ranges6_list(TAKE_PTR(ranges), n_ranges, ret);
}

int range_set_union(RangeSet *const *sets, size_t n, RangeSet **ret)
{
        _cleanup_(range_set_unref_p) RangeSet *s = NULL;

        if (n == 1) {
                *ret = range_set_ref(sets[0]);
                return 0;
        }
        s = range_set_empty();
        if (!s || union4(sets, n, &s->v4) < 0 || union6(sets, n, &s->v6) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(s);
        return 0;
}

/* ---- asking ---- */

size_t range_seek(const RangeSet *s, Family f, size_t from, Wide w)
{
        size_t n = range_count(s, f), low = from, high, step = 1;

        while (low < n && wide_less(range_last(s, f, low), w)) {
                from = low + 1;
                low += step;
                step *= 2;
        }
        high = low < n ? low : n;
        for (low = from; low < high;) {
                size_t middle = low + (high - low) / 2;

                if (wide_less(range_last(s, f, middle), w))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

size_t range_set_size(const RangeSet *s)
{
        return item_list_count(s->v4) + item_list_count(s->v6);
}

bool range_set_equal(const RangeSet *a, const RangeSet *b)
{
        return item_list_equal(a->v4, b->v4, sizeof(Range4)) &&
               item_list_equal(a->v6, b->v6, sizeof(Range6));
}

bool range_set_contains(const RangeSet *s, const Address *a)
{
        Wide w = a->family == FAMILY_IPV4 ? (Wide){ 0, address_to_ipv4(a) } : wide_load(a->bytes);
        size_t i = range_seek(s, a->family, 0, w);

        return i < range_count(s, a->family) && !wide_less(w, range_first(s, a->family, i));
}

bool range_set_has_family(const RangeSet *s, Family family)
{
        return range_count(s, family) > 0;
}

bool range_set_is_whole(const RangeSet *s, Family family)
{
        return range_count(s, family) == 1 &&
               wide_equal(range_first(s, family, 0), (Wide){ 0, 0 }) &&
               wide_equal(range_last(s, family, 0), range_end(family));
}

/* Odd multipliers and folded halves: every bit of the input reaches every bit of the state. */
static uint64_t hash_mix(uint64_t state, uint64_t word)
{
        state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        state = (state ^ state >> 32) * UINT64_C(0xd6e8feb86659fd93);
        return state ^ state >> 29;
}

uint64_t range_set_hash(const RangeSet *s)
{
        size_t n_v4 = item_list_count(s->v4), n_v6 = item_list_count(s->v6);
        uint64_t state = hash_mix(n_v4, n_v6);

        for (size_t i = 0; i < n_v4; i++) {
                const Range4 *r = range4_at(s, i);

                state = hash_mix(state, (uint64_t)r->first << 32 | r->last);
        }
        for (size_t i = 0; i < n_v6; i++) {
                Wide first = range_first(s, FAMILY_IPV6, i), last = range_last(s, FAMILY_IPV6, i);

                state = hash_mix(hash_mix(state, first.high), first.low);
                state = hash_mix(hash_mix(state, last.high), last.low);
        }
        return state;
}

/* ---- what two sets share ---- */

void range_set_common(
        const RangeSet *a, const RangeSet *b, Family family, size_t *ret_head, size_t *ret_tail)
{
        bool v4 = family == FAMILY_IPV4;
        const ItemList *x = v4 ? a->v4 : a->v6, *y = v4 ? b->v4 : b->v6;
        size_t n_x = item_list_count(x), n_y = item_list_count(y), n = n_x < n_y ? n_x : n_y;
        size_t size = v4 ? sizeof(Range4) : sizeof(Range6), same;
        const RangeSet *later = b->before == a ? b : a->before == b ? a : NULL;

        if (later) {
                *ret_head = later->heads[!v4];
                *ret_tail = later->tails[!v4];
                return;
        }
        *ret_head = 0;
        while ((same = item_list_alike(x, *ret_head, y, *ret_head, size)) > 0)
                *ret_head += same;
        *ret_tail = item_list_alike_tail(x, y, n - *ret_head, size);
}
