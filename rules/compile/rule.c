/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One rule of the model to one of the ruleset: what its vars stand for, its addresses as ranges,
 * its names as numbers, its limit complete.
 */

#include "rules/compile/compilation.h"

#include <errno.h>
#include <stdio.h>

/* What `limit` grants when it states no numbers: ufw's. */
#define LIMIT_DEFAULT_RATE 12
#define LIMIT_DEFAULT_UNIT_SEC 60
#define LIMIT_DEFAULT_BURST 6

/* ---- addresses ---- */

/* An address list without vars. nothing: there were some, and they held nothing. */
typedef struct Expansion {
        AddressList list;
        bool nothing;
} Expansion;

static int expansion_add(Expansion *e, const AddressList *l, size_t *capacity)
{
        AddressList copy = { 0 };
        AddressItem *grown;

        if (address_list_copy(l, &copy) < 0)
                return -ENOMEM;
        if (e->list.n + copy.n > *capacity) {
                *capacity = 2 * (e->list.n + copy.n);
                grown = reallocarray(e->list.items, *capacity, sizeof(*grown));
                if (!grown) {
                        address_list_deinit(&copy);
                        return -ENOMEM;
                }
                e->list.items = grown;
        }
        if (copy.n > 0)
                memcpy(e->list.items + e->list.n, copy.items, copy.n * sizeof(*copy.items));
        e->list.n += copy.n;
        free(copy.items);
        return 0;
}

static int list_expand(Compilation *c, Scope *s, const AddressList *l, Place place,
        const char *setting, Expansion *ret)
{
        Expansion e = { 0 };
        size_t capacity = 0;
        const ScopeVar *v;
        int r = 0;

        for (size_t i = 0; i < l->n && r == 0; i++) {
                AddressList one = { l->items + i, 1 };

                if (l->items[i].kind != ADDRESS_VAR) {
                        r = expansion_add(&e, &one, &capacity);
                        continue;
                }
                r = scope_get_var(c, s, l->items[i].name, VAR_NETWORKS, place, setting, &v);
                if (r == 0 && v->any) {
                        address_list_deinit(&e.list);
                        *ret = (Expansion){ 0 };
                        return 0;
                }
                if (r == 0)
                        r = expansion_add(&e, &v->networks, &capacity);
        }
        if (r == 0 && e.list.n > RULE_ADDRESSES_MAX)
                r = compile_error(c, place, setting,
                        "%zu addresses, and a rule holds %u at most: use a set", e.list.n,
                        RULE_ADDRESSES_MAX);
        if (r < 0) {
                address_list_deinit(&e.list);
                return r;
        }
        e.nothing = e.list.n == 0 && l->n > 0;
        *ret = e;
        return 0;
}

static bool list_has_vars(const AddressList *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].kind == ADDRESS_VAR)
                        return true;
        return false;
}

/* Puts the meaning in the place of the vars. A list that came to nothing keeps them, so that nobody
 * reads it as `any`. */
static int list_resolve(Compilation *c, Scope *s, Rule *rule, AddressList *l, const char *setting)
{
        Expansion e;
        int r;

        if (!list_has_vars(l))
                return 0;
        r = list_expand(c, s, l, (Place){ rule->file, rule->line }, setting, &e);
        if (r < 0 || e.nothing)
                return r;
        address_list_deinit(l);
        *l = e.list;
        return 0;
}

static int match_add(Match *m, MatchSet s)
{
        if (array_grow(&m->sets, m->n, sizeof(*m->sets)) < 0) {
                range_set_unref(s.ranges);
                return -ENOMEM;
        }
        m->sets[m->n++] = s;
        return 0;
}

static int match_add_prefixes(Match *m, const Prefix *prefixes, size_t n)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL;
        MatchSet s = { 0 };

        if (prefix_set_new(prefixes, n, &set) < 0 || range_set_from_prefixes(set, &s.ranges) < 0)
                return -ENOMEM;
        return match_add(m, s);
}

static int match_add_set(
        Compilation *c, Match *m, const char *name, Place place, const char *setting)
{
        MatchSet s;
        int r;

        r = set_use(c, name, place, setting, &s);
        if (r < 0)
                return r;
        for (size_t i = 0; i < m->n; i++)
                if (m->sets[i].name == s.name) {
                        range_set_unref(s.ranges);
                        return 0;
                }
        return match_add(m, s);
}

/* Literals come first, as one alternative; vars that are still there hold nothing. */
static int match_compile(
        Compilation *c, const AddressList *l, Place place, const char *setting, Match *ret)
{
        _cleanup_free_ Prefix *prefixes = NULL;
        size_t n = 0;
        int r;

        ret->any = l->n == 0;
        if (l->n == 0)
                return 0;
        prefixes = calloc(l->n, sizeof(*prefixes));
        if (!prefixes)
                return -ENOMEM;
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].kind == ADDRESS_PREFIX)
                        prefixes[n++] = l->items[i].prefix;
        if (n > 0 && match_add_prefixes(ret, prefixes, n) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < l->n; i++) {
                if (l->items[i].kind != ADDRESS_SET)
                        continue;
                r = match_add_set(c, ret, l->items[i].name, place, setting);
                if (r < 0)
                        return r;
        }
        return 0;
}

#define FIELD_PATH_MAX 64

/* "rules[2].from"; NULL of a rule that was typed, which has no settings. */
static const char *field_path(
        const char *setting, const char *field, char path[static FIELD_PATH_MAX])
{
        if (!setting)
                return NULL;
        snprintf(path, FIELD_PATH_MAX, "%s.%s", setting, field);
        return path;
}

/* ---- identities ---- */

static int names_find(Compilation *c, Scope *s, const Rule *rule, char *const *names, NameKind kind,
        const char *setting, Identities *ret)
{
        static const VarType types[] = {
                [NAME_USER] = VAR_USERS, [NAME_GROUP] = VAR_GROUPS, [NAME_UNIT] = VAR_UNITS
        };
        _cleanup_free_ char *missing = NULL;
        Place place = { rule->file, rule->line };
        const ScopeVar *v;
        int r;

        if (names[0][0] == '$') {
                r = scope_get_var(c, s, names[0] + 1, types[kind], place, setting, &v);
                return r < 0 ? r : identities_copy(&v->identities, ret);
        }
        r = identities_resolve(
                c, kind, names, s->kind == SOURCE_ROLE, place, setting, ret, &missing);
        if (r < 0 || !missing)
                return r;
        return compile_tell(c, SEVERITY_NOTE, place, setting,
                "role %s skips what does not exist: %s", s->role->name, missing);
}

/* Resolves a list and puts what came of a var in its place; if that is nothing, the var stays. */
static int names_resolve(Compilation *c, Scope *s, Rule *rule, char ***list, NameKind kind,
        const char *setting, Identities *ret)
{
        static const char *const fields[] = {
                [NAME_USER] = "user", [NAME_GROUP] = "group", [NAME_UNIT] = "unit"
        };
        char path[FIELD_PATH_MAX];
        int r;

        if (!*list)
                return 0;
        setting = field_path(setting, fields[kind], path);
        r = names_find(c, s, rule, *list, kind, setting, ret);
        if (r < 0)
                return r;
        if ((*list)[0][0] != '$' || !ret->names)
                return 0;
        strv_free(*list);
        *list = TAKE_PTR(ret->names);
        return 0;
}

static int rule_resolve_users(
        Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        _cleanup_(identities_deinit) Identities i = { 0 };
        int r;

        r = names_resolve(c, s, rule, &rule->user, NAME_USER, setting, &i);
        if (r < 0)
                return r;
        ret->has_users = i.stated;
        ret->n_users = i.n_ids;
        ret->users = TAKE_PTR(i.ids);
        return 0;
}

static int rule_resolve_groups(
        Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        _cleanup_(identities_deinit) Identities i = { 0 };
        int r;

        r = names_resolve(c, s, rule, &rule->group, NAME_GROUP, setting, &i);
        if (r < 0)
                return r;
        ret->has_groups = i.stated;
        ret->n_groups = i.n_ids;
        ret->groups = TAKE_PTR(i.ids);
        return 0;
}

/* Every unit that resolved has its text in the rule's own list, which lives as long as this. */
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

        r = names_resolve(c, s, rule, &rule->unit, NAME_UNIT, setting, &i);
        if (r < 0)
                return r;
        for (; k < i.n_units; k++)
                i.units[k].name = i.names ? unit_find_name(rule, i.names[k]) : rule->unit[k];
        ret->has_units = i.stated;
        ret->n_units = i.n_units;
        ret->units = TAKE_PTR(i.units);
        return 0;
}

/* ---- the rest ---- */

static Limit limit_complete(const Rule *rule)
{
        Limit l = rule->limit;

        if (rule->action != ACTION_LIMIT)
                return (Limit){ 0 };
        if (l.rate == 0 && (l.open == 0 || l.burst != 0)) {
                l.rate = LIMIT_DEFAULT_RATE;
                l.unit_sec = LIMIT_DEFAULT_UNIT_SEC;
        }
        if (l.rate != 0 && l.burst == 0)
                l.burst = LIMIT_DEFAULT_BURST;
        return l;
}

bool logging_covers(Logging level, Action action)
{
        switch (action) {
        case ACTION_DENY:
        case ACTION_REJECT:
                return level >= LOGGING_LOW;
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
        return r->ports_var || list_has_vars(&r->from) || list_has_vars(&r->to) ||
               strv_has_var(r->user) || strv_has_var(r->group) || strv_has_var(r->unit);
}

static int ports_resolve(Compilation *c, Scope *s, Rule *rule, const char *setting)
{
        char path[FIELD_PATH_MAX];
        const ScopeVar *v;
        int r;

        if (!rule->ports_var)
                return 0;
        r = scope_get_var(c, s, rule->ports_var, VAR_PORTS, (Place){ rule->file, rule->line },
                field_path(setting, "ports", path), &v);
        if (r < 0)
                return r;
        rule->ports = v->ports;
        free(TAKE_PTR(rule->ports_var));
        return 0;
}

static int addresses_fill(Compilation *c, Scope *s, Rule *rule, AddressList *l, const char *setting,
        const char *field, Match *ret)
{
        Place place = { rule->file, rule->line };
        char path[FIELD_PATH_MAX];
        int r;

        if (l->n > 0)
                setting = field_path(setting, field, path);
        r = list_resolve(c, s, rule, l, setting);
        return r < 0 ? r : match_compile(c, l, place, setting, ret);
}

/* All that a rule can be wrong in is looked at, even after the first error. */
static int rule_fill(Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        int results[] = {
                ports_resolve(c, s, rule, setting),
                addresses_fill(c, s, rule, &rule->from, setting, "from", &ret->from),
                addresses_fill(c, s, rule, &rule->to, setting, "to", &ret->to),
                rule_resolve_users(c, s, rule, setting, ret),
                rule_resolve_groups(c, s, rule, setting, ret),
                rule_resolve_units(c, s, rule, setting, ret),
        };

        for (size_t i = 0; i < ELEMENTS(results); i++)
                if (results[i] < 0 && results[i] != -EINVAL)
                        return results[i];
        for (size_t i = 0; i < ELEMENTS(results); i++)
                if (results[i] < 0)
                        return results[i];
        ret->action = rule->action;
        ret->ports = rule->ports;
        ret->limit = limit_complete(rule);
        ret->log = rule->log || logging_covers(c->logging, rule->action);
        ret->log_refused = rule->action == ACTION_LIMIT &&
                           (rule->log || logging_covers(c->logging, ACTION_REJECT));
        return 0;
}

/* rule_check() speaks as to one who typed the rule; of one in a file the setting is named first. */
static int rule_check_alone(Compilation *c, const Rule *rule, const char *setting)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = rule_check(rule, &c->mail_ports, setting, setting ? &d : c->diagnostics);

        for (size_t i = 0; r != -ENOMEM && i < d.n; i++) {
                const Diagnostic *e = &d.items[i];
                int k = compile_tell(
                        c, e->severity, ((Place){ e->file, e->line }), e->setting, "%s", e->text);

                if (k == -ENOMEM)
                        r = k;
        }
        return r;
}

int rule_compile(Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret)
{
        _cleanup_(compiled_rule_deinit) CompiledRule compiled = { 0 };
        _cleanup_(rule_unref_p) Rule *own = NULL, *copy = NULL;
        int r;

        r = rule_check_alone(c, rule, setting);
        if (r < 0)
                return r;
        r = rule_identify(c, rule, &own);
        if (r < 0)
                return r;
        if (rule_has_vars(own)) {
                r = rule_copy(own, &copy);
                if (r < 0)
                        return r;
                copy->id = own->id;
                rule_unref(own);
                own = TAKE_PTR(copy);
        }
        compiled.rule = TAKE_PTR(own);
        r = rule_fill(c, s, compiled.rule, setting, &compiled);
        if (r < 0)
                return r;
        *ret = compiled;
        compiled = (CompiledRule){ 0 };
        return 0;
}
