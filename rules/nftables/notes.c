/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Packets leave elements in sets, to be found by later ones or counted: text and bytes, a row each.
 */

#include "rules/address/family.h"
#include "rules/base/buffer.h"
#include "rules/nftables/rows.h"

#include <inttypes.h>
#include <net/if.h>

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

const StatementRow statement_notes[_STATEMENT_MAX] = {
        [STATEMENT_BRIDGED] = { .equal = statement_set_equal,
                .text = bridged_text,
                .bytes = bridged_bytes },
        [STATEMENT_NOT_HELD] = { .equal = statement_set_equal,
                .text = held_text,
                .bytes = held_bytes,
                .implies = IMPLIES_FAMILY },
        [STATEMENT_NOTE_HELD] = { .equal = statement_set_equal,
                .text = held_text,
                .bytes = held_bytes },
        [STATEMENT_NOTE_UNTRACKED] = { .equal = statement_set_equal,
                .text = note_untracked_text,
                .bytes = note_untracked_bytes },
        [STATEMENT_COUNT] = { .equal = statement_set_equal,
                .text = count_text,
                .bytes = count_bytes },
};
