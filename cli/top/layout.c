/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/top/layout.h"

#include "cli/console/moment.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <wchar.h>

#define HEAD_LINES 5 /* state, warnings, views, two lines of titles */
#define ROWS_MIN 3   /* rows that a pane leaves */
#define NAME_MIN 18
#define NAME_MAX_COLUMNS 40
#define BAR_MIN 6
#define BAR_MAX 20

void top_frame_deinit(TopFrame *f)
{
        for (size_t i = 0; i < f->n; i++)
                free(f->items[i].text);
        free(f->items);
        *f = (TopFrame){ 0 };
}

/* ---- pieces ---- */

/* Columns of the character at s, and its bytes. */
static unsigned character_columns(const char *s, size_t *ret_bytes)
{
        uint32_t code;
        size_t n = utf8_character(s, &code);
        int columns = n > 0 ? wcwidth((wchar_t)code) : 1;

        *ret_bytes = n > 0 ? n : 1;
        return columns < 0 ? 1 : (unsigned)columns;
}

static unsigned text_columns(const char *s)
{
        unsigned columns = 0;
        size_t bytes;

        for (; *s; s += bytes)
                columns += character_columns(s, &bytes);
        return columns;
}

/* The bytes of s that have room in so many columns. */
static size_t text_room(const char *s, unsigned columns)
{
        size_t n = 0, bytes;

        while (s[n]) {
                unsigned wide = character_columns(s + n, &bytes);

                if (wide > columns)
                        break;
                columns -= wide;
                n += bytes;
        }
        return n;
}

/* The place of a piece. Text that does not fit into its columns is cut, and ends with "…". */
typedef struct Place {
        unsigned line, column, columns;
        TopStyle style;
} Place;

static void text_fit(char *text, unsigned columns)
{
        static const char more[] = "…";
        size_t n;

        if (text_columns(text) <= columns)
                return;
        n = text_room(text, columns - 1);
        /* it takes the place of at least one character; of a shorter one the memory is short */
        if (strlen(text) >= n + strlen(more))
                memcpy(text + n, more, sizeof(more));
        else
                text[text_room(text, columns)] = '\0';
}

static void piece_add(TopFrame *f, Place p, char *text)
{
        if (f->failed || p.line >= f->lines || p.column >= f->columns ||
                array_grow(&f->items, f->n, sizeof(*f->items)) < 0) {
                f->failed = f->failed || (p.line < f->lines && p.column < f->columns);
                free(text);
                return;
        }
        if (p.columns == 0 || p.columns > f->columns - p.column)
                p.columns = f->columns - p.column;
        text_fit(text, p.columns);
        f->items[f->n++] = (TopPiece){ p.line, p.column, p.style, text };
}

static void _printf_(3, 4) put(TopFrame *f, Place p, const char *format, ...)
{
        char *text;
        va_list ap;

        va_start(ap, format);
        if (text_vprintf(&text, format, ap) < 0)
                f->failed = true;
        va_end(ap);
        if (text)
                piece_add(f, p, text);
}

/* The whole line in one style, under what is put there later. */
static void line_fill(TopFrame *f, unsigned line, TopStyle style)
{
        put(f, (Place){ .line = line, .style = style }, "%*s", (int)f->columns, "");
}

/* "12345", "123k", "12M": at most five characters */
static void number_print(int64_t n, bool estimated, char buffer[static 24])
{
        static const char units[] = " kMGTP";
        int64_t limit = estimated ? 10000 : 100000;
        size_t unit = 0;

        for (; n >= limit && unit + 2 < sizeof(units); unit++, limit = estimated ? 1000 : 10000)
                n /= 1000;
        snprintf(buffer, 24, "%s%" PRId64 "%.*s", estimated ? "~" : "", n, unit > 0, units + unit);
}

/* ---- head ---- */

static void state_put(TopFrame *f, const TopModel *m)
{
        char now[MOMENT_TEXT_MAX];

        line_fill(f, 0, TOP_TITLE);
        put(f, (Place){ .style = TOP_TITLE },
                "p25ctl top   Status: %s   Lockdown: %s   Revision: %" PRId64 "   %s",
                m->active ? "active" : "inactive", m->lockdown ? "on" : "off", m->revision,
                m->backend);
        if (f->columns >= 80)
                put(f, (Place){ .column = f->columns - 8, .style = TOP_TITLE }, "%s",
                        moment_format(m->time_usec, MOMENT_CLOCK, now));
}

/* The problem, or else what all users sent within the last minute. */
static void warnings_put(TopFrame *f, const TopState *s)
{
        const TopModel *m = &s->model;
        const TopTable *users = &m->tables[TOP_USERS];
        Place p = { .line = 1, .style = TOP_WARNING };
        int64_t blocked = 0, allowed = 0;

        if (s->trouble) {
                char then[MOMENT_TEXT_MAX];

                put(f, p, "Numbers of %s: %s", moment_format(m->time_usec, MOMENT_CLOCK, then),
                        s->trouble);
                return;
        }
        if (m->lockdown) {
                put(f, p, "LOCKDOWN: every mail port is closed");
                return;
        }
        if (m->pending) {
                put(f, p, "A change is waiting for 'p25ctl confirm'");
                return;
        }
        if (m->obstacles > 0) {
                put(f, p, "Other firewalls are in the way: see 'p25ctl status'");
                return;
        }
        for (size_t i = 0; i < users->n; i++) {
                blocked += users->items[i].windows[TOP_MINUTE].blocked;
                allowed += users->items[i].windows[TOP_MINUTE].allowed;
        }
        p.style = TOP_PLAIN;
        put(f, p,
                "Outgoing connections in the last minute: %" PRId64 " blocked, %" PRId64 " allowed",
                blocked, allowed);
}

static void views_put(TopFrame *f, const TopState *s)
{
        unsigned column = 0;

        for (TopView v = 0; v < _TOP_VIEW_MAX; v++) {
                const char *name = top_view_to_string(v);

                put(f,
                        (Place){ .line = 2,
                                .column = column,
                                .style = v == s->view ? TOP_SELECTED : TOP_PLAIN },
                        " %u %s ", (unsigned)v + 1, name);
                column += (unsigned)strlen(name) + 5;
        }
        put(f, (Place){ .line = 2, .column = column, .style = TOP_PLAIN }, " sorted by %s",
                top_sort_to_string(s->sort));
}

/* ---- rows ---- */

typedef struct Columns {
        unsigned name, bar;
        int64_t most_blocked, most_allowed; /* the full length of a bar */
} Columns;

/* Of 80 columns, 50 are numbers and the blanks before them. */
static Columns columns_of(const TopTable *t, unsigned columns)
{
        unsigned more = columns > 80 ? columns - 80 : 0;
        Columns c = { .name = NAME_MIN + more / 2, .bar = BAR_MIN + more / 4, 1, 1 };

        if (c.name > NAME_MAX_COLUMNS)
                c.name = NAME_MAX_COLUMNS;
        if (c.bar > BAR_MAX)
                c.bar = BAR_MAX;
        for (size_t i = 0; i < t->n; i++) {
                const TopWindow *w = &t->items[i].windows[TOP_MINUTE];

                if (w->blocked > c.most_blocked)
                        c.most_blocked = w->blocked;
                if (w->allowed > c.most_allowed)
                        c.most_allowed = w->allowed;
        }
        return c;
}

/* Every number above zero has a bar. */
static void bar_put(TopFrame *f, Place p, int64_t n, int64_t most)
{
        char *bar = NULL;
        unsigned length = n <= 0 ? 0 : (unsigned)((double)n / (double)most * p.columns + 0.5);

        if (n > 0 && length == 0)
                length = 1;
        if (length == 0)
                return;
        bar = malloc(length + 1);
        if (!bar) {
                f->failed = true;
                return;
        }
        memset(bar, '#', length);
        bar[length] = '\0';
        piece_add(f, p, bar);
}

static void window_put(TopFrame *f, Place p, const TopWindow *w)
{
        char blocked[24], allowed[24], to[24];

        number_print(w->blocked, false, blocked);
        number_print(w->allowed, false, allowed);
        number_print(w->destinations, w->estimated, to);
        put(f, p, " %5s %5s %5s", blocked, allowed, to);
}

static void sender_put(TopFrame *f, Place p, const Columns *c, const TopRow *row)
{
        const TopWindow *minute = &row->windows[TOP_MINUTE];
        bool selected = p.style == TOP_SELECTED;
        char number[24];

        p.columns = c->name;
        put(f, p, "%s", row->name);
        p.column += c->name;
        number_print(minute->blocked, false, number);
        put(f, p, " %5s", number);
        bar_put(f, (Place){ p.line, p.column + 7, c->bar, selected ? TOP_SELECTED : TOP_BLOCKED },
                minute->blocked, c->most_blocked);
        p.column += 7 + c->bar;
        number_print(minute->allowed, false, number);
        put(f, p, " %5s", number);
        bar_put(f, (Place){ p.line, p.column + 7, c->bar, selected ? TOP_SELECTED : TOP_ALLOWED },
                minute->allowed, c->most_allowed);
        p.column += 7 + c->bar;
        p.columns = 0;
        window_put(f, p, &row->windows[TOP_HOUR]);
        p.column += 18;
        window_put(f, p, &row->windows[TOP_DAY]);
}

static void senders_title(TopFrame *f, const Columns *c, TopView view)
{
        static const char *const names[] = { "USER", "UNIT", "CONTAINER" };
        unsigned minute = c->name, hour = c->name + 14 + 2 * c->bar, half = 7 + c->bar;

        put(f, (Place){ .line = 3, .column = minute }, " last minute");
        put(f, (Place){ .line = 3, .column = hour }, " last hour");
        put(f, (Place){ .line = 3, .column = hour + 18 }, " last day");
        line_fill(f, 4, TOP_TITLE);
        put(f, (Place){ .line = 4, .style = TOP_TITLE }, "%s", names[view]);
        put(f, (Place){ .line = 4, .column = minute, .style = TOP_TITLE }, " BLOCKED");
        put(f, (Place){ .line = 4, .column = minute + half, .style = TOP_TITLE }, " ALLOWED");
        for (unsigned column = hour; column <= hour + 18; column += 18)
                put(f, (Place){ .line = 4, .column = column, .style = TOP_TITLE },
                        " BLOCK ALLOW    TO");
}

static void rule_put(TopFrame *f, Place p, const TopRow *row)
{
        char packets[24], passed[24], refused[24], when[MOMENT_TEXT_MAX];
        unsigned numbers = f->columns > 50 ? f->columns - 40 : 10;

        number_print(row->keys[TOP_BY_DESTINATIONS], false, packets);
        number_print(row->keys[TOP_BY_ALLOWED], false, passed);
        number_print(row->keys[TOP_BY_BLOCKED], false, refused);
        p.columns = numbers;
        put(f, p, "%s", row->name);
        p.column = numbers;
        p.columns = 0;
        put(f, p, " %9s %9s %9s %9s", packets, passed, refused,
                moment_format(row->last_usec, MOMENT_CLOCK, when));
}

static void rules_title(TopFrame *f)
{
        unsigned numbers = f->columns > 50 ? f->columns - 40 : 10;

        line_fill(f, 4, TOP_TITLE);
        put(f, (Place){ .line = 4, .style = TOP_TITLE }, "RULE");
        put(f, (Place){ .line = 4, .column = numbers, .style = TOP_TITLE }, " %9s %9s %9s %9s",
                "PACKETS", "PASSED", "REFUSED", "LAST");
}

static void set_put(TopFrame *f, Place p, const TopRow *row)
{
        p.columns = NAME_MAX_COLUMNS;
        put(f, p, "%s", row->name);
        p.column = NAME_MAX_COLUMNS;
        p.columns = 0;
        put(f, p, " %20" PRId64, row->keys[TOP_BY_BLOCKED]);
}

static void sets_title(TopFrame *f)
{
        line_fill(f, 4, TOP_TITLE);
        put(f, (Place){ .line = 4, .style = TOP_TITLE }, "SET");
        put(f, (Place){ .line = 4, .column = NAME_MAX_COLUMNS, .style = TOP_TITLE }, " %20s",
                "ENTRIES");
}

static void row_put(TopFrame *f, Place p, TopView view, const Columns *c, const TopRow *row)
{
        if (p.style == TOP_SELECTED)
                line_fill(f, p.line, TOP_SELECTED);
        switch (view) {
        case TOP_USERS:
        case TOP_UNITS:
        case TOP_CONTAINERS:
                sender_put(f, p, c, row);
                break;
        case TOP_RULES:
                rule_put(f, p, row);
                break;
        case TOP_SETS:
                set_put(f, p, row);
                break;
        case _TOP_VIEW_MAX:
                break;
        }
}

static void titles_put(TopFrame *f, TopView view, const Columns *c)
{
        if (view == TOP_RULES)
                rules_title(f);
        else if (view == TOP_SETS)
                sets_title(f);
        else
                senders_title(f, c, view);
}

/* The part of the table that holds the selected row; the last line counts what lies below. */
static void rows_put(TopFrame *f, const TopState *s, unsigned room)
{
        const TopTable *t = &s->model.tables[s->view];
        Columns c = columns_of(t, f->columns);
        size_t selected = top_state_selected(s), first = 0;
        unsigned visible = t->n > room && room > 1 ? room - 1 : room;

        titles_put(f, s->view, &c);
        if (t->n == 0)
                put(f, (Place){ .line = HEAD_LINES }, "Nothing was counted yet.");
        if (visible > 0 && selected >= visible)
                first = selected - visible + 1;
        for (size_t i = first; i < t->n && i - first < visible; i++)
                row_put(f,
                        (Place){ .line = HEAD_LINES + (unsigned)(i - first),
                                .style = i == selected ? TOP_SELECTED : TOP_PLAIN },
                        s->view, &c, &t->items[i]);
        if (first + visible < t->n && visible < room)
                put(f, (Place){ .line = HEAD_LINES + visible }, "… +%zu", t->n - first - visible);
}

/* ---- pane ---- */

/* A line that is too long goes on below. */
static int lines_fold(char *const *lines, unsigned columns, char ***ret)
{
        _cleanup_strv_ char **folded = NULL;

        for (; lines && *lines; lines++) {
                const char *rest = *lines;

                do {
                        size_t n = text_room(rest, columns);
                        int r = strv_printf(&folded, "%.*s", (int)n, rest);

                        if (r < 0)
                                return r;
                        /* a character that is wider than the screen ends the line */
                        rest += n > 0 ? n : strlen(rest);
                } while (*rest);
        }
        *ret = TAKE_PTR(folded);
        return 0;
}

static const char *pane_hint(const TopState *s)
{
        switch (s->pane) {
        case TOP_PANE_NONE:
        case TOP_PANE_TEXT:
                return "";
        case TOP_PANE_WAITING:
                return " …";
        case TOP_PANE_QUESTION:
                return ": do this (y|n)?";
        }
        return "";
}

/* Takes lines from the bottom; returns how many. */
static unsigned pane_put(TopFrame *f, const TopState *s, unsigned bottom)
{
        _cleanup_strv_ char **lines = NULL;
        unsigned most = bottom > HEAD_LINES + ROWS_MIN + 2 ? bottom - HEAD_LINES - ROWS_MIN : 2;
        TopStyle style = s->pane == TOP_PANE_QUESTION ? TOP_WARNING : TOP_TITLE;
        size_t n, shown;
        unsigned top;

        if (s->pane == TOP_PANE_NONE)
                return 0;
        if (s->lines && lines_fold(s->lines + s->scroll, f->columns, &lines) < 0) {
                f->failed = true;
                return 0;
        }
        n = strv_length(lines);
        shown = n + 1 < most ? n : most - 1;
        top = bottom > shown + 1 ? bottom - (unsigned)shown - 1 : 0;
        line_fill(f, top, style);
        put(f, (Place){ .line = top, .style = style }, "%s%s", s->title, pane_hint(s));
        for (size_t i = 0; i < shown; i++)
                put(f, (Place){ .line = top + 1 + (unsigned)i }, "%s", lines[i]);
        if (shown < n && shown > 0)
                put(f, (Place){ .line = top + (unsigned)shown }, "%-*s", (int)f->columns,
                        "… page down");
        return (unsigned)shown + 1;
}

int top_layout(const TopState *s, unsigned lines, unsigned columns, TopFrame *ret)
{
        TopFrame f = { .lines = lines, .columns = columns };
        unsigned bottom = lines > 0 ? lines - 1 : 0, taken;

        state_put(&f, &s->model);
        warnings_put(&f, s);
        views_put(&f, s);
        taken = pane_put(&f, s, bottom);
        rows_put(&f, s, bottom > HEAD_LINES + taken ? bottom - HEAD_LINES - taken : 0);
        line_fill(&f, bottom, TOP_SELECTED);
        put(&f, (Place){ .line = bottom, .style = TOP_SELECTED },
                " q quit   ? help   up/down select   Tab view   s sort   e explain   r reject");
        if (f.failed) {
                top_frame_deinit(&f);
                return -ENOMEM;
        }
        *ret = f;
        return 0;
}
