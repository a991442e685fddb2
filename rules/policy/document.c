/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/document.h"

#include "rules/address/prefixset.h"
#include "rules/base/strv.h"

#include <errno.h>

const Defaults defaults_none = {
        .of = { [DIRECTION_IN] = _ACTION_INVALID,
                [DIRECTION_OUT] = _ACTION_INVALID,
                [DIRECTION_ROUTED] = _ACTION_INVALID },
};

/* ---- the lists of a document ---- */

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

static void assertions_deinit(Assertions *l)
{
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].packet);
                free(l->items[i].file);
        }
        free(l->items);
        *l = (Assertions){ 0 };
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

/* ---- fragments ---- */

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

const char *alert_kind_to_string(AlertKind k)
{
        static const char *const words[_ALERT_MAX] = {
                [ALERT_BLOCKED] = "blocked",
                [ALERT_CONNECTIONS] = "connections",
                [ALERT_DESTINATIONS] = "destinations",
        };

        return k >= 0 && k < _ALERT_MAX ? words[k] : NULL;
}

/* ---- p25.conf ---- */

HostConf *host_conf_new(void)
{
        HostConf *h = calloc(1, sizeof(*h));

        if (!h)
                return NULL;
        h->common = fragment_new();
        if (!h->common) {
                free(h);
                return NULL;
        }
        h->n_refs = 1;
        h->enabled = -1;
        h->backend = BACKEND_AUTO;
        h->defaults = defaults_none;
        h->logging = _LOGGING_INVALID;
        h->attribution = _ATTRIBUTION_INVALID;
        return h;
}

static void host_conf_destroy(HostConf *h)
{
        fragment_unref(h->common);
        strv_free(h->roles);
}

DEFINE_REFERENCES(HostConf, host_conf, host_conf_destroy)

/* ---- roles ---- */

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
