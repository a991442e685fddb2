/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of ranges of ids, sorted, in which an id is found by bisection. */

#include "rules/policy/subordinate.h"

#include "rules/base/array.h"

#include <errno.h>

static void id_ranges_deinit(IdRanges *l)
{
        free(l->items);
        *l = (IdRanges){ 0 };
}

/* The first range that ends at or behind the id; l->n if there is none. */
static size_t ranges_seek(const IdRanges *l, uint32_t id)
{
        size_t low = 0, high = l->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (l->items[middle].last < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

int id_ranges_add(IdRanges *l, const IdRange *range)
{
        uint64_t first = range->first;

        for (size_t i = ranges_seek(l, range->first); first <= range->last; i++) {
                bool is_last = i == l->n || l->items[i].first > range->last;
                uint32_t end = is_last ? range->last : l->items[i].first - 1;

                if (is_last || l->items[i].first > first) {
                        IdRange piece = { (uint32_t)first, end, range->owner };

                        if (array_insert(&l->items, &l->n, sizeof(piece), i, &piece) < 0)
                                return -ENOMEM;
                        i++;
                }
                if (is_last)
                        break;
                first = (uint64_t)l->items[i].last + 1;
        }
        return 0;
}

static int id_ranges_copy(const IdRanges *l, IdRanges *ret)
{
        IdRanges copy = { .items = calloc(l->n + 1, sizeof(*l->items)), .n = l->n };

        if (!copy.items)
                return -ENOMEM;
        if (l->n > 0)
                memcpy(copy.items, l->items, l->n * sizeof(*l->items));
        *ret = copy;
        return 0;
}

static bool id_ranges_equal(const IdRanges *a, const IdRanges *b)
{
        return a->n == b->n &&
               (a->n == 0 || memcmp(a->items, b->items, a->n * sizeof(*a->items)) == 0);
}

bool id_ranges_owner(const IdRanges *l, uint32_t id, uint32_t *ret_owner)
{
        size_t i = ranges_seek(l, id);

        if (i == l->n || l->items[i].first > id)
                return false;
        *ret_owner = l->items[i].owner;
        return true;
}

void subordinates_deinit(Subordinates *s)
{
        id_ranges_deinit(&s->users);
        id_ranges_deinit(&s->groups);
}

int subordinates_copy(const Subordinates *s, Subordinates *ret)
{
        Subordinates copy = { 0 };

        if (id_ranges_copy(&s->users, &copy.users) < 0 ||
                id_ranges_copy(&s->groups, &copy.groups) < 0) {
                subordinates_deinit(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

bool subordinates_equal(const Subordinates *a, const Subordinates *b)
{
        return id_ranges_equal(&a->users, &b->users) && id_ranges_equal(&a->groups, &b->groups);
}
