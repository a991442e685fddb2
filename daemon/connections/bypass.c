/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reads the list of links once: a port of a bridge names its bridge by number. */

#include "daemon/connections/bypass.h"

#include "daemon/netlink/netlink.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>

typedef struct Link {
        uint32_t index, bridge; /* 0: it is not a port of one */
        char name[IF_NAMESIZE];
        char kind[32]; /* "macvlan", "bridge"; "": a network card */
        bool is_ethernet;
} Link;

typedef struct Links {
        Link *items;
        size_t n;
} Links;

static void links_deinit(Links *l)
{
        free(l->items);
}

static void text_read(const struct nlattr *a, char *ret, size_t size)
{
        (void)snprintf(ret, size, "%.*s", (int)mnl_attr_get_payload_len(a), mnl_attr_get_str(a));
}

static int attribute_read(const struct nlattr *a, void *data)
{
        const struct nlattr *inner;
        Link *link = data;

        switch (mnl_attr_get_type(a)) {
        case IFLA_IFNAME:
                text_read(a, link->name, sizeof(link->name));
                break;
        case IFLA_MASTER:
                if (mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
                        link->bridge = mnl_attr_get_u32(a);
                break;
        case IFLA_LINKINFO:
                mnl_attr_for_each_nested(inner, a) if (mnl_attr_get_type(inner) == IFLA_INFO_KIND)
                        text_read(inner, link->kind, sizeof(link->kind));
                break;
        }
        return MNL_CB_OK;
}

static int link_read(const struct nlmsghdr *h, void *data)
{
        const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
        Links *l = data;
        Link link = { 0 };

        if (h->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(h) < sizeof(*info))
                return -EBADMSG;
        link.index = (uint32_t)info->ifi_index;
        link.is_ethernet = info->ifi_type == ARPHRD_ETHER;
        mnl_attr_parse(h, sizeof(*info), attribute_read, &link);
        if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0)
                return -ENOMEM;
        l->items[l->n++] = link;
        return 0;
}

static int links_read(Links *l)
{
        char buffer[64] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        Netlink n;
        int r = netlink_open(NETLINK_ROUTE, &n);

        if (r < 0)
                return r;
        h->nlmsg_type = RTM_GETLINK;
        mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
        r = netlink_dump(&n, h, link_read, l);
        netlink_close(&n);
        return r;
}

static const Link *link_find(const Links *l, uint32_t index)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].index == index)
                        return &l->items[i];
        return NULL;
}

static bool is_child(const Link *link)
{
        static const char *const kinds[] = { "macvlan", "macvtap", "ipvlan", "ipvtap" };

        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                if (streq(link->kind, kinds[i]))
                        return true;
        return false;
}

/* A card, or several bonded, or one in a VLAN: a way out of the host. */
static bool is_uplink(const Link *link)
{
        return link->is_ethernet && (link->kind[0] == '\0' || streq(link->kind, "bond") ||
                                            streq(link->kind, "vlan") || streq(link->kind, "team"));
}

/* Does the bridge pass frames between a guest and an uplink? */
static bool has_guest(const Links *l, uint32_t bridge)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].bridge == bridge && !is_uplink(&l->items[i]))
                        return true;
        return false;
}

static int link_tell(const Links *l, const Link *link, char ***lines)
{
        const Link *bridge = link->bridge != 0 ? link_find(l, link->bridge) : NULL;

        if (is_child(link))
                return strv_printf(lines, "%s (%s)", link->name, link->kind);
        if (bridge && streq(bridge->kind, "bridge") && is_uplink(link) &&
                has_guest(l, bridge->index))
                return strv_printf(lines, "%s (bridge with %s)", bridge->name, link->name);
        return 0;
}

int bypasses_find(char ***ret)
{
        _cleanup_(links_deinit) Links l = { 0 };
        _cleanup_strv_ char **lines = NULL;
        int r = links_read(&l);

        for (size_t i = 0; i < l.n && r >= 0; i++)
                r = link_tell(&l, &l.items[i], &lines);
        if (r < 0)
                return r;
        strv_sort(lines);
        *ret = TAKE_PTR(lines);
        return 0;
}
