/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the JSON of `status`: its keys, their order and their types. It is read in parse.c; its text
 * is in text.c.
 */

#include "rules/report/report.h"

#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/policy/fields.h"
#include "rules/policy/rule.h"

#include <errno.h>

void report_deinit(Report *r)
{
        free(r->backend);
        strv_free(r->audit);
        strv_free(r->roles);
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                free(r->default_sources[d]);
        strv_free(r->warnings);
        strv_free(r->hints);
        strv_free(r->notes);
        for (size_t i = 0; i < r->n_rules; i++)
                rule_unref(r->rules[i].rule);
        free(r->rules);
        *r = (Report){ 0 };
}

static Json *ports_to_json(const Ports *p)
{
        Json *array = json_new_array();

        for (size_t i = 0; i < p->n; i++)
                json_append(array, json_new_integer(p->items[i]));
        return array;
}

static Json *source_to_json(const Rule *r)
{
        _cleanup_free_ char *source = NULL;

        return rule_source_format(r, &source) < 0 ? NULL : json_new_string(source);
}

static Json *value_to_json(const RuleField *f, const FieldValue *v)
{
        switch (f->form) {
        case FORM_TEXT:
                return json_new_string(v->text);
        case FORM_TEXTS:
                return json_new_strv(v->texts);
        case FORM_PORTS:
                return ports_to_json(v->ports);
        case FORM_NUMBER:
                return json_new_integer((int64_t)v->number);
        case FORM_TIME:
                return json_new_time(v->number);
        case FORM_FLAG:
                return json_new_bool(v->number > 0);
        case FORM_HIDDEN:
                break;
        }
        return NULL;
}

/* The fields that SPEC names (always), or the others where the rule states them: a policy may have
 * a hundred thousand rules, and a message of the bus 32 MiB. */
static void fields_to_json(Json *j, const Rule *rule, bool always)
{
        RULE_FIELD_FOREACH(f)
        {
                FieldValue v;
                int r;

                if (f->form == FORM_HIDDEN || !(f->uses & FIELD_JSON) != !always)
                        continue;
                r = rule_field_get(rule, f, &v);
                if (r != 0 || always)
                        json_set(j, f->name, r < 0 ? NULL : value_to_json(f, &v));
                field_value_deinit(&v);
        }
}

/* The numbers in force, even if the rule states none. */
static Json *limit_to_json(const Rule *rule)
{
        Rule complete = { .limit = rule_limit(rule) };
        Json *j = json_new_object();

        RULE_FIELD_FOREACH(f)
        {
                FieldValue v;

                if (f->uses & FIELD_LIMIT && rule_field_get(&complete, f, &v) > 0)
                        json_set(j, f->name, value_to_json(f, &v));
        }
        return j;
}

Json *rule_to_json(const ReportRule *r)
{
        Json *j = json_new_object();

        json_set(j, "id", json_new_integer((int64_t)r->rule->id));
        json_set(j, "position", json_new_integer(r->position));
        json_set(j, "source", source_to_json(r->rule));
        fields_to_json(j, r->rule, true);
        json_set(j, "packets", json_new_integer((int64_t)r->packets));
        json_set(j, "bytes", json_new_integer((int64_t)r->bytes));
        if (r->seconds_left > 0)
                json_set(j, "seconds_left", json_new_integer((int64_t)r->seconds_left));
        fields_to_json(j, r->rule, false);
        if (r->rule->action == ACTION_LIMIT)
                json_set(j, "limit", limit_to_json(r->rule));
        return j;
}

static Json *defaults_to_json(const Report *r)
{
        Json *j = json_new_object();

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                json_set(j, direction_to_adjective(d),
                        json_new_string(action_to_string(r->defaults[d])));
        return j;
}

static Json *managed_to_json(const Report *r)
{
        Json *j = json_new_object();

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                json_set(j, direction_to_adjective(d), ports_to_json(&r->managed[d]));
        return j;
}

static Json *default_sources_to_json(const Report *r)
{
        Json *j = json_new_object();

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                json_set(j, direction_to_adjective(d), json_new_string(r->default_sources[d]));
        return j;
}

static Json *pending_to_json(const Report *r)
{
        Json *j;

        if (r->pending_revision == 0)
                return json_new_null();
        j = json_new_object();
        json_set(j, "revision", json_new_integer((int64_t)r->pending_revision));
        json_set(j, "base", json_new_integer((int64_t)r->pending_base));
        json_set(j, "deadline", json_new_time(r->pending_deadline_usec));
        json_set(j, "seconds_left", json_new_integer((int64_t)r->pending_seconds_left));
        return j;
}

static Json *warnings_to_json(const Report *r)
{
        Json *all = json_new_strv(r->warnings);

        STRV_FOREACH (hint, r->hints)
                json_append(all, json_new_string(*hint));
        return all;
}

/* The rules last, one at a time: they may be a hundred thousand. */
static void rules_print(const Report *r, Buffer *b)
{
        for (size_t i = 0; i < r->n_rules && !b->failed; i++) {
                Json *rule = rule_to_json(&r->rules[i]);

                if (i > 0)
                        buffer_add_char(b, ',');
                json_print_to(rule, b);
                json_free(rule);
        }
}

/* All but the rules. */
static Json *head_to_json(const Report *r)
{
        Json *j = json_new_object();

        json_set(j, "active", json_new_bool(r->active));
        json_set(j, "backend", json_new_string(r->backend ? r->backend : ""));
        json_set(j, "roles", json_new_strv(r->roles));
        json_set(j, "revision", json_new_integer((int64_t)r->revision));
        json_set(j, "default", defaults_to_json(r));
        json_set(j, "default_source", default_sources_to_json(r));
        json_set(j, "managed", managed_to_json(r));
        json_set(j, "audit", json_new_strv(r->audit));
        json_set(j, "lockdown", json_new_bool(r->lockdown));
        json_set(j, "logging", json_new_string(logging_to_string(r->logging)));
        json_set(j, "mail_ports", ports_to_json(&r->mail_ports));
        json_set(j, "pending", pending_to_json(r));
        json_set(j, "repairs", json_new_integer((int64_t)r->repairs));
        json_set(j, "warnings", warnings_to_json(r));
        json_set(j, "hints", json_new_strv(r->hints));
        json_set(j, "notes", json_new_strv(r->notes));
        return j;
}

int report_print_json(const Report *r, char **ret)
{
        _cleanup_(json_free_p) Json *head = head_to_json(r);
        _cleanup_buffer_ Buffer b = { 0 };

        json_print_to(head, &b);
        if (b.failed)
                return -ENOMEM;
        b.length--; /* its '}' */
        buffer_add_string(&b, ",\"rules\":[");
        rules_print(r, &b);
        buffer_add_string(&b, "]}");
        return buffer_take(&b, ret);
}
