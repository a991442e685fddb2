/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Merged ranges of addresses: making, changing, asking (prefixset.h). IPv6 addresses are counted as
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

/* Places in what a set shares with the one before it. */
enum { FAMILY_4, FAMILY_6 };

static void range_set_destroy(RangeSet *s)
{
        if (s->before)
                s->before->after = NULL;
        if (s->after)
                s->after->before = NULL;
        free(s->v4);
        free(s->v6);
}

DEFINE_REFERENCES(RangeSet, range_set, range_set_destroy)

/* ---- merging ---- */

/* Overlapping and adjacent ones become one; the array is sorted by its firsts. */
static size_t ranges4_merge(Range4 *r, size_t n)
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

static size_t ranges6_merge(Range6 *r, size_t n)
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

/* An empty set with room for so many ranges. */
static int range_set_new(size_t n_v4, size_t n_v6, RangeSet **ret)
{
        _cleanup_(range_set_unref_p) RangeSet *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->n_refs = 1;
        if (n_v4 > 0 && !(s->v4 = large_array_new(n_v4, sizeof(*s->v4))))
                return -ENOMEM;
        if (n_v6 > 0 && !(s->v6 = large_array_new(n_v6, sizeof(*s->v6))))
                return -ENOMEM;
        *ret = TAKE_PTR(s);
        return 0;
}

static void range_set_merge(RangeSet *s)
{
        s->n_v4 = ranges4_merge(s->v4, s->n_v4);
        s->v4 = large_array_shrink(s->v4, s->n_v4, sizeof(*s->v4));
        s->n_v6 = ranges6_merge(s->v6, s->n_v6);
        s->v6 = large_array_shrink(s->v6, s->n_v6, sizeof(*s->v6));
}

static Range4 range4_of(const Prefix4 *p)
{
        return (Range4){ p->address, p->address | (uint32_t)(UINT64_C(0xffffffff) >> p->bits) };
}

static Range6 range6_of(const Prefix6 *p)
{
        Wide first = wide_load(p->address), size = wide_ones(128u - p->bits);
        Range6 r;

        memcpy(r.first, p->address, 16);
        wide_store((Wide){ first.high | size.high, first.low | size.low }, r.last);
        return r;
}

int range_set_from_prefixes(const PrefixSet *s, RangeSet **ret)
{
        RangeSet *ranges;
        int r;

        r = range_set_new(s->n_v4, s->n_v6, &ranges);
        if (r < 0)
                return r;
        for (size_t i = 0; i < s->n_v4; i++)
                ranges->v4[i] = range4_of(&s->v4[i]);
        for (size_t i = 0; i < s->n_v6; i++)
                ranges->v6[i] = range6_of(&s->v6[i]);
        ranges->n_v4 = s->n_v4;
        ranges->n_v6 = s->n_v6;
        range_set_merge(ranges);
        *ret = ranges;
        return 0;
}

int prefix_set_ranges(PrefixSet *s, RangeSet **ret)
{
        if (!s->ranges && range_set_from_prefixes(s, &s->ranges) < 0)
                return -ENOMEM;
        *ret = s->ranges;
        return 0;
}

int range_set_union(RangeSet *const *sets, size_t n, RangeSet **ret)
{
        _cleanup_(range_set_unref_p) RangeSet *s = NULL;
        size_t n_v4 = 0, n_v6 = 0;
        int r;

        if (n == 1) {
                *ret = range_set_ref(sets[0]);
                return 0;
        }
        for (size_t i = 0; i < n; i++) {
                n_v4 += sets[i]->n_v4;
                n_v6 += sets[i]->n_v6;
        }
        r = range_set_new(n_v4, n_v6, &s);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                if (sets[i]->n_v4 > 0)
                        memcpy(s->v4 + s->n_v4, sets[i]->v4, sets[i]->n_v4 * sizeof(*s->v4));
                if (sets[i]->n_v6 > 0)
                        memcpy(s->v6 + s->n_v6, sets[i]->v6, sets[i]->n_v6 * sizeof(*s->v6));
                s->n_v4 += sets[i]->n_v4;
                s->n_v6 += sets[i]->n_v6;
        }
        r = radix_sort(s->v4, n_v4, sizeof(*s->v4), range4_digits, ELEMENTS(range4_digits));
        if (r < 0)
                return r;
        r = radix_sort(s->v6, n_v6, sizeof(*s->v6), range6_digits, ELEMENTS(range6_digits));
        if (r < 0)
                return r;
        range_set_merge(s);
        *ret = TAKE_PTR(s);
        return 0;
}

/* ---- changing ---- */

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

/* The first prefix that begins at the address or behind it. */
static size_t prefixes4_seek(const Prefix4 *p, size_t n, uint32_t address)
{
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (p[middle].address < address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* A change and the ranges that overlap it or are adjacent to it: none of the others changes. */
static Range4 window4(const RangeSet *s, const Prefix4 *change)
{
        Range4 w = range4_of(change);
        size_t i = range_seek(s, FAMILY_IPV4, 0, (Wide){ 0, w.first > 0 ? w.first - 1 : 0 });

        for (; i < s->n_v4 && (w.last == UINT32_MAX || s->v4[i].first <= w.last + 1); i++) {
                w.first = s->v4[i].first < w.first ? s->v4[i].first : w.first;
                w.last = s->v4[i].last > w.last ? s->v4[i].last : w.last;
        }
        return w;
}

/* Where the ranges are to be made again, ascending; *ret_n of them, in an array for free(). */
static int windows4(const RangeSet *s, const PrefixSet *add, const PrefixSet *remove, Range4 **ret,
        size_t *ret_n)
{
        size_t n = add->n_v4 + remove->n_v4;
        Range4 *w = reallocarray(NULL, n + 1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        for (size_t i = 0; i < add->n_v4; i++)
                w[i] = window4(s, &add->v4[i]);
        for (size_t i = 0; i < remove->n_v4; i++)
                w[add->n_v4 + i] = window4(s, &remove->v4[i]);
        r = radix_sort(w, n, sizeof(*w), range4_digits, ELEMENTS(range4_digits));
        if (r < 0) {
                free(w);
                return r;
        }
        *ret = w;
        *ret_n = ranges4_merge(w, n);
        return 0;
}

/* Adds the ranges of the prefixes in a window. */
static void window4_fill(RangeSet *s, const PrefixSet *now, const Range4 *w)
{
        size_t begin = s->n_v4, n = 0;

        for (size_t i = prefixes4_seek(now->v4, now->n_v4, w->first);
                i < now->n_v4 && now->v4[i].address <= w->last; i++)
                s->v4[begin + n++] = range4_of(&now->v4[i]);
        s->n_v4 += ranges4_merge(s->v4 + begin, n);
}

static void ranges4_add(RangeSet *s, const Range4 *ranges, size_t n)
{
        if (n > 0)
                memcpy(s->v4 + s->n_v4, ranges, n * sizeof(*ranges));
        s->n_v4 += n;
}

/* What of the old ranges lies between the windows stays. */
static void ranges4_update(
        RangeSet *s, const RangeSet *old, const PrefixSet *now, const Range4 *w, size_t n)
{
        size_t i = 0;

        for (size_t k = 0; k < n; k++) {
                size_t at = range_seek(old, FAMILY_IPV4, 0, (Wide){ 0, w[k].first });

                ranges4_add(s, old->v4 + i, at - i);
                if (k == 0)
                        s->heads[FAMILY_4] = at;
                window4_fill(s, now, &w[k]);
                for (i = at; i < old->n_v4 && old->v4[i].last <= w[k].last;)
                        i++;
        }
        if (n == 0)
                s->heads[FAMILY_4] = old->n_v4;
        else
                s->tails[FAMILY_4] = old->n_v4 - i;
        ranges4_add(s, old->v4 + i, old->n_v4 - i);
}

/* So many ranges at most. */
static size_t room4(const RangeSet *old, const PrefixSet *now, const Range4 *w, size_t n)
{
        size_t room = old->n_v4;

        for (size_t i = 0; i < n; i++) {
                size_t from = prefixes4_seek(now->v4, now->n_v4, w[i].first);

                room += w[i].last == UINT32_MAX
                                ? now->n_v4 - from
                                : prefixes4_seek(now->v4, now->n_v4, w[i].last + 1) - from;
        }
        return room;
}

/* IPv6 lists that change are merged again. */
static void ranges6_update(RangeSet *s, const RangeSet *old, const PrefixSet *now, bool same)
{
        if (same) {
                s->n_v6 = s->heads[FAMILY_6] = old->n_v6;
                if (old->n_v6 > 0)
                        memcpy(s->v6, old->v6, old->n_v6 * sizeof(*s->v6));
                return;
        }
        for (size_t i = 0; i < now->n_v6; i++)
                s->v6[i] = range6_of(&now->v6[i]);
        s->n_v6 = ranges6_merge(s->v6, now->n_v6);
        range_set_common(old, s, FAMILY_IPV6, &s->heads[FAMILY_6], &s->tails[FAMILY_6]);
}

static void range_set_link(RangeSet *before, RangeSet *s)
{
        if (before->after)
                before->after->before = NULL;
        before->after = s;
        s->before = before;
}

int range_set_update(RangeSet *ranges, const PrefixSet *add, const PrefixSet *remove,
        const PrefixSet *now, RangeSet **ret)
{
        bool same6 = add->n_v6 + remove->n_v6 == 0;
        _cleanup_free_ Range4 *w = NULL;
        RangeSet *s;
        size_t n;
        int r;

        r = windows4(ranges, add, remove, &w, &n);
        if (r < 0)
                return r;
        r = range_set_new(room4(ranges, now, w, n), same6 ? ranges->n_v6 : now->n_v6, &s);
        if (r < 0)
                return r;
        ranges4_update(s, ranges, now, w, n);
        ranges6_update(s, ranges, now, same6);
        s->v4 = large_array_shrink(s->v4, s->n_v4, sizeof(*s->v4));
        s->v6 = large_array_shrink(s->v6, s->n_v6, sizeof(*s->v6));
        range_set_link(ranges, s);
        *ret = s;
        return 0;
}

/* ---- asking ---- */

bool range_set_equal(const RangeSet *a, const RangeSet *b)
{
        if (a == b)
                return true;
        return a->n_v4 == b->n_v4 && a->n_v6 == b->n_v6 &&
               (a->n_v4 == 0 || memcmp(a->v4, b->v4, a->n_v4 * sizeof(*a->v4)) == 0) &&
               (a->n_v6 == 0 || memcmp(a->v6, b->v6, a->n_v6 * sizeof(*a->v6)) == 0);
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
        uint64_t state = hash_mix(s->n_v4, s->n_v6);

        for (size_t i = 0; i < s->n_v4; i++)
                state = hash_mix(state, (uint64_t)s->v4[i].first << 32 | s->v4[i].last);
        for (size_t i = 0; i < s->n_v6; i++) {
                Wide first = wide_load(s->v6[i].first), last = wide_load(s->v6[i].last);

                state = hash_mix(hash_mix(state, first.high), first.low);
                state = hash_mix(hash_mix(state, last.high), last.low);
        }
        return state;
}

/* ---- what two sets share ---- */

/* Elements are compared byte by byte, many at once: they must have no padding. */
#define COMMON_BLOCK 256

static size_t common_head(const uint8_t *a, const uint8_t *b, size_t n, size_t size)
{
        size_t i = 0;

        while (n - i >= COMMON_BLOCK &&
                memcmp(a + i * size, b + i * size, COMMON_BLOCK * size) == 0)
                i += COMMON_BLOCK;
        while (i < n && memcmp(a + i * size, b + i * size, size) == 0)
                i++;
        return i;
}

/* The same, back from the ends at a and b. */
static size_t common_tail(const uint8_t *a, const uint8_t *b, size_t n, size_t size)
{
        size_t i = 0;

        while (n - i >= COMMON_BLOCK &&
                memcmp(a - (i + COMMON_BLOCK) * size, b - (i + COMMON_BLOCK) * size,
                        COMMON_BLOCK * size) == 0)
                i += COMMON_BLOCK;
        while (i < n && memcmp(a - (i + 1) * size, b - (i + 1) * size, size) == 0)
                i++;
        return i;
}

void range_set_common(
        const RangeSet *a, const RangeSet *b, Family family, size_t *ret_head, size_t *ret_tail)
{
        bool v4 = family == FAMILY_IPV4;
        const void *x = v4 ? (const void *)a->v4 : a->v6, *y = v4 ? (const void *)b->v4 : b->v6;
        size_t n_x = v4 ? a->n_v4 : a->n_v6, n_y = v4 ? b->n_v4 : b->n_v6;
        size_t size = v4 ? sizeof(Range4) : sizeof(Range6), n = n_x < n_y ? n_x : n_y;
        const RangeSet *later = b->before == a ? b : a->before == b ? a : NULL;

        if (later) {
                *ret_head = later->heads[v4 ? FAMILY_4 : FAMILY_6];
                *ret_tail = later->tails[v4 ? FAMILY_4 : FAMILY_6];
                return;
        }
        *ret_head = *ret_tail = 0;
        if (n == 0)
                return;
        *ret_head = common_head(x, y, n, size);
        *ret_tail = common_tail((const uint8_t *)x + n_x * size, (const uint8_t *)y + n_y * size,
                n - *ret_head, size);
}
