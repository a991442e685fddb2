/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Compiles one rule of the model to one of the ruleset: values for variables, numbers for names, a
 * complete limit. Addresses are in match.c.
 */

#include "rules/policy/rule.h"
#include "rules/base/strv.h"
#include "rules/compile/compilation.h"
#include "rules/policy/audit.h"
#include "rules/policy/effective.h"
#include "rules/policy/judge.h"

#include <errno.h>
#include <stdio.h>

/* ---- identities ---- */

static Site rule_site(const Rule *rule, const char *setting)
{
        return (Site){ { rule->file, rule->line }, setting };
}

static int names_find(Compilation *c, Scope *s, const NameQuery *q, Identities *ret)
{
        static const VarType types[] = {
                [NAME_USER] = VAR_USERS, [NAME_GROUP] = VAR_GROUPS, [NAME_UNIT] = VAR_UNITS
        };
        _cleanup_free_ char *missing = NULL;
        const ScopeVar *v;
        int r;

        if (q->names[0][0] == '$') {
                r = scope_get_var(c, s, q->names[0] + 1, types[q->kind], q->site, &v);
                if (r >= 0)
                        r = compile_count_values(c, q->site, strv_length(v->identities.names));
                return r < 0 ? r : identities_copy(&v->identities, ret);
        }
        r = identities_resolve(c, q, ret, &missing);
        if (r < 0 || !missing)
                return r;
        return compile_report(c, SEVERITY_NOTE, q->site, "role %s skips what does not exist: %s",
                s->role->name, missing);
}

/* Resolves a list of names. The value of a variable takes its place, unless it is empty. */
static int names_resolve(
        Compilation *c, Scope *s, char ***list, NameKind kind, Site rule, Identities *ret)
{
        static const char *const fields[] = {
                [NAME_USER] = "user", [NAME_GROUP] = "group", [NAME_UNIT] = "unit"
        };
        char path[FIELD_PATH_MAX];
        NameQuery query = { kind, *list, s->kind == SOURCE_ROLE,
                site_field(rule, fields[kind], path) };
        int r;

        if (!*list)
                return 0;
        r = names_find(c, s, &query, ret);
        if (r < 0)
                return r;
        if ((*list)[0][0] != '$' || !ret->names)
                return 0;
        strv_free(*list);
        *list = TAKE_PTR(ret->names);
        return 0;
}

static int ids_resolve(
        Compilation *c, Scope *s, char ***list, NameKind kind, Site rule, CompiledIds *ret)
{
        _cleanup_(identities_deinit) Identities i = { 0 };
        int r = names_resolve(c, s, list, kind, rule, &i);

        if (r < 0)
                return r;
        *ret = TAKE_STRUCT(i.ids);
        return 0;
}

static int rule_resolve_users(
        Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        return ids_resolve(c, s, &rule->user, NAME_USER, rule_site(rule, setting), &ret->users);
}

static int rule_resolve_groups(
        Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        return ids_resolve(c, s, &rule->group, NAME_GROUP, rule_site(rule, setting), &ret->groups);
}

/* The name in the rule's own list, which lives as long as the compiled rule. */
static const char *unit_find_name(const Rule *rule, const char *name)
{
        STRV_FOREACH (u, rule->unit)
                if (streq(*u, name))
                        return *u;
        return NULL;
}

static int rule_resolve_units(
        Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        _cleanup_(identities_deinit) Identities i = { 0 };
        size_t k = 0;
        int r;

        r = names_resolve(c, s, &rule->unit, NAME_UNIT, rule_site(rule, setting), &i);
        if (r < 0)
                return r;
        for (; k < i.n_units; k++)
                i.units[k].name = i.names ? unit_find_name(rule, i.names[k]) : rule->unit[k];
        ret->has_units = i.ids.stated;
        ret->n_units = i.n_units;
        ret->units = TAKE_PTR(i.units);
        return 0;
}

/* ---- the rest ---- */

/* Is a decision of this action logged at this level? */
bool logging_covers(Logging level, Direction direction, Action action)
{
        switch (action) {
        case ACTION_DENY:
        case ACTION_REJECT:
                return level >= (direction == DIRECTION_IN ? LOGGING_MEDIUM : LOGGING_LOW);
        case ACTION_LIMIT:
                return level >= LOGGING_MEDIUM;
        case ACTION_ALLOW:
                return level >= LOGGING_HIGH;
        case _ACTION_MAX:
        case _ACTION_INVALID:
                break;
        }
        return false;
}

static bool strv_has_var(char *const *l)
{
        return l && l[0][0] == '$';
}

static bool rule_has_vars(const Rule *r)
{
        return r->ports_var || address_list_has_vars(&r->from) || address_list_has_vars(&r->to) ||
               strv_has_var(r->user) || strv_has_var(r->group) || strv_has_var(r->unit);
}

static int ports_resolve(
        Compilation *c, Scope *s, Rule *rule, const char *setting, _unused_ CompiledRule *ret)
{
        char path[FIELD_PATH_MAX];
        const ScopeVar *v;
        int r;

        if (!rule->ports_var)
                return 0;
        r = scope_get_var(c, s, rule->ports_var, VAR_PORTS,
                site_field(rule_site(rule, setting), "ports", path), &v);
        if (r < 0)
                return r;
        rule->ports = v->ports;
        free(TAKE_PTR(rule->ports_var));
        return 0;
}

static int addresses_resolve(
        Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        Site site = rule_site(rule, setting);
        char path[FIELD_PATH_MAX];
        int from, to;

        from = match_resolve(c, s, &rule->from,
                rule->from.n > 0 ? site_field(site, "from", path) : site, &ret->from);
        if (from == -ENOMEM)
                return from;
        to = match_resolve(
                c, s, &rule->to, rule->to.n > 0 ? site_field(site, "to", path) : site, &ret->to);
        return to == -ENOMEM || from == 0 ? to : from;
}

/* The judge words its errors for a rule that was typed; in a file the setting comes first. */
static int judge_resolved(
        Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r;

        (void)s, (void)ret;
        if (!setting)
                return rule_judge_in_policy(rule, &c->mail_ports, NULL, c->diagnostics);
        r = rule_judge_in_policy(rule, &c->mail_ports, setting, &d);
        if (r == -ENOMEM || compile_report_all(c, &d, NULL) < 0)
                return -ENOMEM;
        return r;
}

typedef int (*RuleStep)(
        Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret);

/* The parts of a rule, in the order in which their errors are reported. */
static const RuleStep rule_steps[] = {
        ports_resolve,
        addresses_resolve,
        judge_resolved,
        rule_resolve_users,
        rule_resolve_groups,
        rule_resolve_units,
};

/* Is what the rule refuses only reported? */
static bool is_audited(const Compilation *c, const Scope *s, const Rule *rule)
{
        if (rule->action == ACTION_ALLOW)
                return false;
        return policy_audits(c->policy, rule->direction) ||
               (s->role && policy_audits_role(c->policy, s->role));
}

/* Rules in audit are logged at every level that logs, because they exist to be read. */
static void rule_set_action(Compilation *c, const Scope *s, const Rule *rule, CompiledRule *ret)
{
        bool audit = is_audited(c, s, rule);

        ret->action = audit ? ACTION_ALLOW : rule->action;
        ret->audited = audit ? rule->action : ACTION_ALLOW;
        ret->log = rule->log || logging_covers(c->logging, rule->direction, rule->action) ||
                   (audit && rule->action != ACTION_LIMIT && c->logging > LOGGING_OFF);
        ret->log_refused =
                rule->action == ACTION_LIMIT &&
                (rule->log || logging_covers(c->logging, rule->direction, ACTION_REJECT) ||
                        (audit && c->logging > LOGGING_OFF));
}

/* Looks at all parts, even after the first error. */
static int rule_fill(Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        int result = 0;

        for (size_t i = 0; i < ELEMENTS(rule_steps); i++) {
                int r = rule_steps[i](c, s, rule, setting, ret);

                if (r < 0 && r != -EINVAL)
                        return r;
                if (r < 0)
                        result = r;
        }
        if (result < 0)
                return result;
        ret->ports = rule->ports;
        ret->limit = rule_limit(rule);
        rule_set_action(c, s, rule, ret);
        return 0;
}

/* A reference to the rule, or to a copy: where its id is taken, as by the same rule in the policy
 * twice, and where it has variables, whose values take their places. */
static int rule_take(Compilation *c, Rule *rule, Rule **ret)
{
        _cleanup_(rule_unref_p) Rule *copy = NULL;
        int taken = rule->id != 0 ? rule_ids_take(&c->ids, rule->id) : 0;
        int r = taken < 0 ? taken : 0;

        if (r == 0 && taken > 0 && !rule_has_vars(rule)) {
                *ret = rule_ref(rule);
                return 0;
        }
        if (r == 0)
                r = rule_copy(rule, &copy);
        if (r == 0 && taken == 0)
                r = rule_ids_make(&c->ids, rule, &copy->id);
        if (r == 0)
                *ret = TAKE_PTR(copy);
        return r;
}

int rule_compile(Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        _cleanup_(compiled_rule_deinit) CompiledRule compiled = { 0 };
        int r;

        r = rule_take(c, rule, &compiled.rule);
        if (r < 0)
                return r;
        r = rule_fill(c, s, compiled.rule, setting, &compiled);
        if (r < 0)
                return r;
        *ret = TAKE_STRUCT(compiled);
        return 0;
}
