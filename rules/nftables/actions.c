/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The actions of a rule, on sets that packets fill and on the packet: text and bytes, a row each.
 */

#include "rules/base/buffer.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/rows.h"
#include "rules/policy/logprefix.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <net/if.h>

#include <libnftnl/object.h>

/* ---- limits ---- */

static void rate_print(Buffer *b, const Limit *l)
{
        buffer_printf(b, "limit rate %" PRIu32 "/%s burst %" PRIu32 " packets", l->rate,
                limit_unit_to_string(l->unit_sec), l->burst);
}

static void rate_set(Maker *m, struct nftnl_expr *e, const Limit *l)
{
        if (!e) {
                m->error = -ENOMEM;
                return;
        }
        nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, l->rate);
        nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, l->unit_sec);
        set_u32(e, NFTNL_EXPR_LIMIT_BURST, l->burst);
        set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
        set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, 0);
}

static void open_set(Maker *m, struct nftnl_expr *e, const Limit *l)
{
        if (!e) {
                m->error = -ENOMEM;
                return;
        }
        set_u32(e, NFTNL_EXPR_CONNLIMIT_COUNT, l->open);
        set_u32(e, NFTNL_EXPR_CONNLIMIT_FLAGS, 0);
}

/* Register 1 becomes an element, with an expression of its own (taken over; may be NULL after an
 * error). */
static void make_element(Maker *m, const NftSetKey *k, uint32_t op, struct nftnl_expr *own)
{
        struct nftnl_expr *e = make(m, "dynset");
        char name[NFT_NAME_TEXT_MAX];

        set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_DYNSET_OP, op);
        set_text(m, e, NFTNL_EXPR_DYNSET_SET_NAME, nft_set_name(k, name));
        if (e && own)
                nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, own, 0);
        else if (own)
                nftnl_expr_free(own);
}

static void rate_under_text(Buffer *b, const NftStatement *s)
{
        buffer_add_string(b, "update ");
        statement_print_set(b, &s->set);
        buffer_add_string(b, " { ");
        statement_print_source(b, s);
        buffer_add_char(b, ' ');
        rate_print(b, &s->set.limit);
        buffer_add_string(b, " }");
}

static void rate_under_bytes(Maker *m, const NftStatement *s)
{
        struct nftnl_expr *limit = nftnl_expr_alloc("limit");

        rate_set(m, limit, &s->set.limit);
        make_source(m, s);
        make_element(m, &s->set, NFT_DYNSET_OP_UPDATE, limit);
}

static void open_under_text(Buffer *b, const NftStatement *s)
{
        buffer_add_string(b, "add ");
        statement_print_set(b, &s->set);
        buffer_add_string(b, " { ");
        statement_print_source(b, s);
        buffer_printf(b, " ct count %" PRIu32 " }", s->set.limit.open);
}

static void open_under_bytes(Maker *m, const NftStatement *s)
{
        struct nftnl_expr *count = nftnl_expr_alloc("connlimit");

        open_set(m, count, &s->set.limit);
        make_source(m, s);
        make_element(m, &s->set, NFT_DYNSET_OP_ADD, count);
}

/* An element that is there is asked for its limit by such a lookup; one that is not is not. */
static void no_bucket_text(Buffer *b, const NftStatement *s)
{
        statement_print_source(b, s);
        buffer_add_string(b, " != ");
        statement_print_set(b, &s->set);
}

static void no_bucket_bytes(Maker *m, const NftStatement *s)
{
        make_source(m, s);
        make_lookup(m, &s->set, NFT_LOOKUP_F_INV);
}

static bool limit_equal(const NftStatement *a, const NftStatement *b)
{
        return nft_set_key_compare(&a->set, &b->set) == 0;
}

static void shared_rate_text(Buffer *b, const NftStatement *s)
{
        rate_print(b, &s->set.limit);
}

static void shared_rate_bytes(Maker *m, const NftStatement *s)
{
        rate_set(m, make(m, "limit"), &s->set.limit);
}

static void shared_open_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "ct count %" PRIu32, s->set.limit.open);
}

static void shared_open_bytes(Maker *m, const NftStatement *s)
{
        open_set(m, make(m, "connlimit"), &s->set.limit);
}

/* ---- bridges ---- */

static void bridged_text(Buffer *b, const NftStatement *s)
{
        const char *ip = s->set.family == FAMILY_IPV4 ? "ip" : "ip6";

        buffer_add_string(b, "meta iifkind \"bridge\" add ");
        statement_print_set(b, &s->set);
        buffer_printf(b,
                " { iif . iif . %s daddr . %s daddr } iif . oif . %s daddr . rt %s nexthop ", ip,
                ip, ip, ip);
        statement_print_set(b, &s->set);
}

typedef struct BridgedKey {
        uint32_t second_interface;
        bool next_hop; /* else the destination again */
} BridgedKey;

/* iif . INTERFACE . ip daddr . (ip daddr | rt ip nexthop) => reg 1 and those behind it */
static void make_bridged_key(Maker *m, unsigned family, BridgedKey k)
{
        uint32_t n = family == FAMILY_IPV4 ? 4 : 16, offset = family == FAMILY_IPV4 ? 16 : 24;
        uint32_t last = NFT_REG32_02 + n / 4;
        struct nftnl_expr *e;

        make_meta_to(m, NFT_META_IIF, NFT_REG_1);
        make_meta_to(m, k.second_interface, NFT_REG32_01);
        make_payload_to(m, NFT_PAYLOAD_NETWORK_HEADER, offset, n, NFT_REG32_02);
        if (!k.next_hop) {
                make_payload_to(m, NFT_PAYLOAD_NETWORK_HEADER, offset, n, last);
                return;
        }
        e = make(m, "rt");
        set_u32(e, NFTNL_EXPR_RT_KEY, family == FAMILY_IPV4 ? NFT_RT_NEXTHOP4 : NFT_RT_NEXTHOP6);
        set_u32(e, NFTNL_EXPR_RT_DREG, last);
}

/*
 * No expression compares two registers. Each packet leaves its own (i, i, d, d) in the set, which
 * holds only such elements: (i, o, d, next hop) is among them if o is i and the next hop is d.
 */
static void bridged_bytes(Maker *m, const NftStatement *s)
{
        static const char bridge[IFNAMSIZ] = "bridge";

        make_meta(m, NFT_META_IIFKIND);
        make_compare(m, NFT_CMP_EQ, bridge, sizeof(bridge));
        make_bridged_key(m, s->set.family, (BridgedKey){ NFT_META_IIF, false });
        make_element(m, &s->set, NFT_DYNSET_OP_ADD, NULL);
        make_bridged_key(m, s->set.family, (BridgedKey){ NFT_META_OIF, true });
        make_lookup(m, &s->set, 0);
}

/* ---- waiting ---- */

static void held_text(Buffer *b, const NftStatement *s)
{
        bool note = s->kind == STATEMENT_NOTE_HELD;

        if (note) {
                buffer_add_string(b, "update ");
                statement_print_set(b, &s->set);
                buffer_add_string(b, " { ");
        }
        buffer_printf(b, "%s . tcp sport", statement_address_word(s->set.family, true));
        buffer_add_string(b, note ? " }" : " != ");
        if (!note)
                statement_print_set(b, &s->set);
}

static void held_bytes(Maker *m, const NftStatement *s)
{
        uint32_t n = s->set.family == FAMILY_IPV4 ? 4 : 16;

        make_address(m, s->set.family, true, n);
        make_payload_to(m, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, NFT_REG32_00 + n / 4);
        if (s->kind == STATEMENT_NOTE_HELD)
                make_element(m, &s->set, NFT_DYNSET_OP_UPDATE, NULL);
        else
                make_lookup(m, &s->set, NFT_LOOKUP_F_INV);
}

/* ---- connections that conntrack does not follow ---- */

/* update @untracked4 { ip saddr . tcp sport . ip daddr . tcp dport } */
static void note_untracked_text(Buffer *b, const NftStatement *s)
{
        const char *ip = s->set.family == FAMILY_IPV4 ? "ip" : "ip6";

        buffer_add_string(b, "update ");
        statement_print_set(b, &s->set);
        buffer_printf(b, " { %s saddr . tcp sport . %s daddr . tcp dport }", ip, ip);
}

static void note_untracked_bytes(Maker *m, const NftStatement *s)
{
        make_end(m, s->set.family, true, make_end(m, s->set.family, false, NFT_REG32_00));
        make_element(m, &s->set, NFT_DYNSET_OP_UPDATE, NULL);
}

/* ---- the limit of what waits, and the queue ---- */

static const Limit hold_limit = { .rate = NFT_HOLD_RATE, .unit_sec = 1, .burst = NFT_HOLD_BURST };

static void hold_limit_text(Buffer *b, const NftStatement *s)
{
        (void)s;
        rate_print(b, &hold_limit);
}

static void hold_limit_bytes(Maker *m, const NftStatement *s)
{
        (void)s;
        rate_set(m, make(m, "limit"), &hold_limit);
}

static void queue_text(Buffer *b, const NftStatement *s)
{
        if (s->number == 0)
                buffer_printf(b, "queue flags bypass to %u", NFT_HOLD_QUEUE);
        else
                buffer_add_string(b, "xt target \"NFQUEUE\"");
}

/* xt_NFQUEUE.h: the target's third revision; where there is no reader, packets go on. */
static void make_target(Maker *m)
{
        const struct xt_NFQ_info_v3 info = {
                .queuenum = NFT_HOLD_QUEUE, .queues_total = 1, .flags = NFQ_FLAG_BYPASS
        };
        struct nftnl_expr *e = make(m, "target");
        void *copy = calloc(1, XT_ALIGN(sizeof(info)));

        if (!e || !copy) {
                free(copy);
                m->error = -ENOMEM;
                return;
        }
        memcpy(copy, &info, sizeof(info));
        set_text(m, e, NFTNL_EXPR_TG_NAME, "NFQUEUE");
        set_u32(e, NFTNL_EXPR_TG_REV, 3);
        set_data(m, e, NFTNL_EXPR_TG_INFO, copy, XT_ALIGN(sizeof(info))); /* owns it now */
}

static void queue_bytes(Maker *m, const NftStatement *s)
{
        struct nftnl_expr *e;

        if (s->number != 0) {
                make_target(m);
                return;
        }
        e = make(m, "queue");
        if (!e)
                return;
        nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_NUM, NFT_HOLD_QUEUE);
        nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_TOTAL, 1);
        nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_FLAGS, NFT_QUEUE_FLAG_BYPASS);
}

/* ---- labels, logs, counters ---- */

static void set_label_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "ct label set %" PRIu32, s->number);
}

static void set_label_bytes(Maker *m, const NftStatement *s)
{
        struct nftnl_expr *e = make(m, "immediate");
        uint8_t mask[NFT_LABEL_BYTES];

        nft_label_bitmap(s->number, mask);
        set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
        set_data(m, e, NFTNL_EXPR_IMM_DATA, mask, NFT_LABEL_BYTES);
        e = make(m, "ct");
        set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_LABELS);
        set_u32(e, NFTNL_EXPR_CT_SREG, NFT_REG_1);
}

static const Limit log_limit = { .rate = NFT_LOG_RATE, .unit_sec = 1, .burst = NFT_LOG_BURST };

static void log_limit_text(Buffer *b, _unused_ const NftStatement *s)
{
        rate_print(b, &log_limit);
}

static void log_limit_bytes(Maker *m, _unused_ const NftStatement *s)
{
        rate_set(m, make(m, "limit"), &log_limit);
}

static Limit wake_limit(const NftStatement *s)
{
        return (Limit){ .rate = s->number, .unit_sec = 60, .burst = 1 };
}

static void wake_limit_text(Buffer *b, const NftStatement *s)
{
        Limit l = wake_limit(s);

        rate_print(b, &l);
}

static void wake_limit_bytes(Maker *m, const NftStatement *s)
{
        Limit l = wake_limit(s);

        rate_set(m, make(m, "limit"), &l);
}

static bool log_equal(const NftStatement *a, const NftStatement *b)
{
        return a->log.direction == b->log.direction && a->log.action == b->log.action &&
               a->log.audit == b->log.audit && a->log.counted == b->log.counted &&
               a->log.numbered == b->log.numbered && a->log.id == b->log.id;
}

static void log_print(Buffer *b, const char *prefix)
{
        buffer_printf(
                b, "log prefix \"%s\" group %u snaplen %u", prefix, NFT_LOG_GROUP, NFT_LOG_SNAPLEN);
}

static void log_text(Buffer *b, const NftStatement *s)
{
        char text[NFT_NAME_TEXT_MAX];

        log_print(b, nft_log_prefix(s, text));
}

static void log_make(Maker *m, const char *prefix)
{
        struct nftnl_expr *e = make(m, "log");

        set_text(m, e, NFTNL_EXPR_LOG_PREFIX, prefix);
        if (e)
                nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, NFT_LOG_GROUP);
        set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, NFT_LOG_SNAPLEN);
}

static void log_bytes(Maker *m, const NftStatement *s)
{
        char prefix[NFT_NAME_TEXT_MAX];

        log_make(m, nft_log_prefix(s, prefix));
}

static void wake_text(Buffer *b, _unused_ const NftStatement *s)
{
        log_print(b, LOG_WAKE);
}

static void wake_bytes(Maker *m, _unused_ const NftStatement *s)
{
        log_make(m, LOG_WAKE);
}

static bool counter_equal(const NftStatement *a, const NftStatement *b)
{
        return a->counter == b->counter;
}

static void counter_text(Buffer *b, const NftStatement *s)
{
        char text[NFT_NAME_TEXT_MAX];

        buffer_printf(b, "counter name \"%s\"", nft_counter_name(s->counter, text));
}

static void counter_bytes(Maker *m, const NftStatement *s)
{
        struct nftnl_expr *e = make(m, "objref");
        char name[NFT_NAME_TEXT_MAX];

        set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
        set_text(m, e, NFTNL_EXPR_OBJREF_IMM_NAME, nft_counter_name(s->counter, name));
}

/* ---- counting ---- */

static void count_text(Buffer *b, const NftStatement *s)
{
        const char *source = statement_address_word(s->set.family, false);
        const char *destination = statement_address_word(s->set.family, true);
        bool sent = s->set.kind == SET_SENT, seen = s->set.kind == SET_SEEN;

        buffer_add_string(b, "add ");
        statement_print_set(b, &s->set);
        buffer_printf(b, " { 0x%" PRIx64, s->counted);
        if ((sent || s->set.kind == SET_SENDERS) && s->number > 0)
                buffer_printf(b, " . socket cgroupv2 level %" PRIu32 " . meta skuid", s->number);
        else if (sent || s->set.kind == SET_SENDERS)
                buffer_add_string(b, " . 0 . meta skuid");
        if (seen)
                buffer_printf(b, " . %s", source);
        if (sent || seen)
                buffer_printf(b, " . %s . tcp dport", destination);
        buffer_add_string(b, " counter }");
}

/* A constant of eight bytes => reg and the one behind it */
static void make_number(Maker *m, uint64_t number, uint32_t reg)
{
        struct nftnl_expr *e = make(m, "immediate");

        set_u32(e, NFTNL_EXPR_IMM_DREG, reg);
        set_data(m, e, NFTNL_EXPR_IMM_DATA, &number, sizeof(number));
}

/* Addresses, then the port, from a register on. */
static void make_count_ends(Maker *m, const NftStatement *s, uint32_t reg)
{
        bool v4 = s->set.family == FAMILY_IPV4;
        uint32_t n = v4 ? 4 : 16, from = v4 ? 12 : 8;

        if (s->set.kind == SET_SEEN) {
                make_payload_to(m, NFT_PAYLOAD_NETWORK_HEADER, from, n, reg);
                reg += n / 4;
        }
        make_payload_to(m, NFT_PAYLOAD_NETWORK_HEADER, from + n, n, reg);
        make_payload_to(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg + n / 4);
}

/* number [. cgroup . skuid] [. saddr] [. daddr . dport] => reg 1 and those behind it, which become
 * an element with a counter */
static void count_bytes(Maker *m, const NftStatement *s)
{
        bool sent = s->set.kind == SET_SENT || s->set.kind == SET_SENDERS;

        make_number(m, s->counted, NFT_REG32_00);
        if (sent && s->number > 0)
                make_socket_to(m, NFT_SOCKET_CGROUPV2, s->number, NFT_REG32_02);
        else if (sent)
                make_number(m, 0, NFT_REG32_02);
        if (sent)
                make_meta_to(m, NFT_META_SKUID, NFT_REG32_04);
        if (s->set.family != 0)
                make_count_ends(m, s, sent ? NFT_REG32_05 : NFT_REG32_02);
        make_element(m, &s->set, NFT_DYNSET_OP_ADD, nftnl_expr_alloc("counter"));
}

/* ---- verdicts ---- */

static void make_verdict(Maker *m, uint32_t verdict, const NftChainKey *chain)
{
        struct nftnl_expr *e = make(m, "immediate");
        char name[NFT_NAME_TEXT_MAX];

        set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
        set_u32(e, NFTNL_EXPR_IMM_VERDICT, verdict);
        if (chain)
                set_text(m, e, NFTNL_EXPR_IMM_CHAIN, nft_chain_name(chain, name));
}

static void verdict_bytes(Maker *m, const NftStatement *s)
{
        make_verdict(m, s->kind == STATEMENT_ACCEPT ? NF_ACCEPT : NF_DROP, NULL);
}

static void reset_bytes(Maker *m, _unused_ const NftStatement *s)
{
        struct nftnl_expr *e = make(m, "reject");

        set_u32(e, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_TCP_RST);
        if (e)
                nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, 0);
}

static bool chain_equal(const NftStatement *a, const NftStatement *b)
{
        return nft_chain_key_compare(&a->chain, &b->chain) == 0;
}

static void chain_text(Buffer *b, const NftStatement *s)
{
        char name[NFT_NAME_TEXT_MAX];

        buffer_printf(b, "%s %s", s->kind == STATEMENT_JUMP ? "jump" : "goto",
                nft_chain_name(&s->chain, name));
}

static void chain_bytes(Maker *m, const NftStatement *s)
{
        make_verdict(m, (uint32_t)(s->kind == STATEMENT_JUMP ? NFT_JUMP : NFT_GOTO), &s->chain);
}

const StatementRow statement_actions[_STATEMENT_MAX] = {
        [STATEMENT_RATE_UNDER] = { .equal = statement_set_equal,
                .text = rate_under_text,
                .bytes = rate_under_bytes },
        [STATEMENT_OPEN_UNDER] = { .equal = statement_set_equal,
                .text = open_under_text,
                .bytes = open_under_bytes },
        [STATEMENT_NO_BUCKET] = { .equal = statement_set_equal,
                .text = no_bucket_text,
                .bytes = no_bucket_bytes,
                .implies = IMPLIES_FAMILY },
        [STATEMENT_SHARED_RATE] = { .equal = limit_equal,
                .text = shared_rate_text,
                .bytes = shared_rate_bytes },
        [STATEMENT_SHARED_OPEN] = { .equal = limit_equal,
                .text = shared_open_text,
                .bytes = shared_open_bytes },
        [STATEMENT_BRIDGED] = { .equal = statement_set_equal,
                .text = bridged_text,
                .bytes = bridged_bytes },
        [STATEMENT_SET_LABEL] = { .text = set_label_text, .bytes = set_label_bytes },
        [STATEMENT_NOT_HELD] = { .equal = statement_set_equal,
                .text = held_text,
                .bytes = held_bytes,
                .implies = IMPLIES_FAMILY },
        [STATEMENT_HOLD_LIMIT] = { .text = hold_limit_text, .bytes = hold_limit_bytes },
        [STATEMENT_NOTE_HELD] = { .equal = statement_set_equal,
                .text = held_text,
                .bytes = held_bytes },
        [STATEMENT_NOTE_UNTRACKED] = { .equal = statement_set_equal,
                .text = note_untracked_text,
                .bytes = note_untracked_bytes },
        [STATEMENT_QUEUE] = { .text = queue_text, .bytes = queue_bytes },
        [STATEMENT_LOG_LIMIT] = { .text = log_limit_text, .bytes = log_limit_bytes },
        [STATEMENT_LOG] = { .equal = log_equal, .text = log_text, .bytes = log_bytes },
        [STATEMENT_WAKE_LIMIT] = { .text = wake_limit_text, .bytes = wake_limit_bytes },
        [STATEMENT_WAKE] = { .text = wake_text, .bytes = wake_bytes },
        [STATEMENT_COUNTER] = { .equal = counter_equal,
                .text = counter_text,
                .bytes = counter_bytes },
        [STATEMENT_COUNT] = { .equal = statement_set_equal,
                .text = count_text,
                .bytes = count_bytes },
        [STATEMENT_ACCEPT] = { .words = "accept", .bytes = verdict_bytes },
        [STATEMENT_DROP] = { .words = "drop", .bytes = verdict_bytes },
        [STATEMENT_RESET] = { .words = "reject with tcp reset", .bytes = reset_bytes },
        [STATEMENT_JUMP] = { .equal = chain_equal, .text = chain_text, .bytes = chain_bytes },
        [STATEMENT_GOTO] = { .equal = chain_equal, .text = chain_text, .bytes = chain_bytes },
};
