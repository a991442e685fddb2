/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the keys of the bus's documents and their types. Does not judge what it reads: the manager
 * does.
 */

#include "daemon/bus/rule.h"

#include "daemon/api/api.h"
#include "daemon/api/rule_document.h"
#include "daemon/bus/dict.h"
#include "daemon/host/host.h"
#include "daemon/loop/clock.h"
#include "daemon/manager/manager.h"
#include "rules/base/diagnostic.h"
#include "rules/policy/expiry.h"
#include "rules/policy/fields.h"
#include "rules/policy/rule.h"
#include "rules/policy/valid.h"
#include "rules/report/report.h"

#include <errno.h>
#include <stdio.h>

/* ---- rules in ---- */

/* The fields of a rule, each under its name, and what else the document may say. */
enum {
        KEY_DURATION,
        /* RemoveRule's; else they are read back only, as those behind them */
        KEY_ID,
        KEY_POSITION,
        KEY_SOURCE,
        KEY_PACKETS,
        KEY_BYTES,
        _KEY_MAX,
};

static const BusKey more_keys[_KEY_MAX] = {
        [KEY_DURATION] = { "duration", "t", false },
        [KEY_ID] = { "id", "t", false },
        [KEY_POSITION] = { "position", "u", false },
        [KEY_SOURCE] = { "source", "s", .read_back = true },
        [KEY_PACKETS] = { "packets", "t", .read_back = true },
        [KEY_BYTES] = { "bytes", "t", .read_back = true },
};

#define KEYS_MAX 32

/* fields[i] is the field of keys[i], and NULL for more_keys. */
typedef struct RuleKeys {
        BusKey keys[KEYS_MAX];
        const RuleField *fields[KEYS_MAX];
        BusValue values[KEYS_MAX];
        size_t n, more; /* where more_keys begin */
        size_t expires;
} RuleKeys;

static void rule_keys_init(RuleKeys *k)
{
        static const char *const signatures[] = {
                [FORM_TEXT] = "s",
                [FORM_TEXTS] = "as",
                [FORM_PORTS] = "aq",
                [FORM_NUMBER] = "u",
                [FORM_TIME] = "t",
                [FORM_FLAG] = "b",
        };

        *k = (RuleKeys){ 0 };
        RULE_FIELD_FOREACH(f)
        {
                if (f->form == FORM_HIDDEN)
                        continue;
                if (f->form == FORM_TIME)
                        k->expires = k->n;
                k->fields[k->n] = f;
                k->keys[k->n++] = (BusKey){ f->name, signatures[f->form], false };
        }
        k->more = k->n;
        for (size_t i = 0; i < _KEY_MAX; i++)
                k->keys[k->n++] = more_keys[i];
}

static void rule_keys_deinit(RuleKeys *k)
{
        bus_values_deinit(k->values, KEYS_MAX);
}

void bus_rule_deinit(BusRule *r)
{
        rule_unref(r->rule);
        *r = (BusRule){ 0 };
}

static int ports_read(const BusValue *v, Ports *ret, sd_bus_error *error)
{
        *ret = (Ports){ 0 };
        for (size_t i = 0; i < v->n; i++)
                if (ports_add(ret, v->ports[i]) < 0)
                        return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                                "a rule holds at most %d ports", PORTS_MAX);
        return 0;
}

static int field_set(Rule *rule, const RuleField *f, const BusValue *v, sd_bus_error *error)
{
        FieldValue value = { .text = v->string, .texts = v->strings, .number = v->number };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Ports ports;
        int r;

        if (f->form == FORM_PORTS) {
                r = ports_read(v, &ports, error);
                if (r < 0 || ports.n == 0)
                        return r;
                value.ports = &ports;
        }
        r = rule_field_set(rule, f, &value, &d);
        if (r != -EINVAL)
                return r;
        return sd_bus_error_set(error,
                d.items[0].code == DIAGNOSTIC_WORD ? BUS_ERROR_INVALID_ARGS
                                                   : BUS_ERROR_INVALID_RULE,
                d.items[0].text);
}

/* A duration is counted from now, by this host's clock: the sender's may show another time. All
 * that one wakeup of the loop reads ends together. */
static int expiry_set(sd_bus_message *m, Rule *rule, const RuleKeys *k, sd_bus_error *error)
{
        const BusValue *expires = &k->values[k->expires];
        const BusValue *duration = &k->values[k->more + KEY_DURATION];
        sd_event *event = sd_bus_get_event(sd_bus_message_get_bus(m));
        uint64_t now_usec;

        if (expires->given && duration->given)
                return sd_bus_error_set(
                        error, BUS_ERROR_INVALID_RULE, "expires and duration cannot be combined");
        if (expires->given && expires->number == 0)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "expires is in microseconds since 1970: leave it out for a rule that "
                        "stays");
        if (expires->number > EXPIRY_MAX_USEC)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "expires is in microseconds since 1970 and must be before the year 10000");
        rule->expires_usec = expires->number;
        if (!duration->given)
                return 0;
        if (duration->number < 1 || duration->number > DURATION_MAX_SEC)
                return sd_bus_error_set(
                        error, BUS_ERROR_INVALID_RULE, "duration: " DURATION_SECONDS_WANTED);
        if (!event || sd_event_now(event, CLOCK_REALTIME, &now_usec) < 0)
                now_usec = clock_now_usec(CLOCK_REALTIME);
        rule->expires_usec = now_usec + duration->number * USEC_PER_SEC;
        return 0;
}

static int rule_from_values(
        sd_bus_message *m, BusRuleUse use, const RuleKeys *k, Rule **ret, sd_bus_error *error)
{
        _cleanup_(rule_unref_p) Rule *rule = rule_new();
        int r;

        if (!rule)
                return -ENOMEM;
        rule->source = SOURCE_P25CTL;
        rule->action = _ACTION_INVALID;
        for (size_t i = 0; i < k->more; i++) {
                /* the end of a rule is not part of a match */
                if (use == BUS_RULE_REMOVE && k->fields[i]->form == FORM_TIME)
                        continue;
                r = k->values[i].given ? field_set(rule, k->fields[i], &k->values[i], error) : 0;
                if (r < 0)
                        return r;
        }
        if (use == BUS_RULE_ADD) {
                if (rule->action == _ACTION_INVALID)
                        return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                                "a rule has an action: allow, deny, reject or limit");
                r = expiry_set(m, rule, k, error);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(rule);
        return 0;
}

/* Does the document have a field of a match? */
static bool has_match(const RuleKeys *k)
{
        for (size_t i = 0; i < k->more + KEY_ID; i++)
                if (k->values[i].given)
                        return true;
        return false;
}

static int place_from_values(const RuleKeys *k, BusRule *ret, sd_bus_error *error)
{
        const BusValue *v = k->values + k->more;

        if (v[KEY_ID].given && v[KEY_POSITION].given)
                return sd_bus_error_set(
                        error, BUS_ERROR_INVALID_RULE, "id and position cannot be combined");
        /* an empty document would match the plainest rule, which is more likely a mistake */
        if (!v[KEY_ID].given && !v[KEY_POSITION].given)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "say which rule: its match, its id or its position");
        ret->has_id = v[KEY_ID].given;
        ret->id = v[KEY_ID].number;
        ret->has_position = v[KEY_POSITION].given;
        ret->position = (uint32_t)v[KEY_POSITION].number;
        return 0;
}

/* A rule as ListRules has it says its match: then its id and position are read back only. */
int bus_rule_read(sd_bus_message *m, BusRuleUse use, BusRule *ret, sd_bus_error *error)
{
        _cleanup_(rule_keys_deinit) RuleKeys k;
        BusRule rule = { 0 };
        int r;

        rule_keys_init(&k);
        r = bus_dict_read(m, k.keys, k.n, BUS_ERROR_INVALID_RULE, k.values, error);
        if (r >= 0)
                r = use == BUS_RULE_REMOVE && !has_match(&k)
                            ? place_from_values(&k, &rule, error)
                            : rule_from_values(m, use, &k, &rule.rule, error);
        if (r < 0)
                return r;
        *ret = rule;
        return 0;
}

/* ---- rules out ---- */

static int source_append(sd_bus_message *m, const Rule *rule)
{
        _cleanup_free_ char *source = NULL;
        int r = rule_source_format(rule, &source);

        return r < 0 ? r : bus_append_entry(m, "source", "s", source);
}

int bus_rule_append(sd_bus_message *m, const ReportRule *report)
{
        const Rule *rule = report->rule;
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "id", "t", rule->id)) < 0 ||
                (r = bus_append_entry(m, "position", "u", (uint32_t)report->position)) < 0 ||
                (r = source_append(m, rule)) < 0 || (r = rule_entries_append(m, rule)) < 0 ||
                (r = bus_append_entry(m, "packets", "t", report->packets)) < 0 ||
                (r = bus_append_entry(m, "bytes", "t", report->bytes)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* ---- options ---- */

enum {
        OPTION_DRY_RUN,
        OPTION_EXPECTED_REVISION,
        OPTION_CONFIRM_SECONDS,
        OPTION_REASON,
        OPTION_POSITION,
        OPTION_REPLACES,
        OPTION_TIMEOUT,
        _OPTION_MAX,
};

static const BusKey option_keys[_OPTION_MAX] = {
        [OPTION_DRY_RUN] = { "dry_run", "b", false },
        [OPTION_EXPECTED_REVISION] = { "expected_revision", "t", false },
        [OPTION_CONFIRM_SECONDS] = { "confirm_seconds", "u", false },
        [OPTION_REASON] = { "reason", "s", false },
        [OPTION_POSITION] = { "position", "u", false },
        [OPTION_REPLACES] = { "replaces", "t", false },
        [OPTION_TIMEOUT] = { "timeout_seconds", "u", false },
};

/* The methods that take an option which not every change takes. */
static bool option_is_of(size_t option, BusOption more)
{
        switch (option) {
        case OPTION_POSITION:
                return more == BUS_OPTION_POSITION || more == BUS_OPTION_PLACE;
        case OPTION_REPLACES:
                return more == BUS_OPTION_PLACE;
        case OPTION_TIMEOUT:
                return more == BUS_OPTION_TIMEOUT;
        default:
                return true;
        }
}

static int seconds_validate(const char *name, const BusValue *v, sd_bus_error *error)
{
        if (!v->given || (v->number >= 1 && v->number <= DURATION_MAX_SEC))
                return 0;
        return sd_bus_error_setf(
                error, BUS_ERROR_INVALID_ARGS, "%s: " DURATION_SECONDS_WANTED, name);
}

static int options_validate(const BusValue *v, sd_bus_error *error)
{
        const char *reason = v[OPTION_REASON].string;
        int r;

        r = seconds_validate("confirm_seconds", &v[OPTION_CONFIRM_SECONDS], error);
        if (r >= 0)
                r = seconds_validate("timeout_seconds", &v[OPTION_TIMEOUT], error);
        if (r < 0)
                return r;
        if (v[OPTION_POSITION].given && v[OPTION_POSITION].number < 1)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS, "positions count from 1");
        if (reason && strlen(reason) > COMMENT_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a reason is at most %d bytes", COMMENT_MAX);
        if (reason && !comment_is_valid(reason))
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "a reason is a text without control characters");
        return 0;
}

int bus_options_read(sd_bus_message *m, BusOption more, Change *ret, sd_bus_error *error)
{
        BusValue v[_OPTION_MAX] = { 0 }, given[_OPTION_MAX] = { 0 };
        BusKey keys[_OPTION_MAX];
        size_t options[_OPTION_MAX], n = 0;
        int r;

        for (size_t o = 0; o < _OPTION_MAX; o++)
                if (option_is_of(o, more)) {
                        options[n] = o;
                        keys[n++] = option_keys[o];
                }
        /* no option is a list: there is nothing to free */
        r = bus_dict_read(m, keys, n, BUS_ERROR_INVALID_ARGS, given, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                v[options[i]] = given[i];
        r = options_validate(v, error);
        if (r < 0)
                return r;
        *ret = (Change){
                .dry_run = v[OPTION_DRY_RUN].number,
                .has_expected = v[OPTION_EXPECTED_REVISION].given,
                .expected_revision = v[OPTION_EXPECTED_REVISION].number,
                .confirm_seconds = (uint32_t)v[OPTION_CONFIRM_SECONDS].number,
                .reason = v[OPTION_REASON].string,
                .position = (uint32_t)v[OPTION_POSITION].number,
                .has_replaces = v[OPTION_REPLACES].given,
                .replaces = v[OPTION_REPLACES].number,
                .timeout_seconds = (uint32_t)v[OPTION_TIMEOUT].number,
        };
        return 0;
}

/* ---- packets ---- */

int bus_question_read(sd_bus_message *m, BusQuestion *ret, sd_bus_error *error)
{
        BusKey keys[_QUESTION_MAX + 1];
        BusValue v[_QUESTION_MAX + 1] = { 0 };
        int r;

        keys[_QUESTION_MAX] = (BusKey){ "at", "t", false };
        for (QuestionField f = 0; f < _QUESTION_MAX; f++)
                keys[f] = (BusKey){ question_field_to_string(f), f == QUESTION_PORT ? "q" : "s",
                        false };
        r = bus_dict_read(m, keys, ELEMENTS(keys), BUS_ERROR_INVALID_ARGS, v, error);
        if (r < 0)
                return r;
        *ret = (BusQuestion){ .at_usec = v[_QUESTION_MAX].number };
        for (QuestionField f = 0; f < _QUESTION_MAX; f++)
                ret->question.texts[f] = v[f].string;
        if (v[QUESTION_PORT].given) {
                snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)v[QUESTION_PORT].number);
                ret->question.texts[QUESTION_PORT] = ret->port;
        }
        return 0;
}
