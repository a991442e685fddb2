/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Ending connections that pass through this host, when a new policy refuses them: rules look at
 * SYN packets alone, so the very conntrack entry is marked (label 126), and the forward path
 * answers a marked connection with a reset, whichever side speaks next. An entry allowed again
 * loses the mark. One that was made before labels were used here has no room for any: it is made
 * again with its label. What ends in a local socket is left to who can close sockets.
 */

#include "daemon/connections/passing.h"
#include "daemon/netlink/conntrack.h"
#include "daemon/netlink/sockets.h"
#include "rules/nftables/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

/* An entry of conntrack that is to change: its messages need its tuples as they came. */
typedef struct Entry {
        uint8_t family; /* AF_INET, AF_INET6 */
        bool marked;
        uint16_t zone;
        size_t original, original_length; /* offsets in Cut.tuples, bytes of the attributes */
        size_t reply, reply_length;
} Entry;

typedef struct Cut {
        const Ruleset *ruleset;
        Ports watched;
        Address *locals;
        size_t n_locals;
        Buffer tuples;
        Entry *entries;
        size_t n;
} Cut;

static void cut_deinit(Cut *c)
{
        free(c->locals);
        free(c->entries);
        buffer_deinit(&c->tuples);
}

/* ---- addresses of this host ---- */

static bool address_from_socket(const struct sockaddr *s, Address *ret)
{
        *ret = (Address){ 0 };
        if (s && s->sa_family == AF_INET) {
                ret->family = FAMILY_IPV4;
                memcpy(ret->bytes, &((const struct sockaddr_in *)(const void *)s)->sin_addr, 4);
        } else if (s && s->sa_family == AF_INET6) {
                ret->family = FAMILY_IPV6;
                memcpy(ret->bytes, &((const struct sockaddr_in6 *)(const void *)s)->sin6_addr, 16);
        } else {
                return false;
        }
        return true;
}

static int find_locals(Cut *c)
{
        struct ifaddrs *all = NULL;
        int r = 0;

        if (getifaddrs(&all) < 0)
                return -errno;
        for (const struct ifaddrs *i = all; i && r >= 0; i = i->ifa_next) {
                Address a;

                if (!address_from_socket(i->ifa_addr, &a))
                        continue;
                r = array_grow(&c->locals, c->n_locals, sizeof(Address));
                if (r >= 0)
                        c->locals[c->n_locals++] = a;
        }
        freeifaddrs(all);
        return r;
}

static bool address_is_local(const Cut *c, const Address *a)
{
        if (a->family == FAMILY_IPV4 && a->bytes[0] == 127)
                return true;
        for (size_t i = 0; i < c->n_locals; i++)
                if (address_compare(&c->locals[i], a) == 0)
                        return true;
        return false;
}

/* ---- the verdict, interfaces unknown ---- */

static bool match_has(const Match *m, const Address *a)
{
        for (size_t i = 0; i < m->n; i++)
                if (range_set_contains(m->sets[i].ranges, a))
                        return true;
        return m->any;
}

static bool rule_names_interface(const Rule *r)
{
        return r->interface || r->in_interface || r->out_interface;
}

/* Refused by whatever interface it came and left: a rule that asks for one may allow, but not
 * refuse. */
static bool is_refused(
        const RulesetDirection *d, uint16_t port, const Address *from, const Address *to)
{
        for (size_t i = 0; i < d->n; i++) {
                const CompiledRule *r = &d->rules[i];
                bool refuses = r->action == ACTION_DENY || r->action == ACTION_REJECT;

                if (!ports_contain(&r->ports, port) || r->has_users || r->has_groups ||
                        r->has_units || !match_has(&r->from, from) || !match_has(&r->to, to))
                        continue;
                if (refuses && rule_names_interface(r->rule))
                        continue;
                return refuses;
        }
        return ports_contain(&d->managed, port) && d->default_action != ACTION_ALLOW;
}

/* ---- reading conntrack ---- */

#define CONNTRACK_ATTRIBUTES 32

typedef struct Parsed {
        const struct nlattr *of[CONNTRACK_ATTRIBUTES];
} Parsed;

static int parsed_note(const struct nlattr *a, void *data)
{
        if (mnl_attr_get_type(a) < CONNTRACK_ATTRIBUTES)
                ((Parsed *)data)->of[mnl_attr_get_type(a)] = a;
        return MNL_CB_OK;
}

static Parsed parsed_nest(const struct nlattr *nest)
{
        Parsed p = { 0 };

        if (nest)
                mnl_attr_parse_nested(nest, parsed_note, &p);
        return p;
}

typedef struct Way {
        Address from, to;
        uint16_t port; /* of `to` */
        uint8_t protocol;
} Way;

static bool parsed_address(const struct nlattr *a, Family family, Address *ret)
{
        *ret = (Address){ .family = family };
        if (!a || mnl_attr_get_payload_len(a) != family_bits(family) / 8)
                return false;
        memcpy(ret->bytes, mnl_attr_get_payload(a), family_bits(family) / 8);
        return true;
}

static bool way_read(const struct nlattr *nest, Way *ret)
{
        Parsed t = parsed_nest(nest), ip = parsed_nest(t.of[CTA_TUPLE_IP]);
        Parsed proto = parsed_nest(t.of[CTA_TUPLE_PROTO]);
        bool v4 = ip.of[CTA_IP_V4_SRC] != NULL;
        Family family = v4 ? FAMILY_IPV4 : FAMILY_IPV6;
        const struct nlattr *number = proto.of[CTA_PROTO_NUM];
        const struct nlattr *port = proto.of[CTA_PROTO_DST_PORT];

        if (!number || mnl_attr_validate(number, MNL_TYPE_U8) < 0 || !port ||
                mnl_attr_validate(port, MNL_TYPE_U16) < 0)
                return false;
        ret->protocol = mnl_attr_get_u8(number);
        ret->port = ntohs(mnl_attr_get_u16(port));
        return parsed_address(ip.of[v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC], family, &ret->from) &&
               parsed_address(ip.of[v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST], family, &ret->to);
}

/* Both sides have said their last. */
static bool tcp_has_ended(const struct nlattr *info)
{
        Parsed tcp = parsed_nest(parsed_nest(info).of[CTA_PROTOINFO_TCP]);
        const struct nlattr *state = tcp.of[CTA_PROTOINFO_TCP_STATE];
        uint8_t number;

        if (!state || mnl_attr_validate(state, MNL_TYPE_U8) < 0)
                return false;
        number = mnl_attr_get_u8(state);
        return number == TCP_CONNTRACK_TIME_WAIT || number == TCP_CONNTRACK_CLOSE;
}

static int entry_keep(Cut *c, const struct nlmsghdr *h, const Parsed *p, bool marked)
{
        const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
        const struct nlattr *original = p->of[CTA_TUPLE_ORIG], *reply = p->of[CTA_TUPLE_REPLY];
        const struct nlattr *zone = p->of[CTA_ZONE];
        Entry e = { .family = g->nfgen_family, .marked = marked };
        int r = array_grow(&c->entries, c->n, sizeof(Entry));

        if (r < 0)
                return r;
        if (zone && mnl_attr_validate(zone, MNL_TYPE_U16) >= 0)
                e.zone = ntohs(mnl_attr_get_u16(zone));
        e.original = c->tuples.length;
        e.original_length = MNL_ALIGN(original->nla_len);
        buffer_add(&c->tuples, original, e.original_length);
        e.reply = c->tuples.length;
        e.reply_length = MNL_ALIGN(reply->nla_len);
        buffer_add(&c->tuples, reply, e.reply_length);
        if (c->tuples.failed)
                return -ENOMEM;
        c->entries[c->n++] = e;
        return 0;
}

static int entry_read(const struct nlmsghdr *h, void *data)
{
        Cut *c = data;
        Parsed p = { 0 };
        Way original, reply;
        Direction direction = DIRECTION_ROUTED;
        bool refused, marked;

        mnl_attr_parse(h, sizeof(struct nfgenmsg), parsed_note, &p);
        if (!way_read(p.of[CTA_TUPLE_ORIG], &original) ||
                !way_read(p.of[CTA_TUPLE_REPLY], &reply) || original.protocol != IPPROTO_TCP ||
                !ports_contain(&c->watched, original.port) || tcp_has_ended(p.of[CTA_PROTOINFO]))
                return 0;
        /* Opened here, or answered here: a socket's, not ours. */
        if (address_is_local(c, &original.from) || address_is_local(c, &reply.from))
                return 0;
        if (conntrack_has_label(p.of[CTA_LABELS], NFT_LABEL_INCOMING) ||
                address_is_local(c, &original.to))
                direction = DIRECTION_IN;
        /* Routed packets are judged after DNAT: where they go is where answers come from. */
        refused = is_refused(&c->ruleset->directions[direction], original.port, &original.from,
                direction == DIRECTION_IN ? &original.to : &reply.from);
        marked = conntrack_has_label(p.of[CTA_LABELS], NFT_LABEL_CUT);
        return refused == marked ? 0 : entry_keep(c, h, &p, marked);
}

/* ---- requests ---- */

typedef union Request {
        struct nlmsghdr header;
        uint8_t space[2048];
} Request;

static struct nlmsghdr *request_init(Request *q, unsigned type, uint16_t flags, uint8_t family)
{
        struct nfgenmsg *g;

        memset(q, 0, sizeof(*q));
        mnl_nlmsg_put_header(q->space);
        q->header.nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
        q->header.nlmsg_flags = flags;
        g = mnl_nlmsg_put_extra_header(&q->header, sizeof(*g));
        g->nfgen_family = family;
        g->version = NFNETLINK_V0;
        return &q->header;
}

static void put_tuples(struct nlmsghdr *h, const Cut *c, const Entry *e, bool reply)
{
        uint8_t *tail = mnl_nlmsg_get_payload_tail(h);

        memcpy(tail, c->tuples.data + e->original, e->original_length);
        h->nlmsg_len += (uint32_t)e->original_length;
        if (reply) {
                tail = mnl_nlmsg_get_payload_tail(h);
                memcpy(tail, c->tuples.data + e->reply, e->reply_length);
                h->nlmsg_len += (uint32_t)e->reply_length;
        }
        if (e->zone != 0)
                mnl_attr_put_u16(h, CTA_ZONE, htons(e->zone));
}

static int send_label(Netlink *n, const Cut *c, const Entry *e, bool mark)
{
        Request q;

        request_init(&q, IPCTNL_MSG_CT_NEW, 0, e->family);
        put_tuples(&q.header, c, e, false);
        conntrack_put_mark(&q.header, mark);
        return netlink_request(n, &q.header, NULL, NULL);
}

/* Without room for labels: the entry goes, and comes back with its label. Translations are not
 * restored, nor needed: the next packet meets the reset. */
static int send_replacement(Netlink *n, const Cut *c, const Entry *e)
{
        Request q;
        int r;

        request_init(&q, IPCTNL_MSG_CT_DELETE, 0, e->family);
        put_tuples(&q.header, c, e, false);
        r = netlink_request(n, &q.header, NULL, NULL);
        if (r < 0)
                return r;
        request_init(&q, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, e->family);
        put_tuples(&q.header, c, e, true);
        conntrack_put_marked_entry(&q.header);
        r = netlink_request(n, &q.header, NULL, NULL);
        return r == -EEXIST ? 0 : r;
}

/* An entry that has ended meanwhile is no error. Whether one has room for labels is not told while
 * it has none. */
static int send_entry(Netlink *n, const Cut *c, const Entry *e)
{
        int r = send_label(n, c, e, !e->marked);

        if (r == -ENOSPC)
                r = send_replacement(n, c, e);
        return r == -ENOENT ? 0 : r;
}

static void cut_watch(Cut *c, const Ports *ports)
{
        for (size_t i = 0; i < ports->n; i++)
                ports_add(&c->watched, ports->items[i]);
}

static int find_entries(Netlink *n, Cut *c)
{
        Request q;
        int r = -EINTR;

        for (int i = 0; i < 3 && r == -EINTR; i++) {
                c->n = 0;
                buffer_clear(&c->tuples);
                free(c->entries);
                c->entries = NULL;
                request_init(&q, IPCTNL_MSG_CT_GET, 0, AF_UNSPEC);
                r = netlink_dump(n, &q.header, entry_read, c);
        }
        return r;
}

int cut_needs_rules(bool *ret)
{
        Netlink n;
        int r = netlink_open(NETLINK_SOCK_DIAG, &n);

        if (r == -EPROTONOSUPPORT) { /* then sockets cannot be listed either */
                *ret = false;
                return 0;
        }
        if (r < 0)
                return r;
        *ret = sockets_lack_destroy(&n);
        netlink_close(&n);
        return 0;
}

int cut_passing(Netlink *n, const Ruleset *r, uint64_t *ret_n)
{
        _cleanup_(cut_deinit) Cut c = { .ruleset = r };
        uint64_t cut = 0;
        int k;

        if (conntrack_is_empty(n)) {
                *ret_n = 0;
                return 0;
        }
        cut_watch(&c, &r->directions[DIRECTION_IN].watched);
        cut_watch(&c, &r->directions[DIRECTION_ROUTED].watched);
        k = find_locals(&c);
        if (k >= 0)
                k = find_entries(n, &c);
        for (size_t i = 0; i < c.n && k >= 0; i++) {
                k = send_entry(n, &c, &c.entries[i]);
                cut += k >= 0 && !c.entries[i].marked;
        }
        if (k == -EOPNOTSUPP || k == -EINVAL) /* no ctnetlink here: nothing to be cut by it */
                k = 0;
        if (k < 0)
                return k;
        *ret_n = cut;
        return 0;
}
