/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Values of variables. A role declares its variables with their types, and p25.conf sets them. A
 * fragment has variables of its own, before those of p25.conf; their type is the one that the
 * setting that uses them expects. A bad value is reported once, at the place of the value.
 */

#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/compile/compilation.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/rule.h"

#include <errno.h>
#include <stdio.h>

typedef struct VarText {
        const char *name;
        char *const *value;
        Place place;
        bool given; /* by a file; else it is the role's default */
} VarText;

static void scope_var_deinit(ScopeVar *v)
{
        address_list_deinit(&v->networks);
        identities_deinit(&v->identities);
}

void scope_deinit(Scope *s)
{
        for (size_t i = 0; i < s->n_vars; i++)
                scope_var_deinit(s->vars + i);
        free(s->vars);
        free(s->used);
        *s = (Scope){ 0 };
}

static bool values_find(const VarValues *values, const char *name, bool *used, VarText *ret)
{
        for (size_t i = 0; i < values->n; i++) {
                const VarValue *v = values->items + i;

                if (!streq(v->name, name))
                        continue;
                used[i] = true;
                *ret = (VarText){ v->name, v->value, { v->file, v->line }, true };
                return true;
        }
        return false;
}

static bool host_find_value(Compilation *c, const char *name, VarText *ret)
{
        return c->policy->host &&
               values_find(&c->policy->host->common->vars, name, c->host_vars_used, ret);
}

/* ---- reading a value as a type ---- */

static int var_read_networks(Compilation *c, const VarText *t, ScopeVar *v)
{
        _cleanup_diagnostics_ Diagnostics found = { 0 };
        int r, k = 0;

        r = address_list_parse(
                (char **)t->value, false, v->setting, t->place, &found, &v->networks);
        if (r == -ENOMEM || compile_report_all(c, &found, v->setting) < 0)
                return -ENOMEM;
        if (r < 0)
                return -EINVAL;
        v->any = v->networks.n == 0 && strv_length(t->value) > 0;
        for (size_t i = 0; i < v->networks.n && k != -ENOMEM; i++) {
                if (v->networks.items[i].kind != ADDRESS_SET)
                        continue;
                k = set_check(c, v->networks.items[i].name, (Site){ t->place, v->setting });
                r = k < 0 ? k : r;
        }
        return r;
}

static int port_parse(const char *s, uint16_t *ret)
{
        unsigned n = service_to_port(s);

        if (n == 0 && strlen(s) <= 5 && text_is_number(s))
                n = (unsigned)strtoul(s, NULL, 10);
        if (n == 0 || n > 65535)
                return -EINVAL;
        *ret = (uint16_t)n;
        return 0;
}

static int var_read_ports(Compilation *c, const VarText *t, ScopeVar *v)
{
        Site site = { t->place, v->setting };
        uint16_t port;

        for (char *const *s = t->value; s && *s; s++) {
                if (port_parse(*s, &port) < 0)
                        return compile_error(c, site, "%s is not a valid port or service", *s);
                if (!ports_contain(&c->mail_ports, port))
                        return compile_error(c, site, "%s is not a mail port", *s);
                if (ports_add(&v->ports, port) < 0)
                        return compile_error(c, site, "more than %u ports", PORTS_MAX);
        }
        if (v->ports.n == 0)
                return compile_error(c, site, "no port");
        return 0;
}

static int var_report_missing(
        Compilation *c, const Scope *s, const VarText *t, const ScopeVar *v, const char *missing)
{
        bool none = strv_length(v->identities.names) == 0;
        Severity severity = t->given || none ? SEVERITY_WARNING : SEVERITY_NOTE;

        return compile_report(c, severity, (Site){ t->place, v->setting },
                "role %s skips %s that do not exist: %s%s", s->role->name,
                var_type_to_string(v->type), missing,
                none ? " (none is left: rules for them match nothing)" : "");
}

static int var_read_names(
        Compilation *c, const Scope *s, const VarText *t, NameKind kind, ScopeVar *v)
{
        NameQuery query = { kind, t->value, s->kind == SOURCE_ROLE, { t->place, v->setting } };
        _cleanup_free_ char *missing = NULL;
        int r;

        r = identities_resolve(c, &query, &v->identities, &missing);
        if (r < 0 || !missing)
                return r;
        return var_report_missing(c, s, t, v, missing);
}

static int var_read(Compilation *c, const Scope *s, const VarText *t, ScopeVar *v)
{
        switch (v->type) {
        case VAR_NETWORKS:
                return var_read_networks(c, t, v);
        case VAR_USERS:
                return var_read_names(c, s, t, NAME_USER, v);
        case VAR_GROUPS:
                return var_read_names(c, s, t, NAME_GROUP, v);
        case VAR_UNITS:
                return var_read_names(c, s, t, NAME_UNIT, v);
        case VAR_PORTS:
                return var_read_ports(c, t, v);
        case _VAR_TYPE_MAX:
        case _VAR_TYPE_INVALID:
                break;
        }
        return -EINVAL;
}

/* Reads the value and keeps it; its errors are reported here and nowhere else. */
static int scope_add_var(Compilation *c, Scope *s, const char *name, VarType type, const VarText *t)
{
        ScopeVar v = { .name = name, .type = type };

        snprintf(v.setting, sizeof(v.setting), "vars.%s", name);

        if (array_grow(&s->vars, s->n_vars, sizeof(*s->vars)) < 0)
                return -ENOMEM;
        if (t)
                v.error = var_read(c, s, t, &v);
        else
                v.error = -EINVAL;
        if (v.error < 0 && v.error != -EINVAL) {
                scope_var_deinit(&v);
                return v.error;
        }
        s->vars[s->n_vars++] = v;
        return v.error;
}

/* ---- roles ---- */

static int var_report_required(Compilation *c, const Role *role, const VarDecl *decl)
{
        static const char *const examples[_VAR_TYPE_MAX] = {
                [VAR_NETWORKS] = "192.0.2.0/24",
                [VAR_USERS] = "USER",
                [VAR_GROUPS] = "GROUP",
                [VAR_UNITS] = "postfix.service",
                [VAR_PORTS] = "smtp",
        };
        char setting[NAME_MAX_LENGTH + 8];

        snprintf(setting, sizeof(setting), "vars.%s", decl->name);
        return compile_error(c, site_of_roles(c->policy, setting),
                "role %s requires it%s%s%s; set it in p25.conf, for example vars = { %s = [ "
                "\"%s\" ]; };",
                role->name, decl->help ? " (" : "", decl->help ? decl->help : "",
                decl->help ? ")" : "", decl->name, examples[decl->type]);
}

static int role_add_var(Compilation *c, Scope *s, const VarDecl *decl)
{
        VarText t = { .value = decl->value, .place = { s->role->file, decl->line } };

        if (host_find_value(c, decl->name, &t) || !decl->required || decl->value)
                return scope_add_var(c, s, decl->name, decl->type, &t);
        if (var_report_required(c, s->role, decl) == -ENOMEM)
                return -ENOMEM;
        return scope_add_var(c, s, decl->name, decl->type, NULL);
}

int scope_init(
        Compilation *c, SourceKind kind, const Role *role, const Fragment *fragment, Scope *ret)
{
        _cleanup_(scope_deinit) Scope s = { .kind = kind, .role = role, .fragment = fragment };
        bool failed = false;

        if (fragment && fragment->vars.n > 0) {
                s.used = calloc(fragment->vars.n, sizeof(bool));
                if (!s.used)
                        return -ENOMEM;
        }
        for (size_t i = 0; role && i < role->n_vars; i++) {
                int r = role_add_var(c, &s, role->vars + i);

                if (r == -EINVAL)
                        failed = true;
                else if (r < 0)
                        return r;
        }
        /* The rules may have errors of their own. */
        c->failed |= failed;
        *ret = TAKE_STRUCT(s);
        return 0;
}

/* ---- use ---- */

static int scope_find_role_var(Compilation *c, const Scope *s, const char *name, VarType type,
        Site site, const ScopeVar **ret)
{
        for (size_t i = 0; i < s->n_vars; i++) {
                const ScopeVar *v = s->vars + i;

                if (!streq(v->name, name))
                        continue;
                if (v->type != type)
                        return compile_error(c, site,
                                "variable %s holds %s, and %s are expected here", name,
                                var_type_to_string(v->type), var_type_to_string(type));
                *ret = v;
                return v->error;
        }
        return compile_error(c, site, "role %s does not declare variable %s", s->role->name, name);
}

/* The value that the fragment gives, else that of p25.conf. */
static bool scope_find_value(Compilation *c, Scope *s, const char *name, VarText *ret)
{
        if (s->kind != SOURCE_CONF && s->kind != SOURCE_FRAGMENT)
                return false;
        if (s->kind == SOURCE_FRAGMENT && values_find(&s->fragment->vars, name, s->used, ret))
                return true;
        return host_find_value(c, name, ret);
}

int scope_get_var(
        Compilation *c, Scope *s, const char *name, VarType type, Site site, const ScopeVar **ret)
{
        VarText t;
        int r;

        if (s->kind == SOURCE_ROLE)
                return scope_find_role_var(c, s, name, type, site, ret);
        for (size_t i = 0; i < s->n_vars; i++)
                if (s->vars[i].type == type && streq(s->vars[i].name, name)) {
                        *ret = s->vars + i;
                        return s->vars[i].error;
                }
        if (!scope_find_value(c, s, name, &t))
                return compile_error(c, site, "there is no variable $%s%s", name,
                        s->kind == SOURCE_P25CTL ? ": variables can only be used in files" : "");
        r = scope_add_var(c, s, t.name, type, &t);
        if (r == 0)
                *ret = s->vars + s->n_vars - 1;
        return r;
}

int scope_note_unused(Compilation *c, const Scope *s, const bool *also_used)
{
        char setting[NAME_MAX_LENGTH + 8];

        for (size_t i = 0; i < s->fragment->vars.n; i++) {
                const VarValue *v = s->fragment->vars.items + i;

                if (s->used[i] || (also_used && also_used[i]))
                        continue;
                snprintf(setting, sizeof(setting), "vars.%s", v->name);
                if (compile_report(c, SEVERITY_NOTE, (Site){ { v->file, v->line }, setting },
                            "not used by any rule or active role") < 0)
                        return -ENOMEM;
        }
        return 0;
}
