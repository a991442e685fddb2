/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The expressions of nf_tables by libnftnl. Does not depend on statements. */

#include "rules/nftables/maker.h"

#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/nftables/key.h"
#include "rules/nftables/numbers.h"

#include <arpa/inet.h>
#include <errno.h>

struct nftnl_expr *make(Maker *m, const char *name)
{
        struct nftnl_expr *e = m->error < 0 ? NULL : nftnl_expr_alloc(name);

        if (!e) {
                m->error = -ENOMEM;
                return NULL;
        }
        nftnl_rule_add_expr(m->rule, e);
        return e;
}

void set_u32(struct nftnl_expr *e, uint16_t attribute, uint32_t value)
{
        if (e)
                nftnl_expr_set_u32(e, attribute, value);
}

void set_data(Maker *m, struct nftnl_expr *e, uint16_t attribute, const void *data, uint32_t n)
{
        if (e && nftnl_expr_set(e, attribute, data, n) < 0)
                m->error = -ENOMEM;
}

void set_text(Maker *m, struct nftnl_expr *e, uint16_t attribute, const char *text)
{
        if (e && nftnl_expr_set_str(e, attribute, text) < 0)
                m->error = -ENOMEM;
}

void make_meta_to(Maker *m, uint32_t key, uint32_t reg)
{
        struct nftnl_expr *e = make(m, "meta");

        set_u32(e, NFTNL_EXPR_META_KEY, key);
        set_u32(e, NFTNL_EXPR_META_DREG, reg);
}

void make_meta(Maker *m, uint32_t key)
{
        make_meta_to(m, key, NFT_REG_1);
}

void make_compare(Maker *m, uint32_t op, const void *data, uint32_t n)
{
        struct nftnl_expr *e = make(m, "cmp");

        set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_CMP_OP, op);
        set_data(m, e, NFTNL_EXPR_CMP_DATA, data, n);
}

void make_payload_to(Maker *m, uint32_t base, uint32_t offset, uint32_t n, uint32_t reg)
{
        struct nftnl_expr *e = make(m, "payload");

        set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
        set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
        set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
        set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, n);
}

static void make_bitwise(Maker *m, const void *mask, const void * xor, uint32_t n)
{
        struct nftnl_expr *e = make(m, "bitwise");

        set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_BITWISE_LEN, n);
        set_data(m, e, NFTNL_EXPR_BITWISE_MASK, mask, n);
        set_data(m, e, NFTNL_EXPR_BITWISE_XOR, xor, n);
}

void make_mask(Maker *m, const void *mask, uint32_t n)
{
        static const uint8_t zero[NFT_LABEL_BYTES];

        make_bitwise(m, mask, zero, n);
}

void make_constant(Maker *m, uint32_t value)
{
        static const uint32_t zero;

        make_bitwise(m, &zero, &value, sizeof(value));
}

void make_network_order(Maker *m, uint32_t n)
{
        struct nftnl_expr *e = make(m, "byteorder");

        set_u32(e, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1);
        set_u32(e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
        set_u32(e, NFTNL_EXPR_BYTEORDER_LEN, n);
        set_u32(e, NFTNL_EXPR_BYTEORDER_SIZE, n);
}

void make_range(Maker *m, uint32_t first, uint32_t last)
{
        make_network_order(m, sizeof(first));
        first = htonl(first);
        last = htonl(last);
        make_compare(m, NFT_CMP_GTE, &first, sizeof(first));
        make_compare(m, NFT_CMP_LTE, &last, sizeof(last));
}

void make_lookup(Maker *m, const NftSetKey *k, uint32_t flags)
{
        struct nftnl_expr *e = make(m, "lookup");
        char name[NFT_NAME_TEXT_MAX];

        set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
        set_text(m, e, NFTNL_EXPR_LOOKUP_SET, nft_set_name(k, name));
        if (flags != 0)
                set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, flags);
}

void make_ct(Maker *m, uint32_t key, int direction)
{
        struct nftnl_expr *e = make(m, "ct");

        set_u32(e, NFTNL_EXPR_CT_KEY, key);
        set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
        if (e && direction >= 0)
                nftnl_expr_set_u8(e, NFTNL_EXPR_CT_DIR, (uint8_t)direction);
}

void make_prefix_mask(Maker *m, unsigned bits, uint32_t n)
{
        uint8_t mask[16] = { 0 };

        for (unsigned i = 0; i < bits; i++)
                mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
        make_mask(m, mask, n);
}

void make_fib(Maker *m, uint32_t flags, uint32_t result)
{
        struct nftnl_expr *e = make(m, "fib");

        set_u32(e, NFTNL_EXPR_FIB_FLAGS, flags);
        set_u32(e, NFTNL_EXPR_FIB_RESULT, result);
        set_u32(e, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
}

void make_socket_to(Maker *m, uint32_t key, uint32_t level, uint32_t reg)
{
        struct nftnl_expr *e = make(m, "socket");

        set_u32(e, NFTNL_EXPR_SOCKET_KEY, key);
        set_u32(e, NFTNL_EXPR_SOCKET_LEVEL, level);
        set_u32(e, NFTNL_EXPR_SOCKET_DREG, reg);
}

void make_socket(Maker *m, uint32_t key, uint32_t level)
{
        make_socket_to(m, key, level, NFT_REG_1);
}

void make_tcp(Maker *m, uint32_t offset, uint32_t n)
{
        make_payload_to(m, NFT_PAYLOAD_TRANSPORT_HEADER, offset, n, NFT_REG_1);
}

void make_address(Maker *m, unsigned family, bool to, uint32_t n)
{
        uint32_t offset = family == FAMILY_IPV4 ? (to ? 16 : 12) : (to ? 24 : 8);

        make_payload_to(m, NFT_PAYLOAD_NETWORK_HEADER, offset, n, NFT_REG_1);
}
