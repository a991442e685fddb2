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
#include "rules/policy/addresslist.h"
#include "rules/policy/expiry.h"

#include <errno.h>
#include <stdio.h>

/* ---- rules in ---- */

enum {
        KEY_ACTION,
        KEY_DIRECTION,
        KEY_PORTS,
        KEY_FROM,
        KEY_TO,
        KEY_INTERFACE,
        KEY_IN_INTERFACE,
        KEY_OUT_INTERFACE,
        KEY_USER,
        KEY_GROUP,
        KEY_UNIT,
        KEY_RATE,
        KEY_BURST,
        KEY_MAX,
        KEY_EXPIRES,
        KEY_DURATION,
        KEY_LOG,
        KEY_COMMENT,
        _KEY_ADD_MAX, /* those behind are RemoveRule's */
        KEY_ID = _KEY_ADD_MAX,
        KEY_POSITION,
        _KEY_MAX,
};

static const BusKey rule_keys[_KEY_MAX] = {
        [KEY_ACTION] = { "action", "s" },
        [KEY_DIRECTION] = { "direction", "s" },
        [KEY_PORTS] = { "ports", "aq" },
        [KEY_FROM] = { "from", "as" },
        [KEY_TO] = { "to", "as" },
        [KEY_INTERFACE] = { "interface", "s" },
        [KEY_IN_INTERFACE] = { "in_interface", "s" },
        [KEY_OUT_INTERFACE] = { "out_interface", "s" },
        [KEY_USER] = { "user", "as" },
        [KEY_GROUP] = { "group", "as" },
        [KEY_UNIT] = { "unit", "as" },
        [KEY_RATE] = { "rate", "s" },
        [KEY_BURST] = { "burst", "u" },
        [KEY_MAX] = { "max", "u" },
        [KEY_EXPIRES] = { "expires", "t" },
        [KEY_DURATION] = { "duration", "t" },
        [KEY_LOG] = { "log", "b" },
        [KEY_COMMENT] = { "comment", "s" },
        [KEY_ID] = { "id", "t" },
        [KEY_POSITION] = { "position", "u" },
};

void bus_rule_deinit(BusRule *r)
{
        rule_unref(r->rule);
        *r = (BusRule){ 0 };
}

static int words_set(Rule *rule, BusRuleUse use, const BusValue *v, sd_bus_error *error)
{
        char shown[TEXT_SHOWN_MAX];

        if (v[KEY_ACTION].given) {
                rule->action = action_from_string(v[KEY_ACTION].string);
                if (rule->action == _ACTION_INVALID)
                        return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                                "%s is no action (allow, deny, reject, limit)",
                                text_show(v[KEY_ACTION].string, shown));
        } else if (use == BUS_RULE_ADD)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "a rule has an action: allow, deny, reject or limit");
        if (v[KEY_DIRECTION].given) {
                rule->direction = direction_from_string(v[KEY_DIRECTION].string);
                if (rule->direction == _DIRECTION_INVALID)
                        return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                                "%s is no direction (in, out, routed)",
                                text_show(v[KEY_DIRECTION].string, shown));
        }
        return 0;
}

static int ports_set(Rule *rule, const BusValue *v, sd_bus_error *error)
{
        if (v->n == 0)
                return 0;
        rule->ports.n = 0;
        for (size_t i = 0; i < v->n; i++)
                if (ports_add(&rule->ports, v->ports[i]) < 0)
                        return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                                "a rule holds at most %d ports", PORTS_MAX);
        return 0;
}

static int addresses_set(
        const char *setting, const BusValue *v, AddressList *list, sd_bus_error *error)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r;

        r = address_list_parse(v->strings, true, setting, (Place){ 0 }, &d, list);
        return r == -EINVAL ? sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                                      diagnostics_first_error(&d)->text)
                            : r;
}

/* An empty text is as good as none: D-Bus has no null. */
static int text_set(const BusValue *v, char **text)
{
        if (!v->given || !v->string[0])
                return 0;
        *text = strdup(v->string);
        return *text ? 0 : -ENOMEM;
}

static int limit_set(Limit *l, const BusValue *v, sd_bus_error *error)
{
        char shown[TEXT_SHOWN_MAX];
        int r;

        if (v[KEY_RATE].given) {
                r = limit_rate_parse(v[KEY_RATE].string, &l->rate, &l->unit_sec);
                if (r < 0)
                        return sd_bus_error_setf(error, BUS_ERROR_INVALID_RULE,
                                "%s is no rate: write N/second, N/minute, N/hour or N/day, N from "
                                "1 to %d",
                                text_show(v[KEY_RATE].string, shown), LIMIT_RATE_MAX);
        }
        if (v[KEY_BURST].given &&
                (v[KEY_BURST].number < 1 || v[KEY_BURST].number > LIMIT_BURST_MAX))
                return sd_bus_error_setf(
                        error, BUS_ERROR_INVALID_RULE, "burst is 1 to %d", LIMIT_BURST_MAX);
        if (v[KEY_MAX].given && (v[KEY_MAX].number < 1 || v[KEY_MAX].number > LIMIT_OPEN_MAX))
                return sd_bus_error_setf(
                        error, BUS_ERROR_INVALID_RULE, "max is 1 to %d", LIMIT_OPEN_MAX);
        l->burst = (uint32_t)v[KEY_BURST].number;
        l->open = (uint32_t)v[KEY_MAX].number;
        return 0;
}

/* A duration is counted from now, by this host's clock: the sender's may show another time. All
 * that one wakeup of the loop reads ends together. */
static int expiry_set(sd_bus_message *m, Rule *rule, const BusValue *v, sd_bus_error *error)
{
        sd_event *event = sd_bus_get_event(sd_bus_message_get_bus(m));
        uint64_t now_usec;

        if (v[KEY_EXPIRES].given && v[KEY_DURATION].given)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "expires and duration each say alone when the rule ends");
        if (v[KEY_EXPIRES].given && v[KEY_EXPIRES].number == 0)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "expires is in microseconds since 1970: leave it out for a rule that "
                        "stays");
        if (v[KEY_EXPIRES].number > EXPIRY_MAX_USEC)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "expires is in microseconds since 1970 and must be before the year 10000");
        rule->expires_usec = v[KEY_EXPIRES].number;
        if (!v[KEY_DURATION].given)
                return 0;
        if (v[KEY_DURATION].number < 1 || v[KEY_DURATION].number > DURATION_MAX_SEC)
                return sd_bus_error_set(
                        error, BUS_ERROR_INVALID_RULE, "duration is 1 second to 366 days");
        if (!event || sd_event_now(event, CLOCK_REALTIME, &now_usec) < 0)
                now_usec = clock_now_usec(CLOCK_REALTIME);
        rule->expires_usec = now_usec + v[KEY_DURATION].number * USEC_PER_SEC;
        return 0;
}

static int rule_from_values(
        sd_bus_message *m, BusRuleUse use, const BusValue *v, Rule **ret, sd_bus_error *error)
{
        _cleanup_(rule_unref_p) Rule *rule = rule_new();
        int r;

        if (!rule)
                return -ENOMEM;
        rule->source = SOURCE_P25CTL;
        rule->action = _ACTION_INVALID;
        rule->log = v[KEY_LOG].number;
        if ((r = words_set(rule, use, v, error)) < 0 ||
                (r = ports_set(rule, &v[KEY_PORTS], error)) < 0 ||
                (r = addresses_set("from", &v[KEY_FROM], &rule->from, error)) < 0 ||
                (r = addresses_set("to", &v[KEY_TO], &rule->to, error)) < 0 ||
                (r = text_set(&v[KEY_INTERFACE], &rule->interface)) < 0 ||
                (r = text_set(&v[KEY_IN_INTERFACE], &rule->in_interface)) < 0 ||
                (r = text_set(&v[KEY_OUT_INTERFACE], &rule->out_interface)) < 0 ||
                (r = strv_copy(v[KEY_USER].strings, &rule->user)) < 0 ||
                (r = strv_copy(v[KEY_GROUP].strings, &rule->group)) < 0 ||
                (r = strv_copy(v[KEY_UNIT].strings, &rule->unit)) < 0 ||
                (r = limit_set(&rule->limit, v, error)) < 0 ||
                (use == BUS_RULE_ADD && (r = expiry_set(m, rule, v, error)) < 0) ||
                (r = text_set(&v[KEY_COMMENT], &rule->comment)) < 0)
                return r;
        *ret = TAKE_PTR(rule);
        return 0;
}

static size_t values_given(const BusValue *v)
{
        size_t n = 0;

        for (size_t i = 0; i < _KEY_MAX; i++)
                n += v[i].given;
        return n;
}

static int place_from_values(const BusValue *v, BusRule *ret, sd_bus_error *error)
{
        if (values_given(v) > 1)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                        "id and position each say alone which rule is meant");
        ret->has_id = v[KEY_ID].given;
        ret->id = v[KEY_ID].number;
        ret->has_position = v[KEY_POSITION].given;
        ret->position = (uint32_t)v[KEY_POSITION].number;
        return 0;
}

int bus_rule_read(sd_bus_message *m, BusRuleUse use, BusRule *ret, sd_bus_error *error)
{
        size_t n = use == BUS_RULE_ADD ? _KEY_ADD_MAX : _KEY_MAX;
        BusValue values[_KEY_MAX] = { 0 };
        BusRule rule = { 0 };
        int r;

        r = bus_dict_read(m, rule_keys, n, BUS_ERROR_INVALID_RULE, values, error);
        if (r >= 0) {
                /* nothing said would mean the plainest of matches: more likely a slip */
                if (use == BUS_RULE_REMOVE && values_given(values) == 0)
                        r = sd_bus_error_set(error, BUS_ERROR_INVALID_RULE,
                                "say which rule: its match, its id or its position");
                else if (values[KEY_ID].given || values[KEY_POSITION].given)
                        r = place_from_values(values, &rule, error);
                else
                        r = rule_from_values(m, use, values, &rule.rule, error);
        }
        bus_values_deinit(values, _KEY_MAX);
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
        if (rule->expires_usec > 0) {
                r = bus_append_entry(m, "expires", "t", rule->expires_usec);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

/* ---- options ---- */

enum {
        OPTION_DRY_RUN,
        OPTION_EXPECTED_REVISION,
        OPTION_CONFIRM_SECONDS,
        OPTION_REASON,
        _OPTION_ALL_MAX, /* those behind are AddRule's */
        OPTION_POSITION = _OPTION_ALL_MAX,
        _OPTION_MAX,
};

static const BusKey option_keys[_OPTION_MAX] = {
        [OPTION_DRY_RUN] = { "dry_run", "b" },
        [OPTION_EXPECTED_REVISION] = { "expected_revision", "t" },
        [OPTION_CONFIRM_SECONDS] = { "confirm_seconds", "u" },
        [OPTION_REASON] = { "reason", "s" },
        [OPTION_POSITION] = { "position", "u" },
};

static int options_validate(const BusValue *v, sd_bus_error *error)
{
        const char *reason = v[OPTION_REASON].string;

        if (v[OPTION_CONFIRM_SECONDS].given &&
                (v[OPTION_CONFIRM_SECONDS].number < 1 ||
                        v[OPTION_CONFIRM_SECONDS].number > DURATION_MAX_SEC))
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "confirm_seconds is 1 to 31622400, which is 366 days");
        if (reason && strlen(reason) > COMMENT_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a reason is at most %d bytes", COMMENT_MAX);
        if (reason && !comment_is_valid(reason))
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "a reason is a text without control characters");
        if (v[OPTION_POSITION].given && v[OPTION_POSITION].number < 1)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS, "positions count from 1");
        return 0;
}

int bus_options_read(sd_bus_message *m, bool with_position, Change *ret, sd_bus_error *error)
{
        size_t n = with_position ? _OPTION_MAX : _OPTION_ALL_MAX;
        BusValue v[_OPTION_MAX] = { 0 };
        int r;

        /* no option is a list: there is nothing to free */
        r = bus_dict_read(m, option_keys, n, BUS_ERROR_INVALID_ARGS, v, error);
        if (r < 0)
                return r;
        r = options_validate(v, error);
        if (r < 0)
                return r;
        *ret = (Change){
                .dry_run = v[OPTION_DRY_RUN].number,
                .has_expected = v[OPTION_EXPECTED_REVISION].given,
                .expected_revision = v[OPTION_EXPECTED_REVISION].number,
                .confirm_seconds = (uint32_t)v[OPTION_CONFIRM_SECONDS].number,
                .position = (uint32_t)v[OPTION_POSITION].number,
                .reason = v[OPTION_REASON].string,
        };
        return 0;
}

/* ---- packets ---- */

enum {
        PACKET_DIRECTION,
        PACKET_FROM,
        PACKET_TO,
        PACKET_PORT,
        PACKET_USER,
        PACKET_GROUP,
        PACKET_UNIT,
        PACKET_INTERFACE,
        PACKET_IN_INTERFACE,
        PACKET_OUT_INTERFACE,
        _PACKET_MAX,
};

static const BusKey packet_keys[_PACKET_MAX] = {
        [PACKET_DIRECTION] = { "direction", "s" },
        [PACKET_FROM] = { "from", "s" },
        [PACKET_TO] = { "to", "s" },
        [PACKET_PORT] = { "port", "q" },
        [PACKET_USER] = { "user", "s" },
        [PACKET_GROUP] = { "group", "s" },
        [PACKET_UNIT] = { "unit", "s" },
        [PACKET_INTERFACE] = { "interface", "s" },
        [PACKET_IN_INTERFACE] = { "in_interface", "s" },
        [PACKET_OUT_INTERFACE] = { "out_interface", "s" },
};

/* The words of `explain` before each value. */
static const char *const packet_words[_PACKET_MAX][2] = {
        [PACKET_FROM] = { "from" },
        [PACKET_TO] = { "to" },
        [PACKET_PORT] = { "port" },
        [PACKET_USER] = { "user" },
        [PACKET_GROUP] = { "group" },
        [PACKET_UNIT] = { "unit" },
        [PACKET_INTERFACE] = { "on" },
        [PACKET_IN_INTERFACE] = { "in", "on" },
        [PACKET_OUT_INTERFACE] = { "out", "on" },
};

int bus_packet_read(sd_bus_message *m, BusPacket *ret, sd_bus_error *error)
{
        BusValue v[_PACKET_MAX] = { 0 };
        char shown[TEXT_SHOWN_MAX];
        size_t n = 0;
        int r;

        r = bus_dict_read(m, packet_keys, _PACKET_MAX, BUS_ERROR_INVALID_ARGS, v, error);
        if (r < 0)
                return r;
        if (!v[PACKET_DIRECTION].given)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "a packet has a direction: in, out or routed");
        if (direction_from_string(v[PACKET_DIRECTION].string) == _DIRECTION_INVALID)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "%s is no direction (in, out, routed)",
                        text_show(v[PACKET_DIRECTION].string, shown));

        *ret = (BusPacket){ .user = v[PACKET_USER].string, .has_group = v[PACKET_GROUP].given };
        snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)v[PACKET_PORT].number);
        v[PACKET_PORT].string = ret->port;
        ret->words[n++] = v[PACKET_DIRECTION].string;
        for (size_t i = PACKET_FROM; i < _PACKET_MAX; i++) {
                if (!v[i].given)
                        continue;
                for (size_t k = 0; k < 2 && packet_words[i][k]; k++)
                        ret->words[n++] = packet_words[i][k];
                ret->words[n++] = v[i].string;
        }
        return 0;
}
