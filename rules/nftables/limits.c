/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Limits of a rule, a bucket for each source or one for all, and those of what is logged or waits:
 * text and bytes, a row each.
 */

#include "rules/base/buffer.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/rows.h"

#include <errno.h>
#include <inttypes.h>

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

/* ---- of what waits, and of what is logged ---- */

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

const StatementRow statement_limits[_STATEMENT_MAX] = {
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
        [STATEMENT_HOLD_LIMIT] = { .text = hold_limit_text, .bytes = hold_limit_bytes },
        [STATEMENT_LOG_LIMIT] = { .text = log_limit_text, .bytes = log_limit_bytes },
        [STATEMENT_WAKE_LIMIT] = { .text = wake_limit_text, .bytes = wake_limit_bytes },
};
