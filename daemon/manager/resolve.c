/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Users, groups and units for the compiler. A name that a policy in force relies on may be unknown
 * for now: its user was deleted, or the name service is not up. The policy stays in force and the
 * rule matches nothing of it.
 */

#include "daemon/manager/resolve.h"

#include "daemon/manager/internal.h"
#include "rules/base/strv.h"
#include "rules/compile/assertions.h"
#include "rules/compile/compile.h"
#include "rules/policy/fragment.h"
#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"

#include <errno.h>

void missing_names_deinit(MissingNames *l)
{
        strv_free(l->users);
        strv_free(l->groups);
        *l = (MissingNames){ 0 };
}

void resolver_deinit(Resolver *r)
{
        missing_names_deinit(&r->missing);
}

/* ---- what the policy says ---- */

typedef enum WhoKind {
        WHO_USER,
        WHO_GROUP,
        WHO_UNIT,
} WhoKind;

static bool rules_name(const RuleList *l, const char *name, WhoKind kind)
{
        for (size_t i = 0; i < l->n; i++) {
                char *const *const names[] = { l->items[i]->user, l->items[i]->group,
                        l->items[i]->unit };

                if (strv_contains(names[kind], name))
                        return true;
        }
        return false;
}

/* Is it named literally by a rule of p25ctl, of p25.conf or of a fragment? */
static bool policy_names(const Policy *p, const char *name, WhoKind kind)
{
        const Fragment *f;

        if (!p)
                return false;
        if (rules_name(&p->state->rules, name, kind))
                return true;
        for (size_t i = 0; (f = policy_fragment(p, i)); i++)
                if (rules_name(&f->rules, name, kind))
                        return true;
        return false;
}

/* ---- asking ---- */

/* A role's candidate that was missing lately is not asked of the name service again by a change,
 * because that may take long; the watch does so every few seconds. */
static Names names_for(const Resolver *r, const char *name, WhoKind kind)
{
        bool known = r->known &&
                     strv_contains(kind == WHO_GROUP ? r->known->groups : r->known->users, name) &&
                     !policy_names(r->policy, name, kind);

        return known ? host_names_of_files(r->host) : host_names(r->host);
}

static int note_missing(Resolver *r, const char *name, WhoKind kind)
{
        char ***missing = kind == WHO_GROUP ? &r->missing.groups : &r->missing.users;

        if (!strv_contains(*missing, name) && strv_append(missing, name) < 0)
                return -ENOMEM;
        return policy_names(r->relied_on, name, kind) ? -EAGAIN : -ENOENT;
}

/* A name that the policy brings in must exist; whether it does has yet to be heard. */
static int note_unanswered(Resolver *r, const char *name, WhoKind kind)
{
        if (policy_names(r->policy, name, kind) && !policy_names(r->relied_on, name, kind))
                r->unanswered = true;
        return -EAGAIN;
}

static int translate(Resolver *r, int k, const char *name, WhoKind kind)
{
        switch (k) {
        case -ENOENT:
                return note_missing(r, name, kind);
        case -EAGAIN:
                return note_unanswered(r, name, kind);
        default:
                return k;
        }
}

static int names_user(void *data, const char *name, uint32_t *ret_uid)
{
        Resolver *r = data;
        Names names = names_for(r, name, WHO_USER);
        int k = names.user(names.data, name, ret_uid);

        return translate(r, k, name, WHO_USER);
}

static int names_group(void *data, const char *name, uint32_t *ret_gid)
{
        Resolver *r = data;
        Names names = names_for(r, name, WHO_GROUP);
        int k = names.group(names.data, name, ret_gid);

        return translate(r, k, name, WHO_GROUP);
}

/* One that does not run is looked for among the files of units, where a change names it. */
static int names_unit(void *data, const char *name, Cgroup *ret)
{
        Resolver *r = data;
        Names names = host_names(r->host);
        int k = names.unit(names.data, name, ret);

        if (k != -ENOENT || !r->root || policy_names(r->relied_on, name, WHO_UNIT) ||
                !host_unit_is_unknown(r->root, name))
                return k;
        if (!host_unit_nearest(r->root, name, ret->hint, sizeof(ret->hint)))
                ret->hint[0] = '\0';
        return -ENXIO;
}

static int names_subordinates(void *data, Subordinates *ret)
{
        Resolver *r = data;
        Names names = host_names(r->host);

        return names.subordinates(names.data, ret);
}

static int names_accounts(void *data, size_t max, uint32_t **ret, size_t *ret_n)
{
        Resolver *r = data;
        Names names = host_names(r->host);

        return names.accounts(names.data, max, ret, ret_n);
}

int resolver_compile(Resolver *r, Diagnostics *d, Ruleset **ret)
{
        Names names = { names_user, names_group, names_unit, r, names_subordinates,
                names_accounts };
        int k;

        host_names_hold(r->host, true);
        k = compile_policy(r->policy, &names, d, ret);
        host_names_hold(r->host, false);
        return k;
}

int resolver_assert(Resolver *r, const Ruleset *ruleset, Diagnostics *d)
{
        Names names = { names_user, names_group, names_unit, r, names_subordinates,
                names_accounts };
        int k;

        host_names_hold(r->host, true);
        k = assertions_check(r->policy, ruleset, &names, d);
        host_names_hold(r->host, false);
        return k;
}

/* ---- for the manager ---- */

Resolver manager_resolver(const Manager *m, const Policy *p, ResolveMode mode)
{
        return (Resolver){ .host = m->names,
                .root = mode == RESOLVE_CHANGE ? m->paths.root : NULL,
                .policy = p,
                .relied_on = mode == RESOLVE_CHANGE ? m->in_force.policy : p,
                .known = mode == RESOLVE_AGAIN ? NULL : &m->in_force.missing };
}

int manager_compile_behind_lockdown(const Manager *m, Ruleset **ret)
{
        Names names = host_names(m->names);
        State state = *m->in_force.policy->state;
        Policy policy = *m->in_force.policy;

        state.lockdown = false;
        policy.state = &state;
        return compile_policy(&policy, &names, NULL, ret);
}
