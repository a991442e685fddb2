/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Owns the search for rules that close one family and leave the other open (shadow.h). */

#include "rules/compare/shadow_internal.h"

#include "rules/address/prefixset.h"
#include "rules/compare/difference.h"
#include "rules/compare/shadow.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"

/* Most rules with addresses of one family close nothing with others, which takes few steps. */
#define TOGETHER_STEPS 15000

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
                some[i] = compiled_rule_has_family(rule, families[i]);
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

/* A few addresses from all over a family: if one passes, the family is not closed. */
static bool passes_somewhere(const Ruleset *r, const CompiledRule *rule, Family family)
{
        static const uint8_t beginnings[] = { 1, 8, 37, 62, 100, 150, 193, 222 };

        if (rule->users.stated || rule->groups.stated || rule->has_units)
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
        const Ruleset *r, Direction direction, size_t index, Steps *steps, Family *ret_open)
{
        _cleanup_(difference_free_p) Difference *d = NULL;
        const CompiledRule *rule = r->directions[direction].rules + index;
        bool whole, is_closed = true, is_other_open = false;
        Family closed = closed_family(rule, &whole);
        Ruleset before = ruleset_narrow(r, direction), after;
        CompiledRule both = *rule;
        Steps few = { 0 };
        int k;

        if (closed == 0 || (!whole && passes_somewhere(r, rule, closed)))
                return 0;
        both.from = both.to = (Match){ .any = true };
        k = ruleset_vary(r, direction, index, &both, &after);
        if (k < 0)
                return k;
        few.max = whole || steps->max < TOGETHER_STEPS ? steps->max : TOGETHER_STEPS;
        k = difference_compute_within(&before, &after, &few, &d);
        steps->made += few.made;
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
