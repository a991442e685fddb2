/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Lists, judges, cuts. Whatever cannot be known of a connection is tried in every way it could be,
 * and one way that is allowed lets it live.
 */

#include "daemon/connections/connections.h"

#include "daemon/connections/owners.h"
#include "daemon/host/host.h"
#include "daemon/netlink/conntrack.h"
#include "daemon/netlink/routes.h"
#include "daemon/netlink/sockets.h"
#include "rules/ruleset/evaluate.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* Teardown (FIN_WAIT, LAST_ACK, TIME_WAIT, CLOSING) is not among them: such a socket has no owner
 * any more and still delivers a mail that was sent. Nor is SYN_SENT: what such a socket sends meets
 * the rules, and one that is denied in silence must not be told by an error of ours. */
#define OPEN_STATES (1u << TCP_ESTABLISHED | 1u << TCP_SYN_RECV | 1u << TCP_CLOSE_WAIT)

/* What the rules of a direction ask of a connection beyond its addresses and ports. */
typedef struct Questions {
        bool interfaces;
        uint32_t *groups; /* that some rule names */
        size_t n_groups;
        uint64_t *cgroups; /* of units that some rule names and that run */
        size_t n_cgroups;
} Questions;

typedef struct Cut {
        const Ruleset *ruleset;
        Netlink sockets, routes, conntrack;
        bool no_conntrack;
        bool by_label; /* the kernel cannot end sockets: what is marked the rules answer */
        Questions questions[_DIRECTION_MAX];
        SocketGroups groups;
        CgroupTree cgroups;
        uint8_t *listening; /* a bit a port */
        uint64_t n;         /* cut so far */
} Cut;

static void questions_deinit(Questions *q)
{
        free(q->groups);
        free(q->cgroups);
}

static void cut_deinit(Cut *c)
{
        netlink_close(&c->sockets);
        netlink_close(&c->routes);
        netlink_close(&c->conntrack);
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                questions_deinit(c->questions + d);
        socket_groups_deinit(&c->groups);
        cgroup_tree_deinit(&c->cgroups);
        free(c->listening);
}

/* ---- what has to be known ---- */

static int question_groups(Questions *q, const CompiledRule *r)
{
        for (size_t i = 0; i < r->n_groups; i++) {
                bool there = false;

                for (size_t k = 0; k < q->n_groups; k++)
                        there |= q->groups[k] == r->groups[i];
                if (there)
                        continue;
                if (array_grow(&q->groups, q->n_groups, sizeof(*q->groups)) < 0)
                        return -ENOMEM;
                q->groups[q->n_groups++] = r->groups[i];
        }
        return 0;
}

static int question_cgroups(Questions *q, const CompiledRule *r)
{
        for (size_t i = 0; i < r->n_units; i++) {
                bool there = r->units[i].cgroup == 0;

                for (size_t k = 0; k < q->n_cgroups; k++)
                        there |= q->cgroups[k] == r->units[i].cgroup;
                if (there)
                        continue;
                if (array_grow(&q->cgroups, q->n_cgroups, sizeof(*q->cgroups)) < 0)
                        return -ENOMEM;
                q->cgroups[q->n_cgroups++] = r->units[i].cgroup;
        }
        return 0;
}

static int questions_collect(const RulesetDirection *d, Questions *q)
{
        for (size_t i = 0; i < d->n; i++) {
                q->interfaces |= d->rules[i].rule->interface != NULL;
                if (question_groups(q, d->rules + i) < 0 || question_cgroups(q, d->rules + i) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* The groups of those sockets that may be judged as outgoing. */
static int groups_collect(Cut *c, const Sockets *sockets)
{
        const RulesetDirection *out = c->ruleset->directions + DIRECTION_OUT;
        _cleanup_free_ uint32_t *inodes = calloc(sockets->n + 1, sizeof(*inodes));
        size_t n = 0;

        if (!inodes)
                return -ENOMEM;
        for (size_t i = 0; i < sockets->n; i++)
                if (sockets->items[i].inode != 0 &&
                        ports_contain(&out->watched, sockets->items[i].peer_port))
                        inodes[n++] = sockets->items[i].inode;
        return socket_groups_read(inodes, n, &c->groups);
}

static int listening_collect(Cut *c)
{
        _cleanup_(sockets_deinit) Sockets listeners = { 0 };
        int r;

        c->listening = calloc(65536 / 8, 1);
        if (!c->listening)
                return -ENOMEM;
        r = sockets_list(&c->sockets, 1u << TCP_LISTEN, NULL, &listeners);
        if (r < 0)
                return r;
        for (size_t i = 0; i < listeners.n; i++)
                c->listening[listeners.items[i].local_port / 8] |=
                        (uint8_t)(1u << listeners.items[i].local_port % 8);
        return 0;
}

/* Is this end of a connection the one that was dialled? A client may have a mail port of its own by
 * chance (mail_ports may lie where ephemeral ports do), but not a low one. */
static bool port_serves(const Cut *c, uint16_t port)
{
        return port < IPPORT_RESERVED || (c->listening[port / 8] & 1u << port % 8);
}

/* ---- judging ---- */

static bool is_refused(const Ruleset *r, const Packet *p)
{
        Verdict v;

        evaluate(r, p, &v);
        return v.action == ACTION_DENY || v.action == ACTION_REJECT;
}

/* In each cgroup that matters, if it cannot be told in which the owner is. */
static bool is_refused_in_any_cgroup(const Cut *c, Packet p)
{
        const Questions *q = c->questions + p.direction;

        if (!is_refused(c->ruleset, &p))
                return false;
        for (size_t i = 0; p.n_cgroups == 0 && i < q->n_cgroups; i++) {
                Packet guess = p;

                guess.cgroups = q->cgroups + i;
                guess.n_cgroups = 1;
                if (!is_refused(c->ruleset, &guess))
                        return false;
        }
        return true;
}

/* And with each group that matters, if the owner's is not known. */
static bool is_refused_for_any_owner(const Cut *c, Packet p)
{
        const Questions *q = c->questions + p.direction;

        if (!is_refused_in_any_cgroup(c, p))
                return false;
        for (size_t i = 0; !p.has_gid && i < q->n_groups; i++) {
                Packet guess = p;

                guess.has_gid = true;
                guess.gid = q->groups[i];
                if (!is_refused_in_any_cgroup(c, guess))
                        return false;
        }
        return true;
}

static bool is_loopback(const Address *a)
{
        static const uint8_t one[16] = { [15] = 1 };

        return a->family == FAMILY_IPV4 ? a->bytes[0] == 127 : memcmp(a->bytes, one, 16) == 0;
}

static Packet packet_make(const Socket *s, Direction direction)
{
        bool out = direction == DIRECTION_OUT;

        return (Packet){
                .direction = direction,
                .family = s->peer.family,
                .port = out ? s->peer_port : s->local_port,
                .has_from = true,
                .has_to = true,
                .from = out ? s->local : s->peer,
                .to = out ? s->peer : s->local,
                .has_uid = out,
                .uid = s->uid,
        };
}

/* A connection that came by way of DNAT is judged by what its client dialled. */
static void packet_undo_translation(Cut *c, const Socket *s, Packet *p)
{
        Tuple replies = { s->local, s->peer, s->local_port, s->peer_port };
        Tracked t;
        int r;

        if (c->no_conntrack)
                return;
        r = conntrack_find(&c->conntrack, &replies, &t);
        if (r < 0 && r != -ENOENT)
                c->no_conntrack = true; /* nothing is tracked here: nothing is translated */
        if (r < 0 || !tuple_equal(&t.reply, &replies) || t.original.to.family != p->family)
                return;
        p->from = t.original.from;
        p->to = t.original.to;
        p->port = t.original.to_port;
}

/* Would the ruleset refuse it, if it were opened now? route: towards the peer. */
static bool socket_is_refused(Cut *c, const Socket *s, Direction direction, const Route *route)
{
        Packet p = packet_make(s, direction);
        uint64_t cgroups[CGROUP_LEVEL_MAX];

        if (route->interface[0] != '\0')
                p.interface = route->interface;
        if (direction == DIRECTION_IN) {
                packet_undo_translation(c, s, &p);
                return is_refused_for_any_owner(c, p);
        }
        p.has_gid = socket_groups_find(&c->groups, s->inode, &p.gid) == 0;
        p.cgroups = cgroups;
        p.n_cgroups = cgroup_tree_path(&c->cgroups, s->cgroup, cgroups);
        return is_refused_for_any_owner(c, p);
}

/* Both ends are here, even if no address says so. No route: the peer is elsewhere, and no interface
 * is known. */
static bool socket_is_local(Cut *c, const Socket *s, Route *ret)
{
        *ret = (Route){ 0 };
        return route_find(&c->routes, &s->local, &s->peer, s->id.idiag_if, ret) == 0 && ret->local;
}

/* in, out: who may have dialled whom. What may be either is cut only if both are refused. */
static bool socket_must_go(Cut *c, const Socket *s, bool in, bool out)
{
        bool ask_first = (in && c->questions[DIRECTION_IN].interfaces) ||
                         (out && c->questions[DIRECTION_OUT].interfaces);
        Route route = { 0 };

        if (!in && !out)
                return false;
        if (is_loopback(&s->peer) || address_compare(&s->local, &s->peer) == 0)
                return false;
        if (ask_first && socket_is_local(c, s, &route))
                return false;
        if (in && !socket_is_refused(c, s, DIRECTION_IN, &route))
                return false;
        if (out && !socket_is_refused(c, s, DIRECTION_OUT, &route))
                return false;
        return ask_first || !socket_is_local(c, s, &route);
}

static bool socket_may_be_incoming(const Cut *c, const Socket *s)
{
        return ports_contain(&c->ruleset->directions[DIRECTION_IN].watched, s->local_port) &&
               port_serves(c, s->local_port);
}

/* Without an owner nobody knows whose it was: not yet accepted, or closed and delivering. */
static bool socket_may_be_outgoing(const Cut *c, const Socket *s)
{
        return ports_contain(&c->ruleset->directions[DIRECTION_OUT].watched, s->peer_port) &&
               s->inode != 0;
}

/* ---- cutting ---- */

static int cut_prepare(Cut *c)
{
        int r;

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (questions_collect(c->ruleset->directions + d, c->questions + d) < 0)
                        return -ENOMEM;
        r = netlink_open(NETLINK_SOCK_DIAG, &c->sockets);
        if (r < 0)
                return r;
        r = netlink_open(NETLINK_ROUTE, &c->routes);
        if (r < 0)
                return r;
        c->no_conntrack = netlink_open(NETLINK_NETFILTER, &c->conntrack) < 0;
        if (c->questions[DIRECTION_OUT].n_cgroups > 0) {
                r = cgroup_tree_read(host_cgroup_mount(), &c->cgroups);
                if (r < 0)
                        return r;
        }
        c->by_label = sockets_lack_destroy(&c->sockets);
        return listening_collect(c);
}

static int watched_sockets(Cut *c, Sockets *ret)
{
        Ports ports = c->ruleset->directions[DIRECTION_IN].watched;
        const Ports *out = &c->ruleset->directions[DIRECTION_OUT].watched;

        for (size_t i = 0; i < out->n; i++)
                if (ports_add(&ports, out->items[i]) < 0)
                        return -E2BIG;
        return sockets_list(&c->sockets, OPEN_STATES, &ports, ret);
}

/* incoming: the peer dialled. An idle connection may have no entry yet. */
static int socket_mark(Cut *c, const Socket *s, bool incoming)
{
        Tuple sent = { s->local, s->peer, s->local_port, s->peer_port };
        Tuple received = { s->peer, s->local, s->peer_port, s->local_port };
        Tracked t;
        int r;

        if (c->no_conntrack)
                return -EOPNOTSUPP;
        r = conntrack_find(&c->conntrack, &sent, &t);
        if (r >= 0 && t.marked)
                return -ENOENT;
        if (r < 0)
                t = incoming ? (Tracked){ received, sent, false }
                             : (Tracked){ sent, received, false };
        return conntrack_mark(&c->conntrack, &t);
}

/* 0 also when it has ended by itself, or was marked before */
static int socket_cut(Cut *c, const Socket *s, bool incoming)
{
        int r = c->by_label ? socket_mark(c, s, incoming) : socket_destroy(&c->sockets, s);

        if (r == 0)
                c->n++;
        return r == -ENOENT ? 0 : r;
}

static int sockets_cut(Cut *c, const Sockets *sockets)
{
        int error = 0;

        for (size_t i = 0; i < sockets->n && error != -EOPNOTSUPP; i++) {
                const Socket *s = sockets->items + i;
                bool in = socket_may_be_incoming(c, s), out = socket_may_be_outgoing(c, s);
                int r = socket_must_go(c, s, in, out) ? socket_cut(c, s, in) : 0;

                if (r < 0 && error == 0)
                        error = r;
        }
        return error;
}

/* Connections to a watched port that DNAT leads to a local socket on another one. */
static int redirected_cut(Cut *c)
{
        const Ports *watched = &c->ruleset->directions[DIRECTION_IN].watched;
        _cleanup_free_ Tracked *tracked = NULL;
        int error = 0;
        size_t n = 0;

        if (c->no_conntrack || conntrack_list_redirected(&c->conntrack, watched, &tracked, &n) < 0)
                return 0;
        for (size_t i = 0; i < n; i++) {
                const Tuple *t = &tracked[i].reply;
                Socket s;
                int r;

                if (socket_find(&c->sockets, &t->from, t->from_port, &t->to, t->to_port, &s) < 0)
                        continue; /* it goes to another host, or has ended */
                if (!(OPEN_STATES & 1u << s.state) || socket_may_be_incoming(c, &s) ||
                        !socket_must_go(c, &s, true, false))
                        continue;
                r = socket_cut(c, &s, true);
                if (r < 0 && error == 0)
                        error = r;
        }
        return error;
}

/* The socket of a marked connection that must go still. */
static bool tracked_must_go(Cut *c, const Tracked *t, bool incoming)
{
        const Tuple *sent = incoming ? &t->reply : &t->original;
        Socket s;
        bool redirected;

        if (socket_find(&c->sockets, &sent->from, sent->from_port, &sent->to, sent->to_port, &s) <
                        0 ||
                !(OPEN_STATES & 1u << s.state))
                return false;
        redirected = incoming && !tuple_equal(&t->original,
                                         &(Tuple){ s.peer, s.local, s.peer_port, s.local_port });
        if (redirected && !socket_may_be_incoming(c, &s))
                return socket_must_go(c, &s, true, false);
        return socket_must_go(c, &s, socket_may_be_incoming(c, &s), socket_may_be_outgoing(c, &s));
}

static bool address_is_local(Cut *c, const Address *a)
{
        Route route;

        return route_find(&c->routes, NULL, a, 0, &route) == 0 && route.local;
}

/* What was marked and is allowed again, or has no socket any more. Connections that pass through
 * are another's. */
static void marks_review(Cut *c)
{
        _cleanup_free_ Tracked *tracked = NULL;
        size_t n = 0;

        if (c->no_conntrack || conntrack_list_marked(&c->conntrack, &tracked, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                bool in = address_is_local(c, &tracked[i].reply.from);

                if (!in && !address_is_local(c, &tracked[i].original.from))
                        continue;
                if (!tracked_must_go(c, tracked + i, in))
                        (void)conntrack_unmark(&c->conntrack, tracked + i);
        }
}

int connections_cut(const Ruleset *ruleset, uint64_t *ret_n)
{
        _cleanup_(cut_deinit) Cut c = { .ruleset = ruleset,
                .sockets = NETLINK_CLOSED,
                .routes = NETLINK_CLOSED,
                .conntrack = NETLINK_CLOSED };
        _cleanup_(sockets_deinit) Sockets sockets = { 0 };
        int r, k;

        if (ruleset->keep_established) {
                *ret_n = 0;
                return 0;
        }
        r = cut_prepare(&c);
        if (r < 0)
                return r;
        r = watched_sockets(&c, &sockets);
        if (r < 0)
                return r;
        if (c.questions[DIRECTION_OUT].n_groups > 0 && groups_collect(&c, &sockets) < 0)
                return -ENOMEM;
        if (c.by_label)
                marks_review(&c);
        r = sockets_cut(&c, &sockets);
        k = redirected_cut(&c);
        if (r < 0 || k < 0)
                return r < 0 ? r : k;
        *ret_n = c.n;
        return 0;
}
