/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Operands that several kinds of statements share: sets, addresses, the keys of limits. */

#include "rules/address/family.h"
#include "rules/base/buffer.h"
#include "rules/nftables/rows.h"

#include <inttypes.h>

bool statement_set_equal(const NftStatement *a, const NftStatement *b)
{
        return nft_set_key_compare(&a->set, &b->set) == 0 && a->counted == b->counted;
}

void statement_print_set(Buffer *b, const NftSetKey *k)
{
        char name[NFT_NAME_TEXT_MAX];

        buffer_printf(b, "@%s", nft_set_name(k, name));
}

const char *statement_address_word(unsigned family, bool to)
{
        if (family == FAMILY_IPV4)
                return to ? "ip daddr" : "ip saddr";
        return to ? "ip6 daddr" : "ip6 saddr";
}

void statement_print_source(Buffer *b, const NftStatement *s)
{
        if (s->set.family == 0)
                buffer_add_string(b, "meta skuid");
        else if (s->set.family == FAMILY_IPV4)
                buffer_add_string(b, "ip saddr");
        else
                buffer_add_string(b, "ip6 saddr & ffff:ffff:ffff:ffff::");
        if (s->number != 0)
                buffer_printf(b, " & 0 | %" PRIu32, s->number);
}

void make_source(Maker *m, const NftStatement *s)
{
        unsigned family = s->set.family;

        if (family == 0) {
                make_meta(m, NFT_META_SKUID);
                if (s->number != 0)
                        make_constant(m, s->number);
                return;
        }
        make_address(m, family, false, family == FAMILY_IPV4 ? 4 : 16);
        if (family == FAMILY_IPV6)
                make_prefix_mask(m, 64, 16);
}

uint32_t make_end(Maker *m, unsigned family, bool to, uint32_t reg)
{
        uint32_t n = family == FAMILY_IPV4 ? 4 : 16, from = family == FAMILY_IPV4 ? 12 : 8;

        make_payload_to(m, NFT_PAYLOAD_NETWORK_HEADER, to ? from + n : from, n, reg);
        make_payload_to(m, NFT_PAYLOAD_TRANSPORT_HEADER, to ? 2 : 0, 2, reg + n / 4);
        return reg + n / 4 + 1;
}

void make_element(Maker *m, const NftSetKey *k, uint32_t op, struct nftnl_expr *own)
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
