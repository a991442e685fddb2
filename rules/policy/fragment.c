/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/fragment.h"

#include "rules/address/prefixset.h"
#include "rules/base/strv.h"

static void set_decls_deinit(SetDecls *l)
{
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].name);
                prefix_set_unref(l->items[i].entries);
                free(l->items[i].path);
                free(l->items[i].file);
        }
        free(l->items);
        *l = (SetDecls){ 0 };
}

static void var_values_deinit(VarValues *l)
{
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].name);
                strv_free(l->items[i].value);
                free(l->items[i].file);
        }
        free(l->items);
        *l = (VarValues){ 0 };
}

Fragment *fragment_new(void)
{
        Fragment *f = calloc(1, sizeof(*f));

        if (f)
                f->n_refs = 1;
        return f;
}

static void fragment_destroy(Fragment *f)
{
        free(f->name);
        free(f->file);
        free(f->text);
        rule_list_deinit(&f->rules);
        set_decls_deinit(&f->sets);
        var_values_deinit(&f->vars);
        assertions_deinit(&f->assertions);
}

DEFINE_REFERENCES(Fragment, fragment, fragment_destroy)
