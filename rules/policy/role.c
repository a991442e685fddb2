/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/role.h"

#include "rules/base/strv.h"
#include "rules/base/text.h"

static const char *const var_type_names[_VAR_TYPE_MAX] = {
        [VAR_NETWORKS] = "networks",
        [VAR_USERS] = "users",
        [VAR_GROUPS] = "groups",
        [VAR_UNITS] = "units",
        [VAR_PORTS] = "ports",
};

const char *var_type_to_string(VarType t)
{
        return var_type_names[t];
}

VarType var_type_from_string(const char *s)
{
        return (VarType)text_find(var_type_names, _VAR_TYPE_MAX, s);
}

static void var_decls_deinit(VarDecl *items, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(items[i].name);
                strv_free(items[i].value);
                free(items[i].help);
        }
        free(items);
}

Role *role_new(void)
{
        Role *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->n_refs = 1;
        r->defaults = defaults_none;
        return r;
}

static void role_destroy(Role *r)
{
        free(r->name);
        free(r->summary);
        free(r->file);
        var_decls_deinit(r->vars, r->n_vars);
        rule_list_deinit(&r->rules);
        assertions_deinit(&r->assertions);
}

DEFINE_REFERENCES(Role, role, role_destroy)
