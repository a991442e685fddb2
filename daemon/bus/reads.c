/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the methods that only read. Everybody may call them.
 */

#include "daemon/api/rule_document.h"
#include "daemon/bus/answer.h"
#include "daemon/bus/dict.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply.h"
#include "daemon/bus/rule.h"
#include "daemon/host/host.h"
#include "daemon/store/set_changes.h"
#include "daemon/store/store.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"
#include "rules/report/report.h"

#include <errno.h>
#include <stdio.h>

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)
#define _cleanup_report_ _cleanup_(report_deinit)

static int too_large(const Report *report, sd_bus_error *error)
{
        return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                "%zu rules are more than a message of the bus holds", report->n_rules);
}

int bus_describe(BusCall *c, sd_bus_error *error)
{
        _cleanup_report_ Report report = { 0 };
        _cleanup_free_ char *json = NULL;
        int r;

        if ((r = manager_report(c->bus->manager, &report)) < 0 ||
                (r = manager_report_programs(c->bus->manager, &report)) < 0 ||
                (r = report_print_json(&report, &json)) < 0)
                return r;
        if (strlen(json) > BUS_REPLY_MAX)
                return too_large(&report, error);
        return bus_reply_text(c, json, error);
}

/* ---- lists ---- */

static int list_begin(BusCall *c, sd_bus_message **ret)
{
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        if ((r = bus_reply_new(c, &reply)) < 0 ||
                (r = sd_bus_message_open_container(reply, 'a', "a{sv}")) < 0)
                return r;
        *ret = TAKE_PTR(reply);
        return 0;
}

static int list_end(BusCall *c, sd_bus_message *reply)
{
        int r;

        if ((r = sd_bus_message_close_container(reply)) < 0 || (r = bus_reply_send(c, reply)) < 0)
                return r;
        return 0;
}

/* More than the bytes that a rule takes in a message: names and types of its entries, and texts. */
static size_t rule_weight(const Rule *rule)
{
        char *const *const lists[] = { rule->user, rule->group, rule->unit };
        size_t n = 800 + 80 * (rule->from.n + rule->to.n);

        for (size_t i = 0; i < ELEMENTS(lists); i++)
                for (char *const *s = lists[i]; s && *s; s++)
                        n += strlen(*s) + 8;
        return n + (rule->comment ? strlen(rule->comment) : 0);
}

int bus_list_rules(BusCall *c, sd_bus_error *error)
{
        _cleanup_report_ Report report = { 0 };
        _cleanup_message_ sd_bus_message *reply = NULL;
        size_t weight = 0;
        int r;

        if ((r = manager_report(c->bus->manager, &report)) < 0 || (r = list_begin(c, &reply)) < 0)
                return r;
        for (size_t i = 0; i < report.n_rules; i++) {
                weight += rule_weight(report.rules[i].rule);
                if (weight > BUS_REPLY_MAX)
                        return too_large(&report, error);
                r = bus_rule_append(reply, &report.rules[i]);
                if (r < 0)
                        return r;
        }
        return list_end(c, reply);
}

/* value is that of p25.conf, or NULL; without it the default holds. */
static int var_append(sd_bus_message *m, const VarDecl *var, const VarValue *value)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "name", "s", var->name)) < 0 ||
                (r = bus_append_entry(m, "type", "s", var_type_to_string(var->type))) < 0 ||
                (r = bus_append_entry(m, "help", "s", var->help ?: "")) < 0 ||
                (r = bus_append_entry(m, "required", "b", (int)var->required)) < 0 ||
                (r = bus_append_entry(m, "given", "b", (int)!!value)) < 0 ||
                (r = rule_document_append_strings(m, "value", value ? value->value : var->value)) <
                        0)
                return r;
        return sd_bus_message_close_container(m);
}

static const VarValue *var_given(const Policy *p, const char *name)
{
        const VarValues *values = p->host ? &p->host->common->vars : NULL;

        for (size_t i = 0; values && i < values->n; i++)
                if (streq(values->items[i].name, name))
                        return &values->items[i];
        return NULL;
}

static int vars_append(sd_bus_message *m, const Policy *p, const Role *role)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append(m, "s", "vars")) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', "aa{sv}")) < 0 ||
                (r = sd_bus_message_open_container(m, 'a', "a{sv}")) < 0)
                return r;
        for (size_t i = 0; i < role->n_vars; i++) {
                r = var_append(m, &role->vars[i], var_given(p, role->vars[i].name));
                if (r < 0)
                        return r;
        }
        if ((r = sd_bus_message_close_container(m)) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int role_append(sd_bus_message *m, const Policy *p, const Role *role, bool active)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "name", "s", role->name)) < 0 ||
                (r = bus_append_entry(m, "summary", "s", role->summary ?: "")) < 0 ||
                (r = bus_append_entry(m, "active", "b", (int)active)) < 0 ||
                (r = bus_append_entry(m, "shipped", "b", (int)role->shipped)) < 0 ||
                (r = vars_append(m, p, role)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int bus_list_roles(BusCall *c, _unused_ sd_bus_error *error)
{
        const Policy *policy = manager_policy(c->bus->manager);
        char *const *active = policy_role_names(policy);
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r;

        r = list_begin(c, &reply);
        if (r < 0)
                return r;
        for (size_t i = 0; i < policy->n_roles; i++) {
                const Role *role = policy->roles[i];

                r = role_append(reply, policy, role, strv_contains(active, role->name));
                if (r < 0)
                        return r;
        }
        return list_end(c, reply);
}

static int set_append(
        sd_bus_message *m, const char *name, uint64_t n, const char *source, const char *fragment)
{
        char text[NAME_MAX_LENGTH + 16];
        int r;

        snprintf(text, sizeof(text), "%s%s", source, fragment ?: "");
        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "name", "s", name)) < 0 ||
                (r = bus_append_entry(m, "entries", "t", n)) < 0 ||
                (r = bus_append_entry(m, "source", "s", text)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* The sets that a text declares. name is NULL for p25.conf. */
static int declared_sets_append(sd_bus_message *m, const Fragment *f)
{
        for (size_t i = 0; i < f->sets.n; i++) {
                const SetDecl *set = &f->sets.items[i];
                int r;

                r = set_append(m, set->name, set->entries ? prefix_set_size(set->entries) : 0,
                        f->name ? "fragment:" : "p25.conf", f->name);
                if (r < 0)
                        return r;
        }
        return 0;
}

int bus_list_sets(BusCall *c, _unused_ sd_bus_error *error)
{
        const Policy *policy = manager_policy(c->bus->manager);
        const State *state = policy->state;
        _cleanup_message_ sd_bus_message *reply = NULL;
        const Fragment *f;
        int r;

        r = list_begin(c, &reply);
        for (size_t i = 0; r >= 0 && i < state->n_sets; i++)
                r = set_append(reply, state->sets[i].name,
                        prefix_set_size(state->sets[i].entries) +
                                timed_set_size(state->sets[i].timed),
                        "p25ctl", NULL);
        for (size_t i = 0; r >= 0 && (f = policy_fragment(policy, i)); i++)
                r = declared_sets_append(reply, f);
        return r < 0 ? r : list_end(c, reply);
}

static int fragment_append(sd_bus_message *m, const Fragment *f)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "name", "s", f->name)) < 0 ||
                (r = bus_append_entry(m, "source", "s", f->file ? "policy.d" : "p25ctl")) < 0 ||
                (r = bus_append_entry(m, "file", "s", f->file ?: "")) < 0 ||
                (r = bus_append_entry(m, "rules", "t", (uint64_t)f->rules.n)) < 0 ||
                (r = bus_append_entry(m, "sets", "t", (uint64_t)f->sets.n)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int bus_list_fragments(BusCall *c, _unused_ sd_bus_error *error)
{
        const Policy *policy = manager_policy(c->bus->manager);
        const State *state = policy->state;
        _cleanup_message_ sd_bus_message *reply = NULL;
        size_t i = 0, k = 0;
        int r;

        r = list_begin(c, &reply);
        /* both are sorted: so is what comes out, as it is in force */
        while (r >= 0 && (i < policy->n_files || k < state->n_fragments)) {
                if (k == state->n_fragments ||
                        (i < policy->n_files &&
                                strcmp(policy->files[i]->name, state->fragments[k]->name) < 0))
                        r = fragment_append(reply, policy->files[i++]);
                else
                        r = fragment_append(reply, state->fragments[k++]);
        }
        return r < 0 ? r : list_end(c, reply);
}

/* ---- questions ---- */

static int diagnostic_append(sd_bus_message *m, const Diagnostic *d)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "severity", "s", severity_to_string(d->severity))) < 0 ||
                (r = bus_append_entry(m, "file", "s", d->file ?: "")) < 0 ||
                (r = bus_append_entry(m, "line", "u", (uint32_t)d->line)) < 0 ||
                (r = bus_append_entry(m, "setting", "s", d->setting ?: "")) < 0 ||
                (r = bus_append_entry(m, "text", "s", d->text)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* ---- revisions ---- */

static int revision_append(sd_bus_message *m, Bus *b, const Revision *revision)
{
        const Origin *o = &revision->origin;
        _cleanup_free_ char *user = NULL;
        int r = host_user_name(manager_names(b->manager), o->uid, &user);

        if (r < 0 || (r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "revision", "t", revision->revision)) < 0 ||
                (r = bus_append_entry(m, "time", "t", o->time_usec)) < 0 ||
                (r = bus_append_entry(m, "uid", "u", o->uid)) < 0 ||
                (user && (r = bus_append_entry(m, "user", "s", user)) < 0) ||
                (r = bus_append_entry(m, "process", "s", o->process ?: "")) < 0 ||
                (o->pid > 0 && (r = bus_append_entry(m, "pid", "u", o->pid)) < 0) ||
                (o->unit && (r = bus_append_entry(m, "unit", "s", o->unit)) < 0) ||
                (o->remote && (r = bus_append_entry(m, "remote", "s", o->remote)) < 0) ||
                (r = bus_append_entry(m, "reason", "s", o->reason ?: "")) < 0 ||
                (r = bus_append_entry(m, "summary", "s", o->summary ?: "")) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* The newest first; 0 is for all. */
int bus_list_revisions(BusCall *c, _unused_ sd_bus_error *error)
{
        _cleanup_(revisions_deinit) Revisions l = { 0 };
        _cleanup_message_ sd_bus_message *reply = NULL;
        uint32_t max;
        int r;

        if ((r = sd_bus_message_read(c->message, "u", &max)) < 0 ||
                (r = manager_list_revisions(c->bus->manager, max > 0 ? max : SIZE_MAX, &l)) < 0 ||
                (r = list_begin(c, &reply)) < 0)
                return r;
        for (size_t i = 0; i < l.n; i++) {
                r = revision_append(reply, c->bus, &l.items[i]);
                if (r < 0)
                        return r;
        }
        return list_end(c, reply);
}

static int set_change_append(sd_bus_message *m, const SetChange *change)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "time", "t", change->minute * 60 * USEC_PER_SEC)) < 0 ||
                (r = bus_append_entry(m, "set", "s", change->set)) < 0 ||
                (r = bus_append_entry(m, "uid", "u", change->uid)) < 0 ||
                (r = bus_append_entry(m, "process", "s", change->process ?: "")) < 0 ||
                (r = bus_append_entry(m, "added", "t", change->added)) < 0 ||
                (r = bus_append_entry(m, "removed", "t", change->removed)) < 0 ||
                (r = bus_append_entry(m, "entries", "t", change->entries)) < 0 ||
                (r = bus_append_entry(m, "changes", "t", change->changes)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int bus_list_set_changes(BusCall *c, _unused_ sd_bus_error *error)
{
        _cleanup_(set_changes_deinit) SetChanges l = { 0 };
        _cleanup_message_ sd_bus_message *reply = NULL;
        uint32_t max;
        int r;

        if ((r = sd_bus_message_read(c->message, "u", &max)) < 0 ||
                (r = manager_list_set_changes(c->bus->manager, max > 0 ? max : SIZE_MAX, &l)) < 0 ||
                (r = list_begin(c, &reply)) < 0)
                return r;
        for (size_t i = 0; i < l.n; i++) {
                r = set_change_append(reply, &l.items[i]);
                if (r < 0)
                        return r;
        }
        return list_end(c, reply);
}

int bus_diff_revisions(BusCall *c, sd_bus_error *error)
{
        _cleanup_(change_result_deinit) ChangeResult result = { 0 };
        _cleanup_message_ sd_bus_message *reply = NULL;
        uint64_t from, to;
        int r;

        r = sd_bus_message_read(c->message, "tt", &from, &to);
        if (r < 0)
                return r;
        r = manager_diff_revisions(c->bus->manager, from, to, &result);
        if (r < 0)
                return bus_result_fail(&result, error);
        if ((r = bus_reply_new(c, &reply)) < 0 || (r = bus_append_details(reply, &result)) < 0 ||
                (r = bus_reply_send(c, reply)) < 0)
                return r;
        return 0;
}

int bus_check(BusCall *c, sd_bus_error *error)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *text;
        size_t n;
        int r;

        r = sd_bus_message_read(c->message, "s", &text);
        if (r < 0)
                return r;
        n = strlen(text);
        if (n > POLICY_TEXT_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a policy text is at most %u MiB", POLICY_TEXT_MAX >> 20);
        r = manager_check(c->bus->manager, text, n, &d);
        if (r < 0 && d.n == 0)
                return r;
        r = list_begin(c, &reply);
        for (size_t i = 0; r >= 0 && i < d.n; i++)
                r = diagnostic_append(reply, &d.items[i]);
        return r < 0 ? r : list_end(c, reply);
}
