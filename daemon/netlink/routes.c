/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/routes.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct RouteAttributes {
        uint32_t ifindex;
        bool gateway, has_source;
        uint8_t source[16];
} RouteAttributes;

static int attribute_read(const struct nlattr *a, void *data)
{
        RouteAttributes *r = data;

        if (mnl_attr_get_type(a) == RTA_OIF && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
                r->ifindex = mnl_attr_get_u32(a);
        if (mnl_attr_get_type(a) == RTA_GATEWAY || mnl_attr_get_type(a) == RTA_VIA)
                r->gateway = true;
        if (mnl_attr_get_type(a) == RTA_PREFSRC &&
                mnl_attr_get_payload_len(a) <= sizeof(r->source)) {
                memcpy(r->source, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
                r->has_source = true;
        }
        return MNL_CB_OK;
}

static int route_read(const struct nlmsghdr *h, void *data)
{
        const struct rtmsg *m = mnl_nlmsg_get_payload(h);
        Route *route = data;
        RouteAttributes found = { 0 };

        if (h->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
                return -EBADMSG;
        route->local = m->rtm_type == RTN_LOCAL || m->rtm_type == RTN_ANYCAST;
        mnl_attr_parse(h, sizeof(*m), attribute_read, &found);
        route->gateway = found.gateway;
        route->has_source = found.has_source;
        route->source.family = m->rtm_family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
        memcpy(route->source.bytes, found.source, sizeof(found.source));
        if (found.ifindex == 0 || !if_indextoname(found.ifindex, route->interface))
                route->interface[0] = '\0';
        return 0;
}

int route_find(Netlink *n, const RouteQuestion *q, Route *ret)
{
        char buffer[256] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
        size_t bytes = family_bits(q->to->family) / 8;
        Route route = { 0 };
        int r;

        h->nlmsg_type = RTM_GETROUTE;
        m->rtm_family = q->to->family == FAMILY_IPV4 ? AF_INET : AF_INET6;
        m->rtm_dst_len = (uint8_t)family_bits(q->to->family);
        mnl_attr_put(h, RTA_DST, bytes, q->to->bytes);
        if (q->from) {
                m->rtm_src_len = m->rtm_dst_len;
                mnl_attr_put(h, RTA_SRC, bytes, q->from->bytes);
        }
        if (q->ifindex != 0)
                mnl_attr_put_u32(h, RTA_OIF, q->ifindex);
        if (q->mark != 0)
                mnl_attr_put_u32(h, RTA_MARK, q->mark);
        r = netlink_request(n, h, route_read, &route);
        if (r < 0)
                return r;
        *ret = route;
        return 0;
}

bool route_is_local(Netlink *n, const Address *a, uint32_t mark)
{
        Route route;

        return route_find(n, &(RouteQuestion){ .to = a, .mark = mark }, &route) == 0 && route.local;
}

/* Loaded, it is a module; built in, only its switches are seen, which p25d.service has elsewhere.
 */
bool bridges_are_filtered(void)
{
        return access("/sys/module/br_netfilter", F_OK) == 0 ||
               access("/proc/sys/net/bridge", F_OK) == 0 || access("/run/p25/bridge", F_OK) == 0;
}
