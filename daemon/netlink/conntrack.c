/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/conntrack.h"

#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/nftables/numbers.h"
#include "rules/policy/ports.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A marked entry that is made again must outlive the silence of both sides. */
#define MARKED_TIMEOUT_SEC 7200
#define LIST_TRIES 3
#define TURN_TRIES 8

void tracked_list_deinit(TrackedList *l)
{
        free(l->items);
        *l = (TrackedList){ 0 };
}

/* ---- labels ---- */

static bool labels_have(const struct nlattr *labels, unsigned bit)
{
        uint8_t mask[NFT_LABEL_BYTES];
        const uint8_t *have = mnl_attr_get_payload(labels);

        if (mnl_attr_get_payload_len(labels) < NFT_LABEL_BYTES)
                return false;
        nft_label_bitmap(bit, mask);
        for (size_t i = 0; i < NFT_LABEL_BYTES; i++)
                if (have[i] & mask[i])
                        return true;
        return false;
}

static void put_label(struct nlmsghdr *h, bool cut)
{
        static const uint8_t none[NFT_LABEL_BYTES];
        uint8_t label[NFT_LABEL_BYTES];

        nft_label_bitmap(NFT_LABEL_CUT, label);
        mnl_attr_put(h, CTA_LABELS, NFT_LABEL_BYTES, cut ? label : none);
        mnl_attr_put(h, CTA_LABELS_MASK, NFT_LABEL_BYTES, label);
}

/* Out-of-window packets belong to it: the segment that asks an idle end for an answer is one. */
static void put_liberal(struct nlmsghdr *h, bool established)
{
        struct nf_ct_tcp_flags liberal = { .flags = IP_CT_TCP_FLAG_BE_LIBERAL,
                .mask = IP_CT_TCP_FLAG_BE_LIBERAL };
        struct nlattr *info = mnl_attr_nest_start(h, CTA_PROTOINFO);
        struct nlattr *tcp = mnl_attr_nest_start(h, CTA_PROTOINFO_TCP);

        if (established)
                mnl_attr_put_u8(h, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
        mnl_attr_put(h, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof(liberal), &liberal);
        mnl_attr_put(h, CTA_PROTOINFO_TCP_FLAGS_REPLY, sizeof(liberal), &liberal);
        mnl_attr_nest_end(h, tcp);
        mnl_attr_nest_end(h, info);
}

/* Attributes of a new entry besides its tuples: it is established, and marked. */
static void put_marked_entry(struct nlmsghdr *h, const Tracked *t)
{
        uint8_t label[NFT_LABEL_BYTES];

        nft_label_bitmap(NFT_LABEL_CUT, label);
        mnl_attr_put_u32(h, CTA_TIMEOUT, htonl(MARKED_TIMEOUT_SEC));
        mnl_attr_put_u32(h, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED));
        put_liberal(h, true);
        mnl_attr_put(h, CTA_LABELS, NFT_LABEL_BYTES, label);
        if (t->mark != 0)
                mnl_attr_put_u32(h, CTA_MARK, htonl(t->mark));
}

/* ---- entries ---- */

static void tuple_put(struct nlmsghdr *h, uint16_t type, const Tuple *t, uint16_t zone)
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
        if (zone != 0)
                mnl_attr_put_u16(h, CTA_TUPLE_ZONE, htons(zone));
        mnl_attr_nest_end(h, tuple);
}

static void original_put(struct nlmsghdr *h, const Tracked *t)
{
        tuple_put(h, CTA_TUPLE_ORIG, &t->original, t->original_zone);
        if (t->zone != 0)
                mnl_attr_put_u16(h, CTA_ZONE, htons(t->zone));
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
                return MNL_CB_STOP; /* its port stays 0 */
        if (type == CTA_PROTO_SRC_PORT && mnl_attr_get_payload_len(a) == 2)
                t->from_port = ntohs(mnl_attr_get_u16(a));
        if (type == CTA_PROTO_DST_PORT && mnl_attr_get_payload_len(a) == 2)
                t->to_port = ntohs(mnl_attr_get_u16(a));
        return MNL_CB_OK;
}

static uint16_t u16_of(const struct nlattr *a)
{
        return mnl_attr_validate(a, MNL_TYPE_U16) >= 0 ? ntohs(mnl_attr_get_u16(a)) : 0;
}

static uint32_t u32_of(const struct nlattr *a)
{
        return mnl_attr_validate(a, MNL_TYPE_U32) >= 0 ? ntohl(mnl_attr_get_u32(a)) : 0;
}

typedef struct Way {
        Tuple tuple;
        uint16_t zone;
} Way;

/* CTA_IP_… and CTA_PROTO_… have the same numbers, so each has its own reader. */
static int tuple_read(const struct nlattr *a, void *data)
{
        Way *w = data;

        switch (mnl_attr_get_type(a)) {
        case CTA_TUPLE_IP:
                return mnl_attr_parse_nested(a, part_read, &w->tuple);
        case CTA_TUPLE_PROTO:
                return mnl_attr_parse_nested(a, ports_read, &w->tuple);
        case CTA_TUPLE_ZONE:
                w->zone = u16_of(a);
                break;
        }
        return MNL_CB_OK;
}

static int way_read(const struct nlattr *a, Tuple *ret, uint16_t *ret_zone)
{
        Way w = { 0 };
        int r = mnl_attr_parse_nested(a, tuple_read, &w);

        *ret = w.tuple;
        *ret_zone = w.zone;
        return r;
}

/* Conntrack takes the windows of a connection that it meets in the middle liberally. */
static int tcp_read(const struct nlattr *a, void *data)
{
        const struct nf_ct_tcp_flags *flags = mnl_attr_get_payload(a);
        Tracked *t = data;

        if (mnl_attr_get_type(a) == CTA_PROTOINFO_TCP_STATE &&
                mnl_attr_validate(a, MNL_TYPE_U8) >= 0)
                t->tcp_state = mnl_attr_get_u8(a);
        if (mnl_attr_get_type(a) == CTA_PROTOINFO_TCP_FLAGS_ORIGINAL &&
                mnl_attr_get_payload_len(a) >= sizeof(*flags))
                t->picked_up = flags->flags & IP_CT_TCP_FLAG_BE_LIBERAL;
        return MNL_CB_OK;
}

static int protocol_read(const struct nlattr *a, void *data)
{
        return mnl_attr_get_type(a) == CTA_PROTOINFO_TCP ? mnl_attr_parse_nested(a, tcp_read, data)
                                                         : MNL_CB_OK;
}

static int attribute_read(const struct nlattr *a, void *data)
{
        Tracked *t = data;

        switch (mnl_attr_get_type(a)) {
        case CTA_TUPLE_ORIG:
                return way_read(a, &t->original, &t->original_zone);
        case CTA_TUPLE_REPLY:
                return way_read(a, &t->reply, &t->reply_zone);
        case CTA_STATUS:
                t->status = u32_of(a);
                break;
        case CTA_MARK:
                t->mark = u32_of(a);
                break;
        case CTA_ZONE:
                t->zone = u16_of(a);
                break;
        case CTA_LABELS:
                t->cut = labels_have(a, NFT_LABEL_CUT);
                t->incoming = labels_have(a, NFT_LABEL_INCOMING);
                break;
        case CTA_PROTOINFO:
                return mnl_attr_parse_nested(a, protocol_read, data);
        }
        return MNL_CB_OK;
}

/* False: not of TCP. */
static bool tracked_read(const struct nlmsghdr *h, Tracked *ret)
{
        Tracked t = { 0 };

        mnl_attr_parse(h, sizeof(struct nfgenmsg), attribute_read, &t);
        *ret = t;
        return t.original.to.family != 0 && t.reply.to.family != 0 && t.original.to_port != 0;
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

/* ---- requests ---- */

static int found_read(const struct nlmsghdr *h, void *data)
{
        return tracked_read(h, data) ? 0 : -EBADMSG;
}

int conntrack_find(Netlink *n, const Tuple *t, Tracked *ret)
{
        char buffer[512] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_GET, t->from.family);
        Tracked found = { 0 };
        int r;

        /* the kernel looks among both directions, whatever the attribute is called */
        tuple_put(h, CTA_TUPLE_ORIG, t, 0);
        r = netlink_request(n, h, found_read, &found);
        if (r < 0)
                return r;
        *ret = found;
        return 0;
}

static int request_delete(Netlink *n, const Tracked *t)
{
        char buffer[512] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_DELETE, t->original.from.family);

        original_put(h, t);
        return netlink_request(n, h, NULL, NULL);
}

static int request_make(Netlink *n, const Tracked *t)
{
        char buffer[1024] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_NEW, t->original.from.family);

        h->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
        original_put(h, t);
        tuple_put(h, CTA_TUPLE_REPLY, &t->reply, t->reply_zone);
        put_marked_entry(h, t);
        return netlink_request(n, h, NULL, NULL);
}

static int request_label(Netlink *n, const Tracked *t, bool cut)
{
        char buffer[512] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_NEW, t->original.from.family);

        original_put(h, t);
        put_label(h, cut);
        return netlink_request(n, h, NULL, NULL);
}

int conntrack_tolerate(Netlink *n, const Tracked *t)
{
        char buffer[512] = { 0 };
        struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_NEW, t->original.from.family);

        bool opening = t->tcp_state == TCP_CONNTRACK_SYN_SENT && !(t->status & IPS_SEEN_REPLY);

        original_put(h, t);
        put_liberal(h, opening);
        if (opening) {
                mnl_attr_put_u32(h, CTA_TIMEOUT, htonl(MARKED_TIMEOUT_SEC));
                mnl_attr_put_u32(h, CTA_STATUS, htonl(t->status | IPS_SEEN_REPLY));
        }
        return netlink_request(n, h, NULL, NULL);
}

/* Translations of an entry that is made again are not restored, nor needed: the next packet meets
 * the reset. */
int conntrack_mark(Netlink *n, const Tracked *t)
{
        int r = request_label(n, t, true);

        if (r >= 0)
                return 0;
        if (r == -ENOSPC) /* no room for labels: it was made before they were used here */
                r = request_delete(n, t);
        else if (r != -ENOENT)
                return r;
        if (r < 0 && r != -ENOENT)
                return r;
        r = request_make(n, t);
        /* a packet came meanwhile and made one, with room */
        return r == -EEXIST ? request_label(n, t, true) : r;
}

/* A packet that comes in between has the old one made again. */
int conntrack_turn(Netlink *n, const Tracked *t, Tracked *ret)
{
        Tracked turned = *t;
        int r = -EEXIST;

        turned.original = t->reply;
        turned.reply = t->original;
        turned.original_zone = t->reply_zone;
        turned.reply_zone = t->original_zone;
        turned.status |= IPS_SEEN_REPLY;
        for (int i = 0; i < TURN_TRIES && r == -EEXIST; i++) {
                r = request_delete(n, t);
                if (r >= 0 || r == -ENOENT)
                        r = request_make(n, &turned);
        }
        if (r < 0)
                return r;
        *ret = turned;
        return 0;
}

int conntrack_unmark(Netlink *n, const Tracked *t)
{
        int r = request_label(n, t, false);

        return r == -ENOENT ? 0 : r;
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

/* Nothing at all is tracked: asked in microseconds, where walking the empty table takes the kernel
 * milliseconds. False when it is not known. */
static bool conntrack_is_empty(Netlink *n)
{
        char buffer[64] = { 0 };
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        bool empty = false;

        h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS;
        mnl_nlmsg_put_extra_header(h, sizeof(struct nfgenmsg));
        return netlink_request(n, h, count_read, &empty) >= 0 && empty;
}

/* ---- lists ---- */

typedef struct Listing {
        const Ports *ports;
        uint32_t status;
        TrackedList list;
} Listing;

static bool tuple_has_port(const Tuple *t, const Ports *ports)
{
        return ports_contain(ports, t->to_port) || ports_contain(ports, t->from_port);
}

/* Both sides have said their last. */
static bool has_ended(const Tracked *t)
{
        return t->tcp_state == TCP_CONNTRACK_TIME_WAIT || t->tcp_state == TCP_CONNTRACK_CLOSE;
}

static int list_read(const struct nlmsghdr *h, void *data)
{
        Listing *l = data;
        Tracked t;

        if (!tracked_read(h, &t) || has_ended(&t) || (t.status & l->status) != l->status ||
                (!tuple_has_port(&t.original, l->ports) && !tuple_has_port(&t.reply, l->ports)))
                return 0;
        if (array_grow(&l->list.items, l->list.n, sizeof(Tracked)) < 0)
                return -ENOMEM;
        l->list.items[l->list.n++] = t;
        return 0;
}

int conntrack_list(Netlink *n, const Ports *ports, uint32_t status, TrackedList *ret)
{
        Listing l = { .ports = ports, .status = status };
        int r = conntrack_is_empty(n) ? 0 : -EINTR;

        for (unsigned i = 0; i < LIST_TRIES && r == -EINTR; i++) {
                char buffer[128] = { 0 };
                struct nlmsghdr *h = request_put(buffer, IPCTNL_MSG_CT_GET, 0);

                if (status != 0) { /* a filter for kernels that know it; others list all */
                        mnl_attr_put_u32(h, CTA_STATUS, htonl(status));
                        mnl_attr_put_u32(h, CTA_STATUS_MASK, htonl(status));
                }
                l.list.n = 0;
                r = netlink_dump(n, h, list_read, &l);
        }
        if (r < 0) {
                tracked_list_deinit(&l.list);
                return r;
        }
        *ret = l.list;
        return 0;
}
