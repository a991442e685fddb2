/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The addresses of this host, as routing has them: what "local" means to the kernel. Needed because
 * `filter` comes after DNAT, where only a list can say whether the address that was dialled is
 * one of ours. Tried and left: addrtype (sees the new address), a label set before DNAT (only in
 * another table), ipset (matches the packet's addresses). Kept true by rtnetlink events; while p25d
 * is dead a new address counts as foreign, and the connection as routed. The text
 * of `compile` knows no addresses and takes every translated connection for incoming.
 */

#include "daemon/iptables/locals.h"

#include "daemon/netlink/forwarding.h"
#include "daemon/netlink/routes.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/array.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_TRIES 3

static int monitor_open(Netlink *ret)
{
        static const unsigned groups[] = { RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE };
        Netlink n;
        int r = netlink_open(NETLINK_ROUTE, &n);

        for (size_t i = 0; i < ELEMENTS(groups) && r >= 0; i++) {
                r = netlink_join(&n, groups[i]);
                if (r < 0)
                        netlink_close(&n);
        }
        if (r >= 0)
                *ret = n;
        return r;
}

int ipt_locals_open(IptLocals *l)
{
        int on = 1, r;

        *l = (IptLocals){ .netlink = NETLINK_CLOSED, .monitor = NETLINK_CLOSED };
        r = netlink_open(NETLINK_ROUTE, &l->netlink);
        if (r < 0)
                return r;
        /* Else the kernel walks all routes for those of one table; older ones do. */
        (void)setsockopt(l->netlink.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
        r = monitor_open(&l->monitor);
        if (r < 0)
                ipt_locals_close(l);
        return r;
}

void ipt_locals_close(IptLocals *l)
{
        netlink_close(&l->netlink);
        netlink_close(&l->monitor);
        l->ranges = range_set_unref(l->ranges);
        free(l->elsewhere);
        l->elsewhere = NULL;
        l->elsewhere_known = false;
}

/* ---- reading ---- */

typedef struct Found {
        Prefix *items;
        size_t n;
} Found;

typedef struct Attributes {
        const struct nlattr *of[RTA_MAX + 1];
} Attributes;

static int attribute_note(const struct nlattr *a, void *data)
{
        if (mnl_attr_get_type(a) <= RTA_MAX)
                ((Attributes *)data)->of[mnl_attr_get_type(a)] = a;
        return MNL_CB_OK;
}

static int found_add(Found *f, uint8_t family, const struct nlattr *a, unsigned bits)
{
        Prefix p = { .bits = (uint8_t)bits };
        unsigned all;

        p.address.family = family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
        all = family_bits(p.address.family);
        if (!a || mnl_attr_get_payload_len(a) != all / 8 || bits > all)
                return 0;
        memcpy(p.address.bytes, mnl_attr_get_payload(a), all / 8);
        if (array_grow(&f->items, f->n, sizeof(Prefix)) < 0)
                return -ENOMEM;
        f->items[f->n++] = p;
        return 0;
}

static bool route_is_ours(const struct rtmsg *m)
{
        return m->rtm_type == RTN_LOCAL || m->rtm_type == RTN_ANYCAST;
}

static int route_read(const struct nlmsghdr *h, void *data)
{
        const struct rtmsg *m = mnl_nlmsg_get_payload(h);
        Attributes a = { 0 };

        if (h->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
                !route_is_ours(m) || (m->rtm_family != AF_INET && m->rtm_family != AF_INET6))
                return 0;
        mnl_attr_parse(h, sizeof(*m), attribute_note, &a);
        return found_add(data, m->rtm_family, a.of[RTA_DST], m->rtm_dst_len);
}

static int elsewhere_note(const struct nlmsghdr *h, void *data)
{
        const struct rtmsg *m = mnl_nlmsg_get_payload(h);

        if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->rtm_table == RT_TABLE_LOCAL ||
                m->rtm_flags & RTM_F_CLONED)
                return 0;
        return route_read(h, data);
}

static int address_read(const struct nlmsghdr *h, void *data)
{
        const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
        Attributes a = { 0 };

        if (h->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
                (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
                return 0;
        mnl_attr_parse(h, sizeof(*m), attribute_note, &a);
        return found_add(data, m->ifa_family, a.of[IFA_LOCAL] ?: a.of[IFA_ADDRESS],
                m->ifa_family == AF_INET ? 32 : 128);
}

static const uint8_t families[] = { AF_INET, AF_INET6 };

/* wanted has the family, the table (0: all) and the type (0: all). */
static int routes_read(IptLocals *l, const struct rtmsg *wanted, NetlinkHandler handler, Found *f)
{
        char buffer[256] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

        h->nlmsg_type = RTM_GETROUTE;
        *m = *wanted;
        return netlink_dump(&l->netlink, h, handler, f);
}

static int addresses_read(IptLocals *l, uint8_t family, Found *f)
{
        char buffer[256] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

        h->nlmsg_type = RTM_GETADDR;
        m->ifa_family = family;
        return netlink_dump(&l->netlink, h, address_read, f);
}

/* Those that are not in the table "local": all tables are walked, so only when one may have come.
 */
static int elsewhere_read(IptLocals *l)
{
        Found f = { 0 };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(families) && r >= 0; i++)
                r = routes_read(l,
                        &(struct rtmsg){ .rtm_family = families[i], .rtm_type = RTN_LOCAL },
                        elsewhere_note, &f);
        if (r < 0) {
                free(f.items);
                return r;
        }
        free(l->elsewhere);
        l->elsewhere = f.items;
        l->n_elsewhere = f.n;
        l->elsewhere_known = true;
        return 0;
}

/* Does a packet without a mark come to such a route? Its table may be asked only for marked ones,
 * as for those that TPROXY takes. The first address of the whole family means something else. */
static bool prefix_is_reached(IptLocals *l, const Prefix *p)
{
        Address a = p->address;
        unsigned bits = family_bits(a.family);

        if (p->bits < bits)
                a.bytes[bits / 8 - 1] |= 1;
        return route_is_local(&l->netlink, &a, 0);
}

static int elsewhere_add(IptLocals *l, Found *f)
{
        int r = l->elsewhere_known ? 0 : elsewhere_read(l);

        for (size_t i = 0; i < l->n_elsewhere && r >= 0; i++) {
                if (!prefix_is_reached(l, &l->elsewhere[i]))
                        continue;
                r = array_grow(&f->items, f->n, sizeof(Prefix));
                if (r >= 0)
                        f->items[f->n++] = l->elsewhere[i];
        }
        return r;
}

/* Local routes, which may be of whole networks; and addresses, whose routes are in other tables on
 * a host with VRFs. */
static int read_once(IptLocals *l, Found *f)
{
        int r = 0;

        f->n = 0;
        for (size_t i = 0; i < ELEMENTS(families) && r >= 0; i++) {
                r = routes_read(l,
                        &(struct rtmsg){ .rtm_family = families[i], .rtm_table = RT_TABLE_LOCAL },
                        route_read, f);
                if (r == -ENOENT) /* this family has no such table yet */
                        r = 0;
                if (r >= 0)
                        r = addresses_read(l, families[i], f);
        }
        return r < 0 ? r : elsewhere_add(l, f);
}

int ipt_locals_read(IptLocals *l)
{
        bool bridges = forwarding_of_bridges(), others = bridges != l->bridges;
        _cleanup_(prefix_set_unref_p) PrefixSet *prefixes = NULL;
        _cleanup_(range_set_unref_p) RangeSet *ranges = NULL;
        Found f = { 0 };
        int r = -EINTR;

        for (unsigned i = 0; i < READ_TRIES && r == -EINTR; i++)
                r = read_once(l, &f);
        if (r >= 0)
                r = prefix_set_new(f.items, f.n, &prefixes);
        free(f.items);
        if (r >= 0)
                r = range_set_from_prefixes(prefixes, &ranges);
        if (r < 0)
                return r;
        l->bridges = bridges;
        if (l->ranges && range_set_equal(l->ranges, ranges))
                return others;
        range_set_unref(l->ranges);
        l->ranges = TAKE_PTR(ranges);
        return 1;
}

/* Routes to others come and go by the thousand on some hosts: they are not ours. */
static bool message_matters(IptLocals *l, const struct nlmsghdr *h)
{
        const struct rtmsg *m = mnl_nlmsg_get_payload(h);

        switch (h->nlmsg_type) {
        case RTM_NEWADDR:
        case RTM_DELADDR:
                return true;
        case RTM_NEWRULE:
        case RTM_DELRULE:
                return l->n_elsewhere > 0;
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
                if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || !route_is_ours(m))
                        return false;
                if (m->rtm_table != RT_TABLE_LOCAL)
                        l->elsewhere_known = false;
                return true;
        }
        return false;
}

bool ipt_locals_drain(IptLocals *l)
{
        _Alignas(struct nlmsghdr) char buffer[16384];
        bool any = false;

        for (;;) {
                ssize_t n = recv(l->monitor.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
                const struct nlmsghdr *h = (const void *)buffer;
                int left = (int)n;

                if (n < 0 && errno != ENOBUFS)
                        return any;
                if (n < 0) { /* events were lost */
                        l->elsewhere_known = false;
                        any = true;
                }
                for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
                        any = message_matters(l, h) || any;
        }
}
