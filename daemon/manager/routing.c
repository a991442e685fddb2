/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Rules for outgoing connections that name an interface, on a host that routes by marks. Both
 * backends see the interface of the first routing; a packet that is marked behind that leaves by
 * another one. Such a rule is refused; one that is in force when the routing comes is warned of.
 */

#include "daemon/manager/internal.h"

#include "daemon/connections/reroute.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/words.h"

#include <errno.h>

static const CompiledRule *next_rule(const Ruleset *r, size_t *i)
{
        const RulesetDirection *out = &r->directions[DIRECTION_OUT];

        while (*i < out->n)
                if (out->rules[(*i)++].rule->interface)
                        return &out->rules[*i - 1];
        return NULL;
}

static bool is_in_force(const Manager *m, const Rule *rule)
{
        const RulesetDirection *out = &m->in_force.ruleset->directions[DIRECTION_OUT];

        for (size_t i = 0; i < out->n; i++)
                if (out->rules[i].rule->id == rule->id)
                        return true;
        return false;
}

/* "an ip rule with fwmark 0x1 (IPv4) routes packets again …" */
static void cause_print(const MarkRoute *route, Buffer *b)
{
        buffer_printf(b,
                "an ip rule with %sfwmark 0x%x (%s) may route packets again once they are marked, "
                "and rules see the interface of the first routing",
                route->inverted ? "not " : "", route->mark,
                route->family == FAMILY_IPV4 ? "IPv4" : "IPv6");
}

/* VPN clients route all packets that lack their mark, and never mark mail: that rule does no harm.
 */
int manager_check_routing(const Manager *m, const Ruleset *next, bool all, ChangeResult *r)
{
        MarkRoute route = { 0 };
        const CompiledRule *rule;
        size_t i = 0;

        if (!m->listeners)
                return 0;
        while ((rule = next_rule(next, &i))) {
                _cleanup_free_ char *words = NULL;
                _cleanup_buffer_ Buffer cause = { 0 };

                if (!all && is_in_force(m, rule->rule))
                        continue;
                if (!route.found && (mark_route_find(&route) < 0 || !route.found))
                        return 0;
                if (route.inverted)
                        return 0;
                cause_print(&route, &cause);
                if (cause.failed || rule_words_print(rule->rule, &words) < 0)
                        return change_no_memory(r);
                return change_fail(r, ERROR_NOT_SUPPORTED, -EOPNOTSUPP,
                        "%s: 'out on %s' is not supported on this host: %s", words,
                        rule->rule->interface, cause.data);
        }
        return 0;
}

int manager_tell_routing(const Manager *m, char ***lines)
{
        MarkRoute route = { 0 };
        const CompiledRule *rule;
        size_t i = 0;

        if (!m->listeners)
                return 0;
        while ((rule = next_rule(m->in_force.ruleset, &i))) {
                _cleanup_free_ char *words = NULL;
                _cleanup_buffer_ Buffer cause = { 0 };

                if (!route.found && (mark_route_find(&route) < 0 || !route.found))
                        return 0;
                cause_print(&route, &cause);
                if (cause.failed || rule_words_print_until(rule->rule, &words) < 0 ||
                        strv_printf(lines, "%s: the packets may leave by another interface: %s",
                                words, cause.data) < 0)
                        return -ENOMEM;
        }
        return 0;
}
