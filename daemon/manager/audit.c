/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The end of an audit, and what it would mean: of the policy in force, with what is in audit
 * enforced.
 */

#include "daemon/manager/internal.h"

#include "daemon/manager/settings.h"
#include "rules/base/strv.h"
#include "rules/policy/audit.h"
#include "rules/policy/effective.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/state.h"

#include <errno.h>

/* Whatever is in audit, and in use. */
static int promote_all(const Policy *p, State *s, bool *ret_any)
{
        const Role *role;

        *ret_any = false;
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (policy_audits(p, d))
                        s->promoted[d] = *ret_any = true;
        for (size_t i = 0; (role = policy_next_role(p, &i));) {
                if (!policy_audits_role(p, role))
                        continue;
                if (strv_append(&s->promoted_roles, role->name) < 0)
                        return -ENOMEM;
                *ret_any = true;
        }
        return 0;
}

int manager_promote_audit(Manager *m, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        bool any;
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q < 0)
                return q;
        if (promote_all(m->in_force.policy, p.state, &any) < 0)
                return change_no_memory(r);
        return any ? change_finish(m, &p, c, r) : 0;
}

int manager_promoted_ruleset(Manager *m, Ruleset **ret)
{
        _cleanup_(state_free_p) State *state = NULL;
        Policy next = *m->in_force.policy;
        bool any;

        if (state_copy(next.state, &state) < 0 || promote_all(&next, state, &any) < 0)
                return -ENOMEM;
        next.state = state;

        _cleanup_resolver_ Resolver names = manager_resolver(m, &next, RESOLVE_IN_FORCE);

        return resolver_compile(&names, NULL, ret);
}
