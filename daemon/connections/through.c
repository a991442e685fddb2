/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/through.h"

#include "daemon/connections/reroute.h"
#include "daemon/netlink/routes.h"

static bool ask(Netlink *n, const RouteQuestion *q, Route *ret)
{
        *ret = (Route){ 0 };
        return route_find(n, q, ret) == 0 && !ret->local && ret->ifindex != 0;
}

bool routes_ask_mark(void)
{
        MarkRoute marked;

        return mark_route_find(&marked) < 0 || marked.found;
}

/*
 * The client is taken to come from where its answers go. Then both directions are asked of the
 * kernel as packets that came by the other's interface; it says no if it would not take them from
 * there.
 */
bool through_find(Netlink *n, const ThroughEnds *e, bool marked_routes, Through *ret)
{
        RouteQuestion answer = { .to = e->client,
                .from_port = e->server_port,
                .to_port = e->client_port,
                .mark = e->mark };
        RouteQuestion request = { .from = e->client,
                .to = e->server,
                .from_port = e->client_port,
                .to_port = e->server_port,
                .mark = e->mark };
        Route in, out, back;

        if ((e->mark == 0 && marked_routes) || !ask(n, &answer, &in))
                return false;
        request.in_ifindex = in.ifindex;
        if (!ask(n, &request, &out))
                return false;
        answer.from = e->server;
        answer.in_ifindex = out.ifindex;
        if (!ask(n, &answer, &back) || back.ifindex != in.ifindex || in.ifindex == out.ifindex)
                return false;
        memcpy(ret->in, in.interface, sizeof(ret->in));
        memcpy(ret->out, out.interface, sizeof(ret->out));
        return true;
}
