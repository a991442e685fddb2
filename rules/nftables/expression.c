/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Statements to the expressions of nf_tables. Above each: what nft calls it. Registers: every
 * expression loads into register 1 and is used at once.
 */

#include "rules/nftables/expression.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h> /* libnftnl's headers need it before them */

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>

#define LOOPBACK_INDEX 1u /* of lo, in every network namespace */
#define NSEC_PER_SEC UINT64_C(1000000000)
#define CT_STATE_INVALID 1u
#define CT_STATE_UNTRACKED 64u

/* A rule that is being made, and the first failure. */
typedef struct Maker {
        struct nftnl_rule *rule;
        int error;
} Maker;

static struct nftnl_expr *make(Maker *m, const char *name)
{
        struct nftnl_expr *e = m->error < 0 ? NULL : nftnl_expr_alloc(name);

        if (!e) {
                m->error = -ENOMEM;
                return NULL;
        }
        nftnl_rule_add_expr(m->rule, e);
        return e;
}

static void set_u32(struct nftnl_expr *e, uint16_t attribute, uint32_t value)
{
        if (e)
                nftnl_expr_set_u32(e, attribute, value);
}

static void set_data(
        Maker *m, struct nftnl_expr *e, uint16_t attribute, const void *data, uint32_t n)
{
        if (e && nftnl_expr_set(e, attribute, data, n) < 0)
                m->error = -ENOMEM;
}

static void set_text(Maker *m, struct nftnl_expr *e, uint16_t attribute, const char *text)
{
        if (e && nftnl_expr_set_str(e, attribute, text) < 0)
                m->error = -ENOMEM;
}

/* meta KEY => reg 1 */
static void make_meta(Maker *m, uint32_t key)
{
        struct nftnl_expr *e = make(m, "meta");

        set_u32(e, NFTNL_EXPR_META_KEY, key);
        set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void make_compare(Maker *m, uint32_t op, const void *data, uint32_t n)
{
        struct nftnl_expr *e = make(m, "cmp");

        set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_CMP_OP, op);
        set_data(m, e, NFTNL_EXPR_CMP_DATA, data, n);
}

static void make_payload(Maker *m, uint32_t base, uint32_t offset, uint32_t n)
{
        struct nftnl_expr *e = make(m, "payload");

        set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
        set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
        set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, n);
}

/* & mask */
static void make_mask(Maker *m, const void *mask, uint32_t n)
{
        static const uint8_t zero[NFT_LABEL_BYTES];
        struct nftnl_expr *e = make(m, "bitwise");

        set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_BITWISE_LEN, n);
        set_data(m, e, NFTNL_EXPR_BITWISE_MASK, mask, n);
        set_data(m, e, NFTNL_EXPR_BITWISE_XOR, zero, n);
}

/* @set */
static void make_lookup(Maker *m, const NftSetKey *k)
{
        struct nftnl_expr *e = make(m, "lookup");
        char name[NFT_NAME_TEXT_MAX];

        set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
        set_text(m, e, NFTNL_EXPR_LOOKUP_SET, nft_set_name(k, name));
}

/* ct KEY => reg 1 */
static void make_ct(Maker *m, uint32_t key, int direction)
{
        struct nftnl_expr *e = make(m, "ct");

        set_u32(e, NFTNL_EXPR_CT_KEY, key);
        set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
        if (e && direction >= 0)
                nftnl_expr_set_u8(e, NFTNL_EXPR_CT_DIR, (uint8_t)direction);
}

static void prefix_mask(unsigned bits, uint8_t mask[static 16])
{
        memset(mask, 0, 16);
        for (unsigned i = 0; i < bits; i++)
                mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

/* ip saddr, ip daddr, ip6 saddr, ip6 daddr: the first n bytes => reg 1 */
static void make_address(Maker *m, unsigned family, bool to, uint32_t n)
{
        if (family == FAMILY_IPV4)
                make_payload(m, NFT_PAYLOAD_NETWORK_HEADER, to ? 16 : 12, n);
        else
                make_payload(m, NFT_PAYLOAD_NETWORK_HEADER, to ? 24 : 8, n);
}

/* ip saddr 192.0.2.0/24: whole bytes are compared as they are, else under a mask */
static void make_prefix(Maker *m, const NftStatement *s)
{
        const Prefix *p = &s->prefix;
        unsigned n = family_bits(p->address.family) / 8;
        uint8_t mask[16];

        if (p->bits % 8 == 0)
                n = p->bits / 8;
        make_address(m, p->address.family, s->to, n);
        if (p->bits % 8 != 0) {
                prefix_mask(p->bits, mask);
                make_mask(m, mask, n);
        }
        make_compare(m, NFT_CMP_EQ, p->address.bytes, n);
}

/* ip saddr @s4p32_NAME; ip saddr & 255.255.255.0 == @s4p24_NAME */
static void make_address_set(Maker *m, const NftStatement *s)
{
        unsigned bits = family_bits((Family)s->set.family);
        uint8_t mask[16];

        make_address(m, s->set.family, s->to, bits / 8);
        if (s->set.bits < bits) {
                prefix_mask(s->set.bits, mask);
                make_mask(m, mask, bits / 8);
        }
        make_lookup(m, &s->set);
}

static void make_family(Maker *m, Family family)
{
        uint8_t nfproto = family == FAMILY_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

        make_meta(m, NFT_META_NFPROTO);
        make_compare(m, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
}

/* tcp flags & (syn | ack) == syn */
static void make_syn(Maker *m)
{
        static const uint8_t mask = 0x12, syn = 0x02;

        make_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
        make_mask(m, &mask, 1);
        make_compare(m, NFT_CMP_EQ, &syn, 1);
}

/* tcp flags ! rst */
static void make_no_rst(Maker *m)
{
        static const uint8_t rst = 0x04, none = 0;

        make_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
        make_mask(m, &rst, 1);
        make_compare(m, NFT_CMP_EQ, &none, 1);
}

/* tcp dport; ct original proto-dst */
static void make_port(Maker *m, bool dialled)
{
        if (dialled)
                make_ct(m, NFT_CT_PROTO_DST, 0);
        else
                make_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
}

static void make_port_equal(Maker *m, const NftStatement *s)
{
        uint16_t port = htons((uint16_t)s->number);

        make_port(m, s->kind == STATEMENT_DIALLED_PORT);
        make_compare(m, NFT_CMP_EQ, &port, sizeof(port));
}

static void make_fib(Maker *m, uint32_t flags, uint32_t result)
{
        struct nftnl_expr *e = make(m, "fib");

        set_u32(e, NFTNL_EXPR_FIB_FLAGS, flags);
        set_u32(e, NFTNL_EXPR_FIB_RESULT, result);
        set_u32(e, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
}

/* iifname "eth0": the whole buffer of the name, so that nothing longer matches */
static void make_interface(Maker *m, const NftStatement *s)
{
        char name[IFNAMSIZ] = "";

        if (s->kind == STATEMENT_ROUTE_INTERFACE)
                make_fib(m, NFTA_FIB_F_DADDR | NFTA_FIB_F_MARK, NFT_FIB_RESULT_OIFNAME);
        else
                make_meta(
                        m, s->kind == STATEMENT_IN_INTERFACE ? NFT_META_IIFNAME : NFT_META_OIFNAME);
        memcpy(name, s->interface, strnlen(s->interface, sizeof(name) - 1));
        make_compare(m, NFT_CMP_EQ, name, sizeof(name));
}

/* fib daddr type local */
static void make_address_type(Maker *m, uint32_t type)
{
        make_fib(m, NFTA_FIB_F_DADDR, NFT_FIB_RESULT_ADDRTYPE);
        make_compare(m, NFT_CMP_EQ, &type, sizeof(type));
}

/* ct state invalid,untracked */
static void make_no_conntrack(Maker *m)
{
        uint32_t mask = CT_STATE_INVALID | CT_STATE_UNTRACKED, zero = 0;

        make_ct(m, NFT_CT_STATE, -1);
        make_mask(m, &mask, sizeof(mask));
        make_compare(m, NFT_CMP_NEQ, &zero, sizeof(zero));
}

/* ct label 126 */
static void make_label(Maker *m, uint32_t bit)
{
        static const uint8_t zero[NFT_LABEL_BYTES];
        uint8_t mask[NFT_LABEL_BYTES];

        nft_label_bitmap(bit, mask);
        make_ct(m, NFT_CT_LABELS, -1);
        make_mask(m, mask, NFT_LABEL_BYTES);
        make_compare(m, NFT_CMP_NEQ, zero, NFT_LABEL_BYTES);
}

/* ct label set 125 */
static void make_set_label(Maker *m, uint32_t bit)
{
        struct nftnl_expr *e = make(m, "immediate");
        uint8_t mask[NFT_LABEL_BYTES];

        nft_label_bitmap(bit, mask);
        set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
        set_data(m, e, NFTNL_EXPR_IMM_DATA, mask, NFT_LABEL_BYTES);
        e = make(m, "ct");
        set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_LABELS);
        set_u32(e, NFTNL_EXPR_CT_SREG, NFT_REG_1);
}

static void make_id(Maker *m, uint32_t key, uint32_t id)
{
        make_meta(m, key);
        make_compare(m, NFT_CMP_EQ, &id, sizeof(id));
}

/* socket cgroupv2 level N */
static void make_cgroup(Maker *m, uint32_t level)
{
        struct nftnl_expr *e = make(m, "socket");

        set_u32(e, NFTNL_EXPR_SOCKET_KEY, NFT_SOCKET_CGROUPV2);
        set_u32(e, NFTNL_EXPR_SOCKET_LEVEL, level);
        set_u32(e, NFTNL_EXPR_SOCKET_DREG, NFT_REG_1);
}

/* meta time < T: nanoseconds, brought into the order in which cmp compares bytes */
static void make_before(Maker *m, uint64_t time_sec)
{
        uint64_t time_nsec =
                time_sec < UINT64_MAX / NSEC_PER_SEC ? time_sec * NSEC_PER_SEC : UINT64_MAX;
        struct nftnl_expr *e;

        make_meta(m, NFT_META_TIME_NS);
        e = make(m, "byteorder");
        set_u32(e, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
        set_u32(e, NFTNL_EXPR_BYTEORDER_LEN, sizeof(time_nsec));
        set_u32(e, NFTNL_EXPR_BYTEORDER_SIZE, sizeof(time_nsec));
        time_nsec = htobe64(time_nsec);
        make_compare(m, NFT_CMP_LT, &time_nsec, sizeof(time_nsec));
}

/* What a bucket belongs to => reg 1: meta skuid; ip saddr; ip6 saddr & ffff:ffff:ffff:ffff:: */
static void make_source(Maker *m, unsigned family)
{
        uint8_t mask[16];

        if (family == 0) {
                make_meta(m, NFT_META_SKUID);
                return;
        }
        make_address(m, family, false, family == FAMILY_IPV4 ? 4 : 16);
        if (family == FAMILY_IPV6) {
                prefix_mask(64, mask);
                make_mask(m, mask, sizeof(mask));
        }
}

static struct nftnl_expr *limit_expression(const Limit *l, bool rate)
{
        struct nftnl_expr *e = nftnl_expr_alloc(rate ? "limit" : "connlimit");

        if (!e || !rate) {
                set_u32(e, NFTNL_EXPR_CONNLIMIT_COUNT, l->open);
                set_u32(e, NFTNL_EXPR_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
                return e;
        }
        nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, l->rate);
        nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, l->unit_sec);
        set_u32(e, NFTNL_EXPR_LIMIT_BURST, l->burst);
        set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
        set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
        return e;
}

/* update @rate4_… { ip saddr limit rate over 12/minute burst 6 packets }
 * add @open4_… { ip saddr ct count over 20 } */
static void make_over(Maker *m, const NftStatement *s)
{
        bool rate = s->kind == STATEMENT_RATE_OVER;
        struct nftnl_expr *e, *over;
        char name[NFT_NAME_TEXT_MAX];

        make_source(m, s->set.family);
        e = make(m, "dynset");
        set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_DYNSET_OP, rate ? NFT_DYNSET_OP_UPDATE : NFT_DYNSET_OP_ADD);
        set_text(m, e, NFTNL_EXPR_DYNSET_SET_NAME, nft_set_name(&s->set, name));
        over = limit_expression(&s->set.limit, rate);
        if (!e || !over) {
                m->error = -ENOMEM;
                if (over)
                        nftnl_expr_free(over);
                return;
        }
        nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, over, 0);
}

/* limit rate 10/second burst 20 packets */
static void make_log_limit(Maker *m)
{
        struct nftnl_expr *e = make(m, "limit");

        if (!e)
                return;
        nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, NFT_LOG_RATE);
        nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1);
        set_u32(e, NFTNL_EXPR_LIMIT_BURST, NFT_LOG_BURST);
        set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
        set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, 0);
}

/* log prefix "p25 in reject 5" group 25 snaplen 128 */
static void make_log(Maker *m, const NftStatement *s)
{
        struct nftnl_expr *e = make(m, "log");
        char prefix[NFT_NAME_TEXT_MAX];

        set_text(m, e, NFTNL_EXPR_LOG_PREFIX, nft_log_prefix(s, prefix));
        if (!e)
                return;
        nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, NFT_LOG_GROUP);
        set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, NFT_LOG_SNAPLEN);
}

/* counter name "rule_5" */
static void make_counter(Maker *m, uint64_t id)
{
        struct nftnl_expr *e = make(m, "objref");
        char name[NFT_NAME_TEXT_MAX];

        set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
        set_text(m, e, NFTNL_EXPR_OBJREF_IMM_NAME, nft_counter_name(id, name));
}

static void make_verdict(Maker *m, uint32_t verdict, const NftChainKey *chain)
{
        struct nftnl_expr *e = make(m, "immediate");
        char name[NFT_NAME_TEXT_MAX];

        set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
        set_u32(e, NFTNL_EXPR_IMM_VERDICT, verdict);
        if (chain)
                set_text(m, e, NFTNL_EXPR_IMM_CHAIN, nft_chain_name(chain, name));
}

/* reject with tcp reset */
static void make_reset(Maker *m)
{
        struct nftnl_expr *e = make(m, "reject");

        set_u32(e, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_TCP_RST);
        if (e)
                nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, 0);
}

static void make_statement(Maker *m, const NftStatement *s)
{
        static const uint32_t lo = LOOPBACK_INDEX;
        static const uint8_t tcp = IPPROTO_TCP;

        switch (s->kind) {
        case STATEMENT_FAMILY:
                make_family(m, s->family);
                break;
        case STATEMENT_TCP:
                make_meta(m, NFT_META_L4PROTO);
                make_compare(m, NFT_CMP_EQ, &tcp, sizeof(tcp));
                break;
        case STATEMENT_PORT:
        case STATEMENT_DIALLED_PORT:
                make_port_equal(m, s);
                break;
        case STATEMENT_PORTS:
        case STATEMENT_DIALLED_PORTS:
                make_port(m, s->kind == STATEMENT_DIALLED_PORTS);
                make_lookup(m, &s->set);
                break;
        case STATEMENT_SYN:
                make_syn(m);
                break;
        case STATEMENT_NO_RST:
                make_no_rst(m);
                break;
        case STATEMENT_IN_NOT_LO:
        case STATEMENT_OUT_NOT_LO:
                make_meta(m, s->kind == STATEMENT_IN_NOT_LO ? NFT_META_IIF : NFT_META_OIF);
                make_compare(m, NFT_CMP_NEQ, &lo, sizeof(lo));
                break;
        case STATEMENT_IN_INTERFACE:
        case STATEMENT_OUT_INTERFACE:
        case STATEMENT_ROUTE_INTERFACE:
                make_interface(m, s);
                break;
        case STATEMENT_ADDRESS_TYPE:
                make_address_type(m, s->number);
                break;
        case STATEMENT_NO_CONNTRACK:
                make_no_conntrack(m);
                break;
        case STATEMENT_LABEL:
                make_label(m, s->number);
                break;
        case STATEMENT_SET_LABEL:
                make_set_label(m, s->number);
                break;
        case STATEMENT_ADDRESS:
                make_prefix(m, s);
                break;
        case STATEMENT_ADDRESS_SET:
                make_address_set(m, s);
                break;
        case STATEMENT_USER:
        case STATEMENT_GROUP:
                make_id(m, s->kind == STATEMENT_USER ? NFT_META_SKUID : NFT_META_SKGID, s->number);
                break;
        case STATEMENT_USERS:
        case STATEMENT_GROUPS:
                make_meta(m, s->kind == STATEMENT_USERS ? NFT_META_SKUID : NFT_META_SKGID);
                make_lookup(m, &s->set);
                break;
        case STATEMENT_UNIT:
                make_cgroup(m, s->number);
                make_compare(m, NFT_CMP_EQ, &s->cgroup, sizeof(s->cgroup));
                break;
        case STATEMENT_BEFORE:
                make_before(m, s->time_sec);
                break;
        case STATEMENT_RATE_OVER:
        case STATEMENT_OPEN_OVER:
                make_over(m, s);
                break;
        case STATEMENT_LOG_LIMIT:
                make_log_limit(m);
                break;
        case STATEMENT_LOG:
                make_log(m, s);
                break;
        case STATEMENT_COUNTER:
                make_counter(m, s->counter);
                break;
        case STATEMENT_ACCEPT:
                make_verdict(m, NF_ACCEPT, NULL);
                break;
        case STATEMENT_DROP:
                make_verdict(m, NF_DROP, NULL);
                break;
        case STATEMENT_RESET:
                make_reset(m);
                break;
        case STATEMENT_JUMP:
        case STATEMENT_GOTO:
                make_verdict(
                        m, (uint32_t)(s->kind == STATEMENT_JUMP ? NFT_JUMP : NFT_GOTO), &s->chain);
                break;
        case _STATEMENT_MAX:
                break;
        }
}

int nft_expression_add(struct nftnl_rule *r, const NftStatement *s)
{
        Maker m = { .rule = r };

        make_statement(&m, s);
        return m.error;
}
