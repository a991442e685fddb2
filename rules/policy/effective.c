/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/effective.h"

#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

bool policy_enabled(const Policy *p)
{
        return p->state->lockdown || policy_switched_on(p);
}

bool policy_switched_on(const Policy *p)
{
        if (p->state->enabled >= 0)
                return p->state->enabled > 0;
        return p->host && p->host->enabled > 0;
}

bool policy_switched_off(const Policy *p)
{
        if (p->state->enabled >= 0)
                return p->state->enabled == 0;
        return p->host && p->host->enabled == 0;
}

char *const *policy_role_names(const Policy *p)
{
        if (p->state->roles_set)
                return p->state->roles;
        return p->host ? p->host->roles : NULL;
}

Logging policy_logging(const Policy *p)
{
        if (p->state->logging != _LOGGING_INVALID)
                return p->state->logging;
        if (p->host && p->host->logging != _LOGGING_INVALID)
                return p->host->logging;
        return LOGGING_LOW;
}

Attribution policy_attribution(const Policy *p)
{
        return p->host && p->host->attribution != _ATTRIBUTION_INVALID ? p->host->attribution
                                                                       : ATTRIBUTION_UNIT;
}

void policy_mail_ports(const Policy *p, Ports *ret)
{
        Ports ports = mail_ports_default;

        /* more than PORTS_MAX in all is refused when p25.conf is parsed */
        for (size_t i = 0; p->host && i < p->host->mail_ports.n; i++)
                (void)ports_add(&ports, p->host->mail_ports.items[i]);
        *ret = ports;
}
