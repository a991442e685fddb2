/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sets of ranges as sets (ranges.h). */

#include "rules/address/ranges.h"

#include "rules/address/address.h"

#include <errno.h>

bool ranges_meet(const RangeSet *a, const RangeSet *b, Family f)
{
        size_t i = 0, j = 0;

        if (!a || !b)
                return (!a || range_count(a, f) > 0) && (!b || range_count(b, f) > 0);
        while (i < range_count(a, f)) {
                j = range_seek(b, f, j, range_first(a, f, i));
                if (j == range_count(b, f))
                        return false;
                if (!wide_less(range_last(a, f, i), range_first(b, f, j)))
                        return true;
                i = range_seek(a, f, i + 1, range_first(b, f, j));
        }
        return false;
}

bool ranges_hold(const RangeSet *a, const RangeSet *b, Family f)
{
        if (!a)
                return true;
        if (!b)
                return range_set_is_whole(a, f);
        for (size_t i = 0, j = 0; j < range_count(b, f); j++) {
                i = range_seek(a, f, i, range_first(b, f, j));
                if (i == range_count(a, f) ||
                        wide_less(range_first(b, f, j), range_first(a, f, i)) ||
                        wide_less(range_last(a, f, i), range_last(b, f, j)))
                        return false;
        }
        return true;
}

int range_set_append(RangeSet *s, Family f, Wide first, Wide last)
{
        size_t n = range_count(s, f);
        bool merge = n > 0 && wide_equal(wide_next(range_last(s, f, n - 1)), first);
        Range4 r4 = { (uint32_t)first.low, (uint32_t)last.low };
        Range6 r6;

        if (f == FAMILY_IPV4) {
                if (!merge)
                        return item_list_append(&s->v4, &r4, sizeof(r4));
                ((Range4 *)item_list_last(s->v4, sizeof(r4)))->last = r4.last;
                return 0;
        }
        wide_store(first, r6.first);
        wide_store(last, r6.last);
        if (!merge)
                return item_list_append(&s->v6, &r6, sizeof(r6));
        memcpy(((Range6 *)item_list_last(s->v6, sizeof(r6)))->last, r6.last, sizeof(r6.last));
        return 0;
}

/* Of one range what b leaves of it. *j: where in b to look from. */
static int append_remainder(
        RangeSet *s, Family f, Wide first, Wide last, const RangeSet *b, size_t *j)
{
        for (*j = range_seek(b, f, *j, first); *j < range_count(b, f); ++*j) {
                Wide hole = range_first(b, f, *j), end = range_last(b, f, *j);

                if (wide_less(last, hole))
                        break;
                if (wide_less(first, hole) &&
                        range_set_append(s, f, first, wide_previous(hole)) < 0)
                        return -ENOMEM;
                if (!wide_less(end, last))
                        return 0;
                first = wide_next(end);
        }
        return range_set_append(s, f, first, last);
}

size_t ranges_alike(const RangeSet *a, size_t i, const RangeSet *b, size_t j, Family f)
{
        return f == FAMILY_IPV4 ? item_list_alike(a->v4, i, b->v4, j, sizeof(Range4))
                                : item_list_alike(a->v6, i, b->v6, j, sizeof(Range6));
}

/* The equal ranges at both ends, if they are known without looking. */
static void known_ends(
        const RangeSet *a, const RangeSet *b, Family f, size_t *ret_head, size_t *ret_tail)
{
        *ret_head = *ret_tail = 0;
        if (a->before == b || b->before == a)
                range_set_common(a, b, f, ret_head, ret_tail);
}

/* By their ends; not of equal ranges. A list that is at its end is behind the other. */
static bool range_is_before(
        const RangeSet *a, size_t i, size_t n_a, const RangeSet *b, size_t j, size_t n_b, Family f)
{
        Wide x, y;

        if (i == n_a || j == n_b)
                return j == n_b;
        x = range_first(a, f, i);
        y = range_first(b, f, j);
        if (wide_equal(x, y)) {
                x = range_last(a, f, i);
                y = range_last(b, f, j);
        }
        return wide_less(x, y);
}

/* Ranges of one set are never adjacent, so none is merged here. */
int range_set_append_changes(const RangeSet *old, const RangeSet *new, Family f, size_t max,
        RangeSet *gone, RangeSet *came)
{
        size_t i, j, head, tail, n_old = range_count(old, f), n_new = range_count(new, f);
        int r = 0;

        known_ends(old, new, f, &head, &tail);
        n_old -= tail;
        n_new -= tail;
        for (i = j = head; (i < n_old || j < n_new) && r >= 0;) {
                size_t same = i < n_old && j < n_new ? ranges_alike(old, i, new, j, f) : 0;

                if (same > 0) { /* also of the ends */
                        i = i + same < n_old ? i + same : n_old;
                        j = j + same < n_new ? j + same : n_new;
                } else if (range_is_before(old, i, n_old, new, j, n_new, f)) {
                        r = range_set_append(
                                gone, f, range_first(old, f, i), range_last(old, f, i));
                        i++;
                } else {
                        r = range_set_append(
                                came, f, range_first(new, f, j), range_last(new, f, j));
                        j++;
                }
                if (r >= 0 && range_count(gone, f) + range_count(came, f) > max)
                        r = -E2BIG;
        }
        return r;
}

void ranges_free(RangeSet *s)
{
        item_list_unref(s->v4);
        item_list_unref(s->v6);
}

size_t ranges_count_alike(const RangeSet *a, const RangeSet *b, Family f)
{
        size_t i, j, head, tail, n_a = range_count(a, f), n_b = range_count(b, f), n;

        known_ends(a, b, f, &head, &tail);
        n = head + tail;
        n_a -= tail;
        n_b -= tail;
        for (i = j = head; i < n_a && j < n_b;) {
                size_t same = ranges_alike(a, i, b, j, f);

                if (same > n_a - i) /* also of the ends */
                        same = n_a - i;
                n += same;
                i += same;
                j += same;
                if (same > 0)
                        continue;
                if (range_is_before(a, i, n_a, b, j, n_b, f))
                        i++;
                else
                        j++;
        }
        return n;
}

int range_set_append_difference(
        RangeSet *s, Family f, const RangeSet *a, const RangeSet *b, size_t max)
{
        size_t j = 0, head, tail;

        if (!a)
                return append_remainder(s, f, (Wide){ 0 }, range_end(f), b, &j);
        known_ends(a, b, f, &head, &tail);
        j = head;
        for (size_t i = head; i < range_count(a, f) - tail; i++) {
                size_t same = ranges_alike(a, i, b, j, f);
                int r;

                /* most of two sets that are a change apart */
                if (same > 0) {
                        i += same - 1;
                        j += same;
                        continue;
                }
                r = append_remainder(s, f, range_first(a, f, i), range_last(a, f, i), b, &j);
                if (r < 0)
                        return r;
                if (range_count(s, f) > max)
                        return -E2BIG;
        }
        return 0;
}

int range_set_exclusive(const RangeSet *a, const RangeSet *b, Family f, size_t max, RangeSet **ret)
{
        _cleanup_(range_set_unref_p) RangeSet *only_a = range_set_empty();
        _cleanup_(range_set_unref_p) RangeSet *only_b = range_set_empty();

        int r = only_a && only_b ? 0 : -ENOMEM;

        if (r >= 0)
                r = range_set_append_difference(only_a, f, a, b, max);
        if (r >= 0)
                r = range_set_append_difference(only_b, f, b, a, max);
        if (r < 0)
                return r;
        return range_set_union((RangeSet *[]){ only_a, only_b }, 2, ret);
}

/* ---- cutting ---- */

/* Bits behind the last one that is set: 128 for 0. */
static unsigned wide_zeros(Wide w)
{
        if (w.low != 0)
                return (unsigned)__builtin_ctzll(w.low);
        return w.high != 0 ? 64 + (unsigned)__builtin_ctzll(w.high) : 128;
}

/* The place of the first bit that is set; not of 0. */
static unsigned wide_log2(Wide w)
{
        if (w.high != 0)
                return 127 - (unsigned)__builtin_clzll(w.high);
        return 63 - (unsigned)__builtin_clzll(w.low);
}

/* The largest n such that a block of 2^n begins at first and ends at or before first + room. */
static unsigned block_bits(Wide first, Wide room)
{
        Wide size = wide_next(room);
        unsigned aligned = wide_zeros(first);
        unsigned fits = size.high == 0 && size.low == 0 ? 128 : wide_log2(size); /* 2^128 is 0 */

        return aligned < fits ? aligned : fits;
}

static Address address_from_wide(Family f, Wide w)
{
        Address a = { .family = f };

        if (f == FAMILY_IPV4)
                return address_from_ipv4((uint32_t)w.low);
        wide_store(w, a.bytes);
        return a;
}

int range_set_each_prefix(const RangeSet *s, Family family, PrefixHandler *f, void *data)
{
        for (size_t i = 0; i < range_count(s, family); i++) {
                Wide first = range_first(s, family, i), last = range_last(s, family, i), end;

                do {
                        unsigned n = block_bits(first, wide_subtract(last, first));
                        Prefix p = { address_from_wide(family, first),
                                (uint8_t)(family_bits(family) - n) };
                        int r = f(&p, data);

                        if (r < 0)
                                return r;
                        end = wide_add(first, wide_ones(n));
                        first = wide_next(end);
                } while (!wide_equal(end, last));
        }
        return 0;
}

static int prefix_count(_unused_ const Prefix *p, void *data)
{
        ++*(size_t *)data;
        return 0;
}

size_t range_set_count_prefixes(const RangeSet *s, Family family)
{
        size_t n = 0;

        (void)range_set_each_prefix(s, family, prefix_count, &n);
        return n;
}
