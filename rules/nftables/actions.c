/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The actions of a rule on the packet: text and bytes, a row each. */

#include "rules/base/buffer.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/rows.h"
#include "rules/policy/logprefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>

#include <libnftnl/object.h>

/* ---- the queue ---- */

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

/* ---- fragments ---- */

/* meta l4proto tcp tproxy to :1 */
static void defragment_bytes(Maker *m, _unused_ const NftStatement *s)
{
        uint16_t port = htons(1);
        struct nftnl_expr *e = make(m, "immediate");

        set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
        set_data(m, e, NFTNL_EXPR_IMM_DATA, &port, sizeof(port));
        e = make(m, "tproxy");
        set_u32(e, NFTNL_EXPR_TPROXY_FAMILY, NFPROTO_UNSPEC);
        set_u32(e, NFTNL_EXPR_TPROXY_REG_PORT, NFT_REG_1);
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
        [STATEMENT_SET_LABEL] = { .text = set_label_text, .bytes = set_label_bytes },
        [STATEMENT_DEFRAGMENT] = { .words = "tproxy to :1", .bytes = defragment_bytes },
        [STATEMENT_QUEUE] = { .text = queue_text, .bytes = queue_bytes },
        [STATEMENT_LOG] = { .equal = log_equal, .text = log_text, .bytes = log_bytes },
        [STATEMENT_WAKE] = { .text = wake_text, .bytes = wake_bytes },
        [STATEMENT_COUNTER] = { .equal = counter_equal,
                .text = counter_text,
                .bytes = counter_bytes },
        [STATEMENT_ACCEPT] = { .words = "accept", .bytes = verdict_bytes },
        [STATEMENT_DROP] = { .words = "drop", .bytes = verdict_bytes },
        [STATEMENT_RESET] = { .words = "reject with tcp reset", .bytes = reset_bytes },
        [STATEMENT_JUMP] = { .equal = chain_equal, .text = chain_text, .bytes = chain_bytes },
        [STATEMENT_GOTO] = { .equal = chain_equal, .text = chain_text, .bytes = chain_bytes },
};
