/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns DescribeAudit: the events of what is in audit that would still be refused, in groups, and
 * the rules that would let them pass. A worker computes it.
 */

#include "daemon/bus/dict.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply.h"
#include "daemon/events/event.h"
#include "daemon/events/replay.h"
#include "daemon/events/ring.h"
#include "daemon/host/host.h"
#include "daemon/host/unit_names.h"
#include "daemon/manager/settings.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/words.h"

#include <errno.h>
#include <stdio.h>

#define GROUPS_MAX 1000
/* So many destinations of one user, or of one client, are a rule each; of more the rule names none.
 */
#define DESTINATIONS_MAX 5
/* Clients of each direction that rules are proposed for: those with the most connections. */
#define CLIENTS_MAX 20

typedef struct Group {
        const Event *like; /* one of them */
        uint64_t count, first_usec, last_usec;
} Group;

typedef struct Groups {
        Group *items;
        size_t n;
        uint64_t count;   /* of all connections */
        uint64_t unknown; /* of more, which came with so many that nobody noted between whom */
        uint64_t since_usec;
} Groups;

/* All groups of one client: items[begin] to items[end - 1]. */
typedef struct Client {
        size_t begin, end;
        Direction direction;
        uint64_t count;
} Client;

typedef struct Proposals {
        char **words;
        uint64_t left_out; /* clients without one */
} Proposals;

/* ---- groups ---- */

static int compare_numbers(uint64_t a, uint64_t b)
{
        return (a > b) - (a < b);
}

/* The client: of outgoing connections the user and unit, of others the address. */
static int who_compare(const Event *a, const Event *b)
{
        int r = compare_numbers(a->direction, b->direction);

        if (r == 0)
                r = compare_numbers(a->destination_port, b->destination_port);
        if (r == 0 && a->direction != DIRECTION_OUT)
                return address_compare(&a->source, &b->source);
        if (r == 0)
                r = compare_numbers(a->has_uid, b->has_uid);
        if (r == 0)
                r = compare_numbers(a->uid, b->uid);
        return r != 0 ? r : strcmp(a->unit ?: "", b->unit ?: "");
}

static int event_compare(const Event *a, const Event *b)
{
        int r = who_compare(a, b);

        if (r == 0 && a->direction != DIRECTION_IN)
                r = address_compare(&a->destination, &b->destination);
        return r;
}

static int group_compare(const void *a, const void *b)
{
        return event_compare(((const Group *)a)->like, ((const Group *)b)->like);
}

static void groups_merge(Groups *g)
{
        size_t n = 0;

        if (g->n > 1)
                qsort(g->items, g->n, sizeof(Group), group_compare);
        for (size_t i = 0; i < g->n; i++) {
                Group *item = &g->items[i], *last = n > 0 ? &g->items[n - 1] : NULL;

                if (!last || event_compare(last->like, item->like) != 0) {
                        g->items[n++] = *item;
                        continue;
                }
                last->count += item->count;
                if (!last->like->texts[EVENT_CONTAINER])
                        last->like = item->like; /* which may have the name */
                if (item->first_usec < last->first_usec)
                        last->first_usec = item->first_usec;
                if (item->last_usec > last->last_usec)
                        last->last_usec = item->last_usec;
        }
        g->n = n;
}

/* Connections that were only reported, and would be refused by the policy that would be in force.
 */
static int groups_collect(const Ring *ring, const Ruleset *promoted, Groups *g)
{
        g->items = calloc(ring->n + 1, sizeof(Group));
        if (!g->items)
                return -ENOMEM;
        for (size_t i = 0; i < ring->n; i++) {
                const Event *e = ring_at(ring, i);

                if (i == 0)
                        g->since_usec = e->time_usec;
                if (e->audit && e->destination.family == 0)
                        g->unknown += e->count;
                if (!e->audit || !replay_refuses(promoted, e))
                        continue;
                g->items[g->n++] = (Group){ e, e->count, e->time_usec, e->time_usec };
                g->count += e->count;
        }
        groups_merge(g);
        return 0;
}

/* ---- proposals ---- */

static void proposals_deinit(Proposals *p)
{
        strv_free(p->words);
}

static int address_put(AddressList *l, const Address *a)
{
        Prefix p = { .address = *a, .bits = (uint8_t)family_bits(a->family) };

        if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0)
                return -ENOMEM;
        l->items[l->n++] = (AddressItem){ .kind = ADDRESS_PREFIX, .prefix = p };
        return 0;
}

static int who_put(Bus *b, const Event *e, Rule *rule)
{
        _cleanup_free_ char *user = NULL;
        int r;

        if (e->direction != DIRECTION_OUT)
                return address_put(&rule->from, &e->source);
        if (!e->has_uid)
                return e->unit ? strv_append(&rule->unit, e->unit) : 0;
        r = host_user_in_rule(manager_names(b->manager), e->uid, &user);
        return r < 0 ? r : strv_append(&rule->user, user);
}

/* Is it known who dialled? Else a rule would be one for everybody. */
static bool has_who(const Event *e)
{
        return e->direction != DIRECTION_OUT ? e->source.family != 0 : e->has_uid || e->unit;
}

/* The rule that lets one group pass, or without `to` all groups of the same who. */
static int proposal_add(Bus *b, const Event *e, bool to, char ***proposals)
{
        _cleanup_(rule_unref_p) Rule *rule = rule_new();
        char *words;
        int r;

        if (!rule)
                return -ENOMEM;
        rule->action = ACTION_ALLOW;
        rule->direction = e->direction;
        rule->ports = (Ports){ .items = { e->destination_port }, .n = 1 };
        r = who_put(b, e, rule);
        if (r >= 0 && to)
                r = address_put(&rule->to, &e->destination);
        if (r >= 0)
                r = rule_words_print(rule, &words);
        return r < 0 ? r : strv_consume(proposals, words);
}

/* In the order of directions, those with the most connections first. */
static int client_compare(const void *a, const void *b)
{
        const Client *x = a, *y = b;
        int r = compare_numbers(x->direction, y->direction);

        if (r == 0)
                r = compare_numbers(y->count, x->count);
        return r != 0 ? r : compare_numbers(x->begin, y->begin);
}

/* Of groups in the order of event_compare(). *ret is for free(3). */
static int clients_find(const Groups *g, Client **ret, size_t *ret_n)
{
        Client *clients = calloc(g->n + 1, sizeof(*clients));
        size_t n = 0;

        if (!clients)
                return -ENOMEM;
        for (size_t i = 0; i < g->n; i++) {
                const Event *e = g->items[i].like;

                if (i == 0 || who_compare(g->items[i - 1].like, e) != 0)
                        clients[n++] = (Client){ .begin = i, .direction = e->direction };
                clients[n - 1].end = i + 1;
                clients[n - 1].count += g->items[i].count;
        }
        if (n > 1)
                qsort(clients, n, sizeof(*clients), client_compare);
        *ret = clients;
        *ret_n = n;
        return 0;
}

static int client_propose(Bus *b, const Groups *g, const Client *c, char ***words)
{
        bool each = c->direction != DIRECTION_IN && c->end - c->begin <= DESTINATIONS_MAX;
        int r = 0;

        for (size_t i = c->begin; r >= 0 && i < (each ? c->end : c->begin + 1); i++)
                r = proposal_add(b, g->items[i].like, each, words);
        return r;
}

static int proposals_make(Bus *b, const Groups *g, Proposals *ret)
{
        _cleanup_free_ Client *clients = NULL;
        size_t n, n_of[_DIRECTION_MAX] = { 0 };
        int r = clients_find(g, &clients, &n);

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (has_who(g->items[clients[i].begin].like) &&
                        n_of[clients[i].direction]++ < CLIENTS_MAX)
                        r = client_propose(b, g, &clients[i], &ret->words);
                else
                        ret->left_out++;
        return r;
}

/* ---- the document ---- */

static Json *address_to_json(const Address *a)
{
        char text[ADDRESS_TEXT_MAX];

        return a->family ? json_new_string(address_format(a, text)) : json_new_null();
}

static int group_to_json(Bus *b, const Group *g, Json *list)
{
        _cleanup_free_ char *user = NULL;
        char id[CONTAINER_NAME_MAX];
        const Event *e = g->like;
        const char *container = e->texts[EVENT_CONTAINER];
        Json *j;
        int r = e->has_uid ? host_user_name(manager_names(b->manager), e->uid, &user) : 0;

        if (r < 0)
                return r;
        j = json_new_object();
        json_set(j, "direction", json_new_string(direction_to_string(e->direction)));
        json_set(j, "action", json_new_string(action_to_string(e->action)));
        json_set(j, "user", json_new_string(user));
        json_set(j, "uid", e->has_uid ? json_new_integer(e->uid) : json_new_null());
        json_set(j, "unit", json_new_string(e->unit));
        if (!container && e->unit)
                container = unit_container(e->unit, id);
        json_set(j, "container", json_new_string(container));
        json_set(j, "image", json_new_string(e->texts[EVENT_IMAGE]));
        json_set(j, "source", address_to_json(&e->source));
        json_set(j, "destination", address_to_json(&e->destination));
        json_set(j, "port", json_new_integer(e->destination_port));
        json_set(j, "rule", json_new_integer((int64_t)e->rule));
        json_set(j, "count", json_new_integer((int64_t)g->count));
        json_set(j, "first", json_new_time(g->first_usec));
        json_set(j, "last", json_new_time(g->last_usec));
        json_append(list, j);
        return 0;
}

static int by_count(const void *a, const void *b)
{
        const Group *x = a, *y = b;
        int r = compare_numbers(y->count, x->count);

        return r != 0 ? r : group_compare(a, b);
}

static int document_print(Bus *b, const Report *report, Groups *g, char **ret)
{
        _cleanup_(json_free_p) Json *j = json_new_object();
        _cleanup_(proposals_deinit) Proposals proposals = { 0 };
        Json *list;
        int r = proposals_make(b, g, &proposals);

        if (r < 0)
                return r;
        if (g->n > 1)
                qsort(g->items, g->n, sizeof(Group), by_count);
        list = json_new_array();
        for (size_t i = 0; r >= 0 && i < g->n && i < GROUPS_MAX; i++)
                r = group_to_json(b, &g->items[i], list);
        json_set(j, "audit", json_new_strv(report->audit));
        json_set(j, "lockdown", json_new_bool(report->lockdown));
        json_set(j, "logging", json_new_string(logging_to_string(report->logging)));
        json_set(j, "since", json_new_time(g->since_usec));
        json_set(j, "connections", json_new_integer((int64_t)g->count));
        json_set(j, "groups", list);
        json_set(j, "left_out",
                json_new_integer(g->n > GROUPS_MAX ? (int64_t)(g->n - GROUPS_MAX) : 0));
        json_set(j, "unknown", json_new_integer((int64_t)g->unknown));
        json_set(j, "proposals", json_new_strv(proposals.words));
        json_set(j, "proposals_left_out", json_new_integer((int64_t)proposals.left_out));
        return r < 0 ? r : json_print(j, ret);
}

int bus_describe_audit(BusCall *c, sd_bus_error *error)
{
        static const Ring none = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *promoted = NULL;
        _cleanup_(report_deinit) Report report = { 0 };
        _cleanup_free_ char *json = NULL;
        Groups groups = { 0 };
        int r;

        r = manager_report(c->bus->manager, &report);
        if (r >= 0 && report.audit)
                r = manager_promoted_ruleset(c->bus->manager, &promoted);
        if (r >= 0)
                r = groups_collect(c->bus->happened ? events_list(c->bus->happened) : &none,
                        promoted, &groups);
        if (r >= 0)
                r = document_print(c->bus, &report, &groups, &json);
        free(groups.items);
        return r < 0 ? r : bus_reply_text(c, json, error);
}
