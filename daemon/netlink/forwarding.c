/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/forwarding.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of an event: what does not fit is dropped with the rest. */
#define EVENT_SIZE 8192

/* ---- forwarding: linux/netconf.h; /proc/sys is hidden from p25d by its unit ---- */

/* Since Linux 6.17; of IPv6. */
#define NETCONFA_FORCE_FORWARDING_ 9

typedef struct Forwarding {
        int32_t ifindex;
        bool known, on, forced;
} Forwarding;

static int forwarding_attribute(const struct nlattr *a, void *data)
{
        Forwarding *f = data;

        if (mnl_attr_validate(a, MNL_TYPE_U32) < 0)
                return MNL_CB_OK;
        switch (mnl_attr_get_type(a)) {
        case NETCONFA_IFINDEX:
                f->ifindex = (int32_t)mnl_attr_get_u32(a);
                break;
        case NETCONFA_FORWARDING:
                f->known = true;
                f->on = mnl_attr_get_u32(a) != 0;
                break;
        case NETCONFA_FORCE_FORWARDING_:
                f->forced = mnl_attr_get_u32(a) != 0;
                break;
        }
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

static struct nlmsghdr *forwarding_request(char *buffer, Family family)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct netconfmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

        h->nlmsg_type = RTM_GETNETCONF;
        m->ncm_family = family == FAMILY_IPV4 ? AF_INET : AF_INET6;
        return h;
}

static int forwarding_ask(Netlink *n, Family family, int32_t ifindex, Forwarding *ret)
{
        char buffer[128] = { 0 };
        struct nlmsghdr *h = forwarding_request(buffer, family);
        Forwarding f = { 0 };
        int r;

        mnl_attr_put_u32(h, NETCONFA_IFINDEX, (uint32_t)ifindex);
        r = netlink_request(n, h, forwarding_read, &f);
        if (r >= 0 && !f.known)
                r = -ENODATA;
        if (r >= 0)
                *ret = f;
        return r;
}

/* IPv4 asks the interface by which a packet comes, IPv6 all of them together. */
int forwarding_by(Netlink *n, Family family, uint32_t ifindex)
{
        Forwarding all, one = { 0 };
        int r = forwarding_ask(n, family, NETCONFA_IFINDEX_ALL, &all);

        if (r < 0)
                return r;
        if (ifindex != 0 && forwarding_ask(n, family, (int32_t)ifindex, &one) >= 0)
                return family == FAMILY_IPV4 ? one.on : all.on || one.forced;
        return all.on;
}

/* The default is for interfaces that are still to come. */
static int forwarding_note(const struct nlmsghdr *h, void *data)
{
        Forwarding f = { 0 };
        int r = forwarding_read(h, &f);

        if (r >= 0 && (f.on || f.forced) && f.ifindex != NETCONFA_IFINDEX_DEFAULT)
                *(bool *)data = true;
        return r;
}

/* A kernel that was booted without IPv6 has no list of it. */
static int find_switch(Netlink *n, bool *ret)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(families) && r >= 0 && !*ret; i++) {
                char buffer[128] = { 0 };

                r = netlink_dump(n, forwarding_request(buffer, families[i]), forwarding_note, ret);
                if (r == -EOPNOTSUPP && families[i] == FAMILY_IPV6)
                        r = 0;
        }
        return r;
}

/* ---- bridges ---- */

/* Loaded, it is a module; built in, only its switches are seen, which p25d.service has elsewhere.
 */
bool forwarding_of_bridges(void)
{
        return access("/sys/module/br_netfilter", F_OK) == 0 ||
               access("/proc/sys/net/bridge", F_OK) == 0 || access("/run/p25/bridge", F_OK) == 0;
}

static int kind_note(const struct nlattr *a, void *data)
{
        if (mnl_attr_get_type(a) == IFLA_INFO_KIND &&
                mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 &&
                streq(mnl_attr_get_str(a), "bridge"))
                *(bool *)data = true;
        return MNL_CB_OK;
}

static int link_attribute(const struct nlattr *a, void *data)
{
        if (mnl_attr_get_type(a) == IFLA_LINKINFO)
                mnl_attr_parse_nested(a, kind_note, data);
        return MNL_CB_OK;
}

static int link_note(const struct nlmsghdr *h, void *data)
{
        if (h->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(h) < sizeof(struct ifinfomsg))
                return -EBADMSG;
        mnl_attr_parse(h, sizeof(struct ifinfomsg), link_attribute, data);
        return 0;
}

static int find_bridge(Netlink *n, bool *ret)
{
        char buffer[128] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

        h->nlmsg_type = RTM_GETLINK;
        mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
        mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        return netlink_dump(n, h, link_note, ret);
}

/* ---- both ---- */

/* What changes while the lists are read (-EINTR) is reported to a watch too. */
int forwarding_find(Netlink *n)
{
        bool found = false;
        int r = find_switch(n, &found);

        if ((r >= 0 || r == -EINTR) && !found && forwarding_of_bridges())
                r = find_bridge(n, &found);
        if (found)
                return 1;
        return r == -EINTR ? 0 : r;
}

int forwarding_watch(Netlink *ret)
{
        static const unsigned groups[] = { RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF,
                RTNLGRP_LINK };
        Netlink n;
        int r = netlink_open(NETLINK_ROUTE, &n);

        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(groups) && r >= 0; i++)
                r = netlink_join(&n, groups[i]);
        if (r < 0)
                netlink_close(&n);
        else
                *ret = n;
        return r;
}

void forwarding_drain(Netlink *n)
{
        char buffer[EVENT_SIZE];
        ssize_t size;

        do
                size = netlink_receive(n, buffer, sizeof(buffer));
        while (size >= 0 || size == -ENOBUFS || size == -ENOSPC);
}
