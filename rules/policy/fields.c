/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the table of a rule's fields and the few types that they have. Does not depend on any format
 * that rules are written in.
 */

#include "rules/policy/fields.h"

#include "rules/base/hash.h"
#include "rules/policy/addresslist.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* What can be done with a field; place is in the rule. Without deinit, copy and equal it is plain
 * bytes. */
struct FieldType {
        size_t size;
        void (*deinit)(void *place);
        int (*copy)(const void *place, void *ret);
        bool (*equal)(const void *a, const void *b);
        uint64_t (*hash)(uint64_t h, const void *place);
        int (*get)(const void *place, FieldValue *ret);
        int (*set)(void *place, const RuleField *f, const FieldValue *v, Diagnostics *d);
};

#define fail(d, code, ...) field_fail(d, code, f->name, __VA_ARGS__)

static int field_fail(Diagnostics *d, DiagnosticCode code, const char *setting, const char *format,
        ...) _printf_(4, 5);
static int field_fail(
        Diagnostics *d, DiagnosticCode code, const char *setting, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = diagnostics_add_va(d, SEVERITY_ERROR, code, (Place){ 0 }, setting, format, ap);
        va_end(ap);
        return r;
}

#define SHOW(text) text_show(text, (char[TEXT_SHOWN_MAX]){ 0 })

/* ---- words: enums ---- */

static uint64_t word_hash(uint64_t h, const void *place)
{
        return hash_number(h, (uint64_t) * (const int *)place);
}

static int action_get(const void *place, FieldValue *ret)
{
        ret->text = action_to_string(*(const Action *)place);
        return 1;
}

static int action_set(void *place, const RuleField *f, const FieldValue *v, Diagnostics *d)
{
        Action a = action_from_string(v->text);

        *(Action *)place = a;
        return a != _ACTION_INVALID
                       ? 0
                       : fail(d, DIAGNOSTIC_WORD, "%s is no action (allow, deny, reject, limit)",
                                 SHOW(v->text));
}

static int direction_get(const void *place, FieldValue *ret)
{
        ret->text = direction_to_string(*(const Direction *)place);
        return 1;
}

static int direction_set(void *place, const RuleField *f, const FieldValue *v, Diagnostics *d)
{
        Direction direction = direction_from_string(v->text);

        *(Direction *)place = direction;
        return direction != _DIRECTION_INVALID
                       ? 0
                       : fail(d, DIAGNOSTIC_WORD, "%s is no direction (in, out, routed)",
                                 SHOW(v->text));
}

static const FieldType type_action = {
        .size = sizeof(Action), .hash = word_hash, .get = action_get, .set = action_set
};
static const FieldType type_direction = {
        .size = sizeof(Direction), .hash = word_hash, .get = direction_get, .set = direction_set
};

/* ---- numbers ---- */

static int number_get(const void *place, FieldValue *ret)
{
        ret->number = *(const uint32_t *)place;
        return ret->number > 0;
}

static int number_set(void *place, const RuleField *f, const FieldValue *v, Diagnostics *d)
{
        if (v->number < 1 || v->number > f->max)
                return fail(d, DIAGNOSTIC_PLAIN, "%s is 1 to %" PRIu32, f->name, f->max);
        *(uint32_t *)place = (uint32_t)v->number;
        return 0;
}

static int time_get(const void *place, FieldValue *ret)
{
        ret->number = *(const uint64_t *)place;
        return ret->number > 0;
}

static int time_set(
        void *place, _unused_ const RuleField *f, const FieldValue *v, _unused_ Diagnostics *d)
{
        *(uint64_t *)place = v->number;
        return 0;
}

static int flag_get(const void *place, FieldValue *ret)
{
        ret->number = *(const bool *)place;
        return ret->number > 0;
}

static int flag_set(
        void *place, _unused_ const RuleField *f, const FieldValue *v, _unused_ Diagnostics *d)
{
        *(bool *)place = v->number > 0;
        return 0;
}

static const FieldType type_number = {
        .size = sizeof(uint32_t), .get = number_get, .set = number_set
};
static const FieldType type_time = { .size = sizeof(uint64_t), .get = time_get, .set = time_set };
static const FieldType type_flag = { .size = sizeof(bool), .get = flag_get, .set = flag_set };

static int rate_get(const void *place, FieldValue *ret)
{
        const Limit *l = place;

        if (l->unit_sec == 0)
                return 0;
        snprintf(ret->buffer, sizeof(ret->buffer), "%" PRIu32 "/%s", l->rate,
                limit_unit_to_string(l->unit_sec));
        ret->text = ret->buffer;
        return 1;
}

static int rate_set(void *place, const RuleField *f, const FieldValue *v, Diagnostics *d)
{
        Limit *l = place;

        if (limit_rate_parse(v->text, &l->rate, &l->unit_sec) >= 0)
                return 0;
        return fail(d, DIAGNOSTIC_PLAIN,
                "%s is no rate: write N/second, N/minute, N/hour or N/day, N from 1 to %d",
                SHOW(v->text), LIMIT_RATE_MAX);
}

/* the members of Limit before burst */
static const FieldType type_rate = {
        .size = offsetof(Limit, burst), .get = rate_get, .set = rate_set
};

/* ---- ports ---- */

static uint64_t ports_hash(uint64_t h, const void *place)
{
        const Ports *p = place;

        h = hash_number(h, p->n);
        for (size_t i = 0; i < p->n; i++)
                h = hash_number(h, p->items[i]);
        return h;
}

static bool ports_are_equal(const void *a, const void *b)
{
        return ports_equal(a, b);
}

static int ports_get(const void *place, FieldValue *ret)
{
        ret->ports = place;
        return 1;
}

static int ports_set(
        void *place, _unused_ const RuleField *f, const FieldValue *v, _unused_ Diagnostics *d)
{
        *(Ports *)place = *v->ports;
        return 0;
}

static const FieldType type_ports = { .size = sizeof(Ports),
        .equal = ports_are_equal,
        .hash = ports_hash,
        .get = ports_get,
        .set = ports_set };

/* ---- texts ---- */

static void text_deinit(void *place)
{
        free(TAKE_PTR(*(char **)place));
}

static int text_copy(const void *place, void *ret)
{
        return strdup_null(*(char *const *)place, ret);
}

static bool text_equal(const void *a, const void *b)
{
        return streq_null(*(char *const *)a, *(char *const *)b);
}

static uint64_t text_hash(uint64_t h, const void *place)
{
        return hash_string(h, *(char *const *)place);
}

static int text_get(const void *place, FieldValue *ret)
{
        ret->text = *(char *const *)place;
        return ret->text != NULL;
}

static int text_set(
        void *place, _unused_ const RuleField *f, const FieldValue *v, _unused_ Diagnostics *d)
{
        return strdup_null(v->text && v->text[0] ? v->text : NULL, place);
}

static const FieldType type_text = { .deinit = text_deinit,
        .copy = text_copy,
        .equal = text_equal,
        .hash = text_hash,
        .get = text_get,
        .set = text_set };

static void texts_deinit(void *place)
{
        *(char ***)place = strv_free(*(char ***)place);
}

static int texts_copy(const void *place, void *ret)
{
        return strv_copy(*(char **const *)place, ret);
}

static int string_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool texts_equal(const void *a, const void *b)
{
        char *const *x = *(char **const *)a, *const *y = *(char **const *)b;

        return array_same_members(
                x, strv_length(x), y, strv_length(y), sizeof(char *), string_compare);
}

static uint64_t texts_hash(uint64_t h, const void *place)
{
        char *const *l = *(char **const *)place;

        h = hash_number(h, strv_length(l));
        for (; l && *l; l++)
                h = hash_string(h, *l);
        return h;
}

static int texts_get(const void *place, FieldValue *ret)
{
        ret->texts = *(char **const *)place;
        return ret->texts && *ret->texts;
}

static int texts_set(
        void *place, _unused_ const RuleField *f, const FieldValue *v, _unused_ Diagnostics *d)
{
        return strv_copy(v->texts, place);
}

static const FieldType type_texts = { .deinit = texts_deinit,
        .copy = texts_copy,
        .equal = texts_equal,
        .hash = texts_hash,
        .get = texts_get,
        .set = texts_set };

/* ---- addresses ---- */

static void addresses_deinit(void *place)
{
        address_list_deinit(place);
}

static int addresses_copy(const void *place, void *ret)
{
        return address_list_copy(place, ret);
}

static bool addresses_equal(const void *a, const void *b)
{
        return address_list_equal(a, b);
}

static uint64_t addresses_hash(uint64_t h, const void *place)
{
        const AddressList *l = place;

        h = hash_number(h, l->n);
        for (size_t i = 0; i < l->n; i++) {
                const AddressItem *a = l->items + i;

                h = hash_number(h, a->kind);
                if (a->kind != ADDRESS_PREFIX) {
                        h = hash_string(h, a->name);
                        continue;
                }
                h = hash_number(h, a->prefix.address.family + 256u * a->prefix.bits);
                h = hash_bytes(h, a->prefix.address.bytes, sizeof(a->prefix.address.bytes));
        }
        return h;
}

static int addresses_get(const void *place, FieldValue *ret)
{
        const AddressList *l = place;
        int r = address_list_print(l, &ret->owned);

        ret->texts = ret->owned;
        return r < 0 ? r : l->n > 0;
}

static int addresses_set(void *place, const RuleField *f, const FieldValue *v, Diagnostics *d)
{
        return address_list_parse(v->texts, true, f->name, (Place){ 0 }, d, place);
}

static const FieldType type_addresses = { .deinit = addresses_deinit,
        .copy = addresses_copy,
        .equal = addresses_equal,
        .hash = addresses_hash,
        .get = addresses_get,
        .set = addresses_set };

/* ---- the table ---- */

#define MATCH FIELD_MATCH
#define EFFECT FIELD_EFFECT
#define JSON FIELD_JSON
#define BUS FIELD_BUS
#define AT(member) offsetof(Rule, member)

const RuleField rule_fields[] = {
        { "source_name", FORM_HIDDEN, &type_text, 0, AT(source_name), 0 },
        { "file", FORM_HIDDEN, &type_text, 0, AT(file), 0 },
        { "action", FORM_TEXT, &type_action, EFFECT | JSON | BUS, AT(action), 0 },
        { "direction", FORM_TEXT, &type_direction, MATCH | JSON | BUS, AT(direction), 0 },
        { "ports", FORM_PORTS, &type_ports, MATCH | JSON | BUS, AT(ports), 0 },
        { "ports_var", FORM_HIDDEN, &type_text, MATCH, AT(ports_var), 0 },
        { "from", FORM_TEXTS, &type_addresses, MATCH | JSON | BUS, AT(from), 0 },
        { "to", FORM_TEXTS, &type_addresses, MATCH | JSON | BUS, AT(to), 0 },
        { "interface", FORM_TEXT, &type_text, MATCH, AT(interface), 0 },
        { "in_interface", FORM_TEXT, &type_text, MATCH, AT(in_interface), 0 },
        { "out_interface", FORM_TEXT, &type_text, MATCH, AT(out_interface), 0 },
        { "user", FORM_TEXTS, &type_texts, MATCH | JSON | BUS, AT(user), 0 },
        { "group", FORM_TEXTS, &type_texts, MATCH | BUS, AT(group), 0 },
        { "unit", FORM_TEXTS, &type_texts, MATCH | BUS, AT(unit), 0 },
        { "rate", FORM_TEXT, &type_rate, EFFECT, AT(limit), 0 },
        { "burst", FORM_NUMBER, &type_number, EFFECT, AT(limit.burst), LIMIT_BURST_MAX },
        { "max", FORM_NUMBER, &type_number, EFFECT, AT(limit.open), LIMIT_OPEN_MAX },
        { "expires", FORM_TIME, &type_time, EFFECT | JSON, AT(expires_usec), 0 },
        { "log", FORM_FLAG, &type_flag, EFFECT | BUS, AT(log), 0 },
        { "comment", FORM_TEXT, &type_text, EFFECT | JSON | BUS, AT(comment), 0 },
};

const size_t rule_fields_length = ELEMENTS(rule_fields);

static void *place(Rule *r, const RuleField *f)
{
        return (char *)r + f->offset;
}

static const void *place_const(const Rule *r, const RuleField *f)
{
        return (const char *)r + f->offset;
}

int rule_field_get(const Rule *r, const RuleField *f, FieldValue *ret)
{
        *ret = (FieldValue){ 0 };
        return f->type->get(place_const(r, f), ret);
}

void field_value_deinit(FieldValue *v)
{
        v->owned = strv_free(v->owned);
}

int rule_field_set(Rule *r, const RuleField *f, const FieldValue *v, Diagnostics *d)
{
        return f->type->set(place(r, f), f, v, d);
}

static bool field_equal(const FieldType *t, const void *a, const void *b)
{
        return t->equal ? t->equal(a, b) : memcmp(a, b, t->size) == 0;
}

bool rule_fields_equal(const Rule *a, const Rule *b, unsigned uses)
{
        RULE_FIELD_FOREACH(f)
        if (f->uses & uses && !field_equal(f->type, place_const(a, f), place_const(b, f)))
                return false;
        return true;
}

int rule_fields_copy(const Rule *from, Rule *to)
{
        RULE_FIELD_FOREACH(f)
        if (!f->type->copy)
                memcpy(place(to, f), place_const(from, f), f->type->size);
        else if (f->type->copy(place_const(from, f), place(to, f)) < 0)
                return -ENOMEM;
        return 0;
}

void rule_fields_deinit(Rule *r)
{
        RULE_FIELD_FOREACH(f)
        if (f->type->deinit)
                f->type->deinit(place(r, f));
}

uint64_t rule_hash(const Rule *r)
{
        uint64_t h = HASH_BEGIN;

        h = hash_number(h, r->source);
        h = hash_string(h, r->source_name);
        h = hash_number(h, r->action);
        RULE_FIELD_FOREACH(f)
        if (f->uses & FIELD_MATCH)
                h = f->type->hash(h, place_const(r, f));
        return hash_finish(h);
}
