/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/probe/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define TABLE_OWNER 0x2u
#define REGISTER NFT_REG32_00

/* All messages are of this program, so their size is known: they fit. */
typedef struct Batch {
        _Alignas(struct nlmsghdr) uint8_t data[8192];
        size_t length, message; /* message: where the one that is being written begins */
        uint32_t seq;           /* of that one */
} Batch;

/* ---- messages and attributes ---- */

static void message_begin(Batch *b, uint16_t type, uint16_t flags, uint16_t resource)
{
        struct nlmsghdr h = { .nlmsg_type = type,
                .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
                .nlmsg_seq = ++b->seq };
        struct nfgenmsg g = { .nfgen_family = resource ? AF_UNSPEC : NFPROTO_INET,
                .version = NFNETLINK_V0,
                .res_id = htons(resource) };

        b->message = b->length;
        memcpy(b->data + b->length, &h, sizeof(h));
        memcpy(b->data + b->length + sizeof(h), &g, sizeof(g));
        b->length += sizeof(h) + sizeof(g);
}

static void message_end(Batch *b)
{
        uint32_t length = (uint32_t)(b->length - b->message);

        memcpy(b->data + b->message, &length, sizeof(length));
}

static void put(Batch *b, uint16_t type, const void *data, size_t n)
{
        struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + n), .nla_type = type };

        memcpy(b->data + b->length, &a, sizeof(a));
        memcpy(b->data + b->length + sizeof(a), data, n);
        b->length += NLA_ALIGN(sizeof(a) + n);
}

static void put_string(Batch *b, uint16_t type, const char *s)
{
        put(b, type, s, strlen(s) + 1);
}

static void put_number(Batch *b, uint16_t type, uint32_t number)
{
        number = htonl(number);
        put(b, type, &number, sizeof(number));
}

static size_t nest_begin(Batch *b, uint16_t type)
{
        size_t at = b->length;

        put(b, type | NLA_F_NESTED, NULL, 0);
        return at;
}

static void nest_end(Batch *b, size_t at)
{
        uint16_t length = (uint16_t)(b->length - at);

        memcpy(b->data + at, &length, sizeof(length));
}

/* ---- expressions ---- */

typedef struct Expression {
        size_t element, data;
} Expression;

static Expression expression_begin(Batch *b, const char *name)
{
        Expression e = { .element = nest_begin(b, NFTA_LIST_ELEM) };

        put_string(b, NFTA_EXPR_NAME, name);
        e.data = nest_begin(b, NFTA_EXPR_DATA);
        return e;
}

static void expression_end(Batch *b, Expression e)
{
        nest_end(b, e.data);
        nest_end(b, e.element);
}

/* The register is equal to this. */
static void put_equal(Batch *b, const void *data, size_t n)
{
        Expression e = expression_begin(b, "cmp");
        size_t at;

        put_number(b, NFTA_CMP_SREG, REGISTER);
        put_number(b, NFTA_CMP_OP, NFT_CMP_EQ);
        at = nest_begin(b, NFTA_CMP_DATA);
        put(b, NFTA_DATA_VALUE, data, n);
        nest_end(b, at);
        expression_end(b, e);
}

static void put_meta_equal(Batch *b, uint32_t key, const void *data, size_t n)
{
        Expression e = expression_begin(b, "meta");

        put_number(b, NFTA_META_KEY, key);
        put_number(b, NFTA_META_DREG, REGISTER);
        expression_end(b, e);
        put_equal(b, data, n);
}

/* meta skuid UID meta l4proto tcp */
static void put_owner(Batch *b, const ProbeFlow *flow)
{
        static const uint8_t tcp = IPPROTO_TCP;

        put_meta_equal(b, NFT_META_SKUID, &flow->uid, sizeof(flow->uid));
        put_meta_equal(b, NFT_META_L4PROTO, &tcp, sizeof(tcp));
}

/* tcp sport PORT */
static void put_port(Batch *b, const ProbeFlow *flow)
{
        Expression e = expression_begin(b, "payload");
        uint16_t port = htons(flow->port);

        put_number(b, NFTA_PAYLOAD_DREG, REGISTER);
        put_number(b, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
        put_number(b, NFTA_PAYLOAD_OFFSET, 0);
        put_number(b, NFTA_PAYLOAD_LEN, sizeof(port));
        expression_end(b, e);
        put_equal(b, &port, sizeof(port));
}

/* ct original proto-src PORT */
static void put_port_before_nat(Batch *b, const ProbeFlow *flow)
{
        Expression e = expression_begin(b, "ct");
        uint16_t port = htons(flow->port);
        static const uint8_t original;

        put_number(b, NFTA_CT_DREG, REGISTER);
        put_number(b, NFTA_CT_KEY, NFT_CT_PROTO_SRC);
        put(b, NFTA_CT_DIRECTION, &original, sizeof(original));
        expression_end(b, e);
        put_equal(b, &port, sizeof(port));
}

/* meta nftrace set 1 */
static void put_trace(Batch *b)
{
        Expression e = expression_begin(b, "immediate");
        static const uint8_t on = 1;
        size_t at;

        put_number(b, NFTA_IMMEDIATE_DREG, REGISTER);
        at = nest_begin(b, NFTA_IMMEDIATE_DATA);
        put(b, NFTA_DATA_VALUE, &on, sizeof(on));
        nest_end(b, at);
        expression_end(b, e);
        e = expression_begin(b, "meta");
        put_number(b, NFTA_META_KEY, NFT_META_NFTRACE);
        put_number(b, NFTA_META_SREG, REGISTER);
        expression_end(b, e);
}

/* drop */
static void put_drop(Batch *b)
{
        Expression e = expression_begin(b, "immediate");
        size_t at, verdict;

        put_number(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        at = nest_begin(b, NFTA_IMMEDIATE_DATA);
        verdict = nest_begin(b, NFTA_DATA_VERDICT);
        put_number(b, NFTA_VERDICT_CODE, NF_DROP);
        nest_end(b, verdict);
        nest_end(b, at);
        expression_end(b, e);
}

/* ---- the table ---- */

static void put_table(Batch *b)
{
        message_begin(
                b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, 0);
        put_string(b, NFTA_TABLE_NAME, PROBE_TABLE);
        put_number(b, NFTA_TABLE_FLAGS, TABLE_OWNER);
        message_end(b);
}

static void put_chain(Batch *b, const char *name, uint32_t hook, int32_t priority)
{
        size_t at;

        message_begin(b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE, 0);
        put_string(b, NFTA_CHAIN_TABLE, PROBE_TABLE);
        put_string(b, NFTA_CHAIN_NAME, name);
        put_string(b, NFTA_CHAIN_TYPE, "filter");
        at = nest_begin(b, NFTA_CHAIN_HOOK);
        put_number(b, NFTA_HOOK_HOOKNUM, hook);
        put_number(b, NFTA_HOOK_PRIORITY, (uint32_t)priority);
        nest_end(b, at);
        message_end(b);
}

typedef void (*Put)(Batch *b, const ProbeFlow *flow);

static void put_rule(Batch *b, const char *chain, Put match, void (*act)(Batch *b),
        const ProbeFlow *flow, uint16_t flags)
{
        size_t at;

        message_begin(b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE,
                (uint16_t)(NLM_F_CREATE | NLM_F_APPEND | flags), 0);
        put_string(b, NFTA_RULE_TABLE, PROBE_TABLE);
        put_string(b, NFTA_RULE_CHAIN, chain);
        at = nest_begin(b, NFTA_RULE_EXPRESSIONS);
        put_owner(b, flow);
        match(b, flow);
        act(b);
        nest_end(b, at);
        message_end(b);
}

static uint32_t batch_fill(Batch *b, const ProbeFlow *flow)
{
        static const char first[] = "first";
        uint32_t last;

        message_begin(b, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES);
        message_end(b);
        put_table(b);
        put_chain(b, first, NF_INET_LOCAL_OUT, INT_MIN + 1);
        put_chain(b, PROBE_LAST, NF_INET_POST_ROUTING, INT_MAX);
        put_rule(b, first, put_port, put_trace, flow, 0);
        put_rule(b, PROBE_LAST, put_port, put_drop, flow, 0);
        /* one whose port masquerading has changed has a conntrack entry */
        put_rule(b, PROBE_LAST, put_port_before_nat, put_drop, flow, NLM_F_ACK);
        last = b->seq;
        message_begin(b, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES);
        message_end(b);
        return last;
}

int probe_table_make(Netlink *n, const ProbeFlow *flow)
{
        Batch b = { .seq = n->seq };
        NetlinkBatch batch = { .data = b.data, .first = n->seq + 1 };
        NetlinkOutcome outcome;
        int r;

        batch.last = batch_fill(&b, flow);
        batch.length = b.length;
        r = netlink_batch(n, &batch, &outcome);
        r = r < 0 ? r : outcome.error;
        return r == -EINVAL ? -EOPNOTSUPP : r;
}
