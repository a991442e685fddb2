/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Owns the lists of entries that a comparison meets, each kept once (space.h). */

#include "rules/compare/space_internal.h"

#include "rules/base/array.h"

#include <errno.h>

static bool list_is_equal(const void *owner, const void *thing, uint32_t index)
{
        const Comparison *c = owner;
        const SpaceNumbers *l = thing;
        const List *other = c->lists + index;

        return l->n == other->n &&
               memcmp(l->items, c->pool.items + other->first, l->n * sizeof(uint32_t)) == 0;
}

/* Lists are never empty: the last entry matches everything. */
int comparison_list(Comparison *c, const SpaceNumbers *l, uint32_t *ret)
{
        uint64_t h = l->n, *index;

        for (size_t i = 0; i < l->n; i++)
                h = (h ^ l->items[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ h >> 29;
        if (space_find(&c->list_by_hash, hash_finish(h), list_is_equal, c, l, &index) < 0)
                return -ENOMEM;
        if (*index == 0) {
                List list = { c->pool.n, l->n };

                for (size_t i = 0; i < l->n; i++)
                        if (space_numbers_add(&c->pool, l->items[i]) < 0)
                                return -ENOMEM;
                if (array_grow(&c->lists, c->n_lists, sizeof(*c->lists)) < 0)
                        return -ENOMEM;
                c->lists[c->n_lists++] = list;
                *index = c->n_lists;
        }
        *ret = (uint32_t)(*index - 1);
        return 0;
}

int comparison_list_add(const Comparison *c, SpaceNumbers *l, uint32_t entry, uint32_t axis)
{
        if (space_numbers_add(l, entry) < 0)
                return -ENOMEM;
        return c->space->entries[entry].end > axis;
}
