/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the comparison of two rulesets: which lists of rules judge which port, and what the regions
 * that space.h finds are called. Does not depend on how regions are found or printed.
 */

#include "rules/compare/difference.h"

#include "rules/base/array.h"
#include "rules/compare/difference_internal.h"
#include "rules/compare/space.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

/* ---- verdicts as numbers ---- */

typedef struct Verdicts {
        DifferenceVerdict *items;
        size_t n;
        NumberMap by_key; /* index + 1 */
} Verdicts;

static void verdicts_deinit(Verdicts *v)
{
        free(v->items);
        number_map_deinit(&v->by_key);
}

/* The ranges of a limit's numbers leave room for all of them in one. */
static uint64_t verdict_key(const DifferenceVerdict *v)
{
        const Limit *l = &v->limit;
        uint64_t unit = (uint64_t)(l->unit_sec > 0) + (l->unit_sec > 1) + (l->unit_sec > 60) +
                        (l->unit_sec > 3600);

        return (uint64_t)l->rate << 38 | (uint64_t)l->burst << 22 | (uint64_t)l->open << 6 |
               unit << 3 | ((uint64_t)v->action + 1);
}

static int verdict_number(Verdicts *l, DifferenceVerdict v, uint32_t *ret)
{
        uint64_t *index;

        if (v.action != ACTION_LIMIT)
                v.limit = (Limit){ 0 };
        if (v.limit.rate == 0)
                v.limit.unit_sec = v.limit.burst = 0;
        index = number_map_get(&l->by_key, verdict_key(&v));
        if (!index)
                return -ENOMEM;
        if (*index == 0) {
                if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0)
                        return -ENOMEM;
                l->items[l->n++] = v;
                *index = l->n;
        }
        *ret = (uint32_t)(*index - 1);
        return 0;
}

/* ---- lists of rules ---- */

/* One direction of one ruleset: the entries of each rule. */
typedef struct Side {
        const RulesetDirection *rules; /* NULL: everything is allowed */
        SpaceNumbers entries;
        size_t *ends; /* by rule: where its entries end */
} Side;

typedef struct DirectionComparison {
        Direction direction;
        Space space;
        Verdicts verdicts;
        Side sides[2];
        Difference *result;
} DirectionComparison;

static void direction_deinit(DirectionComparison *c)
{
        for (size_t i = 0; i < 2; i++) {
                space_numbers_deinit(&c->sides[i].entries);
                free(c->sides[i].ends);
        }
        space_deinit(&c->space);
        verdicts_deinit(&c->verdicts);
}

static int side_add_rules(DirectionComparison *c, Side *side)
{
        size_t n = side->rules ? side->rules->n : 0;

        side->ends = calloc(n + 1, sizeof(*side->ends));
        if (!side->ends)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const CompiledRule *rule = side->rules->rules + i;
                DifferenceVerdict v = { rule->action, rule->limit };
                uint32_t number;

                int r = verdict_number(&c->verdicts, v, &number);

                if (r >= 0)
                        r = space_add_rule(&c->space, rule, number, &side->entries);
                if (r < 0)
                        return r;
                side->ends[i] = side->entries.n;
        }
        return 0;
}

/* The list of entries that judges a port. */
static int side_list(DirectionComparison *c, Side *side, uint16_t port, SpaceNumbers *list)
{
        DifferenceVerdict rest = { .action = side->rules ? ruleset_default(side->rules, port)
                                                         : ACTION_ALLOW };
        uint32_t number;
        size_t k = 0;

        for (size_t i = 0; side->rules && i < side->rules->n; i++) {
                bool named = ports_contain(&side->rules->rules[i].ports, port);

                for (; k < side->ends[i]; k++)
                        if (named && space_numbers_add(list, side->entries.items[k]) < 0)
                                return -ENOMEM;
        }
        if (verdict_number(&c->verdicts, rest, &number) < 0)
                return -ENOMEM;
        return space_add_rest(&c->space, number, list);
}

/* ---- ports that are judged alike ---- */

typedef struct Group {
        Ports ports;
        SpaceNumbers lists[2];
} Group;

typedef struct Groups {
        Group items[2 * PORTS_MAX];
        size_t n;
} Groups;

static void groups_deinit(Groups *g)
{
        for (size_t i = 0; i < g->n; i++)
                for (size_t side = 0; side < 2; side++)
                        space_numbers_deinit(g->items[i].lists + side);
}

static bool numbers_equal(const SpaceNumbers *a, const SpaceNumbers *b)
{
        return a->n == b->n && memcmp(a->items, b->items, a->n * sizeof(*a->items)) == 0;
}

static bool groups_take(Groups *g, uint16_t port, const SpaceNumbers lists[static 2])
{
        for (size_t i = 0; i < g->n; i++)
                if (numbers_equal(g->items[i].lists, lists) &&
                        numbers_equal(g->items[i].lists + 1, lists + 1) &&
                        ports_add(&g->items[i].ports, port) >= 0)
                        return true;
        return false;
}

static int groups_add(DirectionComparison *c, Groups *g, uint16_t port)
{
        Group new = { .ports = { .items = { port }, .n = 1 } };
        int r = 0;

        for (size_t side = 0; r >= 0 && side < 2; side++)
                r = side_list(c, c->sides + side, port, new.lists + side);
        if (r >= 0 && g->n < ELEMENTS(g->items) && !groups_take(g, port, new.lists)) {
                g->items[g->n++] = new;
                return 0;
        }
        for (size_t side = 0; side < 2; side++)
                space_numbers_deinit(new.lists + side);
        return r;
}

static int groups_collect(DirectionComparison *c, Groups *g)
{
        const Ports *first = c->sides[0].rules ? &c->sides[0].rules->watched : NULL;

        for (size_t side = 0; side < 2; side++) {
                const RulesetDirection *rd = c->sides[side].rules;

                for (size_t i = 0; rd && i < rd->watched.n; i++) {
                        uint16_t port = rd->watched.items[i];
                        int r = 0;

                        if (side == 0 || !first || !ports_contain(first, port))
                                r = groups_add(c, g, port);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* ---- the whole ---- */

static int regions_add(DirectionComparison *c, const Group *g, Family family, SpaceRegions *regions)
{
        Difference *d = c->result;

        d->complete &= regions->complete;
        for (size_t i = 0; i < regions->n; i++) {
                SpaceRegion *region = regions->items + i;
                DifferenceItem item = { .direction = c->direction,
                        .before = c->verdicts.items[region->before],
                        .after = c->verdicts.items[region->after],
                        .ports = g->ports,
                        .ipv4 = family == FAMILY_IPV4,
                        .ipv6 = family == FAMILY_IPV6 };

                if (d->n == DIFFERENCE_ITEMS_MAX) {
                        d->complete = false;
                        return 0;
                }
                if (difference_item_fill(&c->space, region, &item) < 0 ||
                        difference_add(d, &item) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int group_compare(DirectionComparison *c, const Group *g)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        size_t first = c->result->n;

        for (size_t i = 0; i < ELEMENTS(families); i++) {
                _cleanup_(space_regions_deinit) SpaceRegions regions = { 0 };
                uint32_t node;
                int r;

                r = space_compare(&c->space, families[i], g->lists, g->lists + 1, &node);
                if (r >= 0)
                        r = space_regions(
                                &c->space, families[i], node, DIFFERENCE_ITEMS_MAX, &regions);
                if (r >= 0)
                        r = regions_add(c, g, families[i], &regions);
                if (r < 0)
                        return r;
        }
        return difference_join_families(c->result, first);
}

static int direction_compare(Difference *d, Direction direction, Steps *steps, bool first_is_enough)
{
        _cleanup_(direction_deinit) DirectionComparison c = { .direction = direction, .result = d };
        _cleanup_(groups_deinit) Groups groups = { .n = 0 };
        const Ruleset *rulesets[] = { d->before, d->after };
        uint64_t n_rules = 0;
        size_t first = d->n;
        int r;

        for (size_t side = 0; side < 2; side++)
                n_rules += rulesets[side] ? rulesets[side]->directions[direction].n : 0;
        if (n_rules > steps->max)
                return -E2BIG;
        r = space_init(&c.space, steps->max);
        c.space.first_is_enough = first_is_enough;
        for (size_t side = 0; r >= 0 && side < 2; side++) {
                if (rulesets[side])
                        c.sides[side].rules = rulesets[side]->directions + direction;
                r = side_add_rules(&c, c.sides + side);
        }
        if (r >= 0)
                r = groups_collect(&c, &groups);
        for (size_t i = 0; r >= 0 && i < groups.n; i++)
                r = group_compare(&c, groups.items + i);
        steps->made += c.space.work;
        return r < 0 ? r : difference_join_ports(d, first);
}

int difference_compute(const Ruleset *before, const Ruleset *after, Difference **ret)
{
        Steps steps = { .max = DIFFERENCE_STEPS_MAX };

        return difference_compute_within(before, after, &steps, ret);
}

int difference_compute_within(
        const Ruleset *before, const Ruleset *after, Steps *steps, Difference **ret)
{
        _cleanup_(difference_free_p) Difference *d = calloc(1, sizeof(*d));

        if (!d)
                return -ENOMEM;
        d->before = before;
        d->after = after;
        d->complete = true;
        for (Direction i = 0; i < _DIRECTION_MAX; i++) {
                int r = direction_compare(d, i, steps, false);

                if (r < 0)
                        return r;
        }
        difference_sort(d);
        *ret = TAKE_PTR(d);
        return 0;
}

int difference_exists(const Ruleset *before, const Ruleset *after, Steps *steps)
{
        Difference d = { .before = before, .after = after };

        for (Direction i = 0; i < _DIRECTION_MAX; i++) {
                int r = direction_compare(&d, i, steps, true);

                if (r < 0)
                        return r == -ECANCELED ? 1 : r;
        }
        return 0;
}
