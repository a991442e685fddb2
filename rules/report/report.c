/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the JSON of `status`: its keys, their order and their types. Its text is report_text.c's.
 */

#include "rules/report/report.h"

#include "rules/policy/addresslist.h"

#include <errno.h>
#include <stdio.h>

void report_deinit(Report *r)
{
        free(r->backend);
        strv_free(r->roles);
        strv_free(r->warnings);
        strv_free(r->hints);
        strv_free(r->notes);
        for (size_t i = 0; i < r->n_rules; i++)
                rule_unref(r->rules[i].rule);
        free(r->rules);
        *r = (Report){ 0 };
}

/* ---- out ---- */

static Json *addresses_to_json(const AddressList *l)
{
        _cleanup_strv_ char **texts = NULL;

        return address_list_print(l, &texts) < 0 ? NULL : json_new_strv(texts);
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

/* What SPEC's keys do not tell of a rule, where there is something to tell: a policy may have a
 * hundred thousand rules, and a message of the bus 32 MiB. */
static void rule_set_rest(Json *j, const Rule *rule)
{
        const struct {
                const char *key, *text;
        } texts[] = {
                { "interface", rule->interface },
                { "in_interface", rule->in_interface },
                { "out_interface", rule->out_interface },
        };
        const Limit *l = &rule->limit;
        char rate[64];

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (texts[i].text)
                        json_set(j, texts[i].key, json_new_string(texts[i].text));
        if (rule->group)
                json_set(j, "group", json_new_strv(rule->group));
        if (rule->unit)
                json_set(j, "unit", json_new_strv(rule->unit));
        if (l->unit_sec > 0) {
                snprintf(rate, sizeof(rate), "%u/%s", l->rate, limit_unit_to_string(l->unit_sec));
                json_set(j, "rate", json_new_string(rate));
        }
        if (l->burst > 0)
                json_set(j, "burst", json_new_integer(l->burst));
        if (l->open > 0)
                json_set(j, "max", json_new_integer(l->open));
        if (rule->log)
                json_set(j, "log", json_new_bool(true));
}

Json *rule_to_json(const ReportRule *r)
{
        const Rule *rule = r->rule;
        Json *j = json_new_object();

        json_set(j, "id", json_new_integer((int64_t)rule->id));
        json_set(j, "position", json_new_integer(r->position));
        json_set(j, "source", source_to_json(rule));
        json_set(j, "action", json_new_string(action_to_string(rule->action)));
        json_set(j, "direction", json_new_string(direction_to_string(rule->direction)));
        json_set(j, "ports", ports_to_json(&rule->ports));
        json_set(j, "from", addresses_to_json(&rule->from));
        json_set(j, "to", addresses_to_json(&rule->to));
        json_set(j, "user", json_new_strv(rule->user));
        json_set(j, "comment", json_new_string(rule->comment));
        json_set(j, "packets", json_new_integer((int64_t)r->packets));
        json_set(j, "bytes", json_new_integer((int64_t)r->bytes));
        json_set(j, "expires", json_new_time(rule->expires_usec));
        if (r->seconds_left > 0)
                json_set(j, "seconds_left", json_new_integer((int64_t)r->seconds_left));
        rule_set_rest(j, rule);
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

static Json *pending_to_json(const Report *r)
{
        Json *j;

        if (r->pending_revision == 0)
                return json_new_null();
        j = json_new_object();
        json_set(j, "revision", json_new_integer((int64_t)r->pending_revision));
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

int report_print_json(const Report *r, char **ret)
{
        _cleanup_(json_free_p) Json *j = json_new_object();
        Json *rules = json_new_array();

        for (size_t i = 0; i < r->n_rules; i++)
                json_append(rules, rule_to_json(&r->rules[i]));

        json_set(j, "active", json_new_bool(r->active));
        json_set(j, "backend", json_new_string(r->backend ? r->backend : ""));
        json_set(j, "roles", json_new_strv(r->roles));
        json_set(j, "revision", json_new_integer((int64_t)r->revision));
        json_set(j, "default", defaults_to_json(r));
        json_set(j, "lockdown", json_new_bool(r->lockdown));
        json_set(j, "logging", json_new_string(logging_to_string(r->logging)));
        json_set(j, "mail_ports", ports_to_json(&r->mail_ports));
        json_set(j, "pending", pending_to_json(r));
        json_set(j, "repairs", json_new_integer((int64_t)r->repairs));
        json_set(j, "warnings", warnings_to_json(r));
        json_set(j, "hints", json_new_strv(r->hints));
        json_set(j, "notes", json_new_strv(r->notes));
        json_set(j, "rules", rules);
        return json_print(j, ret);
}

/* ---- in ---- */

static int addresses_from_json(const Json *j, const char *key, AddressList *ret)
{
        _cleanup_strv_ char **texts = NULL;
        int r = json_get_strv(j, key, &texts);

        if (r < 0)
                return r;
        return address_list_parse(texts, true, key, (Place){ 0 }, NULL, ret);
}

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

static int limit_from_json(const Json *j, Limit *ret)
{
        const char *rate = json_get_string(j, "rate");
        int64_t burst = json_get_integer(j, "burst"), open = json_get_integer(j, "max");
        Limit l = { 0 };

        if (rate && limit_rate_parse(rate, &l.rate, &l.unit_sec) < 0)
                return -EINVAL;
        if (burst < 0 || burst > LIMIT_BURST_MAX || open < 0 || open > LIMIT_OPEN_MAX)
                return -EINVAL;
        l.burst = (uint32_t)burst;
        l.open = (uint32_t)open;
        *ret = l;
        return 0;
}

/* RFC 3339 text in documents; the number of microseconds where a bus's dictionary became JSON */
static uint64_t expiry_from_json(const Json *j)
{
        int64_t usec;

        if (json_number(json_get(j, "expires"), &usec))
                return usec > 0 ? (uint64_t)usec : 0;
        return json_get_time(j, "expires");
}

static int words_from_json(const Json *j, Rule *rule)
{
        const char *action = json_get_string(j, "action");
        const char *direction = json_get_string(j, "direction");

        rule->action = action ? action_from_string(action) : _ACTION_INVALID;
        rule->direction = direction ? direction_from_string(direction) : _DIRECTION_INVALID;
        return rule->action == _ACTION_INVALID || rule->direction == _DIRECTION_INVALID ? -EINVAL
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
        rule->log = json_get_bool(j, "log");
        rule->expires_usec = expiry_from_json(j);
        if ((r = words_from_json(j, rule)) < 0 || (r = source_from_json(j, rule)) < 0 ||
                (r = ports_from_json(json_get(j, "ports"), &rule->ports)) < 0 ||
                (r = addresses_from_json(j, "from", &rule->from)) < 0 ||
                (r = addresses_from_json(j, "to", &rule->to)) < 0 ||
                (r = text_from_json(j, "interface", &rule->interface)) < 0 ||
                (r = text_from_json(j, "in_interface", &rule->in_interface)) < 0 ||
                (r = text_from_json(j, "out_interface", &rule->out_interface)) < 0 ||
                (r = json_get_strv(j, "user", &rule->user)) < 0 ||
                (r = json_get_strv(j, "group", &rule->group)) < 0 ||
                (r = json_get_strv(j, "unit", &rule->unit)) < 0 ||
                (r = limit_from_json(j, &rule->limit)) < 0 ||
                (r = text_from_json(j, "comment", &rule->comment)) < 0)
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

static int rules_from_json(const Json *array, Report *report)
{
        size_t n = json_array_length(array);

        report->rules = calloc(n + 1, sizeof(ReportRule));
        if (!report->rules)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                int r = rule_from_json(json_array_item(array, i), &report->rules[i]);

                if (r < 0)
                        return r;
                report->n_rules++;
        }
        return 0;
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

/* A daemon that does not tell them knows the four. */
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
        report->pending_deadline_usec = json_get_time(pending, "deadline");
        report->pending_seconds_left = (uint64_t)json_get_integer(pending, "seconds_left");
        report->logging = logging ? logging_from_string(logging) : _LOGGING_INVALID;
        if (report->logging == _LOGGING_INVALID || !json_get_string(j, "backend"))
                return -EINVAL;
        if ((r = text_from_json(j, "backend", &report->backend)) < 0 ||
                (r = json_get_strv(j, "roles", &report->roles)) < 0 ||
                (r = warnings_from_json(j, report)) < 0 ||
                (r = json_get_strv(j, "notes", &report->notes)) < 0 ||
                (r = defaults_from_json(json_get(j, "default"), report)) < 0 ||
                (r = mail_ports_from_json(json_get(j, "mail_ports"), &report->mail_ports)) < 0)
                return r;
        return rules_from_json(json_get(j, "rules"), report);
}

int report_parse(const char *json, Report *ret)
{
        _cleanup_(json_free_p) Json *j = NULL;
        Report report = { 0 };
        int r;

        r = json_parse(json, &j);
        if (r < 0)
                return r;
        r = report_from_json(j, &report);
        if (r < 0) {
                report_deinit(&report);
                return r;
        }
        *ret = report;
        return 0;
}
