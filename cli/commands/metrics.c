/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Each family of metrics is a row of a table: what is announced, and which function prints its
 * samples. Labels are escaped as the format says, after what is not printable has been replaced:
 * names of users and units come from others. Series are bounded.
 *
 * The families of counters are announced with their suffix _total, and p25_info as a gauge: so
 * Prometheus reads the text as OpenMetrics and, from a file of node_exporter, in its older format.
 */

#include "cli/commands/metrics.h"

#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define RULES_MAX 500 /* in their order, so that a rule does not move to the rest and back */
#define USERS_MAX 200 /* the busiest of the last day */
#define SETS_MAX 500
#define CONTAINERS_MAX 500

/* ---- a sample ---- */

static void label_print(Buffer *b, bool *first, const char *name, const char *value)
{
        _cleanup_free_ char *text = NULL;

        if (strdup_null(value ?: "", &text) < 0) {
                b->failed = true;
                return;
        }
        text_make_printable(text);
        buffer_printf(b, "%c%s=\"", *first ? '{' : ',', name);
        for (const char *c = text; *c; c++) {
                if (*c == '"' || *c == '\\')
                        buffer_add_char(b, '\\');
                buffer_add_char(b, *c);
        }
        buffer_add_char(b, '"');
        *first = false;
}

/* ---- names of users ---- */

/* Two users may have one name, or names that differ only in what is not printable. */
typedef struct NamedUser {
        char *name; /* as a label shows it */
        int64_t uid;
} NamedUser;

typedef struct NamedUsers {
        NamedUser *items; /* by name */
        size_t n;
} NamedUsers;

static void named_users_deinit(NamedUsers *u)
{
        for (size_t i = 0; i < u->n; i++)
                free(u->items[i].name);
        free(u->items);
}

/* Of rows with the keys user and uid. 0 or -ENOMEM. */
static int named_users_init(NamedUsers *u, const Json *rows)
{
        *u = (NamedUsers){ .items = calloc(json_array_length(rows) + 1, sizeof(NamedUser)) };
        if (!u->items)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_length(rows); i++) {
                const Json *row = json_array_item(rows, i);
                const char *name = json_get_string(row, "user");
                NamedUser *user = &u->items[u->n];

                if (!name || !json_number(json_get(row, "uid"), &user->uid))
                        continue;
                if (strdup_null(name, &user->name) < 0)
                        return -ENOMEM;
                text_make_printable(user->name);
                u->n++;
        }
        qsort(u->items, u->n, sizeof(NamedUser), string_compare);
        return 0;
}

static bool named_users_share(const NamedUsers *u, const char *name, int64_t uid)
{
        const char *const key = name;
        size_t i = array_lower_bound(&key, u->items, u->n, sizeof(NamedUser), string_compare);

        for (; i < u->n && streq(u->items[i].name, name); i++)
                if (u->items[i].uid != uid)
                        return true;
        return false;
}

/* The name of a user, or the number where there is no name, or others have it too; "others" for
 * those without a row, "" where there is no user. */
static void user_print(Buffer *b, bool *first, const Json *row, const NamedUsers *users)
{
        const char *name = json_get_string(row, "user");
        _cleanup_free_ char *shown = NULL;
        char number[24];
        int64_t uid;

        if (strdup_null(name ?: "", &shown) < 0) {
                b->failed = true;
                return;
        }
        text_make_printable(shown);
        if (json_get_bool(row, "others")) {
                label_print(b, first, "user", "others");
        } else if (json_number(json_get(row, "uid"), &uid) &&
                   (!name || named_users_share(users, shown, uid))) {
                snprintf(number, sizeof(number), "%" PRId64, uid);
                label_print(b, first, "user", number);
        } else {
                label_print(b, first, "user", shown);
        }
}

static void value_print(Buffer *b, bool labels, int64_t value)
{
        buffer_printf(b, "%s %" PRId64 "\n", labels ? "}" : "", value);
}

/* ---- families ---- */

typedef struct MetricFamily MetricFamily;

struct MetricFamily {
        const char *name, *type, *help;
        void (*print)(Buffer *b, const MetricFamily *f, const Json *stats);
        const char *key; /* in the answer */
};

static void info_print(Buffer *b, const MetricFamily *f, const Json *stats)
{
        bool first = true;

        buffer_add_string(b, f->name);
        label_print(b, &first, "version", json_get_string(stats, "version"));
        label_print(b, &first, "backend", json_get_string(stats, "backend"));
        value_print(b, true, 1);
}

static void flag_print(Buffer *b, const MetricFamily *f, const Json *stats)
{
        buffer_add_string(b, f->name);
        value_print(b, false, json_get_bool(stats, f->key));
}

static void number_print(Buffer *b, const MetricFamily *f, const Json *stats)
{
        buffer_add_string(b, f->name);
        value_print(b, false, json_get_integer(stats, f->key));
}

static void rule_print(Buffer *b, const char *rule, const Json *row, int64_t packets)
{
        bool first = true;

        buffer_add_string(b, "p25_rule_packets_total");
        label_print(b, &first, "rule", rule);
        label_print(b, &first, "source", json_get_string(row, "source"));
        label_print(b, &first, "direction", json_get_string(row, "direction"));
        label_print(b, &first, "action", json_get_string(row, "action"));
        value_print(b, true, packets);
}

static void rules_print(Buffer *b, const MetricFamily *f, const Json *stats)
{
        const Json *rules = json_get(stats, f->key);
        int64_t rest = 0;
        size_t shown = 0;

        for (size_t i = 0; i < json_array_length(rules); i++) {
                const Json *row = json_array_item(rules, i);
                int64_t id = json_get_integer(row, "id"),
                        packets = json_get_integer(row, "packets");
                char number[24] = "default";

                if (id != 0)
                        snprintf(number, sizeof(number), "%" PRId64, id);
                if (id == 0 || shown++ < RULES_MAX)
                        rule_print(b, number, row, packets);
                else
                        rest += packets;
        }
        if (shown > RULES_MAX)
                rule_print(b, "others", NULL, rest);
}

static void connections_print(Buffer *b, const MetricFamily *f, const Json *stats)
{
        _cleanup_(named_users_deinit) NamedUsers users = { 0 };
        const Json *rows = json_get(stats, f->key);

        if (named_users_init(&users, rows) < 0) {
                b->failed = true;
                return;
        }
        for (size_t i = 0; i < json_array_length(rows); i++) {
                const Json *row = json_array_item(rows, i);
                bool first = true;

                buffer_add_string(b, "p25_connections_total");
                label_print(b, &first, "direction", json_get_string(row, "direction"));
                label_print(b, &first, "verdict", json_get_string(row, "verdict"));
                user_print(b, &first, row, &users);
                label_print(b, &first, "unit",
                        json_get_bool(row, "others") ? "others" : json_get_string(row, "unit"));
                value_print(b, true, json_get_integer(row, "count"));
        }
}

static void destinations_print(Buffer *b, const MetricFamily *f, const Json *stats)
{
        static const char *const windows[] = { "hour", "day" };
        _cleanup_(named_users_deinit) NamedUsers users = { 0 };
        const Json *rows = json_get(stats, f->key);

        if (named_users_init(&users, rows) < 0) {
                b->failed = true;
                return;
        }
        for (size_t i = 0; i < json_array_length(rows) && i < USERS_MAX; i++)
                for (size_t w = 0; w < ELEMENTS(windows); w++) {
                        const Json *row = json_array_item(rows, i);
                        bool first = true;

                        buffer_add_string(b, f->name);
                        user_print(b, &first, row, &users);
                        label_print(b, &first, "window", windows[w]);
                        value_print(b, true,
                                json_get_integer(json_get(row, windows[w]), "destinations"));
                }
}

static void containers_print(Buffer *b, const MetricFamily *f, const Json *stats)
{
        const Json *rows = json_get(stats, f->key);

        for (size_t i = 0; i < json_array_length(rows) && i < CONTAINERS_MAX; i++) {
                const Json *row = json_array_item(rows, i);
                const char *id = json_get_string(row, "id");
                bool first = true;

                if (!id)
                        continue;
                buffer_add_string(b, f->name);
                label_print(b, &first, "id", id);
                label_print(b, &first, "container", json_get_string(row, "container"));
                label_print(b, &first, "image", json_get_string(row, "image"));
                value_print(b, true, 1);
        }
}

static void sets_print(Buffer *b, const MetricFamily *f, const Json *stats)
{
        const Json *rows = json_get(stats, f->key);

        for (size_t i = 0; i < json_array_length(rows) && i < SETS_MAX; i++) {
                const Json *row = json_array_item(rows, i);
                bool first = true;

                buffer_add_string(b, f->name);
                label_print(b, &first, "set", json_get_string(row, "name"));
                value_print(b, true, json_get_integer(row, "entries"));
        }
}

static const MetricFamily families[] = {
        { "p25_info", "gauge", "The version of p25d and the backend in use.", info_print, NULL },
        { "p25_active", "gauge", "1 while a policy is in force.", flag_print, "active" },
        { "p25_revision", "gauge", "The revision of the policy.", number_print, "revision" },
        { "p25_lockdown", "gauge", "1 while lockdown is on.", flag_print, "lockdown" },
        { "p25_pending", "gauge", "1 while a change waits to be confirmed.", flag_print,
                "pending" },
        { "p25_repairs_total", "counter",
                "Changes of the rules by other programs that were repaired.", number_print,
                "repairs" },
        { "p25_rule_packets_total", "counter",
                "Packets that opened a connection, by the deciding rule.", rules_print, "rules" },
        { "p25_connections_total", "counter", "Connections by direction, verdict, user and unit.",
                connections_print, "connections" },
        { "p25_destinations", "gauge", "Distinct destinations of a user's outgoing connections.",
                destinations_print, "users" },
        { "p25_container_info", "gauge",
                "Name and image of a container, whose unit has the id: docker-ID….scope.",
                containers_print, "containers" },
        { "p25_set_entries", "gauge", "Entries of a set.", sets_print, "sets" },
        { "p25_obstacles", "gauge",
                "Kinds of connections that the policy lets pass and another firewall stops.",
                number_print, "obstacles" },
};

void metrics_print(Buffer *b, const Json *stats)
{
        for (size_t i = 0; i < ELEMENTS(families); i++) {
                const MetricFamily *f = &families[i];

                buffer_printf(
                        b, "# TYPE %s %s\n# HELP %s %s\n", f->name, f->type, f->name, f->help);
                f->print(b, f, stats);
        }
        buffer_add_string(b, "# EOF\n");
}
