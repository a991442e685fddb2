/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Decides where no rule matches: the default of each direction, and the ports on which it is only
 * reported.
 */

#include "rules/compile/compilation.h"

#include "rules/policy/audit.h"
#include "rules/policy/effective.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/state.h"

void ports_add_all(Ports *p, const Ports *more)
{
        for (size_t i = 0; i < more->n; i++)
                (void)ports_add(p, more->items[i]);
}

void default_set(Compilation *c, Direction d, Action action, DefaultOrigin origin)
{
        RulesetDirection *rd = c->ruleset->directions + d;

        rd->default_action = action;
        rd->log_default = logging_covers(c->logging, d, action);
        rd->log_audited = c->logging > LOGGING_OFF;
        c->ruleset->default_origins[d] = origin;
}

/* deny > reject > allow */
static unsigned action_strictness(Action a)
{
        switch (a) {
        case ACTION_DENY:
                return 3;
        case ACTION_REJECT:
                return 2;
        case ACTION_ALLOW:
        case ACTION_LIMIT:
                return 1;
        case _ACTION_MAX:
        case _ACTION_INVALID:
                break;
        }
        return 0;
}

/* The strictest default of the roles that are in audit, or of those that are not. */
static Action roles_default(
        const Policy *p, const Role *const *roles, size_t n, Direction d, bool audit)
{
        Action strictest = _ACTION_INVALID;

        for (size_t i = 0; i < n; i++)
                if (policy_audits_role(p, roles[i]) == audit &&
                        action_strictness(roles[i]->defaults.of[d]) > action_strictness(strictest))
                        strictest = roles[i]->defaults.of[d];
        return strictest;
}

/* Ports that would be managed without the roles in audit. */
static void enforced_ports(
        const Compilation *c, const Role *const *roles, size_t n, Direction d, Ports *ret)
{
        *ret = (Ports){ .items = { 25 }, .n = 1 };
        for (size_t i = 0; i < n; i++)
                if (!policy_audits_role(c->policy, roles[i]))
                        ports_add_all(ret,
                                roles[i]->manages_all[d] ? &c->mail_ports : &roles[i]->manages[d]);
}

/* A refusal by the default is only reported on all managed ports (whole: the direction, or all that
 * states the default, is in audit), or on those that only roles in audit manage. */
static void audited_collect(
        Compilation *c, const Role *const *roles, size_t n, Direction d, bool whole)
{
        RulesetDirection *rd = c->ruleset->directions + d;
        Ports enforced = { 0 };

        if (rd->default_action == ACTION_ALLOW)
                return;
        if (!whole)
                enforced_ports(c, roles, n, d, &enforced);
        for (size_t i = 0; i < rd->managed.n; i++)
                if (!ports_contain(&enforced, rd->managed.items[i]))
                        (void)ports_add(&rd->audited, rd->managed.items[i]);
}

/* Of roles the strictest. One in audit decides only where the others would let pass. */
static bool default_by_roles(Compilation *c, const Role *const *roles, size_t n, Direction d)
{
        Action enforced = roles_default(c->policy, roles, n, d, false);
        Action audited = roles_default(c->policy, roles, n, d, true);
        bool audit = action_strictness(enforced) < action_strictness(ACTION_REJECT) &&
                     action_strictness(audited) > action_strictness(enforced);
        Action action = audit ? audited : enforced;

        if (action == _ACTION_INVALID)
                default_set(c, d, ACTION_ALLOW, DEFAULT_BUILTIN);
        else
                default_set(c, d, action, DEFAULT_ROLE);
        return audit;
}

void default_decide(Compilation *c, const Role *const *roles, size_t n, Direction d)
{
        const Policy *p = c->policy;
        RulesetDirection *rd = c->ruleset->directions + d;

        rd->audit = policy_audits(p, d);
        if (p->state->defaults.of[d] != _ACTION_INVALID) {
                default_set(c, d, p->state->defaults.of[d], DEFAULT_P25CTL);
                audited_collect(c, roles, n, d, rd->audit);
        } else if (p->host && p->host->defaults.of[d] != _ACTION_INVALID) {
                default_set(c, d, p->host->defaults.of[d], DEFAULT_CONF);
                audited_collect(c, roles, n, d, rd->audit);
        } else {
                bool audit = default_by_roles(c, roles, n, d);

                audited_collect(c, roles, n, d, rd->audit || audit);
        }
}
