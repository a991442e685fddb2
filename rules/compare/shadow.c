/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Owns the search for what one rule does among others (shadow.h). shadow_warn.c words the result.
 */

#include "rules/compare/shadow.h"

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/compare/difference.h"
#include "rules/compare/shadow_internal.h"
#include "rules/compare/space.h"
#include "rules/policy/expiry.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"

#include <errno.h>

/* The number of rules, of those that cover another together, that are tried one by one. */
#define SINGLE_MAX 16
/* The number of moments, at which earlier rules end, that are looked at. */
#define MOMENTS_MAX 8
/* So many rules that a new one hides are looked for. */
#define HIDDEN_MAX 100

void shadow_deinit(Shadow *s)
{
        free(s->by);
        *s = (Shadow){ 0 };
}

/* ---- with and without ---- */

int ruleset_vary(const Ruleset *r, Direction direction, size_t index, const CompiledRule *behind,
        Ruleset *ret)
{
        RulesetDirection d = r->directions[direction];
        size_t keep = behind ? index + 1 : index, rest = d.n - index - 1;
        CompiledRule *rules = calloc(d.n + 1, sizeof(*rules));

        if (!rules)
                return -ENOMEM;
        memcpy(rules, d.rules, keep * sizeof(*rules));
        if (behind)
                rules[keep++] = *behind;
        memcpy(rules + keep, d.rules + index + 1, rest * sizeof(*rules));
        d.rules = rules;
        d.n = keep + rest;
        *ret = (Ruleset){ 0 };
        ret->directions[direction] = d;
        return 0;
}

Ruleset ruleset_narrow(const Ruleset *r, Direction direction)
{
        Ruleset narrow = { 0 };

        narrow.directions[direction] = r->directions[direction];
        return narrow;
}

static int find_idle(const Ruleset *r, Direction direction, size_t index, Steps *steps, bool *ret)
{
        Ruleset with = ruleset_narrow(r, direction), without;
        int k;

        k = ruleset_vary(r, direction, index, NULL, &without);
        if (k < 0)
                return k;
        k = difference_exists(&without, &with, steps);
        free(without.directions[direction].rules);
        if (k < 0)
                return k;
        *ret = k == 0;
        return 0;
}

/* ---- rules that end ---- */

/* Does a last at least as long as b? */
static bool lasts_as_long(const Rule *a, const Rule *b)
{
        uint64_t x = expiry_round(a->expires_usec), y = expiry_round(b->expires_usec);

        return x == 0 || (y != 0 && x >= y);
}

/* When, after that moment, the next rule ends, of those that end before the rule at index does;
 * 0: none. */
static uint64_t next_moment(const RulesetDirection *d, size_t index, uint64_t after_usec)
{
        uint64_t next = 0;

        for (size_t i = 0; i < d->n; i++) {
                uint64_t usec = expiry_round(d->rules[i].rule->expires_usec);

                if (usec > after_usec && (next == 0 || usec < next) &&
                        !lasts_as_long(d->rules[i].rule, d->rules[index].rule))
                        next = usec;
        }
        return next;
}

/* Is the rule idle at that moment too, without the rules and entries that have ended by then? */
static int find_idle_at(
        const Ruleset *r, Direction direction, size_t index, uint64_t usec, Steps *steps, bool *ret)
{
        const RulesetDirection *d = r->directions + direction;
        _cleanup_free_ CompiledRule *rules = calloc(d->n, sizeof(*rules));
        Ruleset then = ruleset_narrow(r, direction);
        size_t n = 0, place = 0;

        if (!rules)
                return -ENOMEM;
        for (size_t i = 0; i < d->n; i++) {
                if (expiry_has_passed(d->rules[i].rule, usec))
                        continue;
                if (i == index)
                        place = n;
                rules[n++] = d->rules[i];
        }
        then.directions[direction].rules = rules;
        then.directions[direction].n = n;
        return find_idle(&then, direction, place, steps, ret);
}

/* A rule that changes nothing now may do so when another has ended. */
static int find_idle_for_ever(
        const Ruleset *r, Direction direction, size_t index, Steps *steps, bool *ret)
{
        uint64_t moment = 0;
        bool idle = true;

        for (size_t i = 0; idle; i++) {
                int k;

                moment = next_moment(r->directions + direction, index, moment);
                if (moment == 0)
                        break;
                if (i == MOMENTS_MAX)
                        return -E2BIG;
                k = find_idle_at(r, direction, index, moment, steps, &idle);
                if (k < 0)
                        return k;
        }
        *ret = idle;
        return 0;
}

/* ---- the rules that take its packets ---- */

/* Verdicts of a comparison that asks which rule gets a packet. */
enum {
        TAKER_RULE,   /* the rule in question */
        TAKER_NOBODY, /* what is left */
        TAKER_FIRST,  /* and on: the earlier rules */
};

/* Compares the earlier rules with the rule in question followed by them: wherever the two differ
 * the rule would match, and an earlier one takes the packet. */
static int takers_compare(Space *s, const RulesetDirection *d, const size_t *earlier, size_t n,
        size_t index, uint16_t port)
{
        _cleanup_(space_numbers_deinit) SpaceNumbers before = { 0 }, after = { 0 };
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        uint32_t node;
        int r;

        r = space_add_rule(s, d->rules + index, TAKER_RULE, &after);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                const CompiledRule *rule = d->rules + earlier[i];
                uint32_t taker = TAKER_FIRST + (uint32_t)earlier[i];

                if (!ports_contain(&rule->ports, port))
                        continue;
                r = space_add_rule(s, rule, taker, &before);
                if (r >= 0)
                        r = space_add_rule(s, rule, taker, &after);
        }
        if (r >= 0)
                r = space_add_rest(s, TAKER_NOBODY, &before);
        if (r >= 0)
                r = space_add_rest(s, TAKER_NOBODY, &after);
        for (size_t i = 0; r >= 0 && i < ELEMENTS(families); i++)
                r = space_compare(s, families[i], &before, &after, &node);
        return r;
}

/* The earlier rules that take packets, ascending. */
typedef struct Takers {
        size_t *items;
        size_t n;
        bool left; /* some packets are taken by none of them */
} Takers;

static void takers_deinit(Takers *t)
{
        free(t->items);
        *t = (Takers){ 0 };
}

static int compare_sizes(const void *a, const void *b)
{
        size_t x = *(const size_t *)a, y = *(const size_t *)b;

        return (x > y) - (x < y);
}

/* The takers at the leaves of a comparison. */
static int takers_read(const Space *s, Takers *ret)
{
        Takers t = { .items = calloc(s->n_nodes + 1, sizeof(*t.items)) };

        if (!t.items)
                return -ENOMEM;
        for (size_t i = 1; i < s->n_nodes; i++) {
                if (s->nodes[i].n != 0)
                        continue;
                if (s->nodes[i].before == TAKER_NOBODY)
                        t.left = true;
                else
                        t.items[t.n++] = s->nodes[i].before - TAKER_FIRST;
        }
        qsort(t.items, t.n, sizeof(*t.items), compare_sizes);
        *ret = t;
        return 0;
}

/* Those of the earlier rules that take packets of the rule at index. */
static int takers_find(const RulesetDirection *d, const size_t *earlier, size_t n, size_t index,
        Steps *steps, Takers *ret)
{
        _cleanup_(space_deinit) Space s = { 0 };
        const Ports *ports = &d->rules[index].ports;
        int r = space_init(&s, steps->max);

        for (size_t i = 0; r >= 0 && i < ports->n; i++)
                r = takers_compare(&s, d, earlier, n, index, ports->items[i]);
        steps->made += s.work;
        return r < 0 ? r : takers_read(&s, ret);
}

static int find_cover(const RulesetDirection *d, size_t index, Steps *steps, Shadow *ret)
{
        _cleanup_free_ size_t *earlier = calloc(index + 1, sizeof(*earlier));
        _cleanup_(takers_deinit) Takers all = { 0 };
        size_t n_earlier = 0;
        int r;

        if (!earlier)
                return -ENOMEM;
        for (size_t i = 0; i < index; i++)
                if (lasts_as_long(d->rules[i].rule, d->rules[index].rule))
                        earlier[n_earlier++] = i;
        r = takers_find(d, earlier, n_earlier, index, steps, &all);
        if (r < 0 || all.left || all.n == 0)
                return r;
        for (size_t i = 0; all.n > 1 && i < all.n && i < SINGLE_MAX; i++) {
                _cleanup_(takers_deinit) Takers single = { 0 };

                r = takers_find(d, all.items + i, 1, index, steps, &single);
                if (r < 0)
                        return r;
                if (!single.left) {
                        all.items[0] = all.items[i];
                        all.n = 1;
                }
        }
        ret->covered = true;
        ret->by = TAKE_PTR(all.items);
        ret->n = all.n;
        return 0;
}

/* ---- the rules that would take them without it ---- */

/* Compares the rules without and with the one in question: wherever the two differ it matches, and
 * without it a rule behind it takes the packet, or none. */
static int deciders_compare(Space *s, const RulesetDirection *d, size_t index, uint16_t port)
{
        _cleanup_(space_numbers_deinit) SpaceNumbers without = { 0 }, with = { 0 };
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        uint32_t node;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < d->n; i++) {
                uint32_t taker = i == index ? TAKER_RULE : TAKER_FIRST + (uint32_t)i;

                if (!ports_contain(&d->rules[i].ports, port))
                        continue;
                r = space_add_rule(s, d->rules + i, taker, &with);
                if (r >= 0 && i != index)
                        r = space_add_rule(s, d->rules + i, taker, &without);
        }
        if (r >= 0)
                r = space_add_rest(s, TAKER_NOBODY, &without);
        if (r >= 0)
                r = space_add_rest(s, TAKER_NOBODY, &with);
        for (size_t i = 0; r >= 0 && i < ELEMENTS(families); i++)
                r = space_compare(s, families[i], &without, &with, &node);
        return r;
}

static int find_deciders(const RulesetDirection *d, size_t index, Steps *steps, Shadow *ret)
{
        _cleanup_(space_deinit) Space s = { 0 };
        const Ports *ports = &d->rules[index].ports;
        Takers takers;
        int r = space_init(&s, steps->max);

        for (size_t i = 0; r >= 0 && i < ports->n; i++)
                r = deciders_compare(&s, d, index, ports->items[i]);
        steps->made += s.work;
        if (r >= 0)
                r = takers_read(&s, &takers);
        if (r < 0)
                return r;
        ret->by_default = takers.left;
        ret->by = takers.items;
        ret->n = takers.n;
        return 0;
}

int shadow_find(const Ruleset *r, Direction direction, size_t index, Steps *steps, Shadow *ret)
{
        Shadow s = { 0 };
        int k;

        k = find_idle(r, direction, index, steps, &s.idle);
        if (k >= 0 && s.idle)
                k = find_cover(r->directions + direction, index, steps, &s);
        if (k >= 0 && s.idle && !s.covered)
                k = find_idle_for_ever(r, direction, index, steps, &s.idle);
        if (k >= 0 && s.idle && !s.covered)
                k = find_deciders(r->directions + direction, index, steps, &s);
        if (k < 0)
                return k;
        *ret = s;
        return 0;
}

/* ---- the rules that a new one hides ---- */

bool match_is_whole(const Match *m, Family family)
{
        for (size_t i = 0; i < m->n; i++)
                if (range_set_is_whole(m->sets[i].ranges, family))
                        return true;
        return m->any;
}

/* Can it take every packet of another at all? A quick test without a search, so yes means maybe. */
static bool may_hide(const CompiledRule *rule, const CompiledRule *other)
{
        if (rule->action == other->action || !lasts_as_long(rule->rule, other->rule))
                return false;
        for (size_t i = 0; i < other->ports.n; i++)
                if (!ports_contain(&rule->ports, other->ports.items[i]))
                        return false;
        return !other->from.any || (match_is_whole(&rule->from, FAMILY_IPV4) &&
                                           match_is_whole(&rule->from, FAMILY_IPV6));
}

/* Do these earlier rules take every packet of the one at place? At least one there must be. */
static int is_taken(const RulesetDirection *d, const size_t *earlier, size_t n, size_t place,
        Steps *steps, bool *ret)
{
        _cleanup_(takers_deinit) Takers t = { 0 };
        int r = takers_find(d, earlier, n, place, steps, &t);

        if (r >= 0)
                *ret = !t.left && t.n > 0;
        return r;
}

/* The rule at index takes all of the one at place, which would get some of it otherwise. */
static int find_hidden(
        const RulesetDirection *d, size_t index, size_t place, Steps *steps, bool *ret)
{
        _cleanup_free_ size_t *others = calloc(place, sizeof(*others));
        bool taken = false;
        size_t n = 0;
        int r;

        *ret = false;
        if (!others)
                return -ENOMEM;
        r = is_taken(d, &index, 1, place, steps, &taken);
        if (r < 0 || !taken)
                return r;
        for (size_t i = 0; i < place; i++)
                if (i != index)
                        others[n++] = i;
        taken = false;
        if (n > 0)
                r = is_taken(d, others, n, place, steps, &taken);
        *ret = r >= 0 && !taken;
        return r;
}

int shadow_hidden(const Ruleset *r, Direction direction, size_t index, Steps *steps, Shadow *ret)
{
        const RulesetDirection *d = r->directions + direction;
        _cleanup_(shadow_deinit) Shadow s = { .by = calloc(HIDDEN_MAX, sizeof(*s.by)) };
        Steps left = { .max = steps->max };

        if (!s.by)
                return -ENOMEM;
        for (size_t i = index + 1; i < d->n && s.n < HIDDEN_MAX && left.made < left.max; i++) {
                bool hidden;
                int k;

                if (!may_hide(d->rules + index, d->rules + i))
                        continue;
                k = find_hidden(d, index, i, &left, &hidden);
                if (k == -ENOMEM)
                        return k;
                if (k >= 0 && hidden)
                        s.by[s.n++] = i;
        }
        steps->made += left.made;
        *ret = TAKE_STRUCT(s);
        return 0;
}
