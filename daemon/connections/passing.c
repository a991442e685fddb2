/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ends connections that pass through this host, when a new policy refuses them. Rules look at SYN
 * packets only, so the conntrack entry is marked (label 126), and the forward path answers a marked
 * connection with a reset, whichever side sends next; both sides are made to send. An entry that is
 * allowed again loses the mark. Connections that conntrack does not follow are only judged here:
 * the backend has the list of them. Connections of local sockets are cut by connections.c.
 */

#include "daemon/connections/passing.h"

#include "daemon/connections/knock.h"
#include "daemon/connections/through.h"
#include "daemon/loop/clock.h"
#include "daemon/netlink/conntrack.h"
#include "daemon/netlink/forwarding.h"
#include "daemon/netlink/routes.h"
#include "daemon/netlink/sockets.h"
#include "rules/base/hash.h"
#include "rules/policy/ports.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <stdlib.h>

typedef struct KnownAddress {
        Address address;
        uint32_t mark;
        bool filled, local;
} KnownAddress;

/* Whether they matter, and what routing can say of them. */
typedef struct Interfaces {
        bool asked; /* by some rule */
        bool marked_routes;
} Interfaces;

typedef struct Passing {
        Netlink *conntrack;
        Netlink routes;
        const Ruleset *ruleset;
        uint64_t time_usec;
        Ports watched;
        TrackedList list;
        Knocker knocker;
        bool bridges; /* those that bridges pass are tracked too */
        Interfaces interfaces;
        KnownAddress known[64]; /* the last answers, by hash */
} Passing;

static void passing_deinit(Passing *p)
{
        netlink_close(&p->routes);
        tracked_list_deinit(&p->list);
        knocker_close(&p->knocker);
}

/* ---- interfaces ---- */

static bool direction_asks_interface(const RulesetDirection *d)
{
        for (size_t i = 0; i < d->n; i++) {
                const Rule *r = d->rules[i].rule;

                if (r->interface || r->in_interface || r->out_interface)
                        return true;
        }
        return false;
}

static Interfaces interfaces_of(const Ruleset *r)
{
        bool asked = direction_asks_interface(r->directions + DIRECTION_IN) ||
                     direction_asks_interface(r->directions + DIRECTION_ROUTED);

        return (Interfaces){ asked, asked && routes_ask_mark() };
}

/* Whatever interfaces it passes by, or by those by which routing says it does. */
static bool is_refused_by(
        const Ruleset *r, const Interfaces *i, Netlink *routes, Packet *p, const ThroughEnds *ends)
{
        Through through;

        if (is_refused_surely(r, p, (Doubt){ .interfaces = true }))
                return true;
        if (!i->asked || !through_find(routes, ends, i->marked_routes, &through))
                return false;
        if (p->direction == DIRECTION_IN)
                p->interface = through.in;
        if (p->direction == DIRECTION_ROUTED) {
                p->in_interface = through.in;
                p->out_interface = through.out;
        }
        return is_refused_surely(r, p, (Doubt){ 0 });
}

/* ---- whose addresses ---- */

/* Few addresses are the host's, and most connections have one of them. */
static bool is_local(Passing *p, const Address *a, uint32_t mark)
{
        uint64_t hash = hash_finish(
                hash_number(hash_bytes(HASH_BEGIN, a->bytes, family_bits(a->family) / 8), mark));
        KnownAddress *k = &p->known[hash % ELEMENTS(p->known)];

        if (!k->filled || k->mark != mark || address_compare(&k->address, a) != 0)
                *k = (KnownAddress){ *a, mark, true, route_is_local(&p->routes, a, mark) };
        return k->local;
}

/* Opened here, or answered here: there is a socket, or was. */
static bool has_local_end(Passing *p, const Tracked *t)
{
        const Address *ends[] = { &t->original.from, &t->reply.from };

        return is_local(p, ends[t->incoming], t->mark) || is_local(p, ends[!t->incoming], t->mark);
}

/* ---- judging ---- */

/* Met in the middle, by a packet of the side that answers. */
static bool is_backwards(const Passing *p, const Tracked *t)
{
        return t->picked_up && !ports_contain(&p->watched, t->original.to_port) &&
               ports_contain(&p->watched, t->original.from_port);
}

static Packet packet_of(const Passing *p, const Tracked *t)
{
        bool backwards = is_backwards(p, t);

        return (Packet){
                .time_usec = p->time_usec,
                .family = t->original.to.family,
                .port = backwards ? t->original.from_port : t->original.to_port,
                .has_from = true,
                .has_to = true,
                .from = backwards ? t->original.to : t->original.from,
                .to = backwards ? t->original.from : t->original.to,
        };
}

static Route way_to(Passing *p, const Address *to, uint32_t mark)
{
        Route route = { 0 };

        (void)route_find(&p->routes, &(RouteQuestion){ .to = to, .mark = mark }, &route);
        return route;
}

/* Packets that a bridge passes between its ports are not routed. Both ends are then behind one
 * interface, as seen from here, and equally far. */
static bool may_be_bridged(Passing *p, const Tracked *t)
{
        Route there, back;

        if (!p->bridges)
                return false;
        there = way_to(p, &t->reply.from, t->mark);
        back = way_to(p, &t->original.from, t->mark);
        return there.ifindex == back.ifindex && there.gateway == back.gateway;
}

static ThroughEnds ends_of(const Passing *p, const Tracked *t)
{
        bool backwards = is_backwards(p, t);
        const Tuple *client = backwards ? &t->reply : &t->original;
        const Tuple *server = backwards ? &t->original : &t->reply;

        return (ThroughEnds){ &client->from, &server->from, client->from_port, server->from_port,
                t->mark };
}

/* As dialled. */
static bool is_refused(Passing *p, const Tracked *t)
{
        Packet packet = packet_of(p, t);
        ThroughEnds ends = ends_of(p, t);

        packet.direction =
                t->incoming || is_local(p, &packet.to, 0) ? DIRECTION_IN : DIRECTION_ROUTED;
        return is_refused_by(p->ruleset, &p->interfaces, &p->routes, &packet, &ends) &&
               !(packet.direction == DIRECTION_ROUTED && may_be_bridged(p, t));
}

/* ---- cutting ---- */

static int entry_mark(Passing *p, const Tracked *t, uint64_t *n)
{
        Tracked turned;
        int r;

        if (is_backwards(p, t)) {
                r = conntrack_turn(p->conntrack, t, &turned);
                t = &turned;
        } else {
                r = conntrack_mark(p->conntrack, t);
        }
        if (r < 0)
                return r;
        *n += 1;
        (void)conntrack_tolerate(p->conntrack, t);
        knock(&p->knocker, &t->original, t->mark);
        knock(&p->knocker, &t->reply, t->mark);
        return 0;
}

/* Also succeeds if the entry has ended. */
static int entry_judge(Passing *p, const Tracked *t, uint64_t *n)
{
        int r;

        if (!ports_contain(&p->watched, t->original.to_port) && !is_backwards(p, t))
                return 0;
        if (has_local_end(p, t) || is_refused(p, t) == t->cut)
                return 0;
        r = t->cut ? conntrack_unmark(p->conntrack, t) : entry_mark(p, t, n);
        return r == -ENOENT ? 0 : r;
}

static int watch(Passing *p, Direction d)
{
        const Ports *ports = &p->ruleset->directions[d].watched;
        int r = 0;

        for (size_t i = 0; i < ports->n && r >= 0; i++)
                r = ports_add(&p->watched, ports->items[i]);
        return r;
}

int cut_passing(Netlink *n, const Ruleset *ruleset, uint64_t *ret_n)
{
        _cleanup_(passing_deinit) Passing p = { .conntrack = n,
                .routes = NETLINK_CLOSED,
                .ruleset = ruleset,
                .time_usec = clock_now_usec(CLOCK_REALTIME),
                .knocker = KNOCKER_CLOSED,
                .bridges = forwarding_of_bridges(),
                .interfaces = interfaces_of(ruleset) };
        uint64_t cut = 0;
        int r = watch(&p, DIRECTION_IN);

        if (r >= 0)
                r = watch(&p, DIRECTION_ROUTED);
        if (r >= 0)
                r = conntrack_list(n, &p.watched, 0, &p.list);
        if (r >= 0 && p.list.n > 0)
                r = netlink_open(NETLINK_ROUTE, &p.routes);
        for (size_t i = 0; i < p.list.n && r >= 0; i++)
                r = entry_judge(&p, &p.list.items[i], &cut);
        if (r == -EOPNOTSUPP || r == -EINVAL) /* no ctnetlink here: nothing to be cut by it */
                r = 0;
        if (r < 0)
                return r;
        *ret_n = cut;
        return 0;
}

/* ---- what conntrack does not follow ---- */

/* Each takes four segments each way. Most of those that are known have ended by themselves. */
#define KNOCKED_MAX 500

static Tuple tuple_turn(const Tuple *t)
{
        return (Tuple){ t->to, t->from, t->to_port, t->from_port };
}

/* They were judged as routed when they were opened. The rules do not judge what a bridge passes
 * among them. */
size_t cut_judge_untracked(const Ruleset *ruleset, Untracked *items, size_t n)
{
        uint64_t now = clock_now_usec(CLOCK_REALTIME);
        Interfaces interfaces = interfaces_of(ruleset);
        Netlink routes = NETLINK_CLOSED;
        size_t kept = 0;

        if (interfaces.asked && netlink_open(NETLINK_ROUTE, &routes) < 0)
                interfaces.asked = false;
        for (size_t i = 0; i < n; i++) {
                const Tuple *t = &items[i].tuple;
                ThroughEnds ends = { &t->from, &t->to, t->from_port, t->to_port, 0 };
                Packet p = { .time_usec = now,
                        .direction = DIRECTION_ROUTED,
                        .family = t->to.family,
                        .port = t->to_port,
                        .has_from = true,
                        .has_to = true,
                        .from = t->from,
                        .to = t->to };

                if (is_refused_by(ruleset, &interfaces, &routes, &p, &ends))
                        items[kept++] = items[i];
        }
        netlink_close(&routes);
        return kept;
}

static int newest_first(const void *a, const void *b)
{
        uint64_t x = ((const Untracked *)a)->left_msec, y = ((const Untracked *)b)->left_msec;

        return (x < y) - (x > y);
}

void cut_knock_untracked(Untracked *items, size_t n)
{
        Knocker k = KNOCKER_CLOSED;

        if (n > 0)
                qsort(items, n, sizeof(*items), newest_first);
        for (size_t i = 0; i < n && i < KNOCKED_MAX; i++) {
                Tuple answer = tuple_turn(&items[i].tuple);

                knock(&k, &items[i].tuple, 0);
                knock(&k, &answer, 0);
        }
        knocker_close(&k);
}

int cut_needs_rules(bool *ret)
{
        Netlink n;
        int r = netlink_open(NETLINK_SOCK_DIAG, &n);

        if (r == -EPROTONOSUPPORT) { /* then sockets cannot be listed either */
                *ret = false;
                return 0;
        }
        if (r < 0)
                return r;
        *ret = sockets_lack_destroy(&n);
        netlink_close(&n);
        return 0;
}
