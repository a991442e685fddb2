/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink_conntrack.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void tuple_put(struct nlmsghdr *h, uint16_t type, const Tuple *t)
{
        bool v4 = t->from.family == FAMILY_IPV4;
        struct nlattr *tuple = mnl_attr_nest_start(h, type), *part;

        part = mnl_attr_nest_start(h, CTA_TUPLE_IP);
        mnl_attr_put(h, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, v4 ? 4 : 16, t->from.bytes);
        mnl_attr_put(h, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, v4 ? 4 : 16, t->to.bytes);
        mnl_attr_nest_end(h, part);
        part = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
        mnl_attr_put_u8(h, CTA_PROTO_NUM, IPPROTO_TCP);
        mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, htons(t->from_port));
        mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, htons(t->to_port));
        mnl_attr_nest_end(h, part);
        mnl_attr_nest_end(h, tuple);
}

static void address_read(const struct nlattr *a, Family family, Address *ret)
{
        size_t n = family_bits(family) / 8;

        if (mnl_attr_get_payload_len(a) != n)
                return;
        *ret = (Address){ .family = family };
        memcpy(ret->bytes, mnl_attr_get_payload(a), n);
}

static int part_read(const struct nlattr *a, void *data)
{
        Tuple *t = data;

        switch (mnl_attr_get_type(a)) {
        case CTA_IP_V4_SRC:
                address_read(a, FAMILY_IPV4, &t->from);
                break;
        case CTA_IP_V4_DST:
                address_read(a, FAMILY_IPV4, &t->to);
                break;
        case CTA_IP_V6_SRC:
                address_read(a, FAMILY_IPV6, &t->from);
                break;
        case CTA_IP_V6_DST:
                address_read(a, FAMILY_IPV6, &t->to);
                break;
        }
        return MNL_CB_OK;
}

static int ports_read(const struct nlattr *a, void *data)
{
        Tuple *t = data;
        uint16_t type = mnl_attr_get_type(a);

        if (type == CTA_PROTO_NUM && mnl_attr_get_payload_len(a) == 1 &&
                mnl_attr_get_u8(a) != IPPROTO_TCP)
                return MNL_CB_STOP; /* no ports of ours: none matches */
        if (type == CTA_PROTO_SRC_PORT && mnl_attr_get_payload_len(a) == 2)
                t->from_port = ntohs(mnl_attr_get_u16(a));
        if (type == CTA_PROTO_DST_PORT && mnl_attr_get_payload_len(a) == 2)
                t->to_port = ntohs(mnl_attr_get_u16(a));
        return MNL_CB_OK;
}

/* CTA_IP_… and CTA_PROTO_… have the same numbers, so each is read for itself. */
static int tuple_read(const struct nlattr *a, void *data)
{
        if (mnl_attr_get_type(a) == CTA_TUPLE_IP)
                return mnl_attr_parse_nested(a, part_read, data);
        if (mnl_attr_get_type(a) == CTA_TUPLE_PROTO)
                return mnl_attr_parse_nested(a, ports_read, data);
        return MNL_CB_OK;
}

typedef struct Entry {
        Tracked tracked;
        uint32_t status;
} Entry;

static int attribute_read(const struct nlattr *a, void *data)
{
        Entry *e = data;

        switch (mnl_attr_get_type(a)) {
        case CTA_TUPLE_ORIG:
                return mnl_attr_parse_nested(a, tuple_read, &e->tracked.original);
        case CTA_TUPLE_REPLY:
                return mnl_attr_parse_nested(a, tuple_read, &e->tracked.reply);
        case CTA_STATUS:
                if (mnl_attr_get_payload_len(a) == sizeof(e->status))
                        e->status = ntohl(mnl_attr_get_u32(a));
                break;
        }
        return MNL_CB_OK;
}

static bool entry_read(const struct nlmsghdr *h, Entry *ret)
{
        Entry e = { 0 };

        mnl_attr_parse(h, sizeof(struct nfgenmsg), attribute_read, &e);
        *ret = e;
        return e.tracked.original.to.family != 0 && e.tracked.reply.to.family != 0;
}

static struct nlmsghdr *request_put(char *buffer, uint8_t family)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct nfgenmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

        h->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;
        m->nfgen_family = family;
        m->version = NFNETLINK_V0;
        return h;
}

bool tuple_equal(const Tuple *a, const Tuple *b)
{
        return address_compare(&a->from, &b->from) == 0 && address_compare(&a->to, &b->to) == 0 &&
               a->from_port == b->from_port && a->to_port == b->to_port;
}

static int found_read(const struct nlmsghdr *h, void *data)
{
        return entry_read(h, data) ? 0 : -EBADMSG;
}

int conntrack_find(Netlink *n, const Tuple *t, Tracked *ret)
{
        char buffer[512] = { 0 };
        struct nlmsghdr *h =
                request_put(buffer, t->from.family == FAMILY_IPV4 ? AF_INET : AF_INET6);
        Entry e = { 0 };
        int r;

        /* the kernel looks among both directions, whatever the attribute is called */
        tuple_put(h, CTA_TUPLE_ORIG, t);
        r = netlink_request(n, h, found_read, &e);
        if (r < 0)
                return r;
        *ret = e.tracked;
        return 0;
}

typedef struct List {
        const Ports *ports;
        Tracked *items;
        size_t n;
} List;

static int list_read(const struct nlmsghdr *h, void *data)
{
        List *l = data;
        Entry e;

        if (!entry_read(h, &e) || !(e.status & IPS_DST_NAT) ||
                !ports_contain(l->ports, e.tracked.original.to_port))
                return 0;
        if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0)
                return -ENOMEM;
        l->items[l->n++] = e.tracked;
        return 0;
}

static int count_attribute(const struct nlattr *a, void *data)
{
        if (mnl_attr_get_type(a) == CTA_STATS_GLOBAL_ENTRIES &&
                mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
                *(bool *)data = mnl_attr_get_u32(a) == 0;
        return MNL_CB_OK;
}

static int count_read(const struct nlmsghdr *h, void *data)
{
        mnl_attr_parse(h, sizeof(struct nfgenmsg), count_attribute, data);
        return 0;
}

bool conntrack_is_empty(Netlink *n)
{
        char buffer[64] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        bool empty = false;

        h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS;
        mnl_nlmsg_put_extra_header(h, sizeof(struct nfgenmsg));
        return netlink_request(n, h, count_read, &empty) >= 0 && empty;
}

int conntrack_list_redirected(Netlink *n, const Ports *ports, Tracked **ret, size_t *ret_n)
{
        char buffer[256] = { 0 };
        struct nlmsghdr *h = request_put(buffer, AF_UNSPEC);
        List l = { .ports = ports };
        int r;

        if (conntrack_is_empty(n)) {
                *ret = NULL;
                *ret_n = 0;
                return 0;
        }
        /* a filter for kernels that know it; others tell all */
        mnl_attr_put_u32(h, CTA_STATUS, htonl(IPS_DST_NAT));
        mnl_attr_put_u32(h, CTA_STATUS_MASK, htonl(IPS_DST_NAT));
        r = netlink_dump(n, h, list_read, &l);
        if (r < 0) {
                free(l.items);
                return r;
        }
        *ret = l.items;
        *ret_n = l.n;
        return 0;
}
