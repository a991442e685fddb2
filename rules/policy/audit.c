/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/audit.h"

#include "rules/base/strv.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/state.h"

bool policy_audits(const Policy *p, Direction d)
{
        return p->host && p->host->audit[d] && !p->state->promoted[d];
}

bool policy_audits_role(const Policy *p, const Role *role)
{
        return role->audit && !strv_contains(p->state->promoted_roles, role->name);
}
