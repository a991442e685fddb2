/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the walk over the axes and the sweep over one of them: between two ends of ranges the same
 * entries can match, and the walk goes on to the next axis once for every set of them that it meets
 * (space.h). The walk nests no deeper than there are axes.
 */

#include "rules/compare/space_internal.h"

#include "rules/address/ranges.h"
#include "rules/address/wide.h"
#include "rules/base/array.h"

#include <errno.h>

/* A place in a set of ranges: the first one that ends at or after the sweep. */
typedef struct Cursor {
        const RangeSet *ranges;
        size_t i;
        bool on;                   /* inside of it? */
        Wide next;                 /* where that changes */
        SpaceNumbers positions[2]; /* in each list, of those who ask for these ranges */
        /* The last step of each kind, from state to state: a set of a million entries takes the
         * same two over and over. */
        uint32_t step_from[2], step_to[2];
} Cursor;

/* The cursors that are on, ascending, and the result for them, once it was asked for. */
typedef struct SweepState {
        size_t first, n;
        bool known;
        uint32_t node;
} SweepState;

typedef struct Sweep {
        Comparison *c;
        uint32_t axis;
        Family family;
        uint32_t lists[2];
        SpaceNumbers always[2]; /* positions of entries that ask nothing on this axis */
        Cursor *cursors;
        size_t n_cursors;
        uint32_t *heap; /* cursors that will change, the next one first */
        size_t n_heap;
        SpaceNumbers on; /* of all states */
        SweepState *states;
        size_t n_states;
        NumberMap state_by_hash, steps;
        uint32_t state;
        Wide *starts;
        uint32_t *children;
        size_t n_starts, n_children;
} Sweep;

static void sweep_deinit(Sweep *w)
{
        for (size_t i = 0; i < w->n_cursors; i++)
                for (size_t side = 0; side < 2; side++)
                        space_numbers_deinit(w->cursors[i].positions + side);
        for (size_t side = 0; side < 2; side++)
                space_numbers_deinit(w->always + side);
        free(w->cursors);
        free(w->heap);
        space_numbers_deinit(&w->on);
        free(w->states);
        number_map_deinit(&w->state_by_hash);
        number_map_deinit(&w->steps);
        free(w->starts);
        free(w->children);
}

static bool state_is_equal(const void *owner, const void *thing, uint32_t index)
{
        const Sweep *w = owner;
        const SpaceNumbers *on = thing;
        const SweepState *s = w->states + index;

        return s->n == on->n && (on->n == 0 || memcmp(w->on.items + s->first, on->items,
                                                       on->n * sizeof(uint32_t)) == 0);
}

static int state_number(Sweep *w, const SpaceNumbers *on, uint32_t *ret)
{
        uint64_t h = on->n, *index;

        for (size_t i = 0; i < on->n; i++)
                h = (h ^ on->items[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ h >> 29;
        if (space_find(&w->state_by_hash, hash_finish(h), state_is_equal, w, on, &index) < 0)
                return -ENOMEM;
        if (*index == 0) {
                SweepState s = { .first = w->on.n, .n = on->n };

                for (size_t i = 0; i < on->n; i++)
                        if (space_numbers_add(&w->on, on->items[i]) < 0)
                                return -ENOMEM;
                if (array_grow(&w->states, w->n_states, sizeof(*w->states)) < 0)
                        return -ENOMEM;
                w->states[w->n_states++] = s;
                *index = w->n_states;
        }
        *ret = (uint32_t)(*index - 1);
        return 0;
}

/* The state in which this one cursor is on, or off. */
static int state_toggle(Sweep *w, uint32_t cursor, uint32_t *ret)
{
        _cleanup_(space_numbers_deinit) SpaceNumbers on = { 0 };
        SweepState s = w->states[w->state];
        bool turned_on = w->cursors[cursor].on;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < s.n; i++) {
                uint32_t other = w->on.items[s.first + i];

                if (turned_on && other > cursor) {
                        r = space_numbers_add(&on, cursor);
                        turned_on = false;
                }
                if (r >= 0 && other != cursor)
                        r = space_numbers_add(&on, other);
        }
        if (r >= 0 && turned_on)
                r = space_numbers_add(&on, cursor);
        if (r >= 0)
                r = comparison_work(w->c, s.n);
        return r < 0 ? r : state_number(w, &on, ret);
}

static int sweep_step(Sweep *w, uint32_t cursor)
{
        Cursor *c = w->cursors + cursor;
        uint64_t *known;
        uint32_t to;
        int r;

        if (c->step_from[c->on] == w->state + 1) {
                w->state = c->step_to[c->on];
                return 0;
        }
        known = number_map_get(&w->steps, (uint64_t)(w->state + 1) << 32 | cursor);
        if (!known)
                return -ENOMEM;
        if (*known == 0) {
                r = state_toggle(w, cursor, &to);
                if (r < 0)
                        return r;
                *known = to + UINT64_C(1);
        }
        c->step_from[c->on] = w->state + 1;
        c->step_to[c->on] = w->state = (uint32_t)(*known - 1);
        return 0;
}

/* ---- what follows from a state ---- */

/* The entries of one list that can match in this state, in their order. */
static int state_list(Sweep *w, const SweepState *s, size_t side, uint32_t *ret)
{
        _cleanup_(space_numbers_deinit) SpaceNumbers found = { 0 }, list = { 0 };
        const SpaceNumbers *always = w->always + side;
        const uint32_t *entries = w->c->pool.items + w->c->lists[w->lists[side]].first;
        size_t i = 0, j = 0;
        int r = 1;

        for (size_t k = 0; k < s->n; k++) {
                const SpaceNumbers *p = w->cursors[w->on.items[s->first + k]].positions + side;

                for (size_t m = 0; m < p->n; m++)
                        if (space_numbers_add(&found, p->items[m]) < 0)
                                return -ENOMEM;
        }
        if (s->n > 1 && found.n > 1)
                qsort(found.items, found.n, sizeof(*found.items), id_compare);
        while (r > 0 && (i < found.n || j < always->n)) {
                uint32_t position;

                if (j == always->n || (i < found.n && found.items[i] < always->items[j]))
                        position = found.items[i];
                else
                        position = always->items[j++];
                while (i < found.n && found.items[i] == position)
                        i++;
                r = comparison_list_add(w->c, &list, entries[position], w->axis + 1);
        }
        if (r >= 0)
                r = comparison_work(w->c, found.n + list.n + s->n);
        return r < 0 ? r : comparison_list(w->c, &list, ret);
}

static int state_node(Sweep *w, uint32_t *ret)
{
        SweepState *s = w->states + w->state;
        uint32_t lists[2];
        int r;

        if (!s->known) {
                for (size_t side = 0; side < 2; side++) {
                        r = state_list(w, s, side, lists + side);
                        if (r < 0)
                                return r;
                }
                r = comparison_walk(w->c, w->axis + 1, lists[0], lists[1], &s->node);
                if (r < 0)
                        return r;
                s->known = true;
        }
        *ret = s->node;
        return 0;
}

/* From here on the diagram goes on with this node. */
static int sweep_emit(Sweep *w, Wide start, uint32_t node)
{
        if (w->n_children > 0 && w->children[w->n_children - 1] == node)
                return 0;
        if (array_grow(&w->starts, w->n_starts, sizeof(*w->starts)) < 0)
                return -ENOMEM;
        w->starts[w->n_starts++] = start;
        if (array_grow(&w->children, w->n_children, sizeof(*w->children)) < 0)
                return -ENOMEM;
        w->children[w->n_children++] = node;
        return 0;
}

/* ---- moving on ---- */

static bool heap_less(const Sweep *w, size_t i, size_t j)
{
        return wide_less(w->cursors[w->heap[i]].next, w->cursors[w->heap[j]].next);
}

/* The top has moved: puts it where it belongs. */
static void heap_settle(Sweep *w)
{
        size_t i = 0;

        for (;;) {
                size_t least = i, left = 2 * i + 1;
                uint32_t cursor = w->heap[i];

                if (left < w->n_heap && heap_less(w, left, least))
                        least = left;
                if (left + 1 < w->n_heap && heap_less(w, left + 1, least))
                        least = left + 1;
                if (least == i)
                        return;
                w->heap[i] = w->heap[least];
                w->heap[least] = cursor;
                i = least;
        }
}

/* The first cursor goes to `to`, or off the heap if it will not change any more. */
static int cursor_advance(Sweep *w, Wide to)
{
        uint32_t cursor = w->heap[0];
        Cursor *c = w->cursors + cursor;
        bool was_on = c->on, ends;

        c->i = range_seek(c->ranges, w->family, c->i, to);
        ends = c->i == range_count(c->ranges, w->family);
        c->on = !ends && !wide_less(to, range_first(c->ranges, w->family, c->i));
        if (c->on) {
                Wide last = range_last(c->ranges, w->family, c->i);

                ends = wide_equal(last, range_end(w->family));
                c->next = wide_next(last);
        } else if (!ends) {
                c->next = range_first(c->ranges, w->family, c->i);
        }
        if (ends)
                w->heap[0] = w->heap[--w->n_heap];
        heap_settle(w);
        return c->on == was_on ? 0 : sweep_step(w, cursor);
}

/* All to `to`, and what follows from there on. */
static int sweep_advance(Sweep *w, Wide to)
{
        uint32_t node;
        int r = comparison_work(w->c, 1);

        while (r >= 0 && w->n_heap > 0 && !wide_less(to, w->cursors[w->heap[0]].next))
                r = cursor_advance(w, to);
        if (r >= 0)
                r = state_node(w, &node);
        return r < 0 ? r : sweep_emit(w, to, node);
}

static int sweep_range(Sweep *w, Wide first, Wide last)
{
        int r = sweep_advance(w, first);

        while (r >= 0 && w->n_heap > 0 && !wide_less(last, w->cursors[w->heap[0]].next))
                r = sweep_advance(w, w->cursors[w->heap[0]].next);
        return r;
}

/* Every end of a range is a step; there must be that many left. */
static bool sweep_is_short(const Sweep *w)
{
        uint64_t steps = w->c->space->work;

        for (size_t i = 0; i < w->n_cursors; i++)
                steps += range_count(w->cursors[i].ranges, w->family);
        return steps <= w->c->space->work_max || w->c->space->first_is_enough;
}

static int sweep_run(Sweep *w)
{
        static const Wide zero = { 0 };
        const RangeSet *focus = w->axis < _AXIS_MAX ? w->c->focus[w->axis] : NULL;
        Wide end = range_end(w->family);
        int r;

        if (!focus)
                return sweep_is_short(w) ? sweep_range(w, zero, end) : -E2BIG;
        if (range_count(focus, w->family) == 0 ||
                wide_less(zero, range_first(focus, w->family, 0))) {
                r = sweep_emit(w, zero, 0);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < range_count(focus, w->family); i++) {
                Wide last = range_last(focus, w->family, i);

                r = sweep_range(w, range_first(focus, w->family, i), last);
                if (r >= 0 && wide_less(last, end))
                        r = sweep_emit(w, wide_next(last), 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- setting up ---- */

static int cursor_use(Sweep *w, NumberMap *by_view, uint32_t view, size_t side, uint32_t position)
{
        uint64_t *index = number_map_get(by_view, view + UINT64_C(1));

        if (!index)
                return -ENOMEM;
        if (*index == 0) {
                const RangeSet *ranges = w->c->space->views[view];

                if (range_count(ranges, w->family) == 0)
                        return 0;
                if (array_grow(&w->cursors, w->n_cursors, sizeof(*w->cursors)) < 0)
                        return -ENOMEM;
                w->cursors[w->n_cursors++] = (Cursor){ .ranges = ranges };
                *index = w->n_cursors;
        }
        return space_numbers_add(w->cursors[*index - 1].positions + side, position);
}

static int sweep_add_list(Sweep *w, NumberMap *by_view, size_t side)
{
        uint32_t list = w->lists[side];
        size_t n = w->c->lists[list].n;
        int r = comparison_work(w->c, n);

        for (uint32_t i = 0; r >= 0 && i < n; i++) {
                const SpaceEntry *e = entry_at(w->c, list, i);

                if (!entry_asks(e, w->axis)) {
                        r = space_numbers_add(w->always + side, i);
                        continue;
                }
                if (w->axis >= _AXIS_MAX) {
                        r = cursor_use(w, by_view, SPACE_VIEW_IN, side, i);
                        continue;
                }
                for (uint32_t k = 0; r >= 0 && k < e->axes[w->axis].n; k++)
                        r = cursor_use(w, by_view,
                                w->c->space->pool.items[e->axes[w->axis].first + k], side, i);
        }
        return r;
}

/* All cursors before the beginning of everything. */
static int sweep_begin(Sweep *w)
{
        static const SpaceNumbers none = { 0 };

        w->heap = calloc(w->n_cursors + 1, sizeof(*w->heap));
        if (!w->heap)
                return -ENOMEM;
        while (w->n_heap < w->n_cursors) {
                w->heap[w->n_heap] = (uint32_t)w->n_heap;
                w->n_heap++;
        }
        return state_number(w, &none, &w->state);
}

/* The node of one axis, on which some entry asks for something. */
static int sweep(Comparison *c, uint32_t axis, uint32_t a, uint32_t b, uint32_t *ret_node)
{
        _cleanup_(sweep_deinit) Sweep w = {
                .c = c, .axis = axis, .family = axis_family(axis, c->family), .lists = { a, b }
        };
        NumberMap by_view = { 0 };
        int r;

        r = sweep_add_list(&w, &by_view, 0);
        if (r >= 0)
                r = sweep_add_list(&w, &by_view, 1);
        number_map_deinit(&by_view);
        if (r >= 0)
                r = sweep_begin(&w);
        if (r >= 0)
                r = sweep_run(&w);
        return r < 0 ? r
                     : space_node(c->space, axis, TAKE_PTR(w.starts), TAKE_PTR(w.children),
                               w.n_children, ret_node);
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
                r = sweep(c, axis, a, b, ret_node);
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
