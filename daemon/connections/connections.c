/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Lists, judges, cuts. Unknown facts about a connection are tried in every possible way, and if one
 * of them is allowed, the connection lives.
 */

#include "daemon/connections/connections.h"

#include "daemon/connections/cookies.h"
#include "daemon/connections/dialled.h"
#include "daemon/connections/owners.h"
#include "daemon/host/host.h"
#include "daemon/loop/clock.h"
#include "daemon/netlink/routes.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* Teardown (FIN_WAIT, LAST_ACK, TIME_WAIT, CLOSING) is not among them: such a socket has no owner
 * any more and still delivers a mail that was sent. */
#define OPEN_STATES (1u << TCP_ESTABLISHED | 1u << TCP_SYN_RECV | 1u << TCP_CLOSE_WAIT)

/* Those that are being opened. */
#define HALF_OPEN_STATES (1u << TCP_SYN_SENT)

typedef struct Cut {
        const Ruleset *ruleset;
        uint64_t time_usec;
        Netlink sockets, routes;
        Dialling dialling;
        bool by_label;   /* the kernel cannot end sockets: what is marked the rules answer */
        bool interfaces; /* some rule asks for one */
        SocketGroups groups;
        CgroupTree cgroups;
        CutResult result;
} Cut;

static void cut_deinit(Cut *c)
{
        netlink_close(&c->sockets);
        netlink_close(&c->routes);
        dialling_deinit(&c->dialling);
        socket_groups_deinit(&c->groups);
        cgroup_tree_deinit(&c->cgroups);
}

/* ---- what has to be known ---- */

typedef bool (*RuleAsks)(const CompiledRule *r);

static bool asks_group(const CompiledRule *r)
{
        return r->groups.n > 0;
}

static bool asks_unit(const CompiledRule *r)
{
        for (size_t i = 0; i < r->n_units; i++)
                if (r->units[i].cgroup != 0)
                        return true;
        return false;
}

static bool asks_interface(const CompiledRule *r)
{
        return r->rule->interface != NULL;
}

static bool direction_asks(const Cut *c, Direction direction, RuleAsks asks)
{
        const RulesetDirection *d = c->ruleset->directions + direction;

        for (size_t i = 0; i < d->n; i++)
                if (asks(d->rules + i))
                        return true;
        return false;
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

/* ---- judging ---- */

static bool is_loopback(const Address *a)
{
        static const uint8_t one[16] = { [15] = 1 };

        return a->family == FAMILY_IPV4 ? a->bytes[0] == 127 : memcmp(a->bytes, one, 16) == 0;
}

/* As the peer dialled it, before any translation. */
static Packet incoming_packet(Cut *c, const Socket *s, const Dialled *d)
{
        Tuple as_dialled = { s->peer, s->local, s->peer_port, s->local_port };

        if (d->tracked && d->may_be_in && !d->may_be_out &&
                d->entry.original.to.family == s->peer.family)
                as_dialled = d->entry.original;
        return (Packet){
                .time_usec = c->time_usec,
                .direction = DIRECTION_IN,
                .family = s->peer.family,
                .port = as_dialled.to_port,
                .has_from = true,
                .has_to = true,
                .from = as_dialled.from,
                .to = as_dialled.to,
        };
}

/* Of what the socket sends to its peer, by the mark of the connection; the interface is "" where
 * there is no route. */
static void find_route(Cut *c, const Socket *s, uint32_t mark, Route *ret)
{
        RouteQuestion q = { .from = &s->local,
                .to = &s->peer,
                .from_port = s->local_port,
                .to_port = s->peer_port,
                .mark = mark,
                .ifindex = s->id.idiag_if,
                .has_uid = true,
                .uid = s->uid };

        *ret = (Route){ 0 };
        (void)route_find(&c->routes, &q, ret);
}

static uint32_t mark_of(const Socket *s, const Dialled *d)
{
        return s->mark != 0 ? s->mark : d->tracked ? d->entry.mark : 0;
}

/*
 * The interface as a question of routing; in doubt where nothing says by which mark it goes.
 * Intercepted on its way to somebody else (TPROXY, redirect) it may be judged as routed: then it
 * goes only if that is refused too.
 */
static bool incoming_is_refused(Cut *c, const Socket *s, const Dialled *d, const Route *route)
{
        Packet p = incoming_packet(c, s, d);
        Doubt doubt = { .interfaces = route->ifindex == 0 };

        if (!doubt.interfaces)
                p.interface = route->interface;
        if (!is_refused_surely(c->ruleset, &p, doubt))
                return false;
        if ((d->tracked && d->entry.incoming) || route_is_local(&c->routes, &p.to, 0))
                return true;
        p.interface = NULL;
        p.direction = DIRECTION_ROUTED;
        return is_refused_surely(c->ruleset, &p, (Doubt){ .interfaces = true });
}

static bool outgoing_is_refused(Cut *c, const Socket *s, const Route *route)
{
        uint64_t cgroups[CGROUP_LEVEL_MAX];
        Packet p = {
                .time_usec = c->time_usec,
                .direction = DIRECTION_OUT,
                .family = s->peer.family,
                .port = s->peer_port,
                .has_from = true,
                .has_to = true,
                .from = s->local,
                .to = s->peer,
                .has_uid = true,
                .uid = s->uid,
                .interface = route->ifindex != 0 ? route->interface : NULL,
                .cgroups = cgroups,
        };
        int r = socket_groups_find(&c->groups, s->inode, &p.gid);

        p.has_gid = r == 0;
        p.n_cgroups = cgroup_tree_path(&c->cgroups, s->cgroup, cgroups);
        return is_refused_surely(c->ruleset, &p,
                (Doubt){ .interfaces = !p.interface, .group = r == -EAGAIN, .unit = true });
}

/* A connection that may be either is cut only if both are refused. */
static bool socket_must_go(Cut *c, const Socket *s, Dialled *ret)
{
        Route route;

        if (is_loopback(&s->peer) || address_compare(&s->local, &s->peer) == 0)
                return false;
        dialling_ask(&c->dialling, s, ret);
        if (!ret->may_be_in && !ret->may_be_out)
                return false;
        if (c->interfaces)
                find_route(c, s, mark_of(s, ret), &route);
        else
                route = (Route){ 0 };
        if (route.local)
                return false;
        if (ret->may_be_in && !incoming_is_refused(c, s, ret, &route))
                return false;
        if (ret->may_be_out && !outgoing_is_refused(c, s, &route))
                return false;
        /* within the host, even if no address says so */
        if (!c->interfaces)
                find_route(c, s, mark_of(s, ret), &route);
        return !route.local;
}

/* ---- cutting ---- */

static int cut_prepare(Cut *c)
{
        const RulesetDirection *d = c->ruleset->directions;
        int r = netlink_open(NETLINK_SOCK_DIAG, &c->sockets);

        if (r >= 0)
                r = netlink_open(NETLINK_ROUTE, &c->routes);
        if (r >= 0)
                r = dialling_init(&c->dialling, &c->sockets, &d[DIRECTION_IN].watched,
                        &d[DIRECTION_OUT].watched);
        if (r >= 0 && direction_asks(c, DIRECTION_OUT, asks_unit))
                r = cgroup_tree_read(host_cgroup_mount(), &c->cgroups);
        if (r < 0)
                return r;
        c->interfaces = direction_asks(c, DIRECTION_IN, asks_interface) ||
                        direction_asks(c, DIRECTION_OUT, asks_interface);
        c->by_label = sockets_lack_destroy(&c->sockets);
        return 0;
}

/* An idle connection may have no entry yet. */
static int socket_mark(Cut *c, const Socket *s, const Dialled *d)
{
        Tuple sent = { s->local, s->peer, s->local_port, s->peer_port };
        Tuple received = { s->peer, s->local, s->peer_port, s->local_port };
        Tracked t = { .original = d->may_be_in ? received : sent,
                .reply = d->may_be_in ? sent : received };

        if (c->dialling.conntrack.fd < 0)
                return -EOPNOTSUPP;
        if (d->tracked && d->entry.cut)
                return -ENOENT;
        return conntrack_mark(&c->dialling.conntrack, d->tracked ? &d->entry : &t);
}

/* Also 0 if it has ended, or was marked before. */
static int socket_cut(Cut *c, const Socket *s, const Dialled *d)
{
        int r = c->by_label ? socket_mark(c, s, d) : socket_destroy(&c->sockets, s);

        if (r == 0)
                c->result.n++;
        return r == -ENOENT ? 0 : r;
}

/* Judges one, and cuts it if it stands. */
static int socket_judge(Cut *c, const Socket *s)
{
        Dialled d;

        if (!socket_must_go(c, s, &d))
                return 0;
        if (OPEN_STATES & 1u << s->state)
                return socket_cut(c, s, &d);
        c->result.half_open = true;
        return 0;
}

static int sockets_cut(Cut *c, const Sockets *sockets)
{
        int error = 0;

        for (size_t i = 0; i < sockets->n && error != -EOPNOTSUPP; i++) {
                int r = socket_judge(c, sockets->items + i);

                if (r < 0 && error == 0)
                        error = r;
        }
        return error;
}

/* The socket of this host at the answering end of a connection that is redirected to another port
 * than was dialled; those with a watched port were judged by it. */
static bool redirected_socket(Cut *c, const Tracked *t, Socket *ret)
{
        const Ports *watched = &c->dialling.watched;
        const Tuple *sent = &t->reply;

        return ports_contain(c->dialling.in, t->original.to_port) &&
               !ports_contain(watched, sent->from_port) && !ports_contain(watched, sent->to_port) &&
               socket_find(&c->sockets, &sent->from, sent->from_port, &sent->to, sent->to_port,
                       ret) >= 0 &&
               OPEN_STATES & 1u << ret->state;
}

static int redirected_cut(Cut *c)
{
        _cleanup_(tracked_list_deinit) TrackedList l = { 0 };
        int error = 0;

        if (c->dialling.conntrack.fd < 0 ||
                conntrack_list(&c->dialling.conntrack, c->dialling.in, IPS_DST_NAT, &l) < 0)
                return 0;
        for (size_t i = 0; i < l.n; i++) {
                Socket s = { 0 };
                int r = redirected_socket(c, l.items + i, &s) ? socket_judge(c, &s) : 0;

                if (r < 0 && error == 0)
                        error = r;
        }
        return error;
}

/* Must the socket of a marked connection go still? */
static bool tracked_must_go(Cut *c, const Tracked *t, bool incoming)
{
        const Tuple *sent = incoming ? &t->reply : &t->original;
        Dialled d;
        Socket s = { 0 };

        return socket_find(&c->sockets, &sent->from, sent->from_port, &sent->to, sent->to_port,
                       &s) >= 0 &&
               OPEN_STATES & 1u << s.state && socket_must_go(c, &s, &d);
}

/* Takes the mark from what is allowed again, or has no socket any more. Connections that pass
 * through are another's. */
static void marks_review(Cut *c)
{
        const TrackedList *l = dialling_list(&c->dialling);

        for (size_t i = 0; i < l->n; i++) {
                const Tracked *t = l->items + i;
                bool in = t->cut && route_is_local(&c->routes, &t->reply.from, t->mark);

                if (!t->cut || (!in && !route_is_local(&c->routes, &t->original.from, t->mark)))
                        continue;
                if (!tracked_must_go(c, t, in))
                        (void)conntrack_unmark(&c->dialling.conntrack, t);
        }
}

static int cut_all(Cut *c)
{
        _cleanup_(sockets_deinit) Sockets sockets = { 0 };
        int r = cut_prepare(c), k;

        if (r >= 0)
                r = sockets_list(&c->sockets, OPEN_STATES | HALF_OPEN_STATES, &c->dialling.watched,
                        &sockets);
        if (r >= 0 && direction_asks(c, DIRECTION_OUT, asks_group))
                r = groups_collect(c, &sockets);
        if (r < 0)
                return r;
        if (c->by_label)
                marks_review(c);
        r = sockets_cut(c, &sockets);
        k = redirected_cut(c);
        if (c->ruleset->directions[DIRECTION_IN].watched.n > 0 && cookies_were_sent())
                c->result.half_open = true;
        return r < 0 ? r : k;
}

int connections_cut(const Ruleset *ruleset, CutResult *ret)
{
        _cleanup_(cut_deinit) Cut c = { .ruleset = ruleset,
                .time_usec = clock_now_usec(CLOCK_REALTIME),
                .sockets = NETLINK_CLOSED,
                .routes = NETLINK_CLOSED,
                .dialling.conntrack = NETLINK_CLOSED };
        int r = ruleset->keep_established ? 0 : cut_all(&c);

        if (r < 0)
                return r;
        *ret = c.result;
        return 0;
}
