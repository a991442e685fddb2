/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Rules: life, copies, sameness (rule.h). The fields are a table in fields.c. */

#include "rules/policy/rule.h"

#include "rules/base/buffer.h"
#include "rules/policy/fields.h"

#include <errno.h>

Rule *rule_new(void)
{
        Rule *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->n_refs = 1;
        r->ports = (Ports){ .items = { 25 }, .n = 1 };
        return r;
}

DEFINE_REFERENCES(Rule, rule, rule_fields_deinit)

int rule_copy(const Rule *r, Rule **ret)
{
        _cleanup_(rule_unref_p) Rule *copy = rule_new();

        if (!copy || rule_fields_copy(r, copy) < 0)
                return -ENOMEM;
        copy->id = r->id;
        copy->source = r->source;
        copy->line = r->line;
        *ret = TAKE_PTR(copy);
        return 0;
}

bool rule_same_match(const Rule *a, const Rule *b)
{
        return rule_fields_equal(a, b, FIELD_MATCH);
}

bool rule_equal(const Rule *a, const Rule *b)
{
        return rule_fields_equal(a, b, FIELD_MATCH | FIELD_EFFECT);
}

/* The numbers of a `limit` that states none: ufw's. */
#define LIMIT_DEFAULT_RATE 12
#define LIMIT_DEFAULT_UNIT_SEC 60
#define LIMIT_DEFAULT_BURST 6

Limit rule_limit(const Rule *r)
{
        Limit l = r->limit;

        if (r->action != ACTION_LIMIT)
                return (Limit){ 0 };
        if (l.rate == 0 && (l.open == 0 || l.burst != 0)) {
                l.rate = LIMIT_DEFAULT_RATE;
                l.unit_sec = LIMIT_DEFAULT_UNIT_SEC;
        }
        if (l.rate != 0 && l.burst == 0)
                l.burst = LIMIT_DEFAULT_BURST;
        return l;
}

int rule_source_format(const Rule *r, char **ret)
{
        static const char *const formats[_SOURCE_MAX] = {
                [SOURCE_P25CTL] = "p25ctl",
                [SOURCE_CONF] = "p25.conf",
                [SOURCE_FRAGMENT] = "fragment:",
                [SOURCE_ROLE] = "role:",
        };
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, formats[r->source]);
        if (r->source_name)
                buffer_add_string(&b, r->source_name);
        return buffer_take(&b, ret);
}
