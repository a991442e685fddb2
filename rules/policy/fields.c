/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the table of a rule's fields and the few types that they have. Does not depend on any format
 * that rules are written in.
 */

#include "rules/policy/fields.h"

#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/hash.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/rule.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- the table ---- */

#define MATCH FIELD_MATCH
#define EFFECT FIELD_EFFECT
#define JSON FIELD_JSON
#define BUS FIELD_BUS
#define AT(member) offsetof(Rule, member)

const RuleField rule_fields[] = {
        { "source_name", FORM_HIDDEN, TYPE_TEXT, 0, AT(source_name), 0 },
        { "file", FORM_HIDDEN, TYPE_TEXT, 0, AT(file), 0 },
        { "action", FORM_TEXT, TYPE_ACTION, EFFECT | JSON | BUS, AT(action), 0 },
        { "direction", FORM_TEXT, TYPE_DIRECTION, MATCH | JSON | BUS, AT(direction), 0 },
        { "ports", FORM_PORTS, TYPE_PORTS, MATCH | JSON | BUS, AT(ports), 0 },
        { "ports_var", FORM_HIDDEN, TYPE_TEXT, MATCH, AT(ports_var), 0 },
        { "from", FORM_TEXTS, TYPE_ADDRESSES, MATCH | JSON | BUS, AT(from), 0 },
        { "to", FORM_TEXTS, TYPE_ADDRESSES, MATCH | JSON | BUS, AT(to), 0 },
        { "interface", FORM_TEXT, TYPE_TEXT, MATCH, AT(interface), 0 },
        { "in_interface", FORM_TEXT, TYPE_TEXT, MATCH, AT(in_interface), 0 },
        { "out_interface", FORM_TEXT, TYPE_TEXT, MATCH, AT(out_interface), 0 },
        { "user", FORM_TEXTS, TYPE_TEXTS, MATCH | JSON | BUS, AT(user), 0 },
        { "group", FORM_TEXTS, TYPE_TEXTS, MATCH | BUS, AT(group), 0 },
        { "unit", FORM_TEXTS, TYPE_TEXTS, MATCH | BUS, AT(unit), 0 },
        { "rate", FORM_TEXT, TYPE_RATE, EFFECT | FIELD_LIMIT, AT(limit), 0 },
        { "burst", FORM_NUMBER, TYPE_NUMBER, EFFECT | FIELD_LIMIT, AT(limit.burst),
                LIMIT_BURST_MAX },
        { "max", FORM_NUMBER, TYPE_NUMBER, EFFECT | FIELD_LIMIT, AT(limit.open), LIMIT_OPEN_MAX },
        { "expires", FORM_TIME, TYPE_TIME, EFFECT | JSON, AT(expires_usec), 0 },
        { "log", FORM_FLAG, TYPE_FLAG, EFFECT | BUS, AT(log), 0 },
        { "comment", FORM_TEXT, TYPE_TEXT, EFFECT | JSON | BUS, AT(comment), 0 },
};

const size_t rule_fields_length = ELEMENTS(rule_fields);

/* The value at a field's offset, by its type. */
typedef union FieldPlace {
        char *bytes;
        Action *action;
        Direction *direction;
        uint32_t *number;
        uint64_t *time;
        bool *flag;
        Limit *limit;
        Ports *ports;
        char **text;
        char ***texts;
        AddressList *addresses;
} FieldPlace;

/* Of types that own nothing. */
static const size_t plain_sizes[] = {
        [TYPE_ACTION] = sizeof(Action),
        [TYPE_DIRECTION] = sizeof(Direction),
        [TYPE_NUMBER] = sizeof(uint32_t),
        [TYPE_TIME] = sizeof(uint64_t),
        [TYPE_FLAG] = sizeof(bool),
        [TYPE_RATE] = offsetof(Limit, burst),
        [TYPE_PORTS] = sizeof(Ports),
};

static FieldPlace place_of(const Rule *r, const RuleField *f)
{
        return (FieldPlace){ .bytes = (char *)r + f->offset };
}

/* ---- whole rules ---- */

static bool field_equal(const Rule *x, const Rule *y, const RuleField *f)
{
        FieldPlace a = place_of(x, f), b = place_of(y, f);

        switch (f->type) {
        case TYPE_TEXT:
                return streq_null(*a.text, *b.text);
        case TYPE_TEXTS:
                return array_same_members(*a.texts, strv_length(*a.texts), *b.texts,
                        strv_length(*b.texts), sizeof(char *), string_compare);
        case TYPE_ADDRESSES:
                return address_list_equal(a.addresses, b.addresses);
        case TYPE_PORTS:
                return ports_equal(a.ports, b.ports);
        case TYPE_ACTION:
        case TYPE_DIRECTION:
        case TYPE_NUMBER:
        case TYPE_TIME:
        case TYPE_FLAG:
        case TYPE_RATE:
                break;
        }
        return memcmp(a.bytes, b.bytes, plain_sizes[f->type]) == 0;
}

bool rule_fields_equal(const Rule *a, const Rule *b, unsigned uses)
{
        RULE_FIELD_FOREACH(f)
        if (f->uses & uses && !field_equal(a, b, f))
                return false;
        return true;
}

int rule_fields_copy(const Rule *from, Rule *to)
{
        int r = 0;

        for (size_t i = 0; i < rule_fields_length && r == 0; i++) {
                const RuleField *f = &rule_fields[i];
                FieldPlace a = place_of(from, f), b = place_of(to, f);

                if (f->type == TYPE_TEXT)
                        r = strdup_null(*a.text, b.text);
                else if (f->type == TYPE_TEXTS)
                        r = strv_copy(*a.texts, b.texts);
                else if (f->type == TYPE_ADDRESSES)
                        r = address_list_copy(a.addresses, b.addresses);
                else
                        memcpy(b.bytes, a.bytes, plain_sizes[f->type]);
        }
        return r;
}

void rule_fields_deinit(Rule *r)
{
        RULE_FIELD_FOREACH(f)
        {
                FieldPlace p = place_of(r, f);

                if (f->type == TYPE_TEXT)
                        free(TAKE_PTR(*p.text));
                else if (f->type == TYPE_TEXTS)
                        *p.texts = strv_free(*p.texts);
                else if (f->type == TYPE_ADDRESSES)
                        address_list_deinit(p.addresses);
        }
}

static uint64_t field_hash(uint64_t h, const Rule *r, const RuleField *f)
{
        FieldPlace p = place_of(r, f);

        switch (f->type) {
        case TYPE_TEXT:
                return hash_string(h, *p.text);
        case TYPE_TEXTS:
                h = hash_number(h, strv_length(*p.texts));
                STRV_FOREACH (s, *p.texts)
                        h = hash_string(h, *s);
                return h;
        case TYPE_ADDRESSES:
                return address_list_hash(h, p.addresses);
        case TYPE_PORTS:
                h = hash_number(h, p.ports->n);
                for (size_t i = 0; i < p.ports->n; i++)
                        h = hash_number(h, p.ports->items[i]);
                return h;
        case TYPE_ACTION:
                return hash_number(h, *p.action);
        case TYPE_DIRECTION:
                return hash_number(h, *p.direction);
        case TYPE_NUMBER:
        case TYPE_TIME:
        case TYPE_FLAG:
        case TYPE_RATE:
                break;
        }
        return hash_bytes(h, p.bytes, plain_sizes[f->type]);
}

uint64_t rule_hash(const Rule *r)
{
        uint64_t h = HASH_BEGIN;

        h = hash_number(h, r->source);
        h = hash_string(h, r->source_name);
        h = hash_number(h, r->action);
        RULE_FIELD_FOREACH(f)
        if (f->uses & FIELD_MATCH)
                h = field_hash(h, r, f);
        return hash_finish(h);
}

/* ---- one value ---- */

static int rate_get(const Limit *l, FieldValue *ret)
{
        if (l->unit_sec == 0)
                return 0;
        snprintf(ret->buffer, sizeof(ret->buffer), "%" PRIu32 "/%s", l->rate,
                limit_unit_to_string(l->unit_sec));
        ret->text = ret->buffer;
        return 1;
}

int rule_field_get(const Rule *rule, const RuleField *f, FieldValue *ret)
{
        FieldPlace p = place_of(rule, f);
        int r;

        *ret = (FieldValue){ 0 };
        switch (f->type) {
        case TYPE_ACTION:
                ret->text = action_to_string(*p.action);
                return 1;
        case TYPE_DIRECTION:
                ret->text = direction_to_string(*p.direction);
                return 1;
        case TYPE_NUMBER:
                ret->number = *p.number;
                break;
        case TYPE_TIME:
                ret->number = *p.time;
                break;
        case TYPE_FLAG:
                ret->number = *p.flag;
                break;
        case TYPE_RATE:
                return rate_get(p.limit, ret);
        case TYPE_PORTS:
                ret->ports = p.ports;
                return 1;
        case TYPE_TEXT:
                ret->text = *p.text;
                return ret->text != NULL;
        case TYPE_TEXTS:
                ret->texts = *p.texts;
                return ret->texts && *ret->texts;
        case TYPE_ADDRESSES:
                r = address_list_print(p.addresses, &ret->owned);
                ret->texts = ret->owned;
                return r < 0 ? r : p.addresses->n > 0;
        }
        return ret->number > 0;
}

void field_value_deinit(FieldValue *v)
{
        v->owned = strv_free(v->owned);
}

static int field_fail(Diagnostics *d, DiagnosticCode code, const RuleField *f, const char *format,
        ...) _printf_(4, 5);
static int field_fail(
        Diagnostics *d, DiagnosticCode code, const RuleField *f, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = diagnostics_error_va(d, code, (Place){ 0 }, f->name, format, ap);
        va_end(ap);
        return r;
}

int rule_field_set(Rule *rule, const RuleField *f, const FieldValue *v, Diagnostics *d)
{
        FieldPlace p = place_of(rule, f);
        char shown[TEXT_SHOWN_MAX];

        switch (f->type) {
        case TYPE_ACTION:
                *p.action = action_from_string(v->text);
                if (*p.action == _ACTION_INVALID)
                        return field_fail(d, DIAGNOSTIC_WORD, f,
                                "%s is not an action (allow, deny, reject, limit)",
                                text_show(v->text, shown));
                return 0;
        case TYPE_DIRECTION:
                *p.direction = direction_from_string(v->text);
                if (*p.direction == _DIRECTION_INVALID)
                        return field_fail(d, DIAGNOSTIC_WORD, f,
                                "%s is not a direction (in, out, routed)",
                                text_show(v->text, shown));
                return 0;
        case TYPE_NUMBER:
                if (v->number < 1 || v->number > f->max)
                        return field_fail(d, DIAGNOSTIC_PLAIN, f, "%s must be 1 to %" PRIu32,
                                f->name, f->max);
                *p.number = (uint32_t)v->number;
                return 0;
        case TYPE_TIME:
                *p.time = v->number;
                return 0;
        case TYPE_FLAG:
                *p.flag = v->number > 0;
                return 0;
        case TYPE_RATE:
                if (limit_rate_parse(v->text, &p.limit->rate, &p.limit->unit_sec) < 0)
                        return field_fail(d, DIAGNOSTIC_PLAIN, f,
                                "%s is not a valid rate: write N/second, N/minute, N/hour or "
                                "N/day, N from "
                                "1 to %d",
                                text_show(v->text, shown), LIMIT_RATE_MAX);
                return 0;
        case TYPE_PORTS:
                *p.ports = *v->ports;
                return 0;
        case TYPE_TEXT:
                return strdup_null(v->text && v->text[0] ? v->text : NULL, p.text);
        case TYPE_TEXTS:
                return strv_copy(v->texts, p.texts);
        case TYPE_ADDRESSES:
                return address_list_parse(v->texts, true, f->name, (Place){ 0 }, d, p.addresses);
        }
        return -EINVAL;
}
