/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the canonical form of documents. The order of settings is that of the vocabulary; what a
 * document may hold is said there, and test_print walks both.
 */

#include "rules/config/print.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"
#include "rules/config/printer.h"
#include "rules/policy/assertion.h"
#include "rules/policy/assertions.h"
#include "rules/policy/fields.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/origin.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/rulelist.h"
#include "rules/policy/settings.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"

#include <stdio.h>

/* ---- rules ---- */

static bool is_port_25(const Ports *ports)
{
        return ports->n == 1 && ports->items[0] == 25;
}

static void set_field(Printer *p, const RuleField *f, const FieldValue *v)
{
        switch (f->form) {
        case FORM_TEXT:
                printer_string(p, f->name, v->text);
                break;
        case FORM_TEXTS:
                printer_strings(p, f->name, v->texts);
                break;
        case FORM_PORTS:
                if (!is_port_25(v->ports))
                        printer_ports(p, f->name, v->ports);
                break;
        case FORM_NUMBER:
        case FORM_TIME:
                printer_integer(p, f->name, v->number);
                break;
        case FORM_FLAG:
                printer_bool(p, f->name, v->number > 0);
                break;
        case FORM_HIDDEN:
                break;
        }
}

static void print_rule_group(Buffer *b, const Rule *rule, bool with_id)
{
        Printer p = { .b = b, .one_line = true };
        char ports_var[NAME_MAX_LENGTH + 2];

        buffer_add_char(b, '{');
        if (with_id)
                printer_integer(&p, "id", rule->id);
        RULE_FIELD_FOREACH(f)
        {
                FieldValue v;
                int r = rule_field_get(rule, f, &v);

                if (r < 0)
                        b->failed = true;
                if (r > 0 && f->form == FORM_PORTS && rule->ports_var) {
                        snprintf(ports_var, sizeof(ports_var), "$%s", rule->ports_var);
                        printer_string(&p, f->name, ports_var);
                } else if (r > 0)
                        set_field(&p, f, &v);
                field_value_deinit(&v);
        }
        buffer_add_string(b, " }");
}

/* Before each group of a list of groups. */
static void next_group(Printer *p, size_t i)
{
        buffer_printf(p->b, "%s%*s", i > 0 ? ",\n" : "", (int)p->depth * 2, "");
}

static void end_groups(Printer *p)
{
        buffer_add_char(p->b, '\n');
        printer_end_group(p, ')');
}

static void set_rules(Printer *p, const RuleList *l, bool with_ids)
{
        if (l->n == 0)
                return;
        printer_begin_group(p, "rules", '(');
        for (size_t i = 0; i < l->n; i++) {
                next_group(p, i);
                print_rule_group(p->b, l->items[i], with_ids);
        }
        end_groups(p);
}

/* ---- what documents share ---- */

static void set_defaults(Printer *outer, const Defaults *d)
{
        Printer p = { .b = outer->b, .one_line = true };
        bool any = false;

        for (int i = 0; i < _DIRECTION_MAX; i++)
                any = any || d->of[i] != _ACTION_INVALID;
        if (!any)
                return;
        printer_begin(outer, "default");
        buffer_add_char(p.b, '{');
        for (int i = 0; i < _DIRECTION_MAX; i++)
                if (d->of[i] != _ACTION_INVALID)
                        printer_string(&p, direction_to_adjective((Direction)i),
                                action_to_string(d->of[i]));
        buffer_add_string(p.b, " }");
        printer_end(outer);
}

static void set_asserts(Printer *p, const Assertions *l)
{
        if (l->n == 0)
                return;
        printer_begin_group(p, "assert", '(');
        for (size_t i = 0; i < l->n; i++) {
                Printer inner = { .b = p->b, .one_line = true };

                next_group(p, i);
                buffer_add_char(p->b, '{');
                printer_string(&inner, "packet", l->items[i].packet);
                printer_string(&inner, "verdict", action_to_string(l->items[i].verdict));
                buffer_add_string(p->b, " }");
        }
        end_groups(p);
}

static void set_vars(Printer *p, const VarValues *l)
{
        if (l->n == 0)
                return;
        printer_begin_group(p, "vars", '{');
        for (size_t i = 0; i < l->n; i++)
                printer_strings(p, l->items[i].name, l->items[i].value);
        printer_end_group(p, '}');
}

static void set_entries(Printer *p, const PrefixSet *s)
{
        ListPrinter l = printer_begin_list(p, "entries", '[');
        char buffer[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < prefix_set_size(s); i++) {
                Prefix prefix = prefix_set_at(s, i);

                printer_next(&l);
                buffer_printf(p->b, "\"%s\"", prefix_format(&prefix, buffer));
        }
        printer_end_list(&l, ']');
}

static void set_sets(Printer *p, const SetDecls *l)
{
        if (l->n == 0)
                return;
        printer_begin_group(p, "sets", '{');
        for (size_t i = 0; i < l->n; i++) {
                printer_begin_group(p, l->items[i].name, '{');
                /* where a file is named, entries are what a shell has read from it */
                if (l->items[i].path)
                        printer_string(p, "file", l->items[i].path);
                else
                        set_entries(p, l->items[i].entries);
                printer_end_group(p, '}');
        }
        printer_end_group(p, '}');
}

static void set_common(Printer *p, const Fragment *f)
{
        set_vars(p, &f->vars);
        set_sets(p, &f->sets);
        set_rules(p, &f->rules, false);
        set_asserts(p, &f->assertions);
}

/* ---- roles ---- */

static void set_managed(Printer *p, const char *name, const Ports *ports, bool all)
{
        if (all)
                printer_strings(p, name, (char *[]){ (char *)"all", NULL });
        else
                printer_ports(p, name, ports);
}

static void set_manages(Printer *outer, const Role *r)
{
        Printer p = { .b = outer->b, .one_line = true };
        bool any = false, same = true;

        for (int i = 0; i < _DIRECTION_MAX; i++) {
                any = any || r->manages_all[i] || r->manages[i].n > 0;
                same = same && r->manages_all[i] == r->manages_all[0] &&
                       ports_equal(&r->manages[i], &r->manages[0]);
        }
        if (!any)
                return;
        if (same) {
                set_managed(outer, "manages", &r->manages[0], r->manages_all[0]);
                return;
        }
        printer_begin(outer, "manages");
        buffer_add_char(p.b, '{');
        for (int i = 0; i < _DIRECTION_MAX; i++)
                if (r->manages_all[i] || r->manages[i].n > 0)
                        set_managed(&p, direction_to_adjective((Direction)i), &r->manages[i],
                                r->manages_all[i]);
        buffer_add_string(p.b, " }");
        printer_end(outer);
}

static void set_var_decls(Printer *p, const Role *r)
{
        if (r->n_vars == 0)
                return;
        printer_begin_group(p, "vars", '{');
        for (size_t i = 0; i < r->n_vars; i++) {
                const VarDecl *v = &r->vars[i];

                printer_begin_group(p, v->name, '{');
                printer_string(p, "type", var_type_to_string(v->type));
                if (v->required)
                        printer_bool(p, "required", true);
                if (v->value)
                        printer_strings(p, "default", v->value);
                printer_string(p, "help", v->help);
                printer_end_group(p, '}');
        }
        printer_end_group(p, '}');
}

/* ---- documents ---- */

int print_rule(const Rule *r, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        print_rule_group(&b, r, false);
        return buffer_take(&b, ret);
}

static void set_audit(Printer *p, const char *name, const bool audit[static _DIRECTION_MAX])
{
        char *words[_DIRECTION_MAX + 1];
        size_t n = 0;

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (audit[d])
                        words[n++] = (char *)direction_to_adjective(d);
        words[n] = NULL;
        if (n > 0)
                printer_strings(p, name, words);
}

static void set_alerts(Printer *p, const Alerts *a)
{
        char text[32];
        bool any = false;

        for (AlertKind k = 0; k < _ALERT_MAX; k++) {
                const Limit *l = &a->limits[k];

                if (l->rate == 0)
                        continue;
                if (!any)
                        printer_begin_group(p, "alerts", '{');
                any = true;
                (void)snprintf(
                        text, sizeof(text), "%u/%s", l->rate, limit_unit_to_string(l->unit_sec));
                printer_string(p, alert_kind_to_string(k), text);
        }
        if (!any)
                return;
        (void)snprintf(text, sizeof(text), "%llus", (unsigned long long)a->quarantine_sec);
        if (a->quarantine_sec > 0)
                printer_string(p, "quarantine", text);
        printer_end_group(p, '}');
}

int print_host(const HostConf *h, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Printer p = { .b = &b };

        if (h->enabled >= 0)
                printer_bool(&p, "enabled", h->enabled);
        if (h->backend != BACKEND_AUTO)
                printer_string(&p, "backend", backend_to_string(h->backend));
        if (h->roles)
                printer_strings(&p, "roles", h->roles);
        set_defaults(&p, &h->defaults);
        if (h->logging != _LOGGING_INVALID)
                printer_string(&p, "logging", logging_to_string(h->logging));
        if (h->attribution != _ATTRIBUTION_INVALID)
                printer_string(&p, "attribution", attribution_to_string(h->attribution));
        set_audit(&p, "audit", h->audit);
        set_alerts(&p, &h->alerts);
        if (h->mail_ports.n > 0)
                printer_ports(&p, "mail_ports", &h->mail_ports);
        if (h->keep_established)
                printer_bool(&p, "keep_established", true);
        set_common(&p, h->common);
        return buffer_take(&b, ret);
}

int print_fragment(const Fragment *f, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Printer p = { .b = &b };

        set_common(&p, f);
        return buffer_take(&b, ret);
}

int print_role(const Role *r, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Printer p = { .b = &b };

        printer_begin_group(&p, "role", '{');
        printer_string(&p, "name", r->name);
        printer_string(&p, "summary", r->summary);
        set_manages(&p, r);
        if (r->listens.n > 0)
                printer_ports(&p, "listens", &r->listens);
        if (r->audit)
                printer_bool(&p, "audit", true);
        set_var_decls(&p, r);
        set_defaults(&p, &r->defaults);
        set_rules(&p, &r->rules, false);
        set_asserts(&p, &r->assertions);
        printer_end_group(&p, '}');
        return buffer_take(&b, ret);
}

static void set_file(Printer *p, size_t i, const char *name, const char *file)
{
        Printer inner = { .b = p->b, .one_line = true };

        next_group(p, i);
        buffer_add_char(p->b, '{');
        printer_string(&inner, "name", name);
        printer_string(&inner, "file", file);
        buffer_add_string(p->b, " }");
}

static void set_state_files(
        Printer *p, const State *s, char *const *fragment_files, char *const *set_files)
{
        if (s->n_fragments > 0) {
                printer_begin_group(p, "fragments", '(');
                for (size_t i = 0; i < s->n_fragments; i++)
                        set_file(p, i, s->fragments[i]->name, fragment_files[i]);
                end_groups(p);
        }
        if (s->n_sets > 0) {
                printer_begin_group(p, "sets", '(');
                for (size_t i = 0; i < s->n_sets; i++)
                        set_file(p, i, s->sets[i].name, set_files[i]);
                end_groups(p);
        }
}

static void set_origin(Printer *p, const Origin *o)
{
        if (o->time_usec > 0)
                printer_integer(p, "time", o->time_usec);
        if (o->uid > 0)
                printer_integer(p, "uid", o->uid);
        if (o->pid > 0)
                printer_integer(p, "pid", o->pid);
        printer_string(p, "process", o->process);
        printer_string(p, "unit", o->unit);
        printer_string(p, "remote", o->remote);
        printer_string(p, "reason", o->reason);
        printer_string(p, "summary", o->summary);
}

int print_state(const State *s, char *const *fragment_files, char *const *set_files, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Printer p = { .b = &b };

        printer_begin_group(&p, "state", '{');
        printer_integer(&p, "revision", s->revision);
        if (state_is_between(s))
                printer_integer(&p, "policy_revision", s->policy_revision);
        set_origin(&p, &s->origin);
        printer_string(&p, "files", s->files);
        if (s->files_pinned)
                printer_bool(&p, "files_pinned", true);
        printer_integer(&p, "next_id", s->next_id);
        if (s->enabled >= 0)
                printer_bool(&p, "enabled", s->enabled);
        if (s->roles_set)
                printer_strings(&p, "roles", s->roles);
        set_defaults(&p, &s->defaults);
        if (s->logging != _LOGGING_INVALID)
                printer_string(&p, "logging", logging_to_string(s->logging));
        set_audit(&p, "promoted", s->promoted);
        if (s->promoted_roles)
                printer_strings(&p, "promoted_roles", s->promoted_roles);
        if (s->lockdown)
                printer_bool(&p, "lockdown", true);
        set_rules(&p, &s->rules, true);
        set_state_files(&p, s, fragment_files, set_files);
        printer_end_group(&p, '}');
        return buffer_take(&b, ret);
}
