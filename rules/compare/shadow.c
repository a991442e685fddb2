/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what is found out about one rule among others (shadow.h). Refuses to know how it is told:
 * that is shadow_warn.c's.
 */

#include "rules/compare/shadow.h"

#include "rules/compare/difference.h"
#include "rules/compare/space.h"
#include "rules/policy/expiry.h"
#include "rules/ruleset/evaluate.h"

#include <errno.h>

/* Of so many rules that cover another together it is tried whether one alone would. */
#define ALONE_MAX 16
/* At so many moments, when earlier rules end, it is looked again whether a rule does anything. */
#define MOMENTS_MAX 8
/* Most rules with addresses of one family close nothing with others: that is found at once. */
#define TOGETHER_STEPS 15000

void shadow_deinit(Shadow *s)
{
        free(s->by);
        *s = (Shadow){ 0 };
}

/* ---- with and without ---- */

/* The direction with a rule less, or with another one behind it, and nothing else. The rules are
 * borrowed; the array is the caller's to free. */
static int ruleset_vary(const Ruleset *r, Direction direction, size_t index,
        const CompiledRule *behind, Ruleset *ret)
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

/* Only this direction of it. */
static Ruleset ruleset_narrow(const Ruleset *r, Direction direction)
{
        Ruleset narrow = { 0 };

        narrow.directions[direction] = r->directions[direction];
        return narrow;
}

static int find_idle(const Ruleset *r, Direction direction, size_t index, uint64_t steps, bool *ret)
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

/* Whether the rule is idle at that moment too, without what has ended by then. */
static int find_idle_at(const Ruleset *r, Direction direction, size_t index, uint64_t usec,
        uint64_t steps, bool *ret)
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
        const Ruleset *r, Direction direction, size_t index, uint64_t steps, bool *ret)
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

/* ---- who takes its packets ---- */

/* Verdicts of a comparison that asks who gets a packet. */
enum {
        TAKER_RULE,   /* the rule in question */
        TAKER_NOBODY, /* what is left */
        TAKER_FIRST,  /* and on: the earlier rules */
};

/* Compares the earlier rules with the rule in question and they behind it: wherever the two differ
 * the rule would match, and what was there before it takes the packet now. */
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

static int compare_sizes(const void *a, const void *b)
{
        size_t x = *(const size_t *)a, y = *(const size_t *)b;

        return (x > y) - (x < y);
}

/* Who is at the ends of what was compared: *ret is malloc()ed, ascending; *ret_left says that
 * nobody is at some. */
static int takers_read(const Space *s, bool *ret_left, size_t **ret, size_t *ret_n)
{
        size_t *takers = calloc(s->n_nodes + 1, sizeof(*takers)), n = 0;

        if (!takers)
                return -ENOMEM;
        *ret_left = false;
        for (size_t i = 1; i < s->n_nodes; i++) {
                if (s->nodes[i].n != 0)
                        continue;
                if (s->nodes[i].before == TAKER_NOBODY)
                        *ret_left = true;
                else
                        takers[n++] = s->nodes[i].before - TAKER_FIRST;
        }
        qsort(takers, n, sizeof(*takers), compare_sizes);
        *ret = takers;
        *ret_n = n;
        return 0;
}

/* Who takes the packets of the rule, of those earlier ones; some may be left to itself. */
static int takers_find(const RulesetDirection *d, const size_t *earlier, size_t n, size_t index,
        uint64_t steps, bool *ret_left, size_t **ret, size_t *ret_n)
{
        _cleanup_(space_deinit) Space s = { 0 };
        const Ports *ports = &d->rules[index].ports;
        int r = space_init(&s, steps);

        for (size_t i = 0; r >= 0 && i < ports->n; i++)
                r = takers_compare(&s, d, earlier, n, index, ports->items[i]);
        return r < 0 ? r : takers_read(&s, ret_left, ret, ret_n);
}

static int find_cover(const RulesetDirection *d, size_t index, uint64_t steps, Shadow *ret)
{
        _cleanup_free_ size_t *earlier = calloc(index + 1, sizeof(*earlier)), *takers = NULL;
        size_t n = 0, n_earlier = 0;
        bool left;
        int r;

        if (!earlier)
                return -ENOMEM;
        for (size_t i = 0; i < index; i++)
                if (lasts_as_long(d->rules[i].rule, d->rules[index].rule))
                        earlier[n_earlier++] = i;
        r = takers_find(d, earlier, n_earlier, index, steps, &left, &takers, &n);
        if (r < 0 || left || n == 0)
                return r;
        for (size_t i = 0; n > 1 && i < n && i < ALONE_MAX; i++) {
                _cleanup_free_ size_t *alone = NULL;
                size_t n_alone;

                r = takers_find(d, takers + i, 1, index, steps, &left, &alone, &n_alone);
                if (r < 0)
                        return r;
                if (!left) {
                        takers[0] = takers[i];
                        n = 1;
                }
        }
        ret->covered = true;
        ret->by = TAKE_PTR(takers);
        ret->n = n;
        return 0;
}

/* ---- who would take them without it ---- */

/* Compares the rules without and with the one in question: wherever the two differ it matches, and
 * who takes the packet instead is a rule behind it, or nobody. */
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

static int find_deciders(const RulesetDirection *d, size_t index, uint64_t steps, Shadow *ret)
{
        _cleanup_(space_deinit) Space s = { 0 };
        const Ports *ports = &d->rules[index].ports;
        int r = space_init(&s, steps);

        for (size_t i = 0; r >= 0 && i < ports->n; i++)
                r = deciders_compare(&s, d, index, ports->items[i]);
        return r < 0 ? r : takers_read(&s, &ret->by_default, &ret->by, &ret->n);
}

int shadow_find(const Ruleset *r, Direction direction, size_t index, uint64_t steps, Shadow *ret)
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

/* ---- one family alone ---- */

static bool match_is_whole(const Match *m, Family family)
{
        for (size_t i = 0; i < m->n; i++)
                if (range_set_is_whole(m->sets[i].ranges, family))
                        return true;
        return m->any;
}

static bool match_has_family(const Match *m, Family family)
{
        for (size_t i = 0; i < m->n; i++)
                if (range_set_has_family(m->sets[i].ranges, family))
                        return true;
        return m->any;
}

/* The family that a rule closes, by a prefix of length 0 or as far as its addresses go, while it
 * says less of the other; 0: none. */
static Family closed_family(const CompiledRule *rule, bool *ret_whole)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        bool whole[ELEMENTS(families)], some[ELEMENTS(families)];

        if (rule->action != ACTION_DENY && rule->action != ACTION_REJECT)
                return (Family)0;
        for (size_t i = 0; i < ELEMENTS(families); i++) {
                whole[i] = match_is_whole(&rule->from, families[i]) &&
                           match_is_whole(&rule->to, families[i]);
                some[i] = match_has_family(&rule->from, families[i]) &&
                          match_has_family(&rule->to, families[i]);
        }
        *ret_whole = whole[0] != whole[1];
        if (*ret_whole)
                return families[whole[0] ? 0 : 1];
        return whole[0] || some[0] == some[1] ? (Family)0 : families[some[0] ? 0 : 1];
}

static bool is_open(const DifferenceItem *i)
{
        return (i->before.action == ACTION_ALLOW || i->before.action == ACTION_LIMIT) &&
               i->after.action != ACTION_ALLOW && i->after.action != ACTION_LIMIT;
}

/* A few addresses from all over a family: one that passes tells at once that it is not closed. */
static bool passes_somewhere(const Ruleset *r, const CompiledRule *rule, Family family)
{
        static const uint8_t beginnings[] = { 1, 8, 37, 62, 100, 150, 193, 222 };

        if (rule->has_users || rule->has_groups || rule->has_units)
                return false;
        for (size_t i = 0; i < ELEMENTS(beginnings); i++) {
                Address a = { .family = family, .bytes = { beginnings[i], 1, 1, 1 } };
                Verdict v;

                evaluate(r,
                        &(Packet){ .direction = rule->rule->direction,
                                .family = family,
                                .port = rule->ports.items[0],
                                .has_from = true,
                                .has_to = true,
                                .from = a,
                                .to = a,
                                .interface = rule->rule->interface,
                                .in_interface = rule->rule->in_interface,
                                .out_interface = rule->rule->out_interface },
                        &v);
                if (v.action == ACTION_ALLOW || v.action == ACTION_LIMIT)
                        return true;
        }
        return false;
}

int shadow_family(
        const Ruleset *r, Direction direction, size_t index, uint64_t steps, Family *ret_open)
{
        _cleanup_(difference_free_p) Difference *d = NULL;
        const CompiledRule *rule = r->directions[direction].rules + index;
        bool whole, is_closed = true, is_other_open = false;
        Family closed = closed_family(rule, &whole);
        Ruleset before = ruleset_narrow(r, direction), after;
        CompiledRule both = *rule;
        int k;

        if (closed == 0 || (!whole && passes_somewhere(r, rule, closed)))
                return 0;
        both.from = both.to = (Match){ .any = true };
        k = ruleset_vary(r, direction, index, &both, &after);
        if (k < 0)
                return k;
        if (!whole && steps > TOGETHER_STEPS)
                steps = TOGETHER_STEPS;
        k = difference_compute_within(&before, &after, steps, &d);
        free(after.directions[direction].rules);
        if (k < 0)
                return k;
        for (size_t i = 0; i < d->n; i++) {
                const DifferenceItem *item = d->items + i;

                if (!is_open(item))
                        continue;
                is_closed &= !(closed == FAMILY_IPV4 ? item->ipv4 : item->ipv6);
                is_other_open |= closed == FAMILY_IPV4 ? item->ipv6 : item->ipv4;
        }
        if (!is_other_open || (!whole && (!is_closed || !d->complete)))
                return 0;
        *ret_open = closed == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4;
        return whole ? 1 : 2;
}
