/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The fail-safe: no mail at all, while what is stored cannot be judged without the files. What it
 * is, and what of the stored state shows in it: lockdown, and whether p25 is switched off.
 */

#include "daemon/manager/internal.h"

#include "rules/config/parse.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/state.h"

#include <errno.h>

static const char conf_text[] = "enabled = true;\nroles = ( \"no-mail\" );\n";
static const char role_text[] =
        "role = {\n"
        "  name = \"no-mail\";\n"
        "  summary = \"No mail in, out or through: the fail-safe\";\n"
        "  manages = [ \"all\" ];\n"
        "  default = { incoming = \"deny\"; outgoing = \"reject\"; routed = \"reject\"; };\n"
        "};\n";

int failsafe_state(const State *stored, State **ret)
{
        State *s = state_new();

        if (!s)
                return -ENOMEM;
        s->revision = stored->revision;
        s->lockdown = stored->lockdown;
        if (stored->enabled == 0)
                s->enabled = 0;
        *ret = s;
        return 0;
}

int failsafe_policy(Policy **ret)
{
        _cleanup_(policy_free_p) Policy *p = policy_new();
        int r;

        if (!p)
                return -ENOMEM;
        p->roles = calloc(1, sizeof(*p->roles));
        if (!p->roles)
                return -ENOMEM;
        r = parse_role(role_text, strlen(role_text), NULL, NULL, &p->roles[0]);
        if (r < 0)
                return r;
        p->n_roles = 1;
        p->roles[0]->shipped = true;
        r = parse_host(conf_text, strlen(conf_text), NULL, NULL, &p->host);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

const State *manager_stored(const Manager *m)
{
        return manager_in_failsafe(m) ? m->in_force.parked : m->in_force.policy->state;
}
