/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The fields of a rule, one table: name, outer form, how it lies in a Rule, what it counts for.
 * Copies, comparison, hash, JSON, files and the bus go over this table, so that a new field is a
 * row. A field has one of few outer forms. The code of a format knows the forms, and no field
 * by name.
 */

#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct Ports Ports;
typedef struct Rule Rule;

typedef enum FieldForm {
        FORM_HIDDEN, /* not written: where the rule comes from */
        FORM_TEXT,
        FORM_TEXTS,
        FORM_PORTS,
        FORM_NUMBER,
        FORM_TIME, /* microseconds since the epoch */
        FORM_FLAG,
} FieldForm;

/* The purposes for which a field counts. */
typedef enum FieldUse {
        FIELD_MATCH = 1 << 0,  /* which connections the rule is for */
        FIELD_EFFECT = 1 << 1, /* what it does with them, and its comment */
        /* written even where nothing is stated: in JSON, on the bus */
        FIELD_JSON = 1 << 2,
        FIELD_BUS = 1 << 3,
        FIELD_LIMIT = 1 << 4, /* a number of a limit */
} FieldUse;

/* The type of a field in a Rule. */
typedef enum FieldType {
        TYPE_ACTION,
        TYPE_DIRECTION,
        TYPE_NUMBER,
        TYPE_TIME,
        TYPE_FLAG,
        TYPE_RATE,
        TYPE_PORTS,
        TYPE_TEXT,
        TYPE_TEXTS,
        TYPE_ADDRESSES,
} FieldType;

typedef struct RuleField {
        const char *name; /* of the setting, and of the key in JSON and on the bus */
        FieldForm form;
        FieldType type;
        unsigned uses;
        size_t offset;
        uint32_t max; /* of FORM_NUMBER, from 1 */
} RuleField;

/* In the order in which they are written. */
extern const RuleField rule_fields[];
extern const size_t rule_fields_length;

#define RULE_FIELD_FOREACH(f) \
        for (const RuleField *f = rule_fields; f < rule_fields + rule_fields_length; f++)

/* A value in its outer form: the member of that form is set. */
typedef struct FieldValue {
        const char *text;   /* NULL: none */
        char *const *texts; /* NULL: none */
        const Ports *ports;
        uint64_t number; /* and time and flag; 0: none */
        char **owned;    /* what texts may point to */
        char buffer[32]; /* what text may point to */
} FieldValue;

/* *ret borrows from the rule and is to be deinited. 1 if something is stated, 0, -ENOMEM. */
int rule_field_get(const Rule *r, const RuleField *f, FieldValue *ret);
void field_value_deinit(FieldValue *v);
/* Of a field that was not set before. An empty text, where any text may stand, is none. 0, -ENOMEM,
 * or -EINVAL with an error in d without place. */
int rule_field_set(Rule *r, const RuleField *f, const FieldValue *v, Diagnostics *d);

/* Are all fields of these uses equal? In lists, order and duplicates do not count. */
bool rule_fields_equal(const Rule *a, const Rule *b, unsigned uses);
/* Deep copies, into a rule that owns nothing yet. 0 or -ENOMEM. */
int rule_fields_copy(const Rule *from, Rule *to);
void rule_fields_deinit(Rule *r);
/* Source, action and match as written. */
uint64_t rule_hash(const Rule *r);
