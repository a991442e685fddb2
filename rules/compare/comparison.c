/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the walk over the axes that finds where two lists of entries differ, and the lists that it
 * meets on its way (space.h).
 */

#include "rules/compare/space_internal.h"

#include <errno.h>

static void comparison_deinit(Comparison *c)
{
        for (Axis a = 0; a < _AXIS_MAX; a++)
                range_set_unref(c->focus[a]);
        space_numbers_deinit(&c->pool);
        free(c->lists);
        number_map_deinit(&c->list_by_hash);
        number_map_deinit(&c->nodes);
}

/* ---- lists ---- */

static bool list_is_equal(const void *owner, const void *thing, uint32_t index)
{
        const Comparison *c = owner;
        const SpaceNumbers *l = thing;
        const List *other = c->lists + index;

        return l->n == other->n &&
               memcmp(l->items, c->pool.items + other->first, l->n * sizeof(uint32_t)) == 0;
}

/* Lists are never empty: the last entry asks nothing. */
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

/* ---- the walk ---- */

/* The next axis on which it matters where a packet lies; n_axes: none. */
static uint32_t next_axis(const Comparison *c, uint32_t axis, uint32_t a, uint32_t b)
{
        const uint32_t lists[] = { a, b };
        uint32_t next = c->n_axes;

        for (size_t side = 0; side < 2; side++)
                for (size_t i = 0; i < c->lists[lists[side]].n; i++) {
                        const SpaceEntry *e = entry_at(c, lists[side], i);

                        for (uint32_t k = axis; k < next && k < e->end; k++)
                                if (entry_asks(e, k))
                                        next = k;
                }
        for (uint32_t k = axis; k < next && k < _AXIS_MAX; k++)
                if (c->focus[k])
                        next = k;
        return next;
}

#define LIST_BITS 28

/* Where two lists differ from an axis on. Calls itself for the next axis, so it nests no deeper
 * than there are axes. */
int comparison_walk(Comparison *c, uint32_t axis, uint32_t a, uint32_t b, uint32_t *ret_node)
{
        uint64_t key, *known;
        int r;

        if (a == b) {
                *ret_node = 0;
                return 0;
        }
        axis = next_axis(c, axis, a, b);
        if (axis == c->n_axes)
                return space_leaf(
                        c->space, entry_at(c, a, 0)->verdict, entry_at(c, b, 0)->verdict, ret_node);
        if (c->n_lists >> LIST_BITS > 0)
                return -E2BIG;
        key = (uint64_t)(axis + 1) << 2 * LIST_BITS | (uint64_t)a << LIST_BITS | b;
        known = number_map_get(&c->nodes, key);
        if (!known)
                return -ENOMEM;
        if (*known == 0) {
                r = comparison_sweep(c, axis, a, b, ret_node);
                if (r < 0)
                        return r;
                known = number_map_get(&c->nodes, key);
                if (!known)
                        return -ENOMEM;
                *known = *ret_node + UINT64_C(1);
        }
        *ret_node = (uint32_t)(*known - 1);
        return 0;
}

/* Axes beyond have no room in the keys of nodes; 240 slices are nobody's. */
#define AXES_MAX 250

int space_compare(
        Space *s, Family family, const SpaceNumbers *a, const SpaceNumbers *b, uint32_t *ret_node)
{
        _cleanup_(comparison_deinit) Comparison c = {
                .space = s, .family = family, .n_axes = _AXIS_MAX + (uint32_t)s->slices.n
        };
        uint32_t lists[2];
        bool same;
        int r;

        if (c.n_axes > AXES_MAX)
                return -E2BIG;
        r = comparison_focus(&c, a, b, &same, lists);
        if (r < 0)
                return r;
        if (same) {
                *ret_node = 0;
                return 0;
        }
        return comparison_walk(&c, 0, lists[0], lists[1], ret_node);
}
