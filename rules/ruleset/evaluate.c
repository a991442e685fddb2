/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The meaning of a ruleset, in the plainest code: every backend is measured against it, so it is
 * exact before it is fast. Does not depend on names, hosts or kernels.
 */

#include "rules/ruleset/evaluate.h"

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/policy/expiry.h"
#include "rules/policy/rule.h"
#include "rules/policy/subordinate.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ids.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"

/* An address that is not known may be any of its family's: only what holds them all, for good,
 * matches. */
static bool set_matches(const MatchSet *s, const Packet *p, bool known, const Address *a)
{
        if (!known)
                return !s->timed && range_set_is_whole(s->ranges, p->family);
        return range_set_contains(s->ranges, a) &&
               (!s->timed || timed_set_contains(s->timed, a, p->time_usec));
}

static bool match_matches(const Match *m, const Packet *p, bool known, const Address *a)
{
        if (m->any)
                return true;
        for (size_t i = 0; i < m->n; i++)
                if (set_matches(&m->sets[i], p, known, a))
                        return true;
        return false;
}

static bool interface_matches(const char *wanted, const char *known)
{
        return !wanted || (known && streq(wanted, known));
}

/* A lent id matches as itself and as its owner. */
static bool id_matches(const CompiledIds *l, const IdRanges *lent, bool has_id, uint32_t id)
{
        uint32_t owner;

        if (!l->stated || !has_id)
                return !l->stated;
        return compiled_ids_contain(l, id) ||
               (id_ranges_owner(lent, id, &owner) && compiled_ids_contain(l, owner));
}

/* Is it an instance of the template, "postfix@*.service" or "postfix@*"? */
static bool unit_is_instance(const char *template, const char *unit)
{
        const char *star = strstr(template, "@*");

        return star && strncmp(template, unit, (size_t)(star - template) + 1) == 0 &&
               unit[star - template + 1] != '\0';
}

/* "postfix" is short for "postfix.service". */
static bool unit_is(const char *a, const char *b)
{
        static const char type[] = ".service";
        size_t n = strlen(a), m = strlen(b);

        if (n < m)
                return unit_is(b, a);
        return strncmp(a, b, m) == 0 && (n == m || streq(a + m, type));
}

static bool unit_matches(const CompiledUnit *u, const Packet *p)
{
        if (p->unit)
                return unit_is(u->name, p->unit) || unit_is_instance(u->name, p->unit);
        for (size_t i = 0; u->cgroup != 0 && i < p->n_cgroups; i++)
                if (p->cgroups[i] == u->cgroup)
                        return true;
        return false;
}

static bool units_match(const CompiledRule *r, const Packet *p)
{
        if (!r->has_units)
                return true;
        for (size_t i = 0; i < r->n_units; i++)
                if (unit_matches(r->units + i, p))
                        return true;
        return false;
}

static bool addresses_match(const CompiledRule *r, const Packet *p)
{
        return ports_contain(&r->ports, p->port) &&
               match_matches(&r->from, p, p->has_from, &p->from) &&
               match_matches(&r->to, p, p->has_to, &p->to) &&
               !expiry_has_passed(r->rule, p->time_usec);
}

static bool interfaces_match(const Rule *r, const Packet *p)
{
        return interface_matches(r->interface, p->interface) &&
               interface_matches(r->in_interface, p->in_interface) &&
               interface_matches(r->out_interface, p->out_interface);
}

static bool user_matches(const Subordinates *s, const CompiledRule *r, const Packet *p)
{
        return id_matches(&r->users, &s->users, p->has_uid, p->uid);
}

static bool group_matches(const Subordinates *s, const CompiledRule *r, const Packet *p)
{
        return id_matches(&r->groups, &s->groups, p->has_gid, p->gid);
}

static bool rule_matches(const Subordinates *s, const CompiledRule *r, const Packet *p)
{
        return addresses_match(r, p) && interfaces_match(r->rule, p) && user_matches(s, r, p) &&
               group_matches(s, r, p) && units_match(r, p);
}

void evaluate(const Ruleset *r, const Packet *p, Verdict *ret)
{
        const RulesetDirection *d = r->directions + p->direction;

        for (size_t i = 0; i < d->n; i++)
                if (rule_matches(&r->subordinates, d->rules + i, p)) {
                        *ret = (Verdict){ .action = d->rules[i].action,
                                .audited = d->rules[i].audited,
                                .rule = d->rules + i,
                                .index = i };
                        return;
                }
        *ret = (Verdict){ .action = ruleset_default(d, p->port),
                .audited = ports_contain(&d->audited, p->port) ? d->default_action : ACTION_ALLOW,
                .index = d->n,
                .by_default = ports_contain(&d->managed, p->port) };
}

/* ---- in doubt ---- */

static bool interface_may_match(const char *wanted, const char *known)
{
        return !known || interface_matches(wanted, known);
}

static bool interfaces_may_match(const Rule *r, const Packet *p)
{
        return interface_may_match(r->interface, p->interface) &&
               interface_may_match(r->in_interface, p->in_interface) &&
               interface_may_match(r->out_interface, p->out_interface);
}

/* A unit that does not run has no processes. */
static bool unit_may_match(const CompiledRule *r)
{
        for (size_t i = 0; i < r->n_units; i++)
                if (r->units[i].cgroup != 0)
                        return true;
        return false;
}

static bool rule_may_match(const Subordinates *s, const CompiledRule *r, const Packet *p, Doubt d)
{
        return addresses_match(r, p) && user_matches(s, r, p) &&
               (interfaces_match(r->rule, p) ||
                       (d.interfaces && interfaces_may_match(r->rule, p))) &&
               (group_matches(s, r, p) || (d.group && !p->has_gid && r->groups.n > 0)) &&
               (units_match(r, p) || (d.unit && p->n_cgroups == 0 && unit_may_match(r)));
}

const CompiledRule *rule_in_doubt(const Ruleset *r, const Packet *p, Doubt doubt, const Verdict *v)
{
        const RulesetDirection *d = r->directions + p->direction;

        for (size_t i = 0; i < v->index; i++)
                if (d->rules[i].action != v->action &&
                        rule_may_match(&r->subordinates, d->rules + i, p, doubt))
                        return d->rules + i;
        return NULL;
}

static bool action_refuses(Action a)
{
        return a == ACTION_DENY || a == ACTION_REJECT;
}

bool is_refused_surely(const Ruleset *r, const Packet *p, Doubt doubt)
{
        const RulesetDirection *d = r->directions + p->direction;

        for (size_t i = 0; i < d->n; i++) {
                const CompiledRule *rule = d->rules + i;

                if (!rule_may_match(&r->subordinates, rule, p, doubt))
                        continue;
                if (!action_refuses(rule->action))
                        return false;
                if (rule_matches(&r->subordinates, rule, p))
                        return true;
        }
        return action_refuses(ruleset_default(d, p->port));
}

static bool match_has_family(const Match *m, Family family)
{
        if (m->any)
                return true;
        for (size_t i = 0; i < m->n; i++)
                if (range_set_has_family(m->sets[i].ranges, family))
                        return true;
        return false;
}

bool compiled_rule_has_family(const CompiledRule *r, Family family)
{
        return match_has_family(&r->from, family) && match_has_family(&r->to, family);
}
