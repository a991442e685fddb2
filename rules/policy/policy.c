/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Documents, the daemon's state and the policy they make: life and copies (policy.h). */

#include "rules/policy/policy.h"

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
                range_set_unref(l->items[i].ranges);
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

Fragment *fragment_ref(Fragment *f)
{
        if (f)
                f->n_refs++;
        return f;
}

Fragment *fragment_unref(Fragment *f)
{
        if (!f || --f->n_refs > 0)
                return NULL;
        free(f->name);
        free(f->file);
        free(f->text);
        rule_list_deinit(&f->rules);
        set_decls_deinit(&f->sets);
        var_values_deinit(&f->vars);
        assertions_deinit(&f->assertions);
        free(f);
        return NULL;
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
        return h;
}

HostConf *host_conf_ref(HostConf *h)
{
        if (h)
                h->n_refs++;
        return h;
}

HostConf *host_conf_unref(HostConf *h)
{
        if (!h || --h->n_refs > 0)
                return NULL;
        fragment_unref(h->common);
        strv_free(h->roles);
        free(h);
        return NULL;
}

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

Role *role_ref(Role *r)
{
        if (r)
                r->n_refs++;
        return r;
}

Role *role_unref(Role *r)
{
        if (!r || --r->n_refs > 0)
                return NULL;
        free(r->name);
        free(r->summary);
        free(r->file);
        var_decls_deinit(r->vars, r->n_vars);
        rule_list_deinit(&r->rules);
        assertions_deinit(&r->assertions);
        free(r);
        return NULL;
}

/* ---- the daemon's state ---- */

State *state_new(void)
{
        State *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->next_id = 1;
        s->enabled = -1;
        s->defaults = defaults_none;
        s->logging = _LOGGING_INVALID;
        return s;
}

void origin_deinit(Origin *o)
{
        free(o->process);
        free(o->unit);
        free(o->remote);
        free(o->reason);
        *o = (Origin){ 0 };
}

int origin_copy(const Origin *o, Origin *ret)
{
        Origin copy = { .time_usec = o->time_usec, .uid = o->uid, .pid = o->pid };

        if (strdup_null(o->process, &copy.process) < 0 || strdup_null(o->unit, &copy.unit) < 0 ||
                strdup_null(o->remote, &copy.remote) < 0 ||
                strdup_null(o->reason, &copy.reason) < 0) {
                origin_deinit(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

State *state_free(State *s)
{
        if (!s)
                return NULL;
        origin_deinit(&s->origin);
        free(s->files);
        strv_free(s->roles);
        rule_list_deinit(&s->rules);
        for (size_t i = 0; i < s->n_fragments; i++)
                fragment_unref(s->fragments[i]);
        free(s->fragments);
        for (size_t i = 0; i < s->n_sets; i++) {
                free(s->sets[i].name);
                prefix_set_unref(s->sets[i].entries);
                range_set_unref(s->sets[i].ranges);
        }
        free(s->sets);
        free(s);
        return NULL;
}

static int state_copy_fragments(const State *s, State *copy)
{
        for (size_t i = 0; i < s->n_fragments; i++) {
                if (array_grow(&copy->fragments, i, sizeof(*copy->fragments)) < 0)
                        return -ENOMEM;
                copy->fragments[i] = fragment_ref(s->fragments[i]);
                copy->n_fragments++;
        }
        return 0;
}

static int state_copy_sets(const State *s, State *copy)
{
        for (size_t i = 0; i < s->n_sets; i++) {
                char *name;

                if (array_grow(&copy->sets, i, sizeof(*copy->sets)) < 0)
                        return -ENOMEM;
                name = strdup(s->sets[i].name);
                if (!name)
                        return -ENOMEM;
                copy->sets[i] = (StoredSet){
                        .name = name,
                        .entries = prefix_set_ref(s->sets[i].entries),
                        .ranges = range_set_ref(s->sets[i].ranges),
                };
                copy->n_sets++;
        }
        return 0;
}

int state_name_files(State *s, const char *files)
{
        char *copy;

        if (strdup_null(files, &copy) < 0)
                return -ENOMEM;
        free(s->files);
        s->files = copy;
        return 0;
}

int state_copy(const State *s, State **ret)
{
        _cleanup_(state_free_p) State *copy = state_new();

        if (!copy)
                return -ENOMEM;
        if (origin_copy(&s->origin, &copy->origin) < 0 || strdup_null(s->files, &copy->files) < 0)
                return -ENOMEM;
        if (strv_copy(s->roles, &copy->roles) < 0 || rule_list_copy(&s->rules, &copy->rules) < 0 ||
                state_copy_fragments(s, copy) < 0 || state_copy_sets(s, copy) < 0)
                return -ENOMEM;
        copy->revision = s->revision;
        copy->files_pinned = s->files_pinned;
        copy->next_id = s->next_id;
        copy->enabled = s->enabled;
        copy->roles_set = s->roles_set;
        copy->defaults = s->defaults;
        copy->logging = s->logging;
        copy->lockdown = s->lockdown;
        *ret = TAKE_PTR(copy);
        return 0;
}

/* ---- everything in force ---- */

Policy *policy_new(void)
{
        Policy *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        p->state = state_new();
        if (!p->state) {
                free(p);
                return NULL;
        }
        return p;
}

Policy *policy_free(Policy *p)
{
        if (!p)
                return NULL;
        state_free(p->state);
        host_conf_unref(p->host);
        for (size_t i = 0; i < p->n_files; i++)
                fragment_unref(p->files[i]);
        free(p->files);
        for (size_t i = 0; i < p->n_roles; i++)
                role_unref(p->roles[i]);
        free(p->roles);
        free(p);
        return NULL;
}

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

void policy_mail_ports(const Policy *p, Ports *ret)
{
        Ports ports = mail_ports_default;

        /* more than PORTS_MAX in all is refused when p25.conf is parsed */
        for (size_t i = 0; p->host && i < p->host->mail_ports.n; i++)
                (void)ports_add(&ports, p->host->mail_ports.items[i]);
        *ret = ports;
}

Role *policy_find_role(const Policy *p, const char *name)
{
        for (size_t i = 0; i < p->n_roles; i++)
                if (streq(p->roles[i]->name, name))
                        return p->roles[i];
        return NULL;
}

static const PrefixSet *declared_set(const Fragment *f, const char *name)
{
        for (size_t i = 0; i < f->sets.n; i++)
                if (streq(f->sets.items[i].name, name))
                        return f->sets.items[i].entries;
        return NULL;
}

const PrefixSet *policy_find_set(const Policy *p, const char *name)
{
        const PrefixSet *found = NULL;

        for (size_t i = 0; i < p->state->n_sets; i++)
                if (streq(p->state->sets[i].name, name))
                        return p->state->sets[i].entries;
        if (p->host)
                found = declared_set(p->host->common, name);
        for (size_t i = 0; !found && i < p->n_files; i++)
                found = declared_set(p->files[i], name);
        for (size_t i = 0; !found && i < p->state->n_fragments; i++)
                found = declared_set(p->state->fragments[i], name);
        return found;
}
