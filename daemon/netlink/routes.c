/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/routes.h"

#include "rules/address/family.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
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

/* ---- forwarding: linux/netconf.h; /proc/sys is hidden from p25d by its unit ---- */

/* Since Linux 6.17; of IPv6. */
#define NETCONFA_FORCE_FORWARDING_ 9

typedef struct Forwarding {
        bool known, on, forced;
} Forwarding;

static int forwarding_attribute(const struct nlattr *a, void *data)
{
        Forwarding *f = data;

        if (mnl_attr_validate(a, MNL_TYPE_U32) < 0)
                return MNL_CB_OK;
        if (mnl_attr_get_type(a) == NETCONFA_FORWARDING) {
                f->known = true;
                f->on = mnl_attr_get_u32(a) != 0;
        }
        if (mnl_attr_get_type(a) == NETCONFA_FORCE_FORWARDING_)
                f->forced = mnl_attr_get_u32(a) != 0;
        return MNL_CB_OK;
}

static int forwarding_read(const struct nlmsghdr *h, void *data)
{
        if (h->nlmsg_type != RTM_NEWNETCONF ||
                mnl_nlmsg_get_payload_len(h) < sizeof(struct netconfmsg))
                return -EBADMSG;
        mnl_attr_parse(h, sizeof(struct netconfmsg), forwarding_attribute, data);
        return 0;
}

static int forwarding_ask(Netlink *n, Family family, int32_t ifindex, Forwarding *ret)
{
        char buffer[128] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct netconfmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
        Forwarding f = { 0 };
        int r;

        h->nlmsg_type = RTM_GETNETCONF;
        m->ncm_family = family == FAMILY_IPV4 ? AF_INET : AF_INET6;
        mnl_attr_put_u32(h, NETCONFA_IFINDEX, (uint32_t)ifindex);
        r = netlink_request(n, h, forwarding_read, &f);
        if (r >= 0 && !f.known)
                r = -ENODATA;
        if (r >= 0)
                *ret = f;
        return r;
}

/* IPv4 asks the interface by which a packet comes, IPv6 all of them together. */
int route_forwards(Netlink *n, Family family, uint32_t ifindex)
{
        Forwarding all, one = { 0 };
        int r = forwarding_ask(n, family, NETCONFA_IFINDEX_ALL, &all);

        if (r < 0)
                return r;
        if (ifindex != 0 && forwarding_ask(n, family, (int32_t)ifindex, &one) >= 0)
                return family == FAMILY_IPV4 ? one.on : all.on || one.forced;
        return all.on;
}

/* Loaded, it is a module; built in, only its switches are seen, which p25d.service has elsewhere.
 */
bool bridges_are_filtered(void)
{
        return access("/sys/module/br_netfilter", F_OK) == 0 ||
               access("/proc/sys/net/bridge", F_OK) == 0 || access("/run/p25/bridge", F_OK) == 0;
}
