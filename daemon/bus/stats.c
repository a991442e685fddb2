/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns DescribeStats: what was counted, with the names of users and the state of p25d, as JSON.
 */

#include "daemon/stats/stats.h"
#include "daemon/bus/diagnose.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply.h"
#include "daemon/host/host.h"
#include "daemon/loop/clock.h"
#include "daemon/stats/hits.h"
#include "daemon/stats/verdicts.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/json.h"
#include "rules/policy/fragment.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/report/report.h"
#include "rules/ruleset/counterid.h"
#include "rules/words/words.h"

#include <errno.h>

/* The busiest senders of a kind, and the first limits, whose past goes with the answer. */
#define PLOTTED_MAX 20

/* Names, and numbers that are larger than what JSON holds for certain. */
static Json *count_new(uint64_t n)
{
        return json_new_integer(n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

/* Keys user and uid; both are null for what has none. */
static int user_set(Json *j, Bus *b, bool has_uid, uint32_t uid)
{
        _cleanup_free_ char *name = NULL;
        int r = has_uid ? host_user_name(manager_names(b->manager), uid, &name) : 0;

        json_set(j, "user", json_new_string(name));
        json_set(j, "uid", has_uid ? json_new_integer(uid) : json_new_null());
        return r;
}

/* ---- senders ---- */

static Json *window_new(const Stats *s, const Sender *sender, uint32_t seconds)
{
        Json *j = json_new_object();
        StatsWindow w;

        stats_window(s, sender, seconds, &w);
        json_set(j, "blocked", count_new(w.blocked));
        json_set(j, "allowed", count_new(w.allowed));
        json_set(j, "destinations", count_new(w.destinations));
        json_set(j, "estimated", json_new_bool(w.estimated));
        return j;
}

/* The keys of a point: what blocked, allowed and destinations are called. */
typedef struct PointKeys {
        const char *blocked, *allowed, *destinations; /* NULL: there are none */
} PointKeys;

static const PointKeys sender_keys = { "blocked", "allowed", "destinations" };
static const PointKeys limit_keys = { "refused", "packets", NULL };

static Json *series_new(const Stats *s, const Series *series, const PointKeys *keys)
{
        Json *list = json_new_array();

        for (size_t i = 0; i < series->n; i++) {
                const SeriesPoint *p = &series->items[i];
                Json *j = json_new_object();

                json_set(j, "time", json_new_time(stats_time_usec(s, p->begin)));
                json_set(j, keys->blocked, json_new_integer(p->blocked));
                json_set(j, keys->allowed, json_new_integer(p->allowed));
                if (keys->destinations)
                        json_set(j, keys->destinations, json_new_integer(p->destinations));
                json_append(list, j);
        }
        return list;
}

static void past_set(Json *j, const Stats *s, const SeriesPast *past, const PointKeys *keys)
{
        json_set(j, "past_hour", series_new(s, &past->of[PAST_MINUTES], keys));
        json_set(j, "past_day", series_new(s, &past->of[PAST_FIVES], keys));
        json_set(j, "past_week", series_new(s, &past->of[PAST_HOURS], keys));
}

/* plotted: with its past. name is NULL for the others. */
static int sender_append(Json *list, Bus *b, SenderKind kind, const Sender *sender, bool plotted)
{
        Json *j = json_new_object();
        bool others = sender == &stats_senders(b->stats, kind)->others;
        int r = 0;

        if (kind == SENDER_USER)
                r = user_set(j, b, !others, sender->uid);
        else
                json_set(j, sender_kind_to_string(kind),
                        json_new_string(sender->called ?: sender->name));
        if (kind == SENDER_CONTAINER) {
                json_set(j, "id", json_new_string(sender->name));
                json_set(j, "image", json_new_string(sender->image));
        }
        json_set(j, "others", json_new_bool(others));
        json_set(j, "blocked", count_new(sender->blocked));
        json_set(j, "allowed", count_new(sender->allowed));
        json_set(j, "last", json_new_time(stats_time_usec(b->stats, sender->last)));
        json_set(j, "minute", window_new(b->stats, sender, 60));
        json_set(j, "hour", window_new(b->stats, sender, 3600));
        json_set(j, "day", window_new(b->stats, sender, 86400));
        if (plotted)
                past_set(j, b->stats, &sender->past, &sender_keys);
        json_append(list, j);
        return r;
}

typedef struct Ranked {
        const Sender *sender;
        uint64_t day, all;
} Ranked;

/* The busiest of the last day first. */
static int rank_compare(const void *a, const void *b)
{
        const Ranked *x = a, *y = b;

        if (x->day != y->day)
                return x->day < y->day ? 1 : -1;
        return x->all == y->all ? 0 : x->all < y->all ? 1 : -1;
}

static int senders_set(Json *document, const char *key, Bus *b, SenderKind kind)
{
        const SenderTable *senders = stats_senders(b->stats, kind);
        _cleanup_free_ Ranked *ranked = calloc(senders->n + 1, sizeof(*ranked));
        Json *list = json_new_array();
        int r = ranked ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < senders->n; i++) {
                const Sender *sender = senders->items[i];
                StatsWindow w;

                stats_window(b->stats, sender, 86400, &w);
                ranked[i] = (Ranked){ sender, w.blocked + w.allowed,
                        sender->blocked + sender->allowed };
        }
        if (r >= 0)
                qsort(ranked, senders->n, sizeof(*ranked), rank_compare);
        for (size_t i = 0; r >= 0 && i < senders->n; i++)
                r = sender_append(list, b, kind, ranked[i].sender, i < PLOTTED_MAX);
        if (r >= 0 && senders->others.blocked + senders->others.allowed > 0)
                r = sender_append(list, b, kind, &senders->others, false);
        json_set(document, key, list);
        return r;
}

/* ---- connections ---- */

static int verdicts_set(Json *document, Bus *b)
{
        const Verdicts *v = stats_verdicts(b->stats);
        Json *list = json_new_array();
        int r = 0;

        for (size_t i = 0; i < v->n && r >= 0; i++) {
                const VerdictCount *row = &v->items[i];
                Json *j = json_new_object();

                json_set(j, "direction", json_new_string(direction_to_string(row->direction)));
                json_set(j, "verdict", json_new_string(action_to_string(row->verdict)));
                r = user_set(j, b, row->has_uid, row->uid);
                json_set(j, "unit", json_new_string(row->unit));
                json_set(j, "others", json_new_bool(false));
                json_set(j, "count", count_new(row->n));
                json_append(list, j);
        }
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                for (Action a = 0; a < _ACTION_MAX; a++) {
                        Json *j;

                        if (v->others[d][a] == 0)
                                continue;
                        j = json_new_object();
                        json_set(j, "direction", json_new_string(direction_to_string(d)));
                        json_set(j, "verdict", json_new_string(action_to_string(a)));
                        json_set(j, "others", json_new_bool(true));
                        json_set(j, "count", count_new(v->others[d][a]));
                        json_append(list, j);
                }
        json_set(document, "connections", list);
        return r;
}

/* ---- rules ---- */

/* Was its past set? */
static bool hit_set(Json *j, Bus *b, const Hit *hit, bool plotted)
{
        static const Hit none = { 0 };

        if (!hit)
                hit = &none;
        json_set(j, "packets", count_new(hit->packets));
        json_set(j, "bytes", count_new(hit->bytes));
        json_set(j, "passed", count_new(hit->passed));
        json_set(j, "refused", count_new(hit->refused));
        json_set(j, "last", json_new_time(stats_time_usec(b->stats, hit->last)));
        if (hit->past && plotted)
                past_set(j, b->stats, hit->past, &limit_keys);
        return hit->past && plotted;
}

static int rule_append(Json *list, Bus *b, Hits *hits, const ReportRule *row, size_t *plotted)
{
        const Rule *rule = row->rule;
        _cleanup_free_ char *text = NULL, *source = NULL;
        Json *j;
        int r = rule_words_print(rule, &text);

        if (r >= 0)
                r = rule_source_format(rule, &source);
        if (r < 0)
                return r;
        j = json_new_object();
        json_set(j, "id", count_new(rule->id));
        json_set(j, "source", json_new_string(source));
        json_set(j, "direction", json_new_string(direction_to_string(rule->direction)));
        json_set(j, "action", json_new_string(action_to_string(rule->action)));
        json_set(j, "text", json_new_string(text));
        *plotted += hit_set(j, b, hits_find(hits, rule->id), *plotted < PLOTTED_MAX);
        json_append(list, j);
        return 0;
}

static int rules_set(Json *document, Bus *b, const Report *report)
{
        Hits *hits = stats_hits(b->stats);
        Json *list = json_new_array();
        size_t plotted = 0;
        int r = 0;

        for (size_t i = 0; i < report->n_rules && r >= 0; i++)
                r = rule_append(list, b, hits, &report->rules[i], &plotted);
        for (Direction d = 0; d < _DIRECTION_MAX && report->active; d++) {
                Json *j = json_new_object();

                json_set(j, "id", json_new_integer(0));
                json_set(j, "source", json_new_string(report->default_sources[d] ?: "none"));
                json_set(j, "direction", json_new_string(direction_to_string(d)));
                json_set(j, "action", json_new_string(action_to_string(report->defaults[d])));
                json_set(j, "text", json_new_string("default"));
                hit_set(j, b, hits_find(hits, DEFAULT_COUNTER_ID(d)), false);
                json_append(list, j);
        }
        json_set(document, "rules", list);
        return r;
}

/* ---- sets and state ---- */

static void set_append(Json *list, const char *name, size_t n)
{
        Json *j = json_new_object();

        json_set(j, "name", json_new_string(name));
        json_set(j, "entries", count_new(n));
        json_append(list, j);
}

static void declared_append(Json *list, const Fragment *f)
{
        for (size_t i = 0; i < f->sets.n; i++)
                set_append(list, f->sets.items[i].name,
                        f->sets.items[i].entries ? prefix_set_size(f->sets.items[i].entries) : 0);
}

static void sets_set(Json *document, const Policy *policy)
{
        const State *state = policy->state;
        Json *list = json_new_array();
        const Fragment *f;

        for (size_t i = 0; i < state->n_sets; i++)
                set_append(list, state->sets[i].name,
                        prefix_set_size(state->sets[i].entries) +
                                timed_set_size(state->sets[i].timed));
        for (size_t i = 0; (f = policy_fragment(policy, i)); i++)
                declared_append(list, f);
        json_set(document, "sets", list);
}

static int state_set(Json *document, BusCall *c, const Report *report)
{
        const Ruleset *ruleset = manager_ruleset(c->bus->manager);
        uint64_t obstacles = 0;
        int r = ruleset ? bus_count_obstacles(c, ruleset, &obstacles) : 0;

        json_set(document, "time", json_new_time(clock_now_usec(CLOCK_REALTIME)));
        json_set(document, "since", json_new_time(stats_since_usec(c->bus->stats)));
        json_set(document, "version", json_new_string(P25_VERSION));
        json_set(document, "backend", json_new_string(report->backend));
        json_set(document, "active", json_new_bool(report->active));
        json_set(document, "revision", count_new(report->revision));
        json_set(document, "lockdown", json_new_bool(report->lockdown));
        json_set(document, "pending", json_new_bool(report->pending_revision > 0));
        json_set(document, "repairs", count_new(report->repairs));
        json_set(document, "obstacles", count_new(obstacles));
        json_set(document, "logging", json_new_string(logging_to_string(report->logging)));
        return r;
}

static int document_print(BusCall *c, const Report *report, char **ret)
{
        _cleanup_(json_free_p) Json *j = json_new_object();
        Bus *b = c->bus;
        int r = state_set(j, c, report);

        if (r >= 0)
                r = senders_set(j, "users", b, SENDER_USER);
        if (r >= 0)
                r = senders_set(j, "units", b, SENDER_UNIT);
        if (r >= 0)
                r = senders_set(j, "containers", b, SENDER_CONTAINER);
        if (r >= 0)
                r = verdicts_set(j, b);
        if (r >= 0)
                r = rules_set(j, b, report);
        sets_set(j, manager_policy(b->manager));
        return r < 0 ? r : json_print(j, ret);
}

int bus_describe_stats(BusCall *c, sd_bus_error *error)
{
        _cleanup_(report_deinit) Report report = { 0 };
        _cleanup_free_ char *json = NULL;
        int r;

        if (!c->bus->stats)
                return sd_bus_error_setf(
                        error, BUS_ERROR_NOT_SUPPORTED, "this p25d keeps no statistics");
        r = manager_report(c->bus->manager, &report);
        if (r >= 0)
                r = document_print(c, &report, &json);
        return r < 0 ? r : bus_reply_text(c, json, error);
}
