/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * An event that p25d left out, because too many came at once, is not seen here either; the counters
 * of `p25ctl stats` have it.
 */

#include "daemon/fleet/view.h"

#include "daemon/fleet/live_clock.h"
#include "daemon/fleet/live_message.h"
#include "daemon/io/log.h"
#include "rules/base/array.h"
#include "rules/base/json.h"
#include "rules/base/text.h"

#include <errno.h>

struct View {
        sd_event *event;
        ViewSettings settings;
        sd_event_source *timer;
        uint64_t last; /* id of the newest event that was read */
        bool begun;    /* `last` is known */
        bool told;     /* the log has it that p25d does not answer */
};

/* ---- rows ---- */

static void row_deinit(ViewRow *row)
{
        free(row->user);
        free(row->unit);
        free(row->destination);
        free(row->verdict);
        *row = (ViewRow){ 0 };
}

void view_rows_deinit(ViewRows *l)
{
        for (size_t i = 0; i < l->n; i++)
                row_deinit(&l->items[i]);
        free(l->items);
        *l = (ViewRows){ 0 };
}

int view_rows_add(ViewRows *l, ViewRow *row)
{
        if (!row->user || !row->unit || !row->destination || !row->verdict ||
                array_grow(&l->items, l->n, sizeof(*l->items)) < 0) {
                row_deinit(row);
                return -ENOMEM;
        }
        l->items[l->n++] = *row;
        *row = (ViewRow){ 0 };
        return 0;
}

static int row_compare(const void *a, const void *b)
{
        const ViewRow *x = a, *y = b;
        int r = strcmp(x->user, y->user);

        if (r == 0)
                r = strcmp(x->unit, y->unit);
        if (r == 0)
                r = strcmp(x->destination, y->destination);
        return r == 0 ? strcmp(x->verdict, y->verdict) : r;
}

static int busy_compare(const void *a, const void *b)
{
        const ViewRow *x = a, *y = b;

        return x->count != y->count ? (x->count < y->count ? 1 : -1) : row_compare(a, b);
}

/* One row of all that are alike, the busiest first. */
static void rows_add_up(ViewRows *l)
{
        size_t n = 0;

        if (l->n == 0)
                return;
        qsort(l->items, l->n, sizeof(*l->items), row_compare);
        for (size_t i = 1; i < l->n; i++)
                if (row_compare(&l->items[n], &l->items[i]) == 0) {
                        l->items[n].count += l->items[i].count;
                        row_deinit(&l->items[i]);
                } else
                        l->items[++n] = l->items[i];
        l->n = n + 1;
        qsort(l->items, l->n, sizeof(*l->items), busy_compare);
}

static Json *row_json(const ViewRow *row)
{
        Json *j = json_new_object();

        json_set(j, "user", *row->user ? json_new_string(row->user) : json_new_null());
        json_set(j, "unit", *row->unit ? json_new_string(row->unit) : json_new_null());
        json_set(j, "destination", json_new_string(row->destination));
        json_set(j, "verdict", json_new_string(row->verdict));
        json_set(j, "count", json_new_integer((int64_t)row->count));
        return j;
}

static int rows_print(const ViewRows *l, uint64_t time_usec, size_t shown, char **ret)
{
        _cleanup_(json_free_p) Json *j = json_new_object();
        Json *list = json_new_array();
        uint64_t others = 0;

        for (size_t i = 0; i < l->n; i++)
                if (i < shown)
                        json_append(list, row_json(&l->items[i]));
                else
                        others += l->items[i].count;
        json_set(j, "time", json_new_time(time_usec));
        json_set(j, "seconds", json_new_integer(VIEW_SECONDS));
        json_set(j, "rows", list);
        json_set(j, "others", json_new_integer((int64_t)others));
        return json_print(j, ret);
}

int view_rows_print(ViewRows *l, uint64_t time_usec, size_t max, char **ret)
{
        _cleanup_free_ char *text = NULL;
        int r;

        rows_add_up(l);
        for (size_t shown = VIEW_ROWS_MAX;; shown /= 2) {
                r = rows_print(l, time_usec, shown, &text);
                if (r < 0 || shown == 0 || strlen(text) <= max)
                        break;
                free(TAKE_PTR(text));
        }
        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r;
}

/* ---- an event ---- */

/* The fields of an event that are counted; texts are borrowed from its message. */
typedef struct Seen {
        const char *direction, *action, *user, *unit, *container, *destination;
        uint64_t id, count;
        uint32_t uid;
        bool has_uid, audit;
} Seen;

typedef struct SeenKey {
        const char *name;
        char type;
        size_t offset;
} SeenKey;

static const SeenKey keys[] = {
        { "id", 't', offsetof(Seen, id) },
        { "count", 't', offsetof(Seen, count) },
        { "uid", 'u', offsetof(Seen, uid) },
        { "direction", 's', offsetof(Seen, direction) },
        { "action", 's', offsetof(Seen, action) },
        { "user", 's', offsetof(Seen, user) },
        { "unit", 's', offsetof(Seen, unit) },
        { "container", 's', offsetof(Seen, container) },
        { "destination_address", 's', offsetof(Seen, destination) },
};

/* One key and its variant. */
static int entry_read(sd_bus_message *m, Seen *s)
{
        const char *name;
        int r = sd_bus_message_read_basic(m, 's', &name);

        for (size_t i = 0; r >= 0 && i < ELEMENTS(keys); i++) {
                const char type[] = { keys[i].type, '\0' };

                if (!streq(keys[i].name, name))
                        continue;
                s->has_uid = s->has_uid || streq(name, "uid");
                return sd_bus_message_read(m, "v", type, (char *)s + keys[i].offset);
        }
        if (r >= 0 && streq(name, "audit"))
                s->audit = true;
        return r < 0 ? r : sd_bus_message_skip(m, "v");
}

/* > 0: there is one. */
static int event_read(sd_bus_message *m, Seen *ret)
{
        int r = sd_bus_message_enter_container(m, 'a', "{sv}"), q;

        *ret = (Seen){ .count = 1 };
        if (r <= 0)
                return r;
        while ((q = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = entry_read(m, ret);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_exit_container(m);
        return q < 0 ? q : r < 0 ? r : 1;
}

static char *user_of(const Seen *s)
{
        char *text;

        if (s->user || !s->has_uid)
                return strdup(s->user ?: "");
        return text_printf(&text, "%u", s->uid) < 0 ? NULL : text;
}

/* Incoming connections are not sent by this host. */
static int event_add(ViewRows *l, const Seen *s)
{
        ViewRow row;

        if (!s->direction || streq(s->direction, "in") || !s->action)
                return 0;
        row = (ViewRow){ user_of(s), strdup(s->container ?: s->unit ?: ""),
                strdup(s->destination ?: ""), strdup(s->audit ? "allow" : s->action), s->count };
        return view_rows_add(l, &row);
}

/* ---- a minute ---- */

static int minute_read(View *v, sd_bus_message *m)
{
        _cleanup_(view_rows_deinit) ViewRows rows = { 0 };
        _cleanup_free_ char *text = NULL;
        Seen s;
        int r = sd_bus_message_enter_container(m, 'a', "a{sv}"), q;

        while (r >= 0 && (q = event_read(m, &s)) != 0) {
                r = q < 0 ? q : v->begun ? event_add(&rows, &s) : 0;
                if (r >= 0 && s.id > v->last)
                        v->last = s.id;
        }
        v->begun = v->begun || r >= 0;
        if (r < 0 || rows.n == 0)
                return r;
        r = view_rows_print(&rows, live_now_usec(), LIVE_PAYLOAD_MAX, &text);
        if (r >= 0)
                v->settings.minute(v->settings.data, text);
        return r;
}

static void on_events(void *data, int r, const char *message, sd_bus_message *m)
{
        View *v = data;

        if (r >= 0)
                r = minute_read(v, m);
        if (r < 0 && !v->told)
                log_line(LOG_WARNING, "events of p25d: %s", *message ? message : strerror(-r));
        v->told = r < 0;
}

/* The newest one is enough to know where to begin. */
static void look(View *v)
{
        int r = fleet_client_list_events(
                v->settings.client, v->last, v->begun ? 0 : 1, on_events, v);

        if (r < 0)
                on_events(v, r, "", NULL);
}

static int on_minute(sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        look(data);
        (void)sd_event_source_set_time_relative(s, VIEW_SECONDS * USEC_PER_SEC);
        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

int view_new(sd_event *event, const ViewSettings *settings, View **ret)
{
        View *v = calloc(1, sizeof(*v));
        int r;

        if (!v)
                return -ENOMEM;
        v->event = sd_event_ref(event);
        v->settings = *settings;
        r = live_arm(event, &v->timer, VIEW_SECONDS * USEC_PER_SEC, on_minute, v);
        if (r < 0) {
                view_free(v);
                return r;
        }
        look(v);
        *ret = v;
        return 0;
}

View *view_free(View *v)
{
        if (!v)
                return NULL;
        sd_event_source_disable_unref(v->timer);
        sd_event_unref(v->event);
        free(v);
        return NULL;
}
