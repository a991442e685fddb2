/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/way.h"

#include "daemon/netlink/forwarding.h"
#include "daemon/netlink/routes.h"
#include "daemon/netlink/sockets.h"
#include "rules/address/family.h"
#include "rules/base/strv.h"
#include "rules/policy/ports.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

int way_open(Way *ret)
{
        int r;

        *ret = (Way){ NETLINK_CLOSED, NETLINK_CLOSED };
        r = netlink_open(NETLINK_ROUTE, &ret->routes);
        if (r >= 0)
                r = netlink_open(NETLINK_SOCK_DIAG, &ret->sockets);
        if (r < 0)
                way_close(ret);
        return r;
}

void way_close(Way *w)
{
        netlink_close(&w->routes);
        netlink_close(&w->sockets);
}

static bool view_way(void *data, const Address *to, HostWay *ret)
{
        Route route;
        Way *w = data;

        if (route_find(&w->routes, &(RouteQuestion){ .to = to }, &route) < 0)
                return false;
        ret->local = route.local;
        snprintf(ret->interface, sizeof(ret->interface), "%s", route.interface);
        ret->index = route.ifindex;
        return true;
}

HostView way_view(Way *w)
{
        return (HostView){ view_way, w };
}

/* Of the packet as this host sends it, or passes it on. */
static RouteQuestion question_of(const Packet *p)
{
        bool out = p->direction == DIRECTION_OUT;

        return (RouteQuestion){ .from = p->has_from ? &p->from : NULL,
                .to = &p->to,
                .to_port = p->port,
                .in_ifindex = !out && p->in_interface ? if_nametoindex(p->in_interface) : 0,
                .has_uid = out && p->has_uid,
                .uid = p->uid };
}

static bool find_interface(Way *w, const RouteQuestion *q, char buffer[static IFNAMSIZ], Route *ret)
{
        if (route_find(&w->routes, q, ret) < 0 || ret->ifindex == 0)
                return false;
        snprintf(buffer, IFNAMSIZ, "%s", ret->interface);
        return true;
}

static void complete_out(Way *w, const Packet *p, Completion *ret)
{
        RouteQuestion q = question_of(p);
        Route route;

        if (!p->has_to || !find_interface(w, &q, ret->out, &route))
                return;
        if (!p->interface)
                ret->packet.interface = ret->out;
        if (!p->has_from && route.has_source) {
                ret->packet.from = route.source;
                ret->packet.has_from = true;
        }
}

/* The interface by which the host passes it on; by its destination only, if it would not take it
 * from there. */
static bool find_onward(Way *w, const Packet *p, char buffer[static IFNAMSIZ])
{
        RouteQuestion onward = question_of(p), plain = { .to = &p->to, .to_port = p->port };
        Route route;

        if (onward.in_ifindex != 0 && onward.from && find_interface(w, &onward, buffer, &route))
                return true;
        return find_interface(w, &plain, buffer, &route);
}

static void complete_in(Way *w, const Packet *p, Completion *ret)
{
        const char **in =
                p->direction == DIRECTION_IN ? &ret->packet.interface : &ret->packet.in_interface;
        RouteQuestion q = { .to = &p->from, .from_port = p->port };
        Route route;

        if (!*in && p->has_from && find_interface(w, &q, ret->in, &route) && !route.local) {
                *in = ret->in;
                ret->in_assumed = true;
        }
        if (p->direction == DIRECTION_ROUTED && !p->out_interface && p->has_to &&
                find_onward(w, &ret->packet, ret->out))
                ret->packet.out_interface = ret->out;
}

void way_complete(Way *w, const Packet *p, Completion *ret)
{
        *ret = (Completion){ .packet = *p };
        if (p->direction == DIRECTION_OUT)
                complete_out(w, p, ret);
        else
                complete_in(w, p, ret);
}

int way_assume_in(const Completion *c, char ***sentences)
{
        _cleanup_free_ char *s = NULL;

        if (asprintf(&s, "the packet comes in by %s, by which its source is reached", c->in) < 0)
                return -ENOMEM;
        return strv_contains(*sentences, s) ? 0 : strv_append(sentences, s);
}

/* A setting that cannot be read does not stop the packet. */
static bool forwards(Way *w, const Packet *p)
{
        unsigned ifindex = p->in_interface ? if_nametoindex(p->in_interface) : 0;

        return forwarding_by(&w->routes, p->family, ifindex) != 0;
}

bool way_is_own(Way *w, const Address *a)
{
        return route_is_local(&w->routes, a, 0);
}

const char *way_obstacle(Way *w, const Packet *p)
{
        RouteQuestion q = { .to = &p->to,
                .to_port = p->port,
                .has_uid = p->direction == DIRECTION_OUT && p->has_uid,
                .uid = p->uid };
        Route route;

        if (p->direction == DIRECTION_IN)
                return NULL;
        if (p->direction == DIRECTION_ROUTED && !forwards(w, p))
                return "this host does not pass packets on (forwarding is off)";
        if (!p->has_to)
                return NULL;
        switch (route_find(&w->routes, &q, &route)) {
        case -ENETUNREACH:
        case -EHOSTUNREACH:
                return "there is no route to the destination";
        case -EACCES:
                return "a route prohibits the destination";
        case -EINVAL:
                return "a route discards what goes to the destination (blackhole)";
        }
        return NULL;
}

static bool is_any(const Address *a)
{
        static const uint8_t zero[16];

        return memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

/* An IPv6 socket on all addresses takes IPv4 as well, unless IPV6_V6ONLY is set. */
static bool socket_listens(const Socket *s, Family family, const Address *to)
{
        bool any = is_any(&s->local);

        if (any && s->family == AF_INET6 && family == FAMILY_IPV4)
                return !s->v6_only;
        return s->local.family == family && (any || !to || address_compare(&s->local, to) == 0);
}

Truth way_listens(Way *w, Family family, const Address *to, uint16_t port)
{
        Ports ports = { 0 };
        Sockets sockets = { 0 };
        Truth all = TRUTH_NO;

        if (ports_add(&ports, port) < 0 ||
                sockets_list(&w->sockets, 1u << TCP_LISTEN, &ports, &sockets) < 0)
                all = TRUTH_MAYBE;
        for (size_t i = 0; i < sockets.n; i++)
                if (sockets.items[i].local_port == port)
                        all = truth_or(all, socket_listens(&sockets.items[i], family, to)
                                                    ? TRUTH_YES
                                                    : TRUTH_NO);
        sockets_deinit(&sockets);
        return all;
}
