/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/conntrack.h"

#include "rules/nftables/table.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A marked entry made anew lives as long as the other side may wait to speak. */
#define MARKED_TIMEOUT_SEC 7200

/* ---- labels ---- */

bool conntrack_has_label(const struct nlattr *labels, unsigned bit)
{
        uint8_t mask[NFT_LABEL_BYTES];
        const uint8_t *have;

        if (!labels || mnl_attr_get_payload_len(labels) < NFT_LABEL_BYTES)
                return false;
        nft_label_bitmap(bit, mask);
        have = mnl_attr_get_payload(labels);
        for (size_t i = 0; i < NFT_LABEL_BYTES; i++)
                if (have[i] & mask[i])
                        return true;
        return false;
}

void conntrack_put_mark(struct nlmsghdr *h, bool mark)
{
        static const uint8_t none[NFT_LABEL_BYTES];
        uint8_t label[NFT_LABEL_BYTES];

        nft_label_bitmap(NFT_LABEL_CUT, label);
        mnl_attr_put(h, CTA_LABELS, NFT_LABEL_BYTES, mark ? label : none);
        mnl_attr_put(h, CTA_LABELS_MASK, NFT_LABEL_BYTES, label);
}

static void put_established(struct nlmsghdr *h)
{
        struct nf_ct_tcp_flags liberal = { .flags = IP_CT_TCP_FLAG_BE_LIBERAL,
                .mask = IP_CT_TCP_FLAG_BE_LIBERAL };
        struct nlattr *info = mnl_attr_nest_start(h, CTA_PROTOINFO);
        struct nlattr *tcp = mnl_attr_nest_start(h, CTA_PROTOINFO_TCP);

        mnl_attr_put_u8(h, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
        mnl_attr_put(h, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof(liberal), &liberal);
        mnl_attr_put(h, CTA_PROTOINFO_TCP_FLAGS_REPLY, sizeof(liberal), &liberal);
        mnl_attr_nest_end(h, tcp);
        mnl_attr_nest_end(h, info);
}

void conntrack_put_marked_entry(struct nlmsghdr *h)
{
        uint8_t label[NFT_LABEL_BYTES];

        nft_label_bitmap(NFT_LABEL_CUT, label);
        mnl_attr_put_u32(h, CTA_TIMEOUT, htonl(MARKED_TIMEOUT_SEC));
        mnl_attr_put_u32(h, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED));
        put_established(h);
        mnl_attr_put(h, CTA_LABELS, NFT_LABEL_BYTES, label);
}

/* ---- entries ---- */

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
        case CTA_LABELS:
                e->tracked.marked = conntrack_has_label(a, NFT_LABEL_CUT);
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

static struct nlmsghdr *request_put(char *buffer, unsigned type, Family family)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct nfgenmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

        h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
        m->nfgen_family = family == FAMILY_IPV4   ? AF_INET
                          : family == FAMILY_IPV6 ? AF_INET6
                                                  : AF_UNSPEC;
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
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_GET, t->from.family);
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

static int request_delete(Netlink *n, const Tuple *original)
{
        char buffer[512] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_DELETE, original->from.family);

        tuple_put(h, CTA_TUPLE_ORIG, original);
        return netlink_request(n, h, NULL, NULL);
}

static int request_make(Netlink *n, const Tracked *t)
{
        char buffer[1024] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_NEW, t->original.from.family);

        h->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
        tuple_put(h, CTA_TUPLE_ORIG, &t->original);
        tuple_put(h, CTA_TUPLE_REPLY, &t->reply);
        conntrack_put_marked_entry(h);
        return netlink_request(n, h, NULL, NULL);
}

static int request_mark(Netlink *n, const Tuple *original, bool mark)
{
        char buffer[512] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_NEW, original->from.family);

        tuple_put(h, CTA_TUPLE_ORIG, original);
        conntrack_put_mark(h, mark);
        return netlink_request(n, h, NULL, NULL);
}

int conntrack_mark(Netlink *n, const Tracked *t)
{
        int r = request_mark(n, &t->original, true);

        if (r == -ENOSPC) /* no room for labels: it was made before they were used here */
                r = request_delete(n, &t->original);
        else if (r != -ENOENT)
                return r;
        if (r < 0 && r != -ENOENT)
                return r;
        r = request_make(n, t);
        /* a packet came meanwhile and made one, with room */
        return r == -EEXIST ? request_mark(n, &t->original, true) : r;
}

int conntrack_unmark(Netlink *n, const Tracked *t)
{
        int r = request_mark(n, &t->original, false);

        return r == -ENOENT ? 0 : r;
}

typedef struct List {
        const Ports *ports; /* NULL: what is marked */
        Tracked *items;
        size_t n;
} List;

static bool is_redirected(const Entry *e, const Ports *ports)
{
        return (e->status & IPS_DST_NAT) && ports_contain(ports, e->tracked.original.to_port);
}

static int list_read(const struct nlmsghdr *h, void *data)
{
        List *l = data;
        Entry e;

        if (!entry_read(h, &e))
                return 0;
        if (!(l->ports ? is_redirected(&e, l->ports) : e.tracked.marked))
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

static int list_request(Netlink *n, struct nlmsghdr *h, List *l, Tracked **ret, size_t *ret_n)
{
        int r = conntrack_is_empty(n) ? 0 : netlink_dump(n, h, list_read, l);

        if (r < 0) {
                free(l->items);
                return r;
        }
        *ret = l->items;
        *ret_n = l->n;
        return 0;
}

int conntrack_list_redirected(Netlink *n, const Ports *ports, Tracked **ret, size_t *ret_n)
{
        char buffer[256] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_GET, 0);
        List l = { .ports = ports };

        /* a filter for kernels that know it; others tell all */
        mnl_attr_put_u32(h, CTA_STATUS, htonl(IPS_DST_NAT));
        mnl_attr_put_u32(h, CTA_STATUS_MASK, htonl(IPS_DST_NAT));
        return list_request(n, h, &l, ret, ret_n);
}

int conntrack_list_marked(Netlink *n, Tracked **ret, size_t *ret_n)
{
        char buffer[64] = { 0 };
        List l = { 0 };

        return list_request(n, request_put(buffer, IPCTNL_MSG_CT_GET, 0), &l, ret, ret_n);
}
