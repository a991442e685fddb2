/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/loads.h"

#include "daemon/foreign/registers.h"
#include "rules/address/family.h"
#include "rules/ruleset/packet.h"

#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

static const uint8_t unknown[REGISTER_BYTES];
static const uint8_t everything[REGISTER_BYTES] = { [0 ... REGISTER_BYTES - 1] = 0xff };

static Truth put_known(Walk *w, Bytes number, const void *value, size_t n, const char *name)
{
        return register_put(w, number, value, everything, n, name);
}

static Truth put_unknown(Walk *w, Bytes number, size_t n, const char *name)
{
        return register_put(w, number, unknown, unknown, n, name);
}

bool walk_has_in(const Walk *w)
{
        return w->hook != NF_INET_LOCAL_OUT && (w->packet->direction != DIRECTION_OUT || w->looped);
}

const Facts *walk_interfaces(const Walk *w)
{
        return w->hook == NF_INET_LOCAL_OUT ? &w->original : &w->facts;
}

const char *const in_interface_name = "the incoming interface";

bool is_loopback(const uint8_t *bytes, size_t n)
{
        static const char name[IFNAMSIZ] = "lo";
        static const uint32_t index = 1;

        return (n == sizeof(name) && memcmp(bytes, name, n) == 0) ||
               (n == sizeof(index) && memcmp(bytes, &index, n) == 0);
}

bool walk_has_out(const Walk *w)
{
        return w->hook == NF_INET_FORWARD || w->hook == NF_INET_LOCAL_OUT ||
               w->hook == NF_INET_POST_ROUTING;
}

Truth walk_is_tracked(const Walk *w)
{
        uint32_t none = 0, seen = CT_NEW;
        Part p = PART(ct_state);

        return bits_equal(facts_value(&w->facts, p), facts_known(&w->facts, p),
                (const uint8_t *)&seen, NULL, sizeof(none));
}

/* ---- payload ---- */

static Part payload_part(const Walk *w, uint32_t base, uint32_t offset, uint32_t n)
{
        Part header = base == NFT_PAYLOAD_NETWORK_HEADER     ? PART(network)
                      : base == NFT_PAYLOAD_TRANSPORT_HEADER ? PART(transport)
                                                             : (Part){ 0 };

        if (base == NFT_PAYLOAD_NETWORK_HEADER && walk_is_ipv4(w))
                header.n = 20;
        return offset <= header.n && n <= header.n - offset ? part_of(header, offset, n)
                                                            : (Part){ 0 };
}

static const char *payload_name(const Walk *w, uint32_t base, uint32_t offset)
{
        uint32_t from = walk_is_ipv4(w) ? 12 : 8, to = walk_is_ipv4(w) ? 16 : 24;

        if (base == NFT_PAYLOAD_TRANSPORT_HEADER)
                return offset == 0   ? "the source port"
                       : offset == 2 ? "the port"
                                     : "the TCP header";
        if (base != NFT_PAYLOAD_NETWORK_HEADER)
                return "the link-layer header";
        return offset >= to     ? "the destination address"
               : offset >= from ? "the source address"
                                : "the IP header";
}

Truth load_payload(Walk *w, Bytes data)
{
        Bytes a[NFTA_PAYLOAD_MAX + 1];
        uint32_t base, offset, n;
        Operand o;
        Part p;

        attributes_read(data, a, ELEMENTS(a));
        base = attribute_u32_or(a[NFTA_PAYLOAD_BASE], UINT32_MAX);
        offset = attribute_u32_or(a[NFTA_PAYLOAD_OFFSET], UINT32_MAX);
        n = attribute_u32_or(a[NFTA_PAYLOAD_LEN], UINT32_MAX);
        p = payload_part(w, base, offset, n);
        if (a[NFTA_PAYLOAD_SREG].data) {
                if (p.n > 0 && register_get(w, a[NFTA_PAYLOAD_SREG], n, &o))
                        walk_set(w, p, o.value, o.known);
                return TRUTH_YES;
        }
        if (p.n > 0)
                return register_put_part(w, a[NFTA_PAYLOAD_DREG], p, payload_name(w, base, offset));
        put_unknown(w, a[NFTA_PAYLOAD_DREG], n, payload_name(w, base, offset));
        return walk_doubt(w, payload_name(w, base, offset), false);
}

/* ---- meta ---- */

static Truth load_interface(Walk *w, Bytes number, bool here, Part p, const char *name)
{
        static const uint8_t none[IFNAMSIZ];

        const Facts *f = walk_interfaces(w);

        w->in_asked |= here && w->in_assumed && name == in_interface_name;
        if (!here)
                return put_known(w, number, none, p.n, name);
        return register_put(w, number, facts_value(f, p), facts_known(f, p), p.n, name);
}

/* Sockets of this host's own processes have an owner, from output on. */
static Truth load_owner(Walk *w, Bytes number, bool has, uint32_t id, const char *name)
{
        if (w->packet->direction != DIRECTION_OUT || w->looped)
                return TRUTH_NO;
        return has ? put_known(w, number, &id, sizeof(id), name)
                   : put_unknown(w, number, sizeof(id), name);
}

static Truth load_mark(Walk *w, Bytes number)
{
        w->mark_asked |= w->mark_assumed;
        return register_put_part(w, number, PART(mark), "the packet's mark");
}

static Truth load_constant(Walk *w, Bytes number, uint32_t key)
{
        uint16_t ethernet = htobe16(walk_is_ipv4(w) ? ETH_P_IP : ETH_P_IPV6);
        uint8_t family = w->family == NFPROTO_NETDEV || w->family == NFPROTO_BRIDGE ? w->family
                         : walk_is_ipv4(w)                                          ? NFPROTO_IPV4
                                                                                    : NFPROTO_IPV6;
        uint8_t tcp = IPPROTO_TCP, host = 0;

        switch (key) {
        case NFT_META_PROTOCOL:
                return put_known(w, number, &ethernet, sizeof(ethernet), "the protocol");
        case NFT_META_NFPROTO:
                return put_known(w, number, &family, sizeof(family), "the family");
        case NFT_META_L4PROTO:
                return put_known(w, number, &tcp, sizeof(tcp), "the protocol");
        case NFT_META_PKTTYPE:
                if (w->packet->direction != DIRECTION_OUT && w->family != NFPROTO_BRIDGE)
                        return put_known(w, number, &host, sizeof(host), "the packet type");
                return put_unknown(w, number, sizeof(host), "the packet type");
        }
        return TRUTH_NO;
}

static Truth load_other_meta(Walk *w, Bytes number, uint32_t key)
{
        static const struct {
                uint8_t n;
                const char *name;
        } sizes[] = {
                [NFT_META_LEN] = { 4, "the length of the packet" },
                [NFT_META_PRIORITY] = { 4, "the packet's priority" },
                [NFT_META_IIFTYPE] = { 2, "the type of the interface" },
                [NFT_META_OIFTYPE] = { 2, "the type of the interface" },
                [NFT_META_RTCLASSID] = { 4, "the routing realm" },
                [NFT_META_SECMARK] = { 4, "the security mark" },
                [NFT_META_BRI_IIFNAME] = { 16, "the bridge" },
                [NFT_META_BRI_OIFNAME] = { 16, "the bridge" },
                [NFT_META_CPU] = { 4, "the processor" },
                [NFT_META_IIFGROUP] = { 4, "the group of the interface" },
                [NFT_META_OIFGROUP] = { 4, "the group of the interface" },
                [NFT_META_CGROUP] = { 4, "the sender's control group" },
                [NFT_META_PRANDOM] = { 4, "chance" },
                [NFT_META_SECPATH] = { 1, "whether IPsec carries it" },
                [NFT_META_IIFKIND] = { 16, "the kind of the interface" },
                [NFT_META_OIFKIND] = { 16, "the kind of the interface" },
                [NFT_META_TIME_NS] = { 8, "the time" },
                [NFT_META_TIME_DAY] = { 1, "the day" },
                [NFT_META_TIME_HOUR] = { 4, "the time of day" },
                [NFT_META_SDIF] = { 4, "the slave interface" },
                [NFT_META_SDIFNAME] = { 16, "the slave interface" },
        };

        if (key < ELEMENTS(sizes) && sizes[key].n > 0)
                return put_unknown(w, number, sizes[key].n, sizes[key].name);
        put_unknown(w, number, 4, "a property of the packet");
        return walk_doubt(w, "a property of the packet that is not understood", false);
}

static Truth store_meta(Walk *w, Bytes number, uint32_t key)
{
        Operand o;

        if (key != NFT_META_MARK || !register_get(w, number, 4, &o))
                return TRUTH_YES;
        w->mark_assumed &= !w->certain;
        walk_set(w, PART(mark), o.value, o.known);
        return TRUTH_YES;
}

Truth load_meta(Walk *w, Bytes data)
{
        const Packet *p = w->packet;
        Bytes a[NFTA_META_MAX + 1], number;
        uint32_t key;

        attributes_read(data, a, ELEMENTS(a));
        number = a[NFTA_META_DREG];
        key = attribute_u32_or(a[NFTA_META_KEY], UINT32_MAX);
        if (a[NFTA_META_SREG].data)
                return store_meta(w, a[NFTA_META_SREG], key);
        switch (key) {
        case NFT_META_IIF:
                return load_interface(w, number, walk_has_in(w), PART(in_index), in_interface_name);
        case NFT_META_IIFNAME:
                return load_interface(w, number, walk_has_in(w), PART(in), in_interface_name);
        case NFT_META_OIF:
                return load_interface(
                        w, number, walk_has_out(w), PART(out_index), "the outgoing interface");
        case NFT_META_OIFNAME:
                return load_interface(
                        w, number, walk_has_out(w), PART(out), "the outgoing interface");
        case NFT_META_SKUID:
                return load_owner(w, number, p->has_uid, p->uid, "the user");
        case NFT_META_SKGID:
                return load_owner(w, number, p->has_gid, p->gid, "the group");
        case NFT_META_MARK:
                return load_mark(w, number);
        case NFT_META_PROTOCOL:
        case NFT_META_NFPROTO:
        case NFT_META_L4PROTO:
        case NFT_META_PKTTYPE:
                return load_constant(w, number, key);
        }
        return load_other_meta(w, number, key);
}

/* ---- ct ---- */

static Truth load_ct_tuple(Walk *w, Bytes *a, Part p, const char *name)
{
        uint8_t direction = a[NFTA_CT_DIRECTION].n > 0 ? a[NFTA_CT_DIRECTION].data[0] : 0;

        if (direction != 0)
                return put_unknown(w, a[NFTA_CT_DREG], p.n, "the addresses of replies");
        return register_put(w, a[NFTA_CT_DREG], facts_value(&w->original, p),
                facts_known(&w->original, p), p.n, name);
}

static Truth load_ct_address(Walk *w, Bytes *a, bool destination, Family family)
{
        if (w->packet->family != family)
                return TRUTH_NO;
        return load_ct_tuple(w, a, walk_address(w, destination),
                destination ? "the destination address" : "the source address");
}

static Truth load_ct_other(Walk *w, Bytes number, uint32_t key)
{
        static const struct {
                uint8_t n;
                bool may_end; /* the rule, if the packet has none */
                const char *name;
        } sizes[] = {
                [NFT_CT_SECMARK] = { 4, false, "the security mark of the connection" },
                [NFT_CT_EXPIRATION] = { 4, true, "the timeout of the connection" },
                [NFT_CT_HELPER] = { 16, true, "the helper of the connection" },
                [NFT_CT_LABELS] = { 16, false, "the labels of the connection" },
                [NFT_CT_PKTS] = { 8, false, "the packets of the connection" },
                [NFT_CT_BYTES] = { 8, false, "the bytes of the connection" },
                [NFT_CT_AVGPKT] = { 8, false, "the bytes of the connection" },
                [NFT_CT_ZONE] = { 2, false, "the conntrack zone" },
                [NFT_CT_EVENTMASK] = { 4, true, "the events of the connection" },
                [NFT_CT_ID] = { 4, false, "the id of the connection" },
        };
        bool known = key < ELEMENTS(sizes) && sizes[key].n > 0;
        const char *name = known ? sizes[key].name : "a property of the connection";

        put_unknown(w, number, known ? sizes[key].n : 4, name);
        return known && !sizes[key].may_end ? TRUTH_YES : walk_doubt(w, name, false);
}

static Truth load_ct_entry(Walk *w, Bytes *a, uint32_t key)
{
        uint8_t tcp = IPPROTO_TCP, family = walk_is_ipv4(w) ? NFPROTO_IPV4 : NFPROTO_IPV6;
        static const uint8_t original = 0;
        Bytes number = a[NFTA_CT_DREG];

        switch (key) {
        case NFT_CT_DIRECTION:
                return put_known(w, number, &original, 1, "the direction");
        case NFT_CT_STATUS:
                return register_put_part(
                        w, number, PART(ct_status), "the status of the connection");
        case NFT_CT_MARK:
                return register_put_part(w, number, PART(ct_mark), "the connection's mark");
        case NFT_CT_L3PROTOCOL:
                return put_known(w, number, &family, 1, "the family");
        case NFT_CT_PROTOCOL:
                return put_known(w, number, &tcp, 1, "the protocol");
        case NFT_CT_SRC:
        case NFT_CT_DST:
                return load_ct_address(w, a, key == NFT_CT_DST, w->packet->family);
        case NFT_CT_SRC_IP:
        case NFT_CT_DST_IP:
                return load_ct_address(w, a, key == NFT_CT_DST_IP, FAMILY_IPV4);
        case NFT_CT_SRC_IP6:
        case NFT_CT_DST_IP6:
                return load_ct_address(w, a, key == NFT_CT_DST_IP6, FAMILY_IPV6);
        case NFT_CT_PROTO_SRC:
                return load_ct_tuple(w, a, PORT_FROM, "the source port");
        case NFT_CT_PROTO_DST:
                return load_ct_tuple(w, a, PORT_TO, "the port");
        }
        return load_ct_other(w, number, key);
}

static Truth store_ct(Walk *w, Bytes number, uint32_t key)
{
        Operand o;

        if (key == NFT_CT_MARK && register_get(w, number, 4, &o))
                walk_set(w, PART(ct_mark), o.value, o.known);
        return TRUTH_YES;
}

Truth load_ct(Walk *w, Bytes data)
{
        Bytes a[NFTA_CT_MAX + 1];
        uint32_t key;
        Truth t;

        attributes_read(data, a, ELEMENTS(a));
        key = attribute_u32_or(a[NFTA_CT_KEY], UINT32_MAX);
        if (a[NFTA_CT_SREG].data)
                return store_ct(w, a[NFTA_CT_SREG], key);
        if (key == NFT_CT_STATE)
                return register_put_part(
                        w, a[NFTA_CT_DREG], PART(ct_state), "whether it is tracked");
        t = walk_is_tracked(w);
        if (t == TRUTH_NO)
                return TRUTH_NO;
        if (t == TRUTH_MAYBE)
                walk_doubt(w, "whether it is tracked", false);
        return truth_and(t, load_ct_entry(w, a, key));
}

/* ---- routes ---- */

/* Types of addresses; of what is given to a peer, any address is taken to be of one host. */
static Truth load_address_type(Walk *w, Bytes number, uint32_t flags)
{
        Truth local = flags & NFTA_FIB_F_DADDR                ? w->local
                      : w->packet->direction == DIRECTION_OUT ? TRUTH_YES
                                                              : TRUTH_NO;
        uint32_t type = local == TRUTH_YES ? RTN_LOCAL : RTN_UNICAST;

        if (local == TRUTH_MAYBE || flags & (NFTA_FIB_F_IIF | NFTA_FIB_F_OIF | NFTA_FIB_F_MARK))
                return put_unknown(w, number, 4, "the type of an address (fib)");
        return put_known(w, number, &type, sizeof(type), "the type of an address (fib)");
}

Truth load_fib(Walk *w, Bytes data)
{
        static const uint32_t present = 1;
        Bytes a[NFTA_FIB_MAX + 1];
        uint32_t flags, result;

        attributes_read(data, a, ELEMENTS(a));
        flags = attribute_u32_or(a[NFTA_FIB_FLAGS], 0);
        result = attribute_u32_or(a[NFTA_FIB_RESULT], 0);
        if (result == NFT_FIB_RESULT_ADDRTYPE)
                return load_address_type(w, a[NFTA_FIB_DREG], flags);
        if (result == NFT_FIB_RESULT_OIF && flags & NFTA_FIB_F_PRESENT &&
                flags & NFTA_FIB_F_SADDR) {
                w->route_asked = true;
                return put_known(w, a[NFTA_FIB_DREG], &present, sizeof(present), "a route (fib)");
        }
        return put_unknown(w, a[NFTA_FIB_DREG], result == NFT_FIB_RESULT_OIFNAME ? IFNAMSIZ : 4,
                "a route (fib)");
}

Truth load_unknown(Walk *w, _unused_ Bytes data)
{
        /* which register it loads depends on the expression */
        memset(w->registers.known, 0, sizeof(w->registers.known));
        return walk_doubt(w, "a property that is not known (rt, socket, hash or another)", false);
}
