/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the lines of `status` around the table (SPEC section 4). The rows are in rules/words/rows.c.
 */

#include "rules/base/text.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"
#include "rules/words/words.h"

#include <errno.h>
#include <inttypes.h>
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

#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define BOLD "1"

static void colored_print(Buffer *b, bool color, const char *code, const char *text)
{
        if (color)
                buffer_printf(b, "\033[%sm%s\033[0m", code, text);
        else
                buffer_add_string(b, text);
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

static void warnings_print(char *const *warnings, ReportLook look, Buffer *b)
{
        for (char *const *warning = warnings; warning && *warning; warning++) {
                colored_print(b, look.color, YELLOW, "Warning:");
                buffer_printf(b, " %s\n", *warning);
        }
}

static void audit_print(const Report *r, ReportLook look, Buffer *b)
{
        if (!r->audit)
                return;
        colored_print(b, look.color, YELLOW, "AUDIT: REFUSALS ARE ONLY REPORTED, NOT ENFORCED");
        STRV_FOREACH (what, r->audit)
                buffer_printf(b, "%s%s", what == r->audit ? ": " : ", ", *what);
        buffer_add_string(b, " (p25ctl audit)\n");
}

/* The lines above the table. */
static void remarks_print(const Report *r, bool verbose, ReportLook look, Buffer *b)
{
        pending_print(r, b);
        if (r->lockdown) {
                colored_print(b, look.color, RED, "LOCKDOWN: ON, EVERY MAIL PORT IS CLOSED");
                buffer_add_string(b, " (p25ctl lockdown off)\n");
        }
        audit_print(r, look, b);
        warnings_print(r->warnings, look, b);
        warnings_print(verbose ? r->hints : NULL, look, b);
        for (char **note = verbose ? r->notes : NULL; note && *note; note++)
                buffer_printf(b, "Note: %s\n", *note);
}

/* ---- the table ---- */

typedef struct TableRow {
        RuleRow cells;
        Action action;
        unsigned position; /* 0: it has no number */
        uint64_t packets;
        bool counted; /* the rows of defaults are not */
} TableRow;

typedef struct Table {
        TableRow *items;
        size_t n;
        bool numbered, counts; /* which columns it has */
        ReportLook look;
} Table;

static void table_deinit(Table *t)
{
        for (size_t i = 0; i < t->n; i++)
                rule_row_deinit(&t->items[i].cells);
        free(t->items);
}

static int table_add(Table *t, const Rule *r, unsigned position, uint64_t seconds_left)
{
        TableRow row = { .action = r->action, .position = position };

        if (array_grow(&t->items, t->n, sizeof(*t->items)) < 0 ||
                rule_row_make(r, seconds_left, t->look.wide, &row.cells) < 0)
                return -ENOMEM;
        t->items[t->n++] = row;
        return 0;
}

/* A default that closes a port, as the row of a rule: "DENY IN … # default (role no-mail)". Under
 * lockdown no default decides. */
static int default_add(Table *t, const Report *r, Direction d)
{
        _cleanup_free_ char *comment = NULL;
        const char *source = r->default_sources[d];
        Rule rule = { .action = r->defaults[d], .direction = d, .ports = r->managed[d] };

        if (rule.action == ACTION_ALLOW || rule.ports.n == 0 || r->lockdown)
                return 0;
        if (asprintf(&comment, "default%s%s%s%s", source ? " (" : "", source ?: "",
                    source ? ")" : "",
                    strv_contains(r->audit, direction_to_adjective(d)) ? ", in audit" : "") < 0)
                return -ENOMEM;
        rule.comment = comment;
        return table_add(t, &rule, 0, 0);
}

static int table_fill(Table *t, const Report *r)
{
        for (size_t i = 0; i < r->n_rules; i++) {
                if (table_add(t, r->rules[i].rule, r->rules[i].position, r->rules[i].seconds_left) <
                        0)
                        return -ENOMEM;
                t->items[i].packets = r->rules[i].packets;
                t->items[i].counted = t->counts;
        }
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (default_add(t, r, d) < 0)
                        return -ENOMEM;
        return 0;
}

/* Columns that a text takes on a terminal. */
static size_t text_width(const char *s)
{
        size_t width = 0, n;
        uint32_t code;

        for (; *s; s += n, width++) {
                n = utf8_character(s, &code);
                n = n > 0 ? n : 1;
        }
        return width;
}

static size_t wider(size_t width, const char *text)
{
        size_t n = text_width(text);

        return n > width ? n : width;
}

static void padding_print(Buffer *b, const char *text, size_t width)
{
        for (size_t n = text_width(text); n < width; n++)
                buffer_add_char(b, ' ');
}

static void cell_print(Buffer *b, const char *text, size_t width)
{
        buffer_add_string(b, text);
        padding_print(b, text, width);
}

static const char *const action_colors[_ACTION_MAX] = {
        [ACTION_ALLOW] = GREEN,
        [ACTION_DENY] = RED,
        [ACTION_REJECT] = RED,
        [ACTION_LIMIT] = YELLOW,
};

typedef struct Widths {
        size_t to, action, from;
} Widths;

/* ufw's columns, or those that the rows need, two apart. */
static Widths table_widths(const Table *t)
{
        Widths w = { strlen("To"), strlen("Action"), strlen("From") };

        if (!t->look.wide)
                return (Widths){ 27, 12, 26 };
        for (size_t i = 0; i < t->n; i++) {
                const RuleRow *row = &t->items[i].cells;

                w.to = wider(w.to, row->to);
                w.action = wider(w.action, row->action);
                w.from = wider(w.from, row->from);
        }
        return (Widths){ w.to + 2, w.action + 2, w.from };
}

/* A cell of ufw's that is too long for its column is followed by a blank. */
static void row_print(const Table *t, const TableRow *row, const Widths *w, Buffer *b)
{
        if (t->numbered && row->position > 0)
                buffer_printf(b, "[%2u] ", row->position);
        else if (t->numbered)
                buffer_add_string(b, "     ");
        cell_print(b, row->cells.to, w->to - 1);
        buffer_add_char(b, ' ');
        colored_print(b, t->look.color, action_colors[row->action], row->cells.action);
        padding_print(b, row->cells.action, w->action);
        cell_print(b, row->cells.from,
                t->look.wide && !row->cells.tail[0] && !row->counted ? 0 : w->from);
        buffer_add_string(b, row->cells.tail);
        if (row->counted)
                buffer_printf(
                        b, " [%" PRIu64 " packet%s]", row->packets, row->packets == 1 ? "" : "s");
        buffer_add_char(b, '\n');
}

static void head_row_print(const Table *t, const Widths *w, const char *const cells[3], Buffer *b)
{
        if (t->numbered)
                buffer_add_string(b, "     ");
        cell_print(b, cells[0], w->to);
        cell_print(b, cells[1], w->action);
        buffer_printf(b, "%s\n", cells[2]);
}

static int table_print(const Report *r, ReportStyle style, ReportLook look, Buffer *b)
{
        static const char *const head[] = { "To", "Action", "From" };
        static const char *const dashes[] = { "--", "------", "----" };
        _cleanup_(table_deinit) Table t = { .numbered = style == REPORT_NUMBERED,
                .counts = style == REPORT_VERBOSE,
                .look = look };
        Widths w;

        if (table_fill(&t, r) < 0)
                return -ENOMEM;
        if (t.n == 0)
                return 0;
        w = table_widths(&t);
        buffer_add_char(b, '\n');
        head_row_print(&t, &w, head, b);
        head_row_print(&t, &w, dashes, b);
        for (size_t i = 0; i < t.n; i++)
                row_print(&t, t.items + i, &w, b);
        return 0;
}

int report_print_text(const Report *r, ReportStyle style, ReportLook look, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        int k;

        buffer_add_string(&b, "Status: ");
        colored_print(&b, look.color, r->active ? GREEN : BOLD, r->active ? "active" : "inactive");
        buffer_add_char(&b, '\n');
        if (!r->active) {
                pending_print(r, &b);
                warnings_print(r->warnings, look, &b);
                return buffer_take(&b, ret);
        }
        if (style == REPORT_VERBOSE)
                head_print(r, &b);
        remarks_print(r, style == REPORT_VERBOSE, look, &b);
        k = table_print(r, style, look, &b);
        return k < 0 ? k : buffer_take(&b, ret);
}
