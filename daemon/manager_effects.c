/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what is told of a change besides the lines that it adds and removes: what it does to
 * packets, and what the author of a rule should know. Changes nothing.
 */

#include "daemon/manager_internal.h"

#include "rules/difference.h"
#include "rules/shadow.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

/* A change that is made is answered at once: what takes longer than a millisecond or two is left to
 * a dry run. */
#define EFFECT_STEPS 15000
/* Whether a rule does anything is mostly found at once; where it is not, it is worth the time. */
#define WARNING_STEPS 300000
#define EFFECT_LINES_MAX 200
/* Of so many rules in one call each is looked at. */
#define WARNED_RULES_MAX 20

static uint64_t effect_steps(bool in_hurry)
{
        return in_hurry ? EFFECT_STEPS : DIFFERENCE_STEPS_MAX;
}

/* ---- what changes for packets ---- */

/* A name that cannot be had now is a number. */
static int user_name(void *data, uint32_t uid, char **ret)
{
        int r = host_user_name(data, uid, ret);

        if (r < 0 && r != -ENOMEM) {
                *ret = NULL;
                return 0;
        }
        return r;
}

static int group_name(void *data, uint32_t gid, char **ret)
{
        return host_group_name(data, gid, ret);
}

static int tell_difference(
        Manager *m, const Ruleset *before, const Ruleset *after, bool in_hurry, ChangeResult *r)
{
        _cleanup_(difference_free_p) Difference *d = NULL;
        IdNames ids = { user_name, group_name, m->names };
        int q;

        q = difference_compute_within(before, after, effect_steps(in_hurry), &d);
        if (q == -E2BIG)
                return strv_append(&r->effects,
                        in_hurry ? "what changes for packets is too much to be told at once: a dry "
                                   "run can"
                                 : "what changes for packets is too much to be told");
        return q < 0 ? q : difference_print(d, &ids, EFFECT_LINES_MAX, &r->effects);
}

/* *ret is NULL for a policy that is not enabled. */
static int compile_enabled(Manager *m, const Policy *p, Ruleset **ret)
{
        return policy_enabled(p) ? manager_compile(m, p, true, NULL, ret) : 0;
}

int manager_tell_difference(Manager *m, const Policy *before, const Policy *after, ChangeResult *r)
{
        _cleanup_(ruleset_free_p) Ruleset *old = NULL, *new = NULL;
        int q;

        q = compile_enabled(m, before, &old);
        if (q >= 0)
                q = compile_enabled(m, after, &new);
        if (q >= 0)
                q = tell_difference(m, old, new, false, r);
        return q == -ENOMEM ? change_no_memory(r) : 0;
}

/* ---- what the author should know ---- */

static bool is_local_only(const struct ifaddrs *a)
{
        const struct sockaddr_in6 *sin6 = (const void *)a->ifa_addr;

        return (a->ifa_flags & IFF_LOOPBACK) ||
               (a->ifa_addr->sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr));
}

/* Where that cannot be found out, both. */
static HostFamilies host_families(void)
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

static bool list_has_family(const AddressList *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].kind == ADDRESS_PREFIX && l->items[i].prefix.bits == 0)
                        return true;
        return false;
}

/* Asks the kernel only where it may matter. */
static HostFamilies families_of_interest(const RuleList *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (list_has_family(&l->items[i]->from) || list_has_family(&l->items[i]->to))
                        return host_families();
        return (HostFamilies){ 0 };
}

static int tell_rules(const Proposal *p, const Ruleset *ruleset, const Change *c, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        ShadowContext context = { .own = &p->state->rules,
                .is_stored = !c->dry_run,
                .now_usec = host_now_usec(),
                .steps = c->dry_run ? DIFFERENCE_STEPS_MAX : WARNING_STEPS };

        if (p->n_added == 0 || p->n_added > WARNED_RULES_MAX || p->state->lockdown)
                return 0;
        context.families = families_of_interest(&p->state->rules);
        for (size_t i = 0; i < p->n_added; i++)
                if (shadow_warn(ruleset, p->added[i], &context, &d) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < d.n; i++)
                if (strv_append(&r->warnings, d.items[i].text) < 0)
                        return -ENOMEM;
        return 0;
}

int change_tell_effects(Manager *m, const Proposal *p, const Ruleset *ruleset, bool enabled,
        const Change *c, ChangeResult *r)
{
        if (!r->diff)
                return 0;
        if (tell_difference(m, m->installed ? m->ruleset : NULL, enabled ? ruleset : NULL,
                    !c->dry_run, r) < 0 ||
                tell_rules(p, ruleset, c, r) < 0)
                return change_no_memory(r);
        return 0;
}
