/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reports the consequences of a change besides the lines that it adds and removes: its effect on
 * packets, and warnings for the author of a rule. Changes nothing.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/compare/difference.h"
#include "rules/compare/idnames.h"
#include "rules/compare/shadow.h"
#include "rules/policy/effective.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

/* A change that is made is answered at once: what takes longer than a millisecond or two is left to
 * a dry run. */
#define EFFECT_STEPS 15000
/* Mostly it is found at once whether a rule has an effect; if not, the answer is worth the time. */
#define WARNING_STEPS 300000
#define EFFECT_LINES_MAX 200
/* Of so many rules in one call each is looked at. */
#define WARNED_RULES_MAX 20
/* And of files' rules as many as can be in so long. */
#define FILES_USEC 200000
#define FILES_DRY_USEC 2000000

static uint64_t effect_steps(bool in_hurry)
{
        return in_hurry ? EFFECT_STEPS : DIFFERENCE_STEPS_MAX;
}

/* ---- what changes for packets ---- */

static int report_difference(
        Manager *m, const Ruleset *before, const Ruleset *after, bool in_hurry, ChangeResult *r)
{
        _cleanup_(difference_free_p) Difference *d = NULL;
        IdNames ids = host_id_names(m->names);
        int q;

        q = difference_compute_within(before, after, &(Steps){ .max = effect_steps(in_hurry) }, &d);
        if (q == -E2BIG)
                return strv_append(&r->effects,
                        in_hurry ? "too much changes for packets to list at once; use a dry run"
                                 : "too much changes for packets to list");
        return q < 0 ? q : difference_print(d, &ids, EFFECT_LINES_MAX, &r->effects);
}

/* *ret is NULL for a policy that is not enabled. */
static int compile_enabled(Manager *m, const Policy *p, Ruleset **ret)
{
        _cleanup_resolver_ Resolver names = manager_resolver(m, p, RESOLVE_IN_FORCE);

        return policy_enabled(p) ? resolver_compile(&names, NULL, ret) : 0;
}

int manager_tell_difference(Manager *m, const Policy *before, const Policy *after, ChangeResult *r)
{
        _cleanup_(ruleset_free_p) Ruleset *old = NULL, *new = NULL;
        int q;

        q = compile_enabled(m, before, &old);
        if (q >= 0)
                q = compile_enabled(m, after, &new);
        if (q >= 0)
                q = report_difference(m, old, new, false, r);
        return q == -ENOMEM ? change_no_memory(r) : 0;
}

/* ---- what the author should know ---- */

static bool is_local_only(const struct ifaddrs *a)
{
        const struct sockaddr_in6 *sin6 = (const void *)a->ifa_addr;

        return (a->ifa_flags & IFF_LOOPBACK) ||
               (a->ifa_addr->sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr));
}

/* Both, if they cannot be found out. */
static HostFamilies families_ask(void)
{
        HostFamilies f = { 0 };
        struct ifaddrs *all;

        if (getifaddrs(&all) < 0)
                return (HostFamilies){ true, true };
        for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
                if (!a->ifa_addr || is_local_only(a))
                        continue;
                f.ipv4 |= a->ifa_addr->sa_family == AF_INET;
                f.ipv6 |= a->ifa_addr->sa_family == AF_INET6;
        }
        freeifaddrs(all);
        return f;
}

static HostFamilies host_families(const Manager *m)
{
        return m->counters.held.only ? m->families : families_ask();
}

void manager_hold_families(Manager *m)
{
        m->families = families_ask();
}

/* Asks the kernel only where it may matter. */
static HostFamilies families_of_interest(const Manager *m, const RuleList *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i]->from.n > 0 || l->items[i]->to.n > 0)
                        return host_families(m);
        return (HostFamilies){ 0 };
}

static int report_rules(const Manager *m, const Proposal *p, const Ruleset *ruleset,
        const Change *c, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        ShadowContext context = { .own = &p->state->rules,
                .is_stored = !c->dry_run,
                .now_usec = clock_now_usec(CLOCK_REALTIME),
                .steps = &(Steps){ .max = c->dry_run ? DIFFERENCE_STEPS_MAX : WARNING_STEPS } };

        if (p->n_added == 0 || p->n_added > WARNED_RULES_MAX || p->state->lockdown)
                return 0;
        context.families = families_of_interest(m, &p->state->rules);
        for (size_t i = 0; i < p->n_added; i++)
                if (shadow_warn(ruleset, p->added[i], &context, &d) < 0)
                        return -ENOMEM;
        return change_warn(r, &d);
}

static int report_set(const Manager *m, const Proposal *p, const Ruleset *ruleset, const Change *c,
        ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        ShadowContext context = { .own = &p->state->rules,
                .now_usec = clock_now_usec(CLOCK_REALTIME),
                .steps = &(Steps){ .max = c->dry_run ? DIFFERENCE_STEPS_MAX : WARNING_STEPS } };

        if (!p->set || !shadow_set_whole_changed(m->in_force.ruleset, ruleset, p->set))
                return 0;
        context.families = host_families(m);
        return shadow_warn_set(ruleset, p->set, &context, &d) < 0 ? -ENOMEM : change_warn(r, &d);
}

/* ---- rules of files, roles and fragments that come in ---- */

typedef struct Ids {
        uint64_t *items; /* ascending */
        size_t n;
} Ids;

static void ids_deinit(Ids *ids)
{
        free(ids->items);
}

static int ids_of(const RulesetDirection *d, Ids *ret)
{
        ret->items = calloc(d->n + 1, sizeof(uint64_t));
        if (!ret->items)
                return -ENOMEM;
        for (size_t i = 0; i < d->n; i++)
                ret->items[ret->n++] = d->rules[i].rule->id;
        qsort(ret->items, ret->n, sizeof(uint64_t), number_compare);
        return 0;
}

static int warn_new(const RulesetDirection *old, const Ruleset *new, Direction direction,
        const ShadowContext *context, uint64_t end_usec, Diagnostics *d)
{
        const RulesetDirection *rules = new->directions + direction;
        _cleanup_(ids_deinit) Ids known = { 0 };

        if (ids_of(old, &known) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < rules->n && clock_now_usec(CLOCK_MONOTONIC) < end_usec; i++) {
                const Rule *rule = rules->rules[i].rule;

                if (rule->source == SOURCE_P25CTL ||
                        bsearch(&rule->id, known.items, known.n, sizeof(uint64_t), number_compare))
                        continue;
                if (shadow_warn_rule(new, direction, i, context, d) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Files, fragments or roles: looked at only if the change touches them. */
static bool documents_differ(const Manager *m, const Proposal *p, const Policy *next)
{
        const State *old = m->in_force.policy->state, *new = p->state;

        if (p->files || old->n_fragments != new->n_fragments)
                return true;
        for (size_t i = 0; i < new->n_fragments; i++)
                if (old->fragments[i] != new->fragments[i])
                        return true;
        return !strv_equal(policy_role_names(m->in_force.policy), policy_role_names(next));
}

static int report_file_rules(const Manager *m, const Proposal *p, const Ruleset *ruleset,
        const Change *c, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        uint64_t end = clock_now_usec(CLOCK_MONOTONIC) + (c->dry_run ? FILES_DRY_USEC : FILES_USEC);
        ShadowContext context = { .own = &p->state->rules,
                .is_stored = true,
                .families = host_families(m),
                .now_usec = clock_now_usec(CLOCK_REALTIME),
                .steps = &(Steps){ .max = c->dry_run ? WARNING_STEPS : EFFECT_STEPS } };

        for (Direction i = 0; i < _DIRECTION_MAX; i++)
                if (warn_new(m->in_force.ruleset->directions + i, ruleset, i, &context, end, &d) <
                        0)
                        return -ENOMEM;
        return change_warn(r, &d);
}

/* ---- roles that come in, or stay when others go ---- */

/* What one role closed, the others may leave open when it goes. */
static bool other_roles(const Policy *p, char *const *known)
{
        char *const *names = policy_role_names(p);

        return names && *names && !strv_equal(names, known);
}

static int report_roles(const Manager *m, const Prospect *next, ChangeResult *r)
{
        bool begins = next->enabled && !m->in_force.installed;
        char *const *known = begins ? NULL : policy_role_names(m->in_force.policy);

        if (manager_tell_roles(m, next->policy, known, &r->warnings) < 0)
                return -ENOMEM;
        return other_roles(next->policy, known)
                       ? manager_tell_programs(m, next->policy, next->ruleset, &r->warnings)
                       : 0;
}

static int report_replay(
        const Manager *m, const Ruleset *before, const Ruleset *after, ChangeResult *r)
{
        return m->replay.tell ? m->replay.tell(m->replay.data, before, after, &r->replay) : 0;
}

int change_tell_effects(
        Manager *m, const Proposal *p, const Prospect *next, const Change *c, ChangeResult *r)
{
        bool lockdown = m->in_force.policy->state->lockdown || p->state->lockdown;
        const Ruleset *before = m->in_force.installed ? m->in_force.ruleset : NULL;
        const Ruleset *after = next->enabled ? next->ruleset : NULL;

        if (!r->diff)
                return 0;
        if (report_difference(m, before, after, !c->dry_run, r) < 0 ||
                (c->dry_run && report_replay(m, before, after, r) < 0) ||
                report_rules(m, p, next->ruleset, c, r) < 0)
                return change_no_memory(r);
        if (!next->policy || lockdown)
                return 0;
        if ((documents_differ(m, p, next->policy) &&
                    report_file_rules(m, p, next->ruleset, c, r) < 0) ||
                report_set(m, p, next->ruleset, c, r) < 0 || report_roles(m, next, r) < 0)
                return change_no_memory(r);
        return 0;
}
