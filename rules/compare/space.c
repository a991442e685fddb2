/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what a comparison is made of: names that became numbers, sets of ranges, entries and nodes,
 * each kept once (space.h).
 */

#include "rules/compare/space_internal.h"

#include "rules/address/prefixset.h"
#include "rules/address/ranges.h"
#include "rules/address/wide.h"
#include "rules/base/array.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ids.h"

#include <errno.h>

int space_numbers_add(SpaceNumbers *l, uint32_t number)
{
        if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0)
                return -ENOMEM;
        l->items[l->n++] = number;
        return 0;
}

void space_numbers_deinit(SpaceNumbers *l)
{
        free(l->items);
        *l = (SpaceNumbers){ 0 };
}

static void names_deinit(SpaceNames *n)
{
        free(n->items);
        number_map_deinit(&n->by_hash);
}

void space_deinit(Space *s)
{
        for (size_t i = 0; i < s->n_views; i++)
                range_set_unref(s->views[i]);
        free(s->views);
        number_map_deinit(&s->view_by_hash);
        number_map_deinit(&s->view_by_pointer);
        names_deinit(&s->interfaces);
        names_deinit(&s->units);
        names_deinit(&s->slices);
        free(s->entries);
        number_map_deinit(&s->entry_by_hash);
        space_numbers_deinit(&s->pool);
        for (size_t i = 0; i < s->n_nodes; i++) {
                free(s->nodes[i].starts);
                free(s->nodes[i].children);
        }
        free(s->nodes);
        number_map_deinit(&s->node_by_hash);
        *s = (Space){ 0 };
}

/* ---- things that are kept once ---- */

int space_find(NumberMap *map, uint64_t hash, SpaceIsEqual is_equal, const void *owner,
        const void *thing, uint64_t **ret)
{
        for (;; hash = hash_finish(hash + 1)) {
                *ret = number_map_get(map, hash);
                if (!*ret)
                        return -ENOMEM;
                if (**ret == 0 || is_equal(owner, thing, (uint32_t)(**ret - 1)))
                        return 0;
        }
}

/* ---- names ---- */

static const char type_service[] = ".service", type_slice[] = ".slice";

static bool has_type(const char *unit, const char *type)
{
        size_t n = strlen(unit), m = strlen(type);

        return n > m && streq(unit + n - m, type);
}

/* "postfix" is short for "postfix.service". */
static size_t name_length(const char *name)
{
        return strlen(name) - (has_type(name, type_service) ? sizeof(type_service) - 1 : 0);
}

static bool name_is_equal(const void *owner, const void *thing, uint32_t index)
{
        const char *name = thing, *other = ((const SpaceNames *)owner)->items[index];
        size_t n = name_length(name);

        return n == name_length(other) && memcmp(name, other, n) == 0;
}

static int name_number(SpaceNames *names, const char *name, uint32_t *ret)
{
        uint64_t hash = hash_finish(hash_bytes(HASH_BEGIN, name, name_length(name))), *index;

        if (space_find(&names->by_hash, hash, name_is_equal, names, name, &index) < 0)
                return -ENOMEM;
        if (*index == 0) {
                if (array_grow(&names->items, names->n, sizeof(*names->items)) < 0)
                        return -ENOMEM;
                names->items[names->n++] = name;
                *index = names->n;
        }
        *ret = (uint32_t)(*index - 1);
        return 0;
}

/* ---- views ---- */

static bool view_is_equal(const void *owner, const void *thing, uint32_t index)
{
        const Space *s = owner;

        return range_set_equal(thing, s->views[index]);
}

/* To know large sets again by their content would cost more than it saves: a set that has not
 * changed has the same pointer, and one that has is compared where it matters. */
#define HASHED_RANGES_MAX 256

static int view_number(Space *s, RangeSet *ranges, uint32_t *ret)
{
        uint64_t alone = 0, *index = &alone;

        if (range_set_size(ranges) <= HASHED_RANGES_MAX &&
                space_find(&s->view_by_hash, range_set_hash(ranges) | 1, view_is_equal, s, ranges,
                        &index) < 0)
                return -ENOMEM;
        if (*index == 0) {
                if (array_grow(&s->views, s->n_views, sizeof(*s->views)) < 0)
                        return -ENOMEM;
                s->views[s->n_views++] = range_set_ref(ranges);
                *index = s->n_views;
        }
        *ret = (uint32_t)(*index - 1);
        return 0;
}

/* Of a set that lives as long as the rules: rules that share it spare a look at its entries. */
static int view_number_shared(Space *s, RangeSet *ranges, uint32_t *ret)
{
        uint64_t *index = number_map_get(&s->view_by_pointer, (uintptr_t)ranges);
        int r;

        if (!index)
                return -ENOMEM;
        if (*index > 0) {
                *ret = (uint32_t)(*index - 1);
                return 0;
        }
        r = view_number(s, ranges, ret);
        *index = r < 0 ? 0 : *ret + UINT64_C(1);
        return r;
}

/* ---- entries ---- */

/* An entry on its way: what it asks for on each axis. */
typedef struct Draft {
        uint32_t verdict, slice;
        bool stated[_AXIS_MAX];
        SpaceNumbers views[_AXIS_MAX];
} Draft;

static void draft_deinit(Draft *d)
{
        for (Axis a = 0; a < _AXIS_MAX; a++)
                space_numbers_deinit(d->views + a);
}

static bool entry_is_equal(const void *owner, const void *thing, uint32_t index)
{
        const Space *s = owner;
        const SpaceEntry *e = s->entries + index;
        const Draft *d = thing;

        if (e->verdict != d->verdict || e->slice != d->slice)
                return false;
        for (Axis a = 0; a < _AXIS_MAX; a++)
                if (e->axes[a].any == d->stated[a] || e->axes[a].n != d->views[a].n ||
                        (d->views[a].n > 0 &&
                                memcmp(s->pool.items + e->axes[a].first, d->views[a].items,
                                        d->views[a].n * sizeof(uint32_t)) != 0))
                        return false;
        return true;
}

/* Odd, so that no bit is lost; spread at the end by hash_finish(). */
#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

static uint64_t draft_hash(const Draft *d)
{
        uint64_t h = (uint64_t)d->slice << 32 | d->verdict;

        for (Axis a = 0; a < _AXIS_MAX; a++) {
                h = (h ^ (d->stated[a] ? d->views[a].n : UINT32_MAX)) * HASH_FACTOR ^ h >> 29;
                for (size_t i = 0; i < d->views[a].n; i++)
                        h = (h ^ d->views[a].items[i]) * HASH_FACTOR ^ h >> 29;
        }
        return hash_finish(h);
}

static int entry_make(Space *s, const Draft *d)
{
        SpaceEntry *e;

        if (array_grow(&s->entries, s->n_entries, sizeof(*s->entries)) < 0)
                return -ENOMEM;
        e = s->entries + s->n_entries;
        *e = (SpaceEntry){ .verdict = d->verdict, .slice = d->slice };
        for (Axis a = 0; a < _AXIS_MAX; a++) {
                e->axes[a].any = !d->stated[a];
                e->axes[a].first = (uint32_t)s->pool.n;
                e->axes[a].n = (uint32_t)d->views[a].n;
                for (size_t i = 0; i < d->views[a].n; i++)
                        if (space_numbers_add(&s->pool, d->views[a].items[i]) < 0)
                                return -ENOMEM;
                if (d->stated[a])
                        e->end = a + 1;
        }
        if (d->slice > 0)
                e->end = _AXIS_MAX + d->slice;
        s->n_entries++;
        return 0;
}

/* An axis without views matches nothing, so no entry is made. */
static int draft_finish(Space *s, Draft *d, SpaceNumbers *list)
{
        uint64_t *index;

        for (Axis a = 0; a < _AXIS_MAX; a++) {
                SpaceNumbers *v = d->views + a;
                size_t n = 0;

                if (d->stated[a] && v->n == 0)
                        return 0;
                if (v->n > 1)
                        qsort(v->items, v->n, sizeof(*v->items), id_compare);
                for (size_t i = 0; i < v->n; i++)
                        if (n == 0 || v->items[n - 1] != v->items[i])
                                v->items[n++] = v->items[i];
                v->n = n;
        }
        if (space_find(&s->entry_by_hash, draft_hash(d), entry_is_equal, s, d, &index) < 0)
                return -ENOMEM;
        if (*index == 0) {
                if (entry_make(s, d) < 0)
                        return -ENOMEM;
                *index = s->n_entries;
        }
        return space_numbers_add(list, (uint32_t)(*index - 1));
}

static int draft_match(Space *s, Draft *d, Axis axis, const Match *m)
{
        uint32_t view;

        d->stated[axis] = !m->any;
        for (size_t i = 0; i < m->n && !m->any; i++) {
                RangeSet *ranges = m->sets[i].ranges;

                if (range_set_size(ranges) == 0)
                        continue;
                if (view_number_shared(s, ranges, &view) < 0 ||
                        space_numbers_add(d->views + axis, view) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Numbers, ascending. */
static int draft_numbers(Space *s, Draft *d, Axis axis, const uint32_t *numbers, size_t n)
{
        _cleanup_(range_set_unref_p) RangeSet *ranges = range_set_empty();
        uint32_t view;

        d->stated[axis] = true;
        if (!ranges)
                return -ENOMEM;
        if (n == 0)
                return 0;
        for (size_t i = 0; i < n; i++) {
                Wide number = { 0, numbers[i] };

                if ((i == 0 || numbers[i] != numbers[i - 1]) &&
                        range_set_append(ranges, FAMILY_IPV4, number, number) < 0)
                        return -ENOMEM;
        }
        return view_number(s, ranges, &view) < 0 ? -ENOMEM
                                                 : space_numbers_add(d->views + axis, view);
}

static int draft_ids(Space *s, Draft *d, Axis axis, const CompiledIds *l)
{
        return l->stated ? draft_numbers(s, d, axis, l->ids, l->n) : 0;
}

static int draft_interface(Space *s, Draft *d, Axis axis, const char *name)
{
        uint32_t number;

        if (!name)
                return 0;
        if (name_number(&s->interfaces, name, &number) < 0)
                return -ENOMEM;
        return draft_numbers(s, d, axis, &number, 1);
}

/* One entry for all units that are not slices, and one for each slice. */
static int draft_units(Space *s, Draft *d, const CompiledRule *rule, SpaceNumbers *list)
{
        _cleanup_(space_numbers_deinit) SpaceNumbers units = { 0 };
        uint32_t number;
        int r;

        for (size_t i = 0; i < rule->n_units; i++)
                if (!has_type(rule->units[i].name, type_slice) &&
                        (name_number(&s->units, rule->units[i].name, &number) < 0 ||
                                space_numbers_add(&units, number) < 0))
                        return -ENOMEM;
        if (units.n > 1)
                qsort(units.items, units.n, sizeof(*units.items), id_compare);
        r = draft_numbers(s, d, AXIS_UNIT, units.items, units.n);
        if (r >= 0)
                r = draft_finish(s, d, list);
        d->stated[AXIS_UNIT] = false;
        d->views[AXIS_UNIT].n = 0;
        for (size_t i = 0; r >= 0 && i < rule->n_units; i++) {
                if (!has_type(rule->units[i].name, type_slice))
                        continue;
                if (name_number(&s->slices, rule->units[i].name, &number) < 0)
                        return -ENOMEM;
                d->slice = number + 1;
                r = draft_finish(s, d, list);
        }
        return r;
}

int space_add_rule(Space *s, const CompiledRule *rule, uint32_t verdict, SpaceNumbers *list)
{
        _cleanup_(draft_deinit) Draft d = { .verdict = verdict };

        if (space_work(s, 1) < 0)
                return -E2BIG;
        if (draft_match(s, &d, AXIS_FROM, &rule->from) < 0 ||
                draft_match(s, &d, AXIS_TO, &rule->to) < 0 ||
                draft_interface(s, &d, AXIS_INTERFACE, rule->rule->interface) < 0 ||
                draft_interface(s, &d, AXIS_IN_INTERFACE, rule->rule->in_interface) < 0 ||
                draft_interface(s, &d, AXIS_OUT_INTERFACE, rule->rule->out_interface) < 0)
                return -ENOMEM;
        if (draft_ids(s, &d, AXIS_USER, &rule->users) < 0 ||
                draft_ids(s, &d, AXIS_GROUP, &rule->groups) < 0)
                return -ENOMEM;
        return rule->has_units ? draft_units(s, &d, rule, list) : draft_finish(s, &d, list);
}

int space_add_rest(Space *s, uint32_t verdict, SpaceNumbers *list)
{
        Draft d = { .verdict = verdict };

        return draft_finish(s, &d, list);
}

int space_init(Space *s, uint64_t work_max)
{
        _cleanup_(draft_deinit) Draft d = { 0 };
        static const uint32_t in = 1;

        *s = (Space){ .work_max = work_max };
        if (array_grow(&s->nodes, 0, sizeof(*s->nodes)) < 0)
                return -ENOMEM;
        s->nodes[s->n_nodes++] = (SpaceNode){ .axis = UINT32_MAX };
        return draft_numbers(s, &d, AXIS_UNIT, &in, 1); /* SPACE_VIEW_IN */
}

/* ---- nodes ---- */

static bool node_is_equal(const void *owner, const void *thing, uint32_t index)
{
        const SpaceNode *a = thing, *b = ((const Space *)owner)->nodes + index;

        return a->axis == b->axis && a->n == b->n && a->before == b->before &&
               a->after == b->after &&
               (a->n == 0 || (memcmp(a->children, b->children, a->n * sizeof(*a->children)) == 0 &&
                                     memcmp(a->starts, b->starts, a->n * sizeof(*a->starts)) == 0));
}

static uint64_t node_hash(const SpaceNode *n)
{
        uint64_t h = n->axis ^ ((uint64_t)n->before << 32 | n->after);

        for (size_t i = 0; i < n->n; i++) {
                h = (h ^ n->children[i]) * UINT64_C(0x9e3779b97f4a7c15);
                h = (h ^ h >> 32 ^ n->starts[i].low) * UINT64_C(0xd6e8feb86659fd93);
                h = (h ^ h >> 29) + n->starts[i].high;
        }
        return hash_finish(h);
}

static int node_take(Space *s, SpaceNode *n, uint32_t *ret_node)
{
        uint64_t *index;

        if (space_find(&s->node_by_hash, node_hash(n), node_is_equal, s, n, &index) < 0)
                return -ENOMEM;
        if (*index == 0) {
                if (array_grow(&s->nodes, s->n_nodes, sizeof(*s->nodes)) < 0)
                        return -ENOMEM;
                s->nodes[s->n_nodes++] = *n;
                *n = (SpaceNode){ 0 };
                *index = s->n_nodes;
        }
        *ret_node = (uint32_t)(*index - 1);
        return 0;
}

int space_node(
        Space *s, uint32_t axis, Wide *starts, uint32_t *children, size_t n, uint32_t *ret_node)
{
        SpaceNode node = { .axis = axis, .n = (uint32_t)n, .starts = starts, .children = children };
        int r = 0;

        if (n == 1)
                *ret_node = children[0];
        else
                r = node_take(s, &node, ret_node);
        free(node.starts);
        free(node.children);
        return r;
}

int space_leaf(Space *s, uint32_t before, uint32_t after, uint32_t *ret_node)
{
        SpaceNode node = { .axis = UINT32_MAX, .before = before, .after = after };

        if (before == after) {
                *ret_node = 0;
                return 0;
        }
        return s->first_is_enough ? -ECANCELED : node_take(s, &node, ret_node);
}
