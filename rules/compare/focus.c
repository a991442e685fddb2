/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what two lists of entries have in common, so that a small change of a large policy costs
 * little: where a difference can be at all, and which entries matter there (space.h).
 */

#include "rules/compare/space_internal.h"

#include "rules/address/prefixset.h"
#include "rules/address/ranges.h"
#include "rules/base/array.h"

#include <errno.h>

/* On one axis: where a packet must lie for any of the entries that differ. */
typedef struct FocusAxis {
        bool whole;
        SpaceNumbers views;
        RangeSet **more; /* a reference each */
        size_t n_more;
} FocusAxis;

typedef struct Focus {
        FocusAxis axes[_AXIS_MAX];
} Focus;

static void focus_deinit(Focus *f)
{
        for (Axis a = 0; a < _AXIS_MAX; a++) {
                space_numbers_deinit(&f->axes[a].views);
                for (size_t i = 0; i < f->axes[a].n_more; i++)
                        range_set_unref(f->axes[a].more[i]);
                free(f->axes[a].more);
        }
}

static int focus_add_axis(const Space *s, Focus *f, const SpaceEntry *e, Axis axis)
{
        FocusAxis *fa = f->axes + axis;

        fa->whole |= e->axes[axis].any;
        for (uint32_t i = 0; !fa->whole && i < e->axes[axis].n; i++)
                if (space_numbers_add(&fa->views, s->pool.items[e->axes[axis].first + i]) < 0)
                        return -ENOMEM;
        return 0;
}

static int focus_add_entry(const Space *s, Focus *f, const SpaceEntry *e, Axis except)
{
        for (Axis a = 0; a < _AXIS_MAX; a++)
                if (a != except && focus_add_axis(s, f, e, a) < 0)
                        return -ENOMEM;
        return 0;
}

static bool same_on_axis(const Space *s, const SpaceEntry *a, const SpaceEntry *b, Axis axis)
{
        return a->axes[axis].any == b->axes[axis].any && a->axes[axis].n == b->axes[axis].n &&
               (a->axes[axis].n == 0 || memcmp(s->pool.items + a->axes[axis].first,
                                                s->pool.items + b->axes[axis].first,
                                                a->axes[axis].n * sizeof(uint32_t)) == 0);
}

/* The one axis on which two entries ask for different ranges, if they are the same otherwise;
 * _AXIS_MAX: there is more. */
static Axis axis_of_change(const Space *s, const SpaceEntry *a, const SpaceEntry *b)
{
        Axis found = _AXIS_MAX;

        if (a->verdict != b->verdict || a->slice != b->slice)
                return _AXIS_MAX;
        for (Axis axis = 0; axis < _AXIS_MAX; axis++) {
                if (same_on_axis(s, a, b, axis))
                        continue;
                if (found != _AXIS_MAX || a->axes[axis].any || b->axes[axis].any)
                        return _AXIS_MAX;
                found = axis;
        }
        return found;
}

/* Two sets of which most is the same are compared as fast as memory is read. */
#define RANGES_A_STEP 200

static int exclusive_work(Comparison *c, const SpaceEntry *a, const SpaceEntry *b, Axis axis)
{
        const Space *s = c->space;
        Family f = axis_family(axis, c->family);

        return comparison_work(
                c, (range_count(s->views[s->pool.items[a->axes[axis].first]], f) +
                           range_count(s->views[s->pool.items[b->axes[axis].first]], f)) /
                           RANGES_A_STEP);
}

/* Two entries with a set each that has changed: only what is in one of the two can differ. */
static int focus_add_change(Comparison *c, Focus *f, const SpaceEntry *a, const SpaceEntry *b)
{
        const Space *s = c->space;
        Axis axis = axis_of_change(s, a, b);
        FocusAxis *fa;
        int r;

        if (axis == _AXIS_MAX)
                return focus_add_entry(s, f, a, _AXIS_MAX) < 0
                               ? -ENOMEM
                               : focus_add_entry(s, f, b, _AXIS_MAX);
        if (focus_add_entry(s, f, a, axis) < 0)
                return -ENOMEM;
        if (a->axes[axis].n != 1 || b->axes[axis].n != 1)
                return focus_add_axis(s, f, a, axis) < 0 ? -ENOMEM : focus_add_axis(s, f, b, axis);
        fa = f->axes + axis;
        if (exclusive_work(c, a, b, axis) < 0)
                return -E2BIG;
        if (array_grow(&fa->more, fa->n_more, sizeof(RangeSet *)) < 0)
                return -ENOMEM;
        /* each of them has two ends, to be met in both lists */
        r = range_set_exclusive(s->views[s->pool.items[a->axes[axis].first]],
                s->views[s->pool.items[b->axes[axis].first]], axis_family(axis, c->family),
                (s->work_max - s->work) / 4, &fa->more[fa->n_more]);
        if (r < 0)
                return r;
        fa->n_more++;
        return 0;
}

static int focus_finish_axis(Comparison *c, FocusAxis *fa, RangeSet **ret)
{
        _cleanup_free_ RangeSet **sets = NULL;
        const Space *s = c->space;
        SpaceNumbers *v = &fa->views;
        size_t n = 0, n_ranges = 0;

        if (fa->whole)
                return 0;
        sets = calloc(v->n + fa->n_more + 1, sizeof(RangeSet *));
        if (!sets)
                return -ENOMEM;
        if (v->n > 1)
                qsort(v->items, v->n, sizeof(*v->items), id_compare);
        for (size_t i = 0; i < v->n; i++)
                if (i == 0 || v->items[i] != v->items[i - 1])
                        sets[n++] = s->views[v->items[i]];
        for (size_t i = 0; i < fa->n_more; i++)
                sets[n++] = fa->more[i];
        for (size_t i = 0; n > 1 && i < n; i++)
                n_ranges += range_set_size(sets[i]);
        return comparison_work(c, n_ranges) < 0 ? -E2BIG : range_set_union(sets, n, ret);
}

/* Packets that meet no entry but those that both lists have, in the same order, at their beginning
 * and at their end, get the same verdict of both. *ret_same: that is all there is. */
static int focus_find(Comparison *c, const SpaceNumbers *a, const SpaceNumbers *b, bool *ret_same)
{
        _cleanup_(focus_deinit) Focus f = { 0 };
        const Space *s = c->space;
        size_t begin = 0, end_a = a->n, end_b = b->n;
        int r = 0;

        while (begin < end_a && begin < end_b && a->items[begin] == b->items[begin])
                begin++;
        while (end_a > begin && end_b > begin && a->items[end_a - 1] == b->items[end_b - 1]) {
                end_a--;
                end_b--;
        }
        *ret_same = begin == end_a && begin == end_b;
        if (end_a == end_b)
                for (size_t i = begin; r >= 0 && i < end_a; i++) {
                        if (a->items[i] != b->items[i])
                                r = focus_add_change(
                                        c, &f, s->entries + a->items[i], s->entries + b->items[i]);
                }
        else
                for (size_t side = 0; side < 2; side++)
                        for (size_t i = begin; r >= 0 && i < (side ? end_b : end_a); i++)
                                r = focus_add_entry(
                                        s, &f, s->entries + (side ? b : a)->items[i], _AXIS_MAX);
        for (Axis axis = 0; r >= 0 && !*ret_same && axis < _AXIS_MAX; axis++)
                r = focus_finish_axis(c, f.axes + axis, c->focus + axis);
        return r;
}

/* Does a view meet the focus on an axis? Asked once for each view: thousands of rules may ask for
 * one set. */
typedef struct Meetings {
        uint8_t *known[_AXIS_MAX]; /* by view: 0 not asked so far, 1 no, 2 yes */
} Meetings;

static void meetings_deinit(Meetings *m)
{
        for (Axis a = 0; a < _AXIS_MAX; a++)
                free(m->known[a]);
}

static int meetings_init(const Comparison *c, Meetings *m)
{
        for (Axis a = 0; a < _AXIS_MAX; a++) {
                if (!c->focus[a])
                        continue;
                m->known[a] = calloc(c->space->n_views + 1, sizeof(uint8_t));
                if (!m->known[a])
                        return -ENOMEM;
        }
        return 0;
}

static bool view_meets_focus(Comparison *c, Meetings *m, Axis axis, uint32_t view)
{
        const RangeSet *ranges = c->space->views[view];
        Family f = axis_family(axis, c->family);
        uint8_t *known = &m->known[axis][view];

        if (*known == 0) {
                c->space->work += range_count(ranges, f) / RANGES_A_STEP;
                *known = ranges_meet(ranges, c->focus[axis], f) ? 2 : 1;
        }
        return *known == 2;
}

static bool entry_meets_focus(Comparison *c, Meetings *m, const SpaceEntry *e)
{
        const Space *s = c->space;

        for (Axis axis = 0; axis < _AXIS_MAX; axis++) {
                bool meets = !c->focus[axis] || e->axes[axis].any;

                for (uint32_t i = 0; !meets && i < e->axes[axis].n; i++)
                        meets = view_meets_focus(
                                c, m, axis, s->pool.items[e->axes[axis].first + i]);
                if (!meets)
                        return false;
        }
        return true;
}

static int list_in_focus(Comparison *c, Meetings *m, const SpaceNumbers *l, uint32_t *ret)
{
        _cleanup_(space_numbers_deinit) SpaceNumbers kept = { 0 };
        int r = comparison_work(c, l->n);

        if (r < 0)
                return r;
        r = 1;
        for (size_t i = 0; r > 0 && i < l->n; i++)
                if (entry_meets_focus(c, m, c->space->entries + l->items[i]))
                        r = comparison_list_add(c, &kept, l->items[i], 0);
        return r < 0 ? r : comparison_list(c, &kept, ret);
}

int comparison_focus(Comparison *c, const SpaceNumbers *a, const SpaceNumbers *b, bool *ret_same,
        uint32_t ret_lists[static 2])
{
        _cleanup_(meetings_deinit) Meetings m = { 0 };
        int r = focus_find(c, a, b, ret_same);

        if (r < 0 || *ret_same)
                return r;
        r = meetings_init(c, &m);
        if (r >= 0)
                r = list_in_focus(c, &m, a, ret_lists);
        if (r >= 0)
                r = list_in_focus(c, &m, b, ret_lists + 1);
        return r < 0 ? r : comparison_work(c, 0);
}
