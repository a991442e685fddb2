/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the lines of `status` around the table (SPEC section 4). The rows are in rules/words/rows.c.
 */

#include "rules/report/report.h"
#include "rules/words/words.h"

#include <errno.h>
#include <stdio.h>

static void head_print(const Report *r, Buffer *b)
{
        buffer_printf(b, "Backend: %s   Roles: ", r->backend);
        STRV_FOREACH (role, r->roles)
                buffer_printf(b, "%s%s", role == r->roles ? "" : ", ", *role);
        if (!r->roles)
                buffer_add_string(b, "none");
        buffer_printf(b, "   Revision: %llu\n", (unsigned long long)r->revision);
        if (r->logging == LOGGING_OFF)
                buffer_add_string(b, "Logging: off\n");
        else
                buffer_printf(b, "Logging: on (%s)\n", logging_to_string(r->logging));
        buffer_add_string(b, "Default: ");
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                buffer_printf(b, "%s%s (%s)", d == 0 ? "" : ", ", action_to_string(r->defaults[d]),
                        direction_to_adjective(d));
        buffer_add_char(b, '\n');
}

static void pending_print(const Report *r, Buffer *b)
{
        if (r->pending_revision > 0)
                buffer_printf(b,
                        "Pending: revision %llu is taken back in %llu s unless confirmed (p25ctl "
                        "confirm)\n",
                        (unsigned long long)r->pending_revision,
                        (unsigned long long)r->pending_seconds_left);
}

static void warnings_print(const Report *r, Buffer *b)
{
        STRV_FOREACH (warning, r->warnings)
                buffer_printf(b, "Warning: %s\n", *warning);
}

/* The lines above the table. */
static void remarks_print(const Report *r, bool verbose, Buffer *b)
{
        pending_print(r, b);
        if (r->lockdown)
                buffer_add_string(
                        b, "LOCKDOWN: ON, EVERY MAIL PORT IS CLOSED (p25ctl lockdown off)\n");
        warnings_print(r, b);
        for (char **hint = verbose ? r->hints : NULL; hint && *hint; hint++)
                buffer_printf(b, "Warning: %s\n", *hint);
        for (char **note = verbose ? r->notes : NULL; note && *note; note++)
                buffer_printf(b, "Note: %s\n", *note);
}

/* Rows without a number are in the column of the others. */
static void rows_indent(const char *rows, Buffer *b)
{
        for (const char *end; *rows; rows = *end ? end + 1 : end) {
                end = strchrnul(rows, '\n');
                buffer_printf(b, "     %.*s\n", (int)(end - rows), rows);
        }
}

/* A default that closes a port, as the row of a rule: "DENY IN … # default (role no-mail)". Under
 * lockdown no default decides. */
static int default_print(const Report *r, Direction d, bool numbered, Buffer *b)
{
        _cleanup_free_ char *rows = NULL, *comment = NULL;
        const char *source = r->default_sources[d];
        Rule rule = { .action = r->defaults[d], .direction = d, .ports = r->managed[d] };
        int k;

        if (rule.action == ACTION_ALLOW || rule.ports.n == 0 || r->lockdown)
                return 0;
        if (asprintf(&comment, "default%s%s%s", source ? " (" : "", source ?: "",
                    source ? ")" : "") < 0)
                return -ENOMEM;
        rule.comment = comment;
        k = rule_rows_print(&rule, 0, 0, &rows);
        if (k < 0)
                return k;
        if (numbered)
                rows_indent(rows, b);
        else
                buffer_printf(b, "%s\n", rows);
        return 0;
}

static int defaults_print(const Report *r, bool numbered, Buffer *b)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                int k = default_print(r, d, numbered, b);

                if (k < 0)
                        return k;
        }
        return 0;
}

static int rules_print(const Report *r, bool numbered, Buffer *b)
{
        for (size_t i = 0; i < r->n_rules; i++) {
                _cleanup_free_ char *rows = NULL;
                int k;

                k = rule_rows_print(r->rules[i].rule, numbered ? r->rules[i].position : 0,
                        r->rules[i].seconds_left, &rows);
                if (k < 0)
                        return k;
                if (numbered && r->rules[i].position == 0)
                        rows_indent(rows, b);
                else
                        buffer_printf(b, "%s\n", rows);
        }
        return 0;
}

static int table_print(const Report *r, bool numbered, Buffer *b)
{
        _cleanup_buffer_ Buffer rows = { 0 };
        int k = rules_print(r, numbered, &rows);

        if (k >= 0)
                k = defaults_print(r, numbered, &rows);
        if (k < 0 || (rows.length == 0 && !rows.failed))
                return k;
        if (rows.failed)
                return -ENOMEM;
        buffer_add_char(b, '\n');
        if (numbered)
                rows_indent(rule_rows_head, b);
        else
                buffer_printf(b, "%s\n", rule_rows_head);
        buffer_add(b, rows.data, rows.length);
        return 0;
}

int report_print_text(const Report *r, ReportStyle style, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        int k;

        if (!r->active) {
                buffer_add_string(&b, "Status: inactive\n");
                pending_print(r, &b);
                warnings_print(r, &b);
                return buffer_take(&b, ret);
        }
        buffer_add_string(&b, "Status: active\n");
        if (style == REPORT_VERBOSE)
                head_print(r, &b);
        remarks_print(r, style == REPORT_VERBOSE, &b);
        k = table_print(r, style == REPORT_NUMBERED, &b);
        return k < 0 ? k : buffer_take(&b, ret);
}
