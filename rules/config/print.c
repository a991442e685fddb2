/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the canonical form of documents. The order of settings is that of the vocabulary; what a
 * document may hold is said there, and test_print walks both.
 */

#include "rules/config/print.h"

#include "rules/policy/fields.h"

#include <inttypes.h>
#include <stdio.h>

#define WRAP_COLUMN 100

/* ---- plain values ---- */

/* libconfig's escapes. What is not UTF-8 goes out byte by byte, so that the document is UTF-8. */
static void print_string(Buffer *b, const char *s)
{
        buffer_add_char(b, '"');
        while (*s) {
                uint32_t code;
                size_t n = utf8_character(s, &code);

                if (*s == '"' || *s == '\\')
                        buffer_printf(b, "\\%c", *s);
                else if (*s == '\n')
                        buffer_add_string(b, "\\n");
                else if (*s == '\t')
                        buffer_add_string(b, "\\t");
                else if (n == 0 || code < 0x20 || code == 0x7f)
                        buffer_printf(b, "\\x%02x", (unsigned char)*s);
                else
                        buffer_add(b, s, n);
                s += n > 0 ? n : 1;
        }
        buffer_add_char(b, '"');
}

static void print_integer(Buffer *b, uint64_t value)
{
        buffer_printf(b, "%" PRIu64 "%s", value, value > INT32_MAX ? "L" : "");
}

/* ---- settings: "name = value;" and what goes before and behind ---- */

/* Inside of a rule everything stands on one line; elsewhere each setting has its own. */
typedef struct Printer {
        Buffer *b;
        unsigned depth;
        bool one_line;
} Printer;

static void begin_setting(Printer *p, const char *name)
{
        if (p->one_line)
                buffer_add_char(p->b, ' ');
        else
                buffer_printf(p->b, "%*s", (int)p->depth * 2, "");
        buffer_printf(p->b, "%s = ", name);
}

static void end_setting(Printer *p)
{
        buffer_add_string(p->b, p->one_line ? ";" : ";\n");
}

static void set_string(Printer *p, const char *name, const char *value)
{
        if (!value)
                return;
        begin_setting(p, name);
        print_string(p->b, value);
        end_setting(p);
}

static void set_integer(Printer *p, const char *name, uint64_t value)
{
        begin_setting(p, name);
        print_integer(p->b, value);
        end_setting(p);
}

static void set_bool(Printer *p, const char *name, bool value)
{
        begin_setting(p, name);
        buffer_add_string(p->b, value ? "true" : "false");
        end_setting(p);
}

/* "name = {" … "};" */
static void begin_group(Printer *p, const char *name, char open)
{
        begin_setting(p, name);
        buffer_add_char(p->b, open);
        if (!p->one_line)
                buffer_add_char(p->b, '\n');
        p->depth++;
}

static void end_group(Printer *p, char close)
{
        p->depth--;
        if (p->one_line)
                buffer_add_char(p->b, ' ');
        else
                buffer_printf(p->b, "%*s", (int)p->depth * 2, "");
        buffer_add_char(p->b, close);
        end_setting(p);
}

/* ---- lists of plain values ---- */

/* Before each item of a list: a comma, and a new line where the last one is full. */
typedef struct ListPrinter {
        Printer *p;
        size_t line_start, n;
} ListPrinter;

static ListPrinter begin_list(Printer *p, const char *name, char open)
{
        ListPrinter l = { .p = p, .line_start = p->b->length };

        begin_setting(p, name);
        buffer_add_char(p->b, open);
        return l;
}

static void next_item(ListPrinter *l)
{
        Buffer *b = l->p->b;

        if (l->n++ > 0)
                buffer_add_char(b, ',');
        if (!l->p->one_line && b->length - l->line_start > WRAP_COLUMN - 20) {
                buffer_add_char(b, '\n');
                l->line_start = b->length;
                buffer_printf(b, "%*s", (int)(l->p->depth + 1) * 2, "");
                return;
        }
        buffer_add_char(b, ' ');
}

static void end_list(ListPrinter *l, char close)
{
        buffer_printf(l->p->b, " %c", close);
        end_setting(l->p);
}

static void set_strings(Printer *p, const char *name, char *const *texts)
{
        ListPrinter l = begin_list(p, name, '[');

        for (; texts && *texts; texts++) {
                next_item(&l);
                print_string(p->b, *texts);
        }
        end_list(&l, ']');
}

/* The elements of an array are of one type; where names and numbers are mixed it is a list. */
static void set_ports(Printer *p, const char *name, const Ports *ports)
{
        size_t n_names = 0;
        bool mixed;
        ListPrinter l;

        for (size_t i = 0; i < ports->n; i++)
                n_names += port_to_service(ports->items[i]) != NULL;
        mixed = n_names > 0 && n_names < ports->n;
        l = begin_list(p, name, mixed ? '(' : '[');
        for (size_t i = 0; i < ports->n; i++) {
                const char *service = port_to_service(ports->items[i]);

                next_item(&l);
                if (service)
                        print_string(p->b, service);
                else
                        buffer_printf(p->b, "%u", ports->items[i]);
        }
        end_list(&l, mixed ? ')' : ']');
}

/* ---- rules ---- */

static bool is_port_25(const Ports *ports)
{
        return ports->n == 1 && ports->items[0] == 25;
}

static void set_field(Printer *p, const RuleField *f, const FieldValue *v)
{
        switch (f->form) {
        case FORM_TEXT:
                set_string(p, f->name, v->text);
                break;
        case FORM_TEXTS:
                set_strings(p, f->name, v->texts);
                break;
        case FORM_PORTS:
                if (!is_port_25(v->ports))
                        set_ports(p, f->name, v->ports);
                break;
        case FORM_NUMBER:
        case FORM_TIME:
                set_integer(p, f->name, v->number);
                break;
        case FORM_FLAG:
                set_bool(p, f->name, v->number > 0);
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
                set_integer(&p, "id", rule->id);
        RULE_FIELD_FOREACH(f)
        {
                FieldValue v;
                int r = rule_field_get(rule, f, &v);

                if (r < 0)
                        b->failed = true;
                if (r > 0 && f->form == FORM_PORTS && rule->ports_var) {
                        snprintf(ports_var, sizeof(ports_var), "$%s", rule->ports_var);
                        set_string(&p, f->name, ports_var);
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
        end_group(p, ')');
}

static void set_rules(Printer *p, const RuleList *l, bool with_ids)
{
        if (l->n == 0)
                return;
        begin_group(p, "rules", '(');
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
        begin_setting(outer, "default");
        buffer_add_char(p.b, '{');
        for (int i = 0; i < _DIRECTION_MAX; i++)
                if (d->of[i] != _ACTION_INVALID)
                        set_string(&p, direction_to_adjective((Direction)i),
                                action_to_string(d->of[i]));
        buffer_add_string(p.b, " }");
        end_setting(outer);
}

static void set_asserts(Printer *p, const Assertions *l)
{
        if (l->n == 0)
                return;
        begin_group(p, "assert", '(');
        for (size_t i = 0; i < l->n; i++) {
                Printer inner = { .b = p->b, .one_line = true };

                next_group(p, i);
                buffer_add_char(p->b, '{');
                set_string(&inner, "packet", l->items[i].packet);
                set_string(&inner, "verdict", action_to_string(l->items[i].verdict));
                buffer_add_string(p->b, " }");
        }
        end_groups(p);
}

static void set_vars(Printer *p, const VarValues *l)
{
        if (l->n == 0)
                return;
        begin_group(p, "vars", '{');
        for (size_t i = 0; i < l->n; i++)
                set_strings(p, l->items[i].name, l->items[i].value);
        end_group(p, '}');
}

static void set_entries(Printer *p, const PrefixSet *s)
{
        ListPrinter l = begin_list(p, "entries", '[');
        char buffer[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < s->n_v4; i++) {
                Prefix prefix = { .address = address_from_ipv4(s->v4[i].address),
                        .bits = s->v4[i].bits };

                next_item(&l);
                buffer_printf(p->b, "\"%s\"", prefix_format(&prefix, buffer));
        }
        for (size_t i = 0; i < s->n_v6; i++) {
                Prefix prefix = { .address.family = FAMILY_IPV6, .bits = s->v6[i].bits };

                memcpy(prefix.address.bytes, s->v6[i].address, 16);
                next_item(&l);
                buffer_printf(p->b, "\"%s\"", prefix_format(&prefix, buffer));
        }
        end_list(&l, ']');
}

static void set_sets(Printer *p, const SetDecls *l)
{
        if (l->n == 0)
                return;
        begin_group(p, "sets", '{');
        for (size_t i = 0; i < l->n; i++) {
                begin_group(p, l->items[i].name, '{');
                /* where a file is named, entries are what a shell has read from it */
                if (l->items[i].path)
                        set_string(p, "file", l->items[i].path);
                else
                        set_entries(p, l->items[i].entries);
                end_group(p, '}');
        }
        end_group(p, '}');
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
                set_strings(p, name, (char *[]){ (char *)"all", NULL });
        else
                set_ports(p, name, ports);
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
        begin_setting(outer, "manages");
        buffer_add_char(p.b, '{');
        for (int i = 0; i < _DIRECTION_MAX; i++)
                if (r->manages_all[i] || r->manages[i].n > 0)
                        set_managed(&p, direction_to_adjective((Direction)i), &r->manages[i],
                                r->manages_all[i]);
        buffer_add_string(p.b, " }");
        end_setting(outer);
}

static void set_var_decls(Printer *p, const Role *r)
{
        if (r->n_vars == 0)
                return;
        begin_group(p, "vars", '{');
        for (size_t i = 0; i < r->n_vars; i++) {
                const VarDecl *v = &r->vars[i];

                begin_group(p, v->name, '{');
                set_string(p, "type", var_type_to_string(v->type));
                if (v->required)
                        set_bool(p, "required", true);
                if (v->value)
                        set_strings(p, "default", v->value);
                set_string(p, "help", v->help);
                end_group(p, '}');
        }
        end_group(p, '}');
}

/* ---- documents ---- */

int print_rule(const Rule *r, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        print_rule_group(&b, r, false);
        return buffer_take(&b, ret);
}

int print_host(const HostConf *h, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Printer p = { .b = &b };

        if (h->enabled >= 0)
                set_bool(&p, "enabled", h->enabled);
        if (h->backend != BACKEND_AUTO)
                set_string(&p, "backend", backend_to_string(h->backend));
        if (h->roles)
                set_strings(&p, "roles", h->roles);
        set_defaults(&p, &h->defaults);
        if (h->logging != _LOGGING_INVALID)
                set_string(&p, "logging", logging_to_string(h->logging));
        if (h->mail_ports.n > 0)
                set_ports(&p, "mail_ports", &h->mail_ports);
        if (h->keep_established)
                set_bool(&p, "keep_established", true);
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

        begin_group(&p, "role", '{');
        set_string(&p, "name", r->name);
        set_string(&p, "summary", r->summary);
        set_manages(&p, r);
        if (r->listens.n > 0)
                set_ports(&p, "listens", &r->listens);
        set_var_decls(&p, r);
        set_defaults(&p, &r->defaults);
        set_rules(&p, &r->rules, false);
        set_asserts(&p, &r->assertions);
        end_group(&p, '}');
        return buffer_take(&b, ret);
}

static void set_file(Printer *p, size_t i, const char *name, const char *file)
{
        Printer inner = { .b = p->b, .one_line = true };

        next_group(p, i);
        buffer_add_char(p->b, '{');
        set_string(&inner, "name", name);
        set_string(&inner, "file", file);
        buffer_add_string(p->b, " }");
}

static void set_state_files(
        Printer *p, const State *s, char *const *fragment_files, char *const *set_files)
{
        if (s->n_fragments > 0) {
                begin_group(p, "fragments", '(');
                for (size_t i = 0; i < s->n_fragments; i++)
                        set_file(p, i, s->fragments[i]->name, fragment_files[i]);
                end_groups(p);
        }
        if (s->n_sets > 0) {
                begin_group(p, "sets", '(');
                for (size_t i = 0; i < s->n_sets; i++)
                        set_file(p, i, s->sets[i].name, set_files[i]);
                end_groups(p);
        }
}

static void set_origin(Printer *p, const Origin *o)
{
        if (o->time_usec > 0)
                set_integer(p, "time", o->time_usec);
        if (o->uid > 0)
                set_integer(p, "uid", o->uid);
        if (o->pid > 0)
                set_integer(p, "pid", o->pid);
        set_string(p, "process", o->process);
        set_string(p, "unit", o->unit);
        set_string(p, "remote", o->remote);
        set_string(p, "reason", o->reason);
        set_string(p, "summary", o->summary);
}

int print_state(const State *s, char *const *fragment_files, char *const *set_files, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Printer p = { .b = &b };

        begin_group(&p, "state", '{');
        set_integer(&p, "revision", s->revision);
        set_origin(&p, &s->origin);
        set_string(&p, "files", s->files);
        if (s->files_pinned)
                set_bool(&p, "files_pinned", true);
        set_integer(&p, "next_id", s->next_id);
        if (s->enabled >= 0)
                set_bool(&p, "enabled", s->enabled);
        if (s->roles_set)
                set_strings(&p, "roles", s->roles);
        set_defaults(&p, &s->defaults);
        if (s->logging != _LOGGING_INVALID)
                set_string(&p, "logging", logging_to_string(s->logging));
        if (s->lockdown)
                set_bool(&p, "lockdown", true);
        set_rules(&p, &s->rules, true);
        set_state_files(&p, s, fragment_files, set_files);
        end_group(&p, '}');
        return buffer_take(&b, ret);
}
