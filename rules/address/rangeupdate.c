/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Changes become windows: a change and the ranges that overlap it or are adjacent to it. No range
 * outside of all windows changes; in each of them the ranges are made from its prefixes again.
 */

#include "rules/address/rangeupdate.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/ranges.h"

#include <errno.h>

typedef struct Window {
        Wide first, last;
        size_t begin, n; /* the prefixes in it: places in the set as it is now */
} Window;

/* The windows of a family: ascending, disjoint, not adjacent. */
typedef struct Windows {
        Family family;
        Window *items;
        size_t n, n_prefixes;
} Windows;

static void windows_deinit(Windows *w)
{
        free(w->items);
}

/* ---- the changes, in their order ---- */

typedef struct Changes {
        const ItemList *lists[2]; /* what is added, what is removed */
        size_t at[2];
        Family family;
} Changes;

static Window range_at(const Changes *c, size_t list)
{
        if (c->family == FAMILY_IPV4) {
                Range4 r = range4_of(item_list_at(c->lists[list], c->at[list], sizeof(Prefix4)));

                return (Window){ .first = { 0, r.first }, .last = { 0, r.last } };
        } else {
                Range6 r = range6_of(item_list_at(c->lists[list], c->at[list], sizeof(Prefix6)));

                return (Window){ .first = wide_load(r.first), .last = wide_load(r.last) };
        }
}

static bool changes_next(Changes *c, Window *ret)
{
        bool left[2];
        Window w[2];
        size_t next;

        for (size_t i = 0; i < 2; i++) {
                left[i] = c->at[i] < item_list_count(c->lists[i]);
                if (left[i])
                        w[i] = range_at(c, i);
        }
        if (!left[0] && !left[1])
                return false;
        next = left[1] && (!left[0] || wide_less(w[1].first, w[0].first));
        c->at[next]++;
        *ret = w[next];
        return true;
}

/* ---- windows ---- */

/* Is `first` in what ends with `last`, or next to it? */
static bool reaches(Wide last, Wide first)
{
        return !wide_less(last, first) || wide_equal(wide_next(last), first);
}

/* Grows over the ranges that it reaches. `from` is where those of the change before were sought:
 * changes ascend. */
static void window_grow(Window *w, const RangeSet *old, Family f, size_t *from)
{
        Wide zero = { 0 };
        Wide before = wide_equal(w->first, zero) ? zero : wide_previous(w->first);

        *from = range_seek(old, f, *from, before);
        for (size_t i = *from; i < range_count(old, f); i++) {
                Wide first = range_first(old, f, i), last = range_last(old, f, i);

                if (!reaches(w->last, first))
                        break;
                w->first = wide_less(first, w->first) ? first : w->first;
                w->last = wide_less(w->last, last) ? last : w->last;
        }
}

/* Windows ascend by their firsts, because changes do and ranges are disjoint. */
static void windows_add(Windows *all, const Window *w)
{
        Window *last = all->n > 0 ? &all->items[all->n - 1] : NULL;

        if (!last || !reaches(last->last, w->first))
                all->items[all->n++] = *w;
        else if (wide_less(last->last, w->last))
                last->last = w->last;
}

static Prefix address_of(Family f, Wide w)
{
        Prefix p = { .address.family = f };

        if (f == FAMILY_IPV4)
                p.address = address_from_ipv4((uint32_t)w.low);
        else
                wide_store(w, p.address.bytes);
        return p;
}

static void windows_find_prefixes(Windows *all, const PrefixSet *now)
{
        size_t at = 0,
               end = all->family == FAMILY_IPV4 ? item_list_count(now->v4) : prefix_set_size(now);

        for (size_t k = 0; k < all->n; k++) {
                Window *w = &all->items[k];
                Prefix first = address_of(all->family, w->first);

                w->begin = at = prefix_set_seek(now, at, &first);
                if (wide_equal(w->last, range_end(all->family))) {
                        at = end;
                } else {
                        Prefix behind = address_of(all->family, wide_next(w->last));

                        at = prefix_set_seek(now, at, &behind);
                }
                w->n = at - w->begin;
                all->n_prefixes += w->n;
        }
}

static int windows_find(Windows *all, const RangeSet *old, Changes *changes, const PrefixSet *now)
{
        size_t n = item_list_count(changes->lists[0]) + item_list_count(changes->lists[1]);
        size_t from = 0;
        Window w;

        all->items = reallocarray(NULL, n + 1, sizeof(*all->items));
        if (!all->items)
                return -ENOMEM;
        while (changes_next(changes, &w)) {
                window_grow(&w, old, all->family, &from);
                windows_add(all, &w);
        }
        windows_find_prefixes(all, now);
        return 0;
}

/* ---- the new list ---- */

static void fill4(ItemList *l, const PrefixSet *now, const Window *w)
{
        Range4 *ranges = item_list_room(l, sizeof(*ranges));

        for (size_t i = 0; i < w->n; i++)
                ranges[i] = range4_of(prefix4_at(now, w->begin + i));
        item_list_put(l, ranges4_merge(ranges, w->n), sizeof(*ranges));
}

static void fill6(ItemList *l, const PrefixSet *now, const Window *w)
{
        Range6 *ranges = item_list_room(l, sizeof(*ranges));
        size_t begin = w->begin - item_list_count(now->v4);

        for (size_t i = 0; i < w->n; i++)
                ranges[i] = range6_of(prefix6_at(now, begin + i));
        item_list_put(l, ranges6_merge(ranges, w->n), sizeof(*ranges));
}

/* What of the old ranges lies between the windows stays. */
static void list_fill(
        ItemList *l, RangeSet *s, const RangeSet *old, const PrefixSet *now, const Windows *all)
{
        Family f = all->family;
        bool v4 = f == FAMILY_IPV4;
        const ItemList *kept = v4 ? old->v4 : old->v6;
        size_t size = v4 ? sizeof(Range4) : sizeof(Range6), i = 0, n = range_count(old, f);

        for (size_t k = 0; k < all->n; k++) {
                const Window *w = &all->items[k];
                size_t at = range_seek(old, f, i, w->first);

                item_list_keep(l, kept, i, at, size);
                if (k == 0)
                        s->heads[!v4] = at;
                if (v4)
                        fill4(l, now, w);
                else
                        fill6(l, now, w);
                for (i = at; i < n && !wide_less(w->last, range_last(old, f, i));)
                        i++;
        }
        s->tails[!v4] = n - i;
        item_list_keep(l, kept, i, n, size);
}

static int family_update(RangeSet *s, const RangeSet *old, Changes *changes, const PrefixSet *now)
{
        bool v4 = changes->family == FAMILY_IPV4;
        ItemList **list = v4 ? &s->v4 : &s->v6, *before = v4 ? old->v4 : old->v6;
        size_t size = v4 ? sizeof(Range4) : sizeof(Range6);
        _cleanup_(windows_deinit) Windows all = { .family = changes->family };

        if (!changes->lists[0] && !changes->lists[1]) {
                *list = item_list_ref(before);
                s->heads[!v4] = item_list_count(before);
                return 0;
        }
        if (windows_find(&all, old, changes, now) < 0 ||
                item_list_begin(before, all.n, all.n_prefixes, size, list) < 0)
                return -ENOMEM;
        list_fill(*list, s, old, now, &all);
        item_list_end(list, size);
        return 0;
}

static void range_set_link(RangeSet *before, RangeSet *s)
{
        if (before->after)
                before->after->before = NULL;
        before->after = s;
        s->before = before;
}

int range_set_update(RangeSet *old, const PrefixSet *add, const PrefixSet *remove,
        const PrefixSet *now, RangeSet **ret)
{
        _cleanup_(range_set_unref_p) RangeSet *s = range_set_empty();
        Changes v4 = { .family = FAMILY_IPV4, .lists = { add->v4, remove->v4 } };
        Changes v6 = { .family = FAMILY_IPV6, .lists = { add->v6, remove->v6 } };

        if (!s || family_update(s, old, &v4, now) < 0 || family_update(s, old, &v6, now) < 0)
                return -ENOMEM;
        range_set_link(old, s);
        *ret = TAKE_PTR(s);
        return 0;
}
