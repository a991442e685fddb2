/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The compiled ruleset as an object and as text. Decides nothing: compile makes it.
 */

#include "rules/ruleset/ruleset.h"

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"

#include <errno.h>
#include <inttypes.h>

static void match_deinit(Match *m)
{
        for (size_t i = 0; i < m->n; i++) {
                range_set_unref(m->sets[i].ranges);
                timed_set_unref(m->sets[i].timed);
        }
        free(m->sets);
}

void compiled_rule_deinit(CompiledRule *r)
{
        match_deinit(&r->from);
        match_deinit(&r->to);
        free(r->users.ids);
        free(r->groups.ids);
        free(r->units);
        rule_unref(r->rule);
        *r = (CompiledRule){ 0 };
}

Ruleset *ruleset_free(Ruleset *r)
{
        if (!r)
                return NULL;
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                for (size_t i = 0; i < r->directions[d].n; i++)
                        compiled_rule_deinit(r->directions[d].rules + i);
                free(r->directions[d].rules);
        }
        for (size_t i = 0; i < r->n_sets; i++) {
                free(r->sets[i].name);
                range_set_unref(r->sets[i].ranges);
                timed_set_unref(r->sets[i].timed);
        }
        free(r->sets);
        subordinates_deinit(&r->subordinates);
        free(r->accounts.ids);
        free(r);
        return NULL;
}

bool compiled_rule_limits(const CompiledRule *r)
{
        return r->action == ACTION_LIMIT || r->audited == ACTION_LIMIT;
}

Action ruleset_default(const RulesetDirection *d, uint16_t port)
{
        bool enforced = ports_contain(&d->managed, port) && !ports_contain(&d->audited, port);

        return enforced ? d->default_action : ACTION_ALLOW;
}

bool compiled_ids_contain(const CompiledIds *l, uint32_t id)
{
        for (size_t i = 0; l->stated && i < l->n; i++)
                if (l->ids[i] == id)
                        return true;
        return !l->stated;
}

/* ---- comparing ---- */

static bool units_equal(const CompiledRule *a, const CompiledRule *b)
{
        if (a->n_units != b->n_units)
                return false;
        for (size_t i = 0; i < a->n_units; i++)
                if (a->units[i].cgroup != b->units[i].cgroup ||
                        a->units[i].level != b->units[i].level)
                        return false;
        return true;
}

static bool ids_equal(const CompiledIds *a, const CompiledIds *b)
{
        return a->n == b->n && (a->n == 0 || memcmp(a->ids, b->ids, a->n * sizeof(*a->ids)) == 0);
}

bool ruleset_same_identities(const Ruleset *a, const Ruleset *b)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                const RulesetDirection *x = &a->directions[d], *y = &b->directions[d];

                if (x->n != y->n)
                        return false;
                for (size_t i = 0; i < x->n; i++)
                        if (!ids_equal(&x->rules[i].users, &y->rules[i].users) ||
                                !ids_equal(&x->rules[i].groups, &y->rules[i].groups) ||
                                !units_equal(&x->rules[i], &y->rules[i]))
                                return false;
        }
        return subordinates_equal(&a->subordinates, &b->subordinates) &&
               ids_equal(&a->accounts, &b->accounts);
}

/* ---- text ---- */
