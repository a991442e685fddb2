/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/iptables/set_message.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedentry.h"
#include "rules/base/array.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <sys/socket.h>

#define TYPE_NAME "hash:net"
#define ELEMENTS_MAX (4u << 20)
#define MESSAGE_MAX 60000 /* the length of a nest is 16 bits */
#define BATCH_MAX (1u << 20)
#define PROTOCOL 6

/* ---- single requests ---- */

struct nlmsghdr *set_message(void *at, uint8_t command, uint16_t flags, uint32_t seq)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(at);
        struct nfgenmsg *g;

        h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_IPSET << 8 | command);
        h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
        h->nlmsg_seq = seq;
        g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
        g->nfgen_family = AF_INET;
        g->version = NFNETLINK_V0;
        mnl_attr_put_u8(h, IPSET_ATTR_PROTOCOL, PROTOCOL);
        return h;
}

int set_request(Netlink *n, uint8_t command, const char *name)
{
        SetRequest q = { 0 };

        set_message(&q, command, 0, 0);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_SETNAME, name);
        return netlink_request(n, &q.header, NULL, NULL);
}

static void put_u32(struct nlmsghdr *h, uint16_t type, uint32_t value)
{
        mnl_attr_put_u32(h, type | NLA_F_NET_BYTEORDER, htonl(value));
}

int set_create(
        Netlink *n, const char *name, Family family, uint8_t revision, size_t elements, bool timed)
{
        SetRequest q = { 0 };
        struct nlattr *data;
        uint32_t buckets = 64;

        while (buckets < elements / 2 && buckets < 1u << 24)
                buckets *= 2;
        set_message(&q, IPSET_CMD_CREATE, NLM_F_CREATE | NLM_F_EXCL, 0);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_SETNAME, name);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_TYPENAME, TYPE_NAME);
        mnl_attr_put_u8(&q.header, IPSET_ATTR_REVISION, revision);
        mnl_attr_put_u8(
                &q.header, IPSET_ATTR_FAMILY, family == FAMILY_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
        data = mnl_attr_nest_start(&q.header, IPSET_ATTR_DATA);
        put_u32(&q.header, IPSET_ATTR_HASHSIZE, buckets);
        put_u32(&q.header, IPSET_ATTR_MAXELEM, ELEMENTS_MAX);
        if (timed) /* 0: an element that names none stays */
                put_u32(&q.header, IPSET_ATTR_TIMEOUT, 0);
        mnl_attr_nest_end(&q.header, data);
        return netlink_request(n, &q.header, NULL, NULL);
}

/* ---- elements ---- */

typedef struct Filler {
        Netlink *netlink;
        uint8_t command; /* IPSET_CMD_ADD or IPSET_CMD_DEL */
        const char *name;
        uint8_t *buffer;
        size_t length;       /* of the messages in the buffer */
        uint32_t first, seq; /* of them */
        struct nlmsghdr *message;
        struct nlattr *list;
        uint32_t line;
} Filler;

static void filler_end_message(Filler *f)
{
        if (!f->message)
                return;
        mnl_attr_nest_end(f->message, f->list);
        f->length += MNL_ALIGN(f->message->nlmsg_len);
        f->message = NULL;
}

static int filler_flush(Filler *f)
{
        NetlinkBatch batch = { .data = f->buffer, .first = f->first, .last = f->seq };
        NetlinkOutcome o;
        int r;

        filler_end_message(f);
        if (f->length == 0)
                return 0;
        batch.length = f->length;
        r = netlink_batch(f->netlink, &batch, &o);
        f->length = 0;
        f->first = f->seq = f->netlink->seq + 1;
        return r < 0 ? r : o.error;
}

static void filler_begin_message(Filler *f)
{
        if (f->length > 0)
                f->seq++;
        f->message = set_message(f->buffer + f->length, f->command, NLM_F_ACK, f->seq);
        mnl_attr_put_strz(f->message, IPSET_ATTR_SETNAME, f->name);
        put_u32(f->message, IPSET_ATTR_LINENO, 0);
        f->list = mnl_attr_nest_start(f->message, IPSET_ATTR_ADT);
}

/* timeout_sec 0: none */
static int filler_add_timed(
        Filler *f, const void *address, size_t size, uint8_t bits, uint32_t timeout_sec)
{
        struct nlattr *data, *ip;
        int r = 0;

        if (f->message && f->message->nlmsg_len > MESSAGE_MAX)
                filler_end_message(f);
        if (!f->message && f->length > BATCH_MAX)
                r = filler_flush(f);
        if (r < 0)
                return r;
        if (!f->message)
                filler_begin_message(f);
        data = mnl_attr_nest_start(f->message, IPSET_ATTR_DATA);
        ip = mnl_attr_nest_start(f->message, IPSET_ATTR_IP);
        mnl_attr_put(f->message,
                (size == 4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6) | NLA_F_NET_BYTEORDER,
                size, address);
        mnl_attr_nest_end(f->message, ip);
        mnl_attr_put_u8(f->message, IPSET_ATTR_CIDR, bits);
        if (timeout_sec > 0)
                put_u32(f->message, IPSET_ATTR_TIMEOUT, timeout_sec);
        put_u32(f->message, IPSET_ATTR_LINENO, ++f->line);
        mnl_attr_nest_end(f->message, data);
        return 0;
}

static int filler_add(Filler *f, const void *address, size_t size, uint8_t bits)
{
        return filler_add_timed(f, address, size, bits, 0);
}

static int fill(const Prefix *p, void *data)
{
        return filler_add(data, p->address.bytes, family_bits(p->address.family) / 8, p->bits);
}

static int filler_init(Filler *f, Netlink *n, uint8_t command, const char *name)
{
        *f = (Filler){ .netlink = n,
                .command = command,
                .name = name,
                .buffer = calloc(1, BATCH_MAX + 2 * MESSAGE_MAX) };
        f->first = f->seq = n->seq + 1;
        return f->buffer ? 0 : -ENOMEM;
}

static void filler_deinit(Filler *f)
{
        free(f->buffer);
}

int set_fill(Netlink *n, const char *name, Family family, const RangeSet *ranges)
{
        _cleanup_(filler_deinit) Filler f = { 0 };
        int r = filler_init(&f, n, IPSET_CMD_ADD, name);

        if (r < 0)
                return r;
        r = range_set_each_prefix(ranges, family, fill, &f);
        return r < 0 ? r : filler_flush(&f);
}

int set_change(
        Netlink *n, uint8_t command, const char *name, const Prefix *prefixes, size_t n_prefixes)
{
        _cleanup_(filler_deinit) Filler f = { 0 };
        int r = filler_init(&f, n, command, name);

        for (size_t i = 0; i < n_prefixes && r >= 0; i++)
                r = filler_add(&f, prefixes[i].address.bytes,
                        family_bits(prefixes[i].address.family) / 8, prefixes[i].bits);
        return r < 0 ? r : filler_flush(&f);
}

/* The kernel takes it out by itself this much after its end, if p25d has not. */
#define GRACE_SEC 1u

static uint32_t timeout_sec(const TimedEntry *e, uint64_t now_usec)
{
        uint64_t left = e->until_usec > now_usec ? e->until_usec - now_usec : 0;
        uint64_t sec = left / 1000000 + GRACE_SEC;

        return sec > SET_TIMEOUT_MAX_SEC ? 0 : (uint32_t)sec;
}

int set_change_timed(Netlink *n, uint8_t command, const char *name, const TimedEntry *entries,
        size_t n_entries, uint64_t now_usec)
{
        _cleanup_(filler_deinit) Filler f = { 0 };
        int r = filler_init(&f, n, command, name);

        for (size_t i = 0; i < n_entries && r >= 0; i++) {
                const Prefix *p = &entries[i].prefix;

                r = filler_add_timed(&f, p->address.bytes, family_bits(p->address.family) / 8,
                        p->bits, command == IPSET_CMD_ADD ? timeout_sec(&entries[i], now_usec) : 0);
        }
        return r < 0 ? r : filler_flush(&f);
}

/* ---- what the kernel has ---- */

static int data_attribute(const struct nlattr *a, void *data)
{
        ListedSet *l = data;

        if (mnl_attr_get_payload_len(a) != sizeof(uint32_t))
                return MNL_CB_OK;
        if (mnl_attr_get_type(a) == IPSET_ATTR_ELEMENTS) {
                l->elements = ntohl(mnl_attr_get_u32(a));
                l->has_elements = true;
        }
        if (mnl_attr_get_type(a) == IPSET_ATTR_REFERENCES)
                l->references = ntohl(mnl_attr_get_u32(a));
        return MNL_CB_OK;
}

static int set_attribute(const struct nlattr *a, void *data)
{
        ListedSet *l = data;

        if (mnl_attr_get_type(a) == IPSET_ATTR_SETNAME &&
                mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
                snprintf(l->name, sizeof(l->name), "%s", mnl_attr_get_str(a));
        if (mnl_attr_get_type(a) == IPSET_ATTR_DATA)
                mnl_attr_parse_nested(a, data_attribute, l);
        return MNL_CB_OK;
}

static int listing_note(const struct nlmsghdr *h, void *data)
{
        SetListing *all = data;
        ListedSet l = { 0 };

        mnl_attr_parse(h, sizeof(struct nfgenmsg), set_attribute, &l);
        if (strncmp(l.name, SET_PREFIX, strlen(SET_PREFIX)) != 0)
                return 0;
        if (array_grow(&all->items, all->n, sizeof(ListedSet)) < 0)
                return -ENOMEM;
        all->items[all->n++] = l;
        return 0;
}

int set_list(Netlink *n, SetListing *ret)
{
        SetRequest q = { 0 };

        set_message(&q, IPSET_CMD_LIST, 0, 0);
        put_u32(&q.header, IPSET_ATTR_FLAGS, IPSET_FLAG_LIST_HEADER);
        return netlink_dump(n, &q.header, listing_note, ret);
}

static int type_note(const struct nlmsghdr *h, void *data)
{
        const struct nlattr *a;

        mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
        {
                if (mnl_attr_get_type(a) == IPSET_ATTR_REVISION_MIN)
                        *(uint8_t *)data = mnl_attr_get_u8(a);
        }
        return 0;
}

bool set_type_is_there(Netlink *n, uint8_t *ret_revision)
{
        SetRequest q = { 0 };

        set_message(&q, IPSET_CMD_TYPE, 0, 0);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_TYPENAME, TYPE_NAME);
        mnl_attr_put_u8(&q.header, IPSET_ATTR_FAMILY, NFPROTO_IPV4);
        return netlink_request(n, &q.header, type_note, ret_revision) >= 0;
}
