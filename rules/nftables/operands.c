/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What rows of several kinds of statements need: sets, addresses, what a limit counts by. */

#include "rules/nftables/statement.h"

bool statement_set_equal(const NftStatement *a, const NftStatement *b)
{
        return nft_set_key_compare(&a->set, &b->set) == 0;
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

const char *statement_source_word(unsigned family)
{
        if (family == 0)
                return "meta skuid";
        return family == FAMILY_IPV4 ? "ip saddr" : "ip6 saddr & ffff:ffff:ffff:ffff::";
}

void make_source(Maker *m, unsigned family)
{
        if (family == 0) {
                make_meta(m, NFT_META_SKUID);
                return;
        }
        make_address(m, family, false, family == FAMILY_IPV4 ? 4 : 16);
        if (family == FAMILY_IPV6)
                make_prefix_mask(m, 64, 16);
}
