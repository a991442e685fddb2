/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/top/state.h"

#include "cli/console/printable.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>

#define PAGE 10   /* rows or lines of a page key */
#define TERM "1h" /* the time that a rule made here is in force */

static const char help_text[] =
        "up, down, j, k     select a row; page up, page down: ten, or in the text below\n"
        "Tab, left, right   next view; 1 to 5: users, units, containers, rules, sets\n"
        "s                  sort by blocked, allowed, destinations or name\n"
        "e                  explain the verdict about the selected user's connections\n"
        "r                  reject what the selected user or unit sends, for one hour:\n"
        "                   shows the plan and asks before anything is changed\n"
        "Escape             close this text\n"
        "q                  quit\n";

void top_state_deinit(TopState *s)
{
        top_model_deinit(&s->model);
        free(s->selected);
        free(s->title);
        strv_free(s->lines);
        strv_free(s->words);
        free(s->trouble);
        *s = (TopState){ 0 };
}

void top_state_update(TopState *s, TopModel *m)
{
        top_model_deinit(&s->model);
        s->model = *m;
        *m = (TopModel){ 0 };
        top_model_sort(&s->model, s->sort);
}

int top_state_set_trouble(TopState *s, const char *trouble)
{
        free(s->trouble);
        s->trouble = NULL;
        if (!trouble)
                return 0;
        s->trouble = strdup(trouble);
        if (!s->trouble)
                return -ENOMEM;
        printable_line(s->trouble);
        return 0;
}

/* ---- the selected row ---- */

size_t top_state_selected(const TopState *s)
{
        const TopTable *t = &s->model.tables[s->view];

        if (!s->selected)
                return 0;
        if (s->index < t->n && streq(t->items[s->index].name, s->selected))
                return s->index;
        for (size_t i = 0; i < t->n; i++)
                if (streq(t->items[i].name, s->selected))
                        return i;
        return 0;
}

static int row_select(TopState *s, long by)
{
        const TopTable *t = &s->model.tables[s->view];
        long i = (long)top_state_selected(s) + by;

        if (t->n == 0)
                return 0;
        if (i >= (long)t->n)
                i = (long)t->n - 1;
        s->index = i < 0 ? 0 : (size_t)i;
        free(s->selected);
        return strdup_null(t->items[s->index].name, &s->selected);
}

static int view_set(TopState *s, int view)
{
        s->view = (TopView)((view + _TOP_VIEW_MAX) % _TOP_VIEW_MAX);
        free(s->selected);
        s->selected = NULL;
        return 0;
}

/* ---- the pane ---- */

static void pane_close(TopState *s)
{
        free(s->title);
        s->title = NULL;
        s->lines = strv_free(s->lines);
        s->words = strv_free(s->words);
        s->scroll = 0;
        s->pane = TOP_PANE_NONE;
}

/* Replaces the lines. */
static int lines_set(TopState *s, const char *text)
{
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy;
        int r = copy ? 0 : -ENOMEM;

        s->lines = strv_free(s->lines);
        s->scroll = 0;
        if (copy)
                printable_text(copy);
        while (r >= 0 && rest && *rest) {
                char *line = strsep(&rest, "\n");

                printable_line(line);
                r = strv_append(&s->lines, line);
        }
        return r;
}

static int pane_open(TopState *s, const char *title, const char *text)
{
        int r;

        pane_close(s);
        s->pane = TOP_PANE_TEXT;
        r = strdup_null(title, &s->title);
        return r < 0 ? r : lines_set(s, text);
}

int top_state_show(TopState *s, const char *output, bool question)
{
        s->pane = question ? TOP_PANE_QUESTION : TOP_PANE_TEXT;
        return lines_set(s, output[0] ? output : "(no output)\n");
}

/* The title is the command as it could be typed; the words are what is run. */
static int command_set(TopState *s, const char *const *words)
{
        _cleanup_buffer_ Buffer title = { 0 };
        int r;

        pane_close(s);
        s->pane = TOP_PANE_WAITING;
        buffer_add_string(&title, "p25ctl");
        for (size_t i = 0; words[i]; i++) {
                buffer_printf(&title, " %s", words[i]);
                r = strv_append(&s->words, words[i]);
                if (r < 0)
                        return r;
        }
        r = buffer_take(&title, &s->title);
        if (r >= 0)
                printable_line(s->title);
        return r;
}

/* ---- keys ---- */

/* The row's sender, if it is of one of the views; else NULL. */
static const char *sender_of(const TopState *s, bool units)
{
        const TopTable *t = &s->model.tables[s->view];

        if (s->view != TOP_USERS && !(units && s->view == TOP_UNITS))
                return NULL;
        return t->n > 0 ? t->items[top_state_selected(s)].word : NULL;
}

static int explain_key(TopState *s, TopAction *ret)
{
        const char *user = sender_of(s, false);

        if (!user)
                return pane_open(s, "explain", "Select a user first: key 1 lists the users.\n");
        *ret = TOP_EXPLAIN;
        return command_set(s, (const char *[]){ "explain", "out", "user", user, NULL });
}

static int reject_key(TopState *s, TopAction *ret)
{
        const char *sender = sender_of(s, true);

        if (!sender)
                return pane_open(
                        s, "reject", "Select a user or a unit first: keys 1 and 2 list them.\n");
        *ret = TOP_PLAN;
        return command_set(
                s, (const char *[]){ "reject", "out", s->view == TOP_USERS ? "user" : "unit",
                           sender, "for", TERM, NULL });
}

static int question_key(TopState *s, int key, TopAction *ret)
{
        if (key == 'y' || key == 'Y') {
                s->pane = TOP_PANE_WAITING;
                *ret = TOP_CHANGE;
                return 0;
        }
        if (key == TOP_KEY_NONE || key == TOP_KEY_OTHER)
                return 0;
        return pane_open(s, "reject", "Nothing was changed.\n");
}

static int page_key(TopState *s, bool down)
{
        size_t n = strv_length(s->lines);

        if (s->pane == TOP_PANE_NONE)
                return row_select(s, down ? PAGE : -PAGE);
        if (down)
                s->scroll = s->scroll + PAGE < n ? s->scroll + PAGE : s->scroll;
        else
                s->scroll = s->scroll > PAGE ? s->scroll - PAGE : 0;
        return 0;
}

static int sort_key(TopState *s)
{
        s->sort = (s->sort + 1) % _TOP_SORT_MAX;
        top_model_sort(&s->model, s->sort);
        return 0;
}

int top_state_key(TopState *s, int key, TopAction *ret)
{
        *ret = TOP_STAY;
        if (key == TOP_KEY_PAGE_UP || key == TOP_KEY_PAGE_DOWN)
                return page_key(s, key == TOP_KEY_PAGE_DOWN);
        if (s->pane == TOP_PANE_QUESTION)
                return question_key(s, key, ret);
        if (key >= '1' && key < '1' + _TOP_VIEW_MAX)
                return view_set(s, key - '1');
        switch (key) {
        case 'q':
        case 'Q':
                *ret = TOP_QUIT;
                return 0;
        case TOP_KEY_UP:
        case 'k':
                return row_select(s, -1);
        case TOP_KEY_DOWN:
        case 'j':
                return row_select(s, 1);
        case '\t':
        case TOP_KEY_RIGHT:
                return view_set(s, (int)s->view + 1);
        case TOP_KEY_LEFT:
                return view_set(s, (int)s->view - 1);
        case 's':
                return sort_key(s);
        }
        /* one command at a time */
        if (s->pane == TOP_PANE_WAITING)
                return 0;
        switch (key) {
        case '?':
        case 'h':
                return pane_open(s, "keys", help_text);
        case TOP_KEY_ESCAPE:
                pane_close(s);
                return 0;
        case 'e':
                return explain_key(s, ret);
        case 'r':
                return reject_key(s, ret);
        }
        return 0;
}
