/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the way back from a diagram to boxes that a person can read (space.h): what leads to the
 * same place is one box, and a box that need not be narrow on an axis is not.
 */

#include "rules/compare/space_internal.h"

#include "rules/address/ranges.h"
#include "rules/address/wide.h"
#include "rules/base/array.h"

#include <errno.h>

/* Widening looks at the diagram once for each region and axis, too long for thousands. */
#define WIDEN_REGIONS_MAX 256
#define WIDEN_WORK_MAX 4000000

static void space_region_deinit(SpaceRegion *r)
{
        for (Axis a = 0; a < _AXIS_MAX; a++)
                range_set_unref(r->at[a]);
        free(r->slices);
        *r = (SpaceRegion){ 0 };
}

void space_regions_deinit(SpaceRegions *r)
{
        for (size_t i = 0; i < r->n; i++)
                space_region_deinit(r->items + i);
        free(r->items);
        *r = (SpaceRegions){ 0 };
}

/* ---- cutting ---- */

typedef struct Cutter {
        const Space *space;
        Family family;
        size_t max;
        SpaceRegion path; /* to where the walk is */
        SpaceRegions regions;
} Cutter;

static int region_emit(Cutter *c, const SpaceNode *leaf)
{
        SpaceRegion r = { .before = leaf->before, .after = leaf->after };
        size_t n = c->space->slices.n;

        if (c->regions.n == c->max) {
                c->regions.complete = false;
                return 0;
        }
        if (array_grow(&c->regions.items, c->regions.n, sizeof(*c->regions.items)) < 0)
                return -ENOMEM;
        if (n > 0) {
                r.slices = malloc(n);
                if (!r.slices)
                        return -ENOMEM;
                memcpy(r.slices, c->path.slices, n);
        }
        for (Axis a = 0; a < _AXIS_MAX; a++)
                r.at[a] = range_set_ref(c->path.at[a]);
        c->regions.items[c->regions.n++] = r;
        return 0;
}

/* The intervals that lead to one child. */
typedef struct Branch {
        uint32_t child;
        RangeSet *ranges;
} Branch;

typedef struct Branches {
        Branch *items;
        size_t n;
} Branches;

static void branches_deinit(Branches *b)
{
        for (size_t i = 0; i < b->n; i++)
                range_set_unref(b->items[i].ranges);
        free(b->items);
}

static int branches_add(Branches *b, NumberMap *by_child, const SpaceNode *node, size_t i, Family f)
{
        uint64_t *index = number_map_get(by_child, node->children[i]);
        Wide last = i + 1 < node->n ? wide_previous(node->starts[i + 1]) : range_end(f);

        if (!index)
                return -ENOMEM;
        if (*index == 0) {
                RangeSet *ranges = range_set_empty();

                if (!ranges || array_grow(&b->items, b->n, sizeof(*b->items)) < 0) {
                        range_set_unref(ranges);
                        return -ENOMEM;
                }
                b->items[b->n++] = (Branch){ node->children[i], ranges };
                *index = b->n;
        }
        return range_set_append(b->items[*index - 1].ranges, f, node->starts[i], last);
}

static int branches_collect(const SpaceNode *node, Family f, Branches *ret)
{
        NumberMap by_child = { 0 };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < node->n; i++)
                if (node->children[i] != 0)
                        r = branches_add(ret, &by_child, node, i, f);
        number_map_deinit(&by_child);
        return r;
}

static int cut(Cutter *c, uint32_t node);

static int cut_branch(Cutter *c, uint32_t axis, const Branch *b)
{
        int r;

        if (axis >= _AXIS_MAX) {
                uint8_t *state = c->path.slices + (axis - _AXIS_MAX);

                /* the numbers beyond 1 stand for nothing */
                *state = range_first(b->ranges, FAMILY_IPV4, 0).low == 0 ? SLICE_OUT : SLICE_IN;
                r = range_first(b->ranges, FAMILY_IPV4, 0).low <= 1 ? cut(c, b->child) : 0;
                *state = SLICE_ANY;
                return r;
        }
        c->path.at[axis] = b->ranges;
        r = cut(c, b->child);
        c->path.at[axis] = NULL;
        return r;
}

static int cut(Cutter *c, uint32_t number)
{
        _cleanup_(branches_deinit) Branches b = { 0 };
        const SpaceNode *node = c->space->nodes + number;
        int r;

        if (number == 0)
                return 0;
        if (node->n == 0)
                return region_emit(c, node);
        r = branches_collect(node, axis_family(node->axis, c->family), &b);
        for (size_t i = 0; r >= 0 && i < b.n && c->regions.complete; i++)
                r = cut_branch(c, node->axis, b.items + i);
        return r;
}

/* ---- widening ---- */

typedef struct Widener {
        const Space *space;
        Family family;
        const SpaceRegion *region;
        NumberMap known; /* by node: 1 yes, 2 no */
} Widener;

static bool in_region(const SpaceRegion *r, const SpaceNode *node, size_t i, Family f)
{
        Wide first = node->starts[i];
        Wide last = i + 1 < node->n ? wide_previous(node->starts[i + 1]) : range_end(f);
        const RangeSet *at;
        size_t k;

        if (node->axis >= _AXIS_MAX)
                switch ((SliceState)r->slices[node->axis - _AXIS_MAX]) {
                case SLICE_OUT:
                        return first.low == 0;
                case SLICE_IN:
                        return first.low <= 1 && last.low >= 1;
                case SLICE_ANY:
                        return first.low <= 1;
                }
        at = r->at[node->axis];
        if (!at)
                return true;
        k = range_seek(at, f, 0, first);
        return k < range_count(at, f) && !wide_less(last, range_first(at, f, k));
}

/* Does all of the region that comes to this node end at the pair of verdicts that it is about?
 * 1 yes, 0 no, -ENOMEM. */
static int node_holds(Widener *w, uint32_t number)
{
        const SpaceNode *node = w->space->nodes + number;
        uint64_t *known;
        int r = 1;

        if (node->n == 0)
                return number != 0 && node->before == w->region->before &&
                       node->after == w->region->after;
        known = number_map_get(&w->known, number);
        if (!known)
                return -ENOMEM;
        if (*known > 0)
                return *known == 1;
        for (size_t i = 0; r > 0 && i < node->n; i++)
                if (in_region(w->region, node, i, axis_family(node->axis, w->family)))
                        r = node_holds(w, node->children[i]);
        if (r < 0)
                return r;
        known = number_map_get(&w->known, number);
        if (!known)
                return -ENOMEM;
        *known = r > 0 ? 1 : 2;
        return r;
}

static int region_is_different(const Cutter *c, uint32_t root, const SpaceRegion *region)
{
        Widener w = { .space = c->space, .family = c->family, .region = region };
        int r = node_holds(&w, root);

        number_map_deinit(&w.known);
        return r;
}

static int region_widen(const Cutter *c, uint32_t root, SpaceRegion *region)
{
        int r;

        for (Axis a = 0; a < _AXIS_MAX; a++) {
                RangeSet *narrow = TAKE_PTR(region->at[a]);

                if (!narrow)
                        continue;
                r = region_is_different(c, root, region);
                if (r > 0) {
                        range_set_unref(narrow);
                        continue;
                }
                region->at[a] = narrow;
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < c->space->slices.n; i++) {
                uint8_t narrow = region->slices[i];

                region->slices[i] = SLICE_ANY;
                r = narrow == SLICE_ANY ? 1 : region_is_different(c, root, region);
                if (r <= 0)
                        region->slices[i] = narrow;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Is all of b in a? */
static bool region_holds(const Cutter *c, const SpaceRegion *a, const SpaceRegion *b)
{
        if (a->before != b->before || a->after != b->after)
                return false;
        for (size_t i = 0; i < c->space->slices.n; i++)
                if (a->slices[i] != SLICE_ANY && a->slices[i] != b->slices[i])
                        return false;
        for (Axis axis = 0; axis < _AXIS_MAX; axis++)
                if (!ranges_hold(a->at[axis], b->at[axis], axis_family(axis, c->family)))
                        return false;
        return true;
}

static void regions_drop_held(Cutter *c)
{
        SpaceRegions *l = &c->regions;
        size_t n = 0;

        for (size_t i = 0; i < l->n; i++) {
                bool held = false;

                for (size_t j = 0; j < l->n && !held; j++)
                        held = (j < n || j > i) && region_holds(c, l->items + j, l->items + i);
                if (held)
                        space_region_deinit(l->items + i);
                else if (n++ != i) {
                        l->items[n - 1] = TAKE_STRUCT(l->items[i]);
                }
        }
        l->n = n;
}

static int regions_widen(Cutter *c, uint32_t root)
{
        size_t intervals = 0;
        int r = 0;

        for (size_t i = 0; i < c->space->n_nodes; i++)
                intervals += c->space->nodes[i].n;
        if (c->regions.n < 2 || c->regions.n > WIDEN_REGIONS_MAX ||
                intervals * c->regions.n > WIDEN_WORK_MAX)
                return 0;
        for (size_t i = 0; r >= 0 && i < c->regions.n; i++)
                r = region_widen(c, root, c->regions.items + i);
        if (r >= 0)
                regions_drop_held(c);
        return r;
}

int space_regions(const Space *s, Family family, uint32_t node, size_t max, SpaceRegions *ret)
{
        Cutter c = { .space = s, .family = family, .max = max, .regions.complete = true };
        int r;

        c.path.slices = calloc(s->slices.n + 1, 1);
        r = c.path.slices ? cut(&c, node) : -ENOMEM;
        if (r >= 0)
                r = regions_widen(&c, node);
        free(c.path.slices);
        if (r < 0) {
                space_regions_deinit(&c.regions);
                return r;
        }
        *ret = c.regions;
        return 0;
}
