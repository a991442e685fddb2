/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/routes.h"

#include "rules/address/family.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

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
        if (found.ifindex != 0 && if_indextoname(found.ifindex, route->interface))
                route->ifindex = found.ifindex;
        return 0;
}

static void put_u32_if(struct nlmsghdr *h, uint16_t attribute, uint32_t value)
{
        if (value != 0)
                mnl_attr_put_u32(h, attribute, value);
}

static void put_port_if(struct nlmsghdr *h, uint16_t attribute, uint16_t port)
{
        if (port != 0)
                mnl_attr_put_u16(h, attribute, htons(port));
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
        put_u32_if(h, RTA_OIF, q->ifindex);
        put_u32_if(h, RTA_IIF, q->in_ifindex);
        put_u32_if(h, RTA_MARK, q->mark);
        /* without it the kernel would take that of this process */
        mnl_attr_put_u32(h, RTA_UID, q->has_uid ? q->uid : UINT32_MAX);
        mnl_attr_put_u8(h, RTA_IP_PROTO, IPPROTO_TCP);
        put_port_if(h, RTA_SPORT, q->from_port);
        put_port_if(h, RTA_DPORT, q->to_port);
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
