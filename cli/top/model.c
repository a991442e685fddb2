/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/top/model.h"

#include "cli/console/printable.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* A view: its key in the document, the key of a row's name there, and the reader of a row. */
static const struct View {
        const char *key, *name;
        int (*read)(const Json *j, const char *name, TopRow *ret);
} views[_TOP_VIEW_MAX];

const char *top_view_to_string(TopView v)
{
        return views[v].key;
}

const char *top_sort_to_string(TopSort s)
{
        static const char *const words[_TOP_SORT_MAX] = {
                [TOP_BY_BLOCKED] = "blocked",
                [TOP_BY_ALLOWED] = "allowed",
                [TOP_BY_DESTINATIONS] = "destinations",
                [TOP_BY_NAME] = "name",
        };

        return words[s];
}

/* Names are chosen by users and by other hosts. */
static int printable_copy(const char *s, char **ret)
{
        *ret = strdup(s);
        if (!*ret)
                return -ENOMEM;
        printable_line(*ret);
        return 0;
}

/* ---- senders ---- */

static void window_read(const Json *j, TopWindow *ret)
{
        *ret = (TopWindow){
                .blocked = json_get_integer(j, "blocked"),
                .allowed = json_get_integer(j, "allowed"),
                .destinations = json_get_integer(j, "destinations"),
                .estimated = json_get_bool(j, "estimated"),
        };
}

/* A user without a name is shown and named by the number. */
static int sender_name(const Json *j, const char *key, TopRow *row)
{
        const char *name = json_get_string(j, key);
        char shown[32], number[24];
        int64_t uid;

        if (json_get_bool(j, "others"))
                return printable_copy("(others)", &row->name);
        if (name) {
                row->word = strdup(name);
                return row->word ? printable_copy(name, &row->name) : -ENOMEM;
        }
        if (!json_number(json_get(j, "uid"), &uid))
                return printable_copy("-", &row->name);
        snprintf(shown, sizeof(shown), "uid %" PRId64, uid);
        snprintf(number, sizeof(number), "%" PRId64, uid);
        row->word = strdup(number);
        return row->word ? printable_copy(shown, &row->name) : -ENOMEM;
}

static int sender_read(const Json *j, const char *name, TopRow *ret)
{
        static const char *const keys[_TOP_SPAN_MAX] = { "minute", "hour", "day" };

        for (TopSpan s = 0; s < _TOP_SPAN_MAX; s++)
                window_read(json_get(j, keys[s]), &ret->windows[s]);
        ret->keys[TOP_BY_BLOCKED] = ret->windows[TOP_HOUR].blocked;
        ret->keys[TOP_BY_ALLOWED] = ret->windows[TOP_HOUR].allowed;
        ret->keys[TOP_BY_DESTINATIONS] = ret->windows[TOP_HOUR].destinations;
        return sender_name(j, name, ret);
}

/* ---- rules, sets ---- */

static int rule_read(const Json *j, const char *name, TopRow *ret)
{
        const char *direction = json_get_string(j, "direction");
        char text[64];

        ret->keys[TOP_BY_BLOCKED] = json_get_integer(j, "refused");
        ret->keys[TOP_BY_ALLOWED] = json_get_integer(j, "passed");
        ret->keys[TOP_BY_DESTINATIONS] = json_get_integer(j, "packets");
        ret->last_usec = json_get_time(j, "last");
        if (json_get_integer(j, "id") != 0)
                return printable_copy(json_get_string(j, name) ?: "-", &ret->name);
        snprintf(text, sizeof(text), "default (%s)", direction ?: "-");
        return printable_copy(text, &ret->name);
}

static int set_read(const Json *j, const char *name, TopRow *ret)
{
        for (TopSort s = 0; s < TOP_BY_NAME; s++)
                ret->keys[s] = json_get_integer(j, "entries");
        return printable_copy(json_get_string(j, name) ?: "-", &ret->name);
}

static const struct View views[_TOP_VIEW_MAX] = {
        [TOP_USERS] = { "users", "user", sender_read },
        [TOP_UNITS] = { "units", "unit", sender_read },
        [TOP_CONTAINERS] = { "containers", "container", sender_read },
        [TOP_RULES] = { "rules", "text", rule_read },
        [TOP_SETS] = { "sets", "name", set_read },
};

/* ---- the document ---- */

static int table_read(const Json *rows, const struct View *v, TopTable *ret)
{
        size_t n = json_array_length(rows);
        int r = 0;

        ret->items = calloc(n + 1, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        for (; r >= 0 && ret->n < n; ret->n++)
                r = v->read(json_array_item(rows, ret->n), v->name, &ret->items[ret->n]);
        return r;
}

int top_model_read(const Json *stats, TopModel *ret)
{
        TopModel m = {
                .active = json_get_bool(stats, "active"),
                .lockdown = json_get_bool(stats, "lockdown"),
                .pending = json_get_bool(stats, "pending"),
                .revision = json_get_integer(stats, "revision"),
                .obstacles = json_get_integer(stats, "obstacles"),
                .time_usec = json_get_time(stats, "time"),
        };
        const char *backend = json_get_string(stats, "backend");
        int r;

        if (!backend || m.time_usec == 0)
                return -EINVAL;
        r = printable_copy(backend, &m.backend);
        for (TopView v = 0; r >= 0 && v < _TOP_VIEW_MAX; v++)
                r = table_read(json_get(stats, views[v].key), &views[v], &m.tables[v]);
        if (r < 0)
                top_model_deinit(&m);
        else
                *ret = m;
        return r;
}

void top_model_deinit(TopModel *m)
{
        for (TopView v = 0; v < _TOP_VIEW_MAX; v++) {
                for (size_t i = 0; i < m->tables[v].n; i++) {
                        free(m->tables[v].items[i].name);
                        free(m->tables[v].items[i].word);
                }
                free(m->tables[v].items);
        }
        free(m->backend);
        *m = (TopModel){ 0 };
}

static int row_compare(const void *a, const void *b, void *data)
{
        const TopRow *x = a, *y = b;
        TopSort by = *(const TopSort *)data;

        if (by != TOP_BY_NAME && x->keys[by] != y->keys[by])
                return x->keys[by] < y->keys[by] ? 1 : -1;
        return strcmp(x->name, y->name);
}

void top_model_sort(TopModel *m, TopSort by)
{
        for (TopView v = 0; v < _TOP_VIEW_MAX; v++)
                if (m->tables[v].n > 1)
                        qsort_r(m->tables[v].items, m->tables[v].n, sizeof(TopRow), row_compare,
                                &by);
}
