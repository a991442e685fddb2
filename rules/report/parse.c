/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the reading of what report.c prints.
 */

#include "rules/base/array.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/policy/fields.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"

#include <errno.h>

static int ports_from_json(const Json *array, Ports *ret)
{
        Ports ports = { 0 };

        for (size_t i = 0; i < json_array_length(array); i++) {
                int64_t port;

                if (!json_number(json_array_item(array, i), &port) || port < 1 || port > 65535)
                        return -EINVAL;
                if (ports_add(&ports, (uint16_t)port) < 0)
                        return -EINVAL;
        }
        if (ports.n == 0)
                return -EINVAL;
        *ret = ports;
        return 0;
}

static int text_from_json(const Json *j, const char *key, char **ret)
{
        const Json *value = json_get(j, key);
        char *copy;

        if (json_is_null_or_missing(value))
                return 0;
        if (!json_text(value))
                return -EINVAL;
        if (!json_text(value)[0])
                return 0;
        copy = strdup(json_text(value));
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

static int source_from_json(const Json *j, Rule *rule)
{
        static const struct {
                const char *word;
                SourceKind kind;
                bool named;
        } table[] = {
                { "p25ctl", SOURCE_P25CTL, false },
                { "p25.conf", SOURCE_CONF, false },
                { "fragment:", SOURCE_FRAGMENT, true },
                { "role:", SOURCE_ROLE, true },
        };
        const char *text = json_get_string(j, "source");

        for (size_t i = 0; text && i < ELEMENTS(table); i++) {
                size_t n = strlen(table[i].word);

                if (table[i].named ? strncmp(text, table[i].word, n) != 0
                                   : !streq(text, table[i].word))
                        continue;
                rule->source = table[i].kind;
                if (!table[i].named)
                        return 0;
                rule->source_name = strdup(text + n);
                return rule->source_name ? 0 : -ENOMEM;
        }
        return -EINVAL;
}

/* RFC 3339 text in documents; the number of microseconds where a bus's dictionary became JSON */
static uint64_t time_from_json(const Json *object, const char *key)
{
        int64_t usec;

        if (!json_number(json_get(object, key), &usec))
                return json_get_time(object, key);
        return usec > 0 ? (uint64_t)usec : 0;
}

/* ports and texts are where the value points to. */
static int value_from_json(
        const Json *j, const RuleField *f, Ports *ports, char ***texts, FieldValue *ret)
{
        const Json *value = json_get(j, f->name);
        int64_t number = 0;
        int r = 0;

        *ret = (FieldValue){ 0 };
        switch (f->form) {
        case FORM_TEXT:
                ret->text = json_text(value);
                return ret->text ? 0 : -EINVAL;
        case FORM_TEXTS:
                r = json_get_strv(j, f->name, texts);
                ret->texts = *texts;
                return r;
        case FORM_PORTS:
                ret->ports = ports;
                return ports_from_json(value, ports);
        case FORM_NUMBER:
                if (!json_number(value, &number) || number < 0)
                        return -EINVAL;
                ret->number = (uint64_t)number;
                return 0;
        case FORM_TIME:
                ret->number = time_from_json(j, f->name);
                return 0;
        case FORM_FLAG:
                ret->number = json_get_bool(j, f->name);
                return 0;
        case FORM_HIDDEN:
                break;
        }
        return -EINVAL;
}

static int field_from_json(const Json *j, const RuleField *f, Rule *rule)
{
        _cleanup_strv_ char **texts = NULL;
        FieldValue v;
        Ports ports;
        int r;

        if (f->form == FORM_HIDDEN || json_is_null_or_missing(json_get(j, f->name)))
                return 0;
        r = value_from_json(j, f, &ports, &texts, &v);
        return r < 0 ? r : rule_field_set(rule, f, &v, NULL);
}

static int fields_from_json(const Json *j, Rule *rule)
{
        rule->action = _ACTION_INVALID;
        rule->direction = _DIRECTION_INVALID;
        rule->ports.n = 0;
        RULE_FIELD_FOREACH(f)
        {
                int r = field_from_json(j, f, rule);

                if (r < 0)
                        return r;
        }
        return rule->action == _ACTION_INVALID || rule->direction == _DIRECTION_INVALID ||
                               rule->ports.n == 0
                       ? -EINVAL
                       : 0;
}

static uint64_t seconds_from_json(const Json *j)
{
        int64_t sec = json_get_integer(j, "seconds_left");

        return sec > 0 ? (uint64_t)sec : 0;
}

int rule_from_json(const Json *j, ReportRule *ret)
{
        _cleanup_(rule_unref_p) Rule *rule = rule_new();
        int r;

        if (!rule)
                return -ENOMEM;
        rule->id = (uint64_t)json_get_integer(j, "id");
        if ((r = source_from_json(j, rule)) < 0 || (r = fields_from_json(j, rule)) < 0)
                return r;
        *ret = (ReportRule){
                .position = (unsigned)json_get_integer(j, "position"),
                .packets = (uint64_t)json_get_integer(j, "packets"),
                .bytes = (uint64_t)json_get_integer(j, "bytes"),
                .seconds_left = seconds_from_json(j),
                .rule = TAKE_PTR(rule),
        };
        return 0;
}

static int rule_add_json(const Json *j, void *data)
{
        Report *report = data;
        int r = array_grow(&report->rules, report->n_rules, sizeof(ReportRule));

        if (r >= 0)
                r = rule_from_json(j, &report->rules[report->n_rules]);
        if (r >= 0)
                report->n_rules++;
        return r;
}

static int defaults_from_json(const Json *j, Report *report)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                const char *action = json_get_string(j, direction_to_adjective(d));

                report->defaults[d] = action ? action_from_string(action) : _ACTION_INVALID;
                if (report->defaults[d] == _ACTION_INVALID)
                        return -EINVAL;
        }
        return 0;
}

/* A daemon that does not report them has none to show. */
static int managed_from_json(const Json *j, Report *report)
{
        const Json *managed = json_get(j, "managed"), *sources = json_get(j, "default_source");
        int r = 0;

        for (Direction d = 0; d < _DIRECTION_MAX && r >= 0; d++) {
                const char *name = direction_to_adjective(d);

                if (json_array_length(json_get(managed, name)) > 0)
                        r = ports_from_json(json_get(managed, name), &report->managed[d]);
                if (r >= 0)
                        r = text_from_json(sources, name, &report->default_sources[d]);
        }
        return r;
}

/* A daemon that does not report them has the four. */
static int mail_ports_from_json(const Json *j, Ports *ret)
{
        if (json_is_null_or_missing(j) || json_array_length(j) == 0) {
                *ret = mail_ports_default;
                return 0;
        }
        return ports_from_json(j, ret);
}

static int warnings_from_json(const Json *j, Report *report)
{
        _cleanup_strv_ char **all = NULL;
        int r = json_get_strv(j, "warnings", &all);

        if (r >= 0)
                r = json_get_strv(j, "hints", &report->hints);
        for (char **text = r < 0 ? NULL : all; text && *text; text++)
                if (!strv_contains(report->hints, *text) &&
                        strv_append(&report->warnings, *text) < 0)
                        return -ENOMEM;
        return r;
}

static int report_from_json(const Json *j, Report *report)
{
        const char *logging = json_get_string(j, "logging");
        const Json *pending = json_get(j, "pending");
        int r;

        report->active = json_get_bool(j, "active");
        report->revision = (uint64_t)json_get_integer(j, "revision");
        report->lockdown = json_get_bool(j, "lockdown");
        report->repairs = (uint64_t)json_get_integer(j, "repairs");
        report->pending_revision = (uint64_t)json_get_integer(pending, "revision");
        report->pending_base = (uint64_t)json_get_integer(pending, "base");
        report->pending_deadline_usec = json_get_time(pending, "deadline");
        report->pending_seconds_left = (uint64_t)json_get_integer(pending, "seconds_left");
        report->logging = logging ? logging_from_string(logging) : _LOGGING_INVALID;
        if (report->logging == _LOGGING_INVALID || !json_get_string(j, "backend"))
                return -EINVAL;
        if ((r = text_from_json(j, "backend", &report->backend)) < 0 ||
                (r = json_get_strv(j, "roles", &report->roles)) < 0 ||
                (r = json_get_strv(j, "audit", &report->audit)) < 0 ||
                (r = warnings_from_json(j, report)) < 0 ||
                (r = json_get_strv(j, "notes", &report->notes)) < 0 ||
                (r = defaults_from_json(json_get(j, "default"), report)) < 0 ||
                (r = managed_from_json(j, report)) < 0 ||
                (r = mail_ports_from_json(json_get(j, "mail_ports"), &report->mail_ports)) < 0)
                return r;
        return 0;
}

int report_parse(const char *json, Report *ret)
{
        _cleanup_(json_free_p) Json *j = NULL;
        Report report = { 0 };
        int r;

        r = json_parse_items(json, "rules", rule_add_json, &report, &j);
        if (r >= 0)
                r = report_from_json(j, &report);
        if (r < 0) {
                report_deinit(&report);
                return r;
        }
        *ret = report;
        return 0;
}
