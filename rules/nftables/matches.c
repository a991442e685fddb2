/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The matches of a rule: text and bytes, a row each. The text is the one that nft lists. */

#include "rules/address/family.h"
#include "rules/base/buffer.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/rows.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <net/if.h>
#include <netinet/in.h>

#define LOOPBACK_INDEX 1u /* of lo, in every network namespace */
#define NSEC_PER_SEC UINT64_C(1000000000)
#define CT_STATE_INVALID 1u
#define CT_STATE_UNTRACKED 64u
#define CT_STATUS_DNAT 0x20u

/* ---- family, protocol, flags ---- */

/* meta nfproto ipv4 */
static bool family_equal(const NftStatement *a, const NftStatement *b)
{
        return a->family == b->family;
}

static void family_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "meta nfproto %s", s->family == FAMILY_IPV4 ? "ipv4" : "ipv6");
}

static void family_bytes(Maker *m, const NftStatement *s)
{
        uint8_t nfproto = s->family == FAMILY_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

        make_meta(m, NFT_META_NFPROTO);
        make_compare(m, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
}

static void tcp_bytes(Maker *m, _unused_ const NftStatement *s)
{
        static const uint8_t tcp = IPPROTO_TCP;

        make_meta(m, NFT_META_L4PROTO);
        make_compare(m, NFT_CMP_EQ, &tcp, sizeof(tcp));
}

static void syn_bytes(Maker *m, const NftStatement *s)
{
        static const uint8_t mask = 0x12, syn = 0x02;

        make_tcp(m, 13, 1);
        make_mask(m, &mask, 1);
        make_compare(m, s->kind == STATEMENT_SYN ? NFT_CMP_EQ : NFT_CMP_NEQ, &syn, 1);
}

static void no_rst_bytes(Maker *m, _unused_ const NftStatement *s)
{
        static const uint8_t rst = 0x04, none = 0;

        make_tcp(m, 13, 1);
        make_mask(m, &rst, 1);
        make_compare(m, NFT_CMP_EQ, &none, 1);
}

/* ---- ports ---- */

/* tcp dport; ct original proto-dst, of what was dialled */
static const char *port_word(NftStatementKind k)
{
        return k == STATEMENT_DIALLED_PORT || k == STATEMENT_DIALLED_PORTS ? "ct original proto-dst"
                                                                           : "tcp dport";
}

static void port_load(Maker *m, NftStatementKind k)
{
        if (k == STATEMENT_DIALLED_PORT || k == STATEMENT_DIALLED_PORTS)
                make_ct(m, NFT_CT_PROTO_DST, NFT_DIRECTION_ORIGINAL);
        else
                make_tcp(m, 2, 2);
}

/* tcp dport 25 */
static void port_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "%s %" PRIu32, port_word(s->kind), s->number);
}

static void port_bytes(Maker *m, const NftStatement *s)
{
        uint16_t port = htons((uint16_t)s->number);

        port_load(m, s->kind);
        make_compare(m, NFT_CMP_EQ, &port, sizeof(port));
}

/* tcp dport @ports_in */
static void ports_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "%s ", port_word(s->kind));
        statement_print_set(b, &s->set);
}

static void ports_bytes(Maker *m, const NftStatement *s)
{
        port_load(m, s->kind);
        make_lookup(m, &s->set, 0);
}

/* ---- interfaces and routes ---- */

static void not_lo_bytes(Maker *m, const NftStatement *s)
{
        static const uint32_t lo = LOOPBACK_INDEX;

        make_meta(m, s->kind == STATEMENT_IN_NOT_LO ? NFT_META_IIF : NFT_META_OIF);
        make_compare(m, NFT_CMP_NEQ, &lo, sizeof(lo));
}

static bool interface_equal(const NftStatement *a, const NftStatement *b)
{
        return streq(a->interface, b->interface);
}

static void interface_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "%s \"%s\"", s->kind == STATEMENT_IN_INTERFACE ? "iifname" : "oifname",
                s->interface);
}

/* The whole buffer of the name, so that nothing longer matches. */
static void interface_compare(Maker *m, const char *interface)
{
        char name[IFNAMSIZ] = "";

        memcpy(name, interface, strnlen(interface, sizeof(name) - 1));
        make_compare(m, NFT_CMP_EQ, name, sizeof(name));
}

static void interface_bytes(Maker *m, const NftStatement *s)
{
        make_meta(m, s->kind == STATEMENT_IN_INTERFACE ? NFT_META_IIFNAME : NFT_META_OIFNAME);
        interface_compare(m, s->interface);
}

static void route_interface_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "fib daddr . mark oifname \"%s\"", s->interface);
}

static void route_interface_bytes(Maker *m, const NftStatement *s)
{
        make_fib(m, NFTA_FIB_F_DADDR | NFTA_FIB_F_MARK, NFT_FIB_RESULT_OIFNAME);
        interface_compare(m, s->interface);
}

static void address_type_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "fib daddr type %s", s->number == NFT_ADDRESS_LOCAL ? "local" : "anycast");
}

static void address_type_bytes(Maker *m, const NftStatement *s)
{
        make_fib(m, NFTA_FIB_F_DADDR, NFT_FIB_RESULT_ADDRTYPE);
        make_compare(m, NFT_CMP_EQ, &s->number, sizeof(s->number));
}

static void no_route_bytes(Maker *m, _unused_ const NftStatement *s)
{
        static const uint32_t missing;

        make_fib(m, NFTA_FIB_F_DADDR | NFTA_FIB_F_PRESENT, NFT_FIB_RESULT_OIF);
        make_compare(m, NFT_CMP_EQ, &missing, sizeof(missing));
}

/* ---- conntrack ---- */

static void any_bit(Maker *m, uint32_t mask)
{
        static const uint32_t zero;

        make_mask(m, &mask, sizeof(mask));
        make_compare(m, NFT_CMP_NEQ, &zero, sizeof(zero));
}

static void no_conntrack_bytes(Maker *m, _unused_ const NftStatement *s)
{
        make_ct(m, NFT_CT_STATE, -1);
        any_bit(m, CT_STATE_INVALID | CT_STATE_UNTRACKED);
}

static void direction_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(
                b, "ct direction %s", s->number == NFT_DIRECTION_REPLY ? "reply" : "original");
}

static void direction_bytes(Maker *m, const NftStatement *s)
{
        uint8_t direction = (uint8_t)s->number;

        make_ct(m, NFT_CT_DIRECTION, -1);
        make_compare(m, NFT_CMP_EQ, &direction, sizeof(direction));
}

static void translated_bytes(Maker *m, _unused_ const NftStatement *s)
{
        make_ct(m, NFT_CT_STATUS, -1);
        any_bit(m, CT_STATUS_DNAT);
}

static void label_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "ct label %" PRIu32, s->number);
}

static void label_bytes(Maker *m, const NftStatement *s)
{
        static const uint8_t zero[NFT_LABEL_BYTES];
        uint8_t mask[NFT_LABEL_BYTES];

        nft_label_bitmap(s->number, mask);
        make_ct(m, NFT_CT_LABELS, -1);
        make_mask(m, mask, NFT_LABEL_BYTES);
        make_compare(m, NFT_CMP_NEQ, zero, NFT_LABEL_BYTES);
}

/* ---- addresses ---- */

static bool prefix_equal(const NftStatement *a, const NftStatement *b)
{
        return prefix_compare(&a->prefix, &b->prefix) == 0;
}

static void address_text(Buffer *b, const NftStatement *s)
{
        char text[ADDRESS_TEXT_MAX];

        buffer_printf(b, "%s%s %s", s->kind == STATEMENT_DIALLED_ADDRESS ? "ct original " : "",
                statement_address_word(s->prefix.address.family, s->to),
                prefix_format(&s->prefix, text));
}

/* Whole bytes are compared as they are, else under a mask. */
static void prefix_bytes(Maker *m, const Prefix *p, unsigned n_loaded)
{
        unsigned n = p->bits % 8 == 0 ? p->bits / 8 : n_loaded;

        if (p->bits % 8 != 0)
                make_prefix_mask(m, p->bits, n);
        make_compare(m, NFT_CMP_EQ, p->address.bytes, n);
}

/* ip saddr 192.0.2.0/24 */
static void address_bytes(Maker *m, const NftStatement *s)
{
        const Prefix *p = &s->prefix;
        unsigned n = p->bits % 8 == 0 ? p->bits / 8 : family_bits(p->address.family) / 8;

        make_address(m, p->address.family, s->to, n);
        prefix_bytes(m, p, n);
}

static void dialled_address_load(Maker *m, unsigned family)
{
        make_ct(m, family == FAMILY_IPV4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, NFT_DIRECTION_ORIGINAL);
}

/* ct original ip daddr 192.0.2.0/24 */
static void dialled_address_bytes(Maker *m, const NftStatement *s)
{
        dialled_address_load(m, s->prefix.address.family);
        prefix_bytes(m, &s->prefix, family_bits(s->prefix.address.family) / 8);
}

/* The mask of a prefix length as an address. */
static const char *mask_format(unsigned family, unsigned bits, char text[static ADDRESS_TEXT_MAX])
{
        Address mask = { .family = (Family)family };

        for (unsigned i = 0; i < bits; i++)
                mask.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
        return address_format(&mask, text);
}

static void address_set_text(Buffer *b, const NftStatement *s)
{
        char mask[ADDRESS_TEXT_MAX];

        buffer_printf(b, "%s%s", s->kind == STATEMENT_DIALLED_ADDRESS_SET ? "ct original " : "",
                statement_address_word(s->set.family, s->to));
        if (s->set.bits < family_bits((Family)s->set.family))
                buffer_printf(b, " & %s ==", mask_format(s->set.family, s->set.bits, mask));
        buffer_add_char(b, ' ');
        statement_print_set(b, &s->set);
}

/* ip saddr @s4p32_NAME; ip saddr & 255.255.255.0 == @s4p24_NAME; ct original ip daddr … */
static void address_set_bytes(Maker *m, const NftStatement *s)
{
        unsigned bits = family_bits((Family)s->set.family);

        if (s->kind == STATEMENT_DIALLED_ADDRESS_SET)
                dialled_address_load(m, s->set.family);
        else
                make_address(m, s->set.family, s->to, bits / 8);
        if (s->set.bits < bits)
                make_prefix_mask(m, s->set.bits, bits / 8);
        make_lookup(m, &s->set, 0);
}

/* ---- connections that conntrack does not follow ---- */

/* ip saddr . tcp sport . ip daddr . tcp dport @refused4; an answer the other way round */
static void refused_text(Buffer *b, const NftStatement *s)
{
        const char *ip = s->set.family == FAMILY_IPV4 ? "ip" : "ip6";

        buffer_printf(b,
                s->to ? "%s daddr . tcp dport . %s saddr . tcp sport "
                      : "%s saddr . tcp sport . %s daddr . tcp dport ",
                ip, ip);
        statement_print_set(b, &s->set);
}

static void refused_bytes(Maker *m, const NftStatement *s)
{
        make_end(m, s->set.family, !s->to, make_end(m, s->set.family, s->to, NFT_REG32_00));
        make_lookup(m, &s->set, 0);
}

/* ---- who and when ---- */

static void id_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(
                b, "meta %s %" PRIu32, s->kind == STATEMENT_USER ? "skuid" : "skgid", s->number);
}

static void id_bytes(Maker *m, const NftStatement *s)
{
        make_meta(m, s->kind == STATEMENT_USER ? NFT_META_SKUID : NFT_META_SKGID);
        make_compare(m, NFT_CMP_EQ, &s->number, sizeof(s->number));
}

static void ids_text(Buffer *b, const NftStatement *s)
{
        buffer_add_string(b, s->kind == STATEMENT_USERS ? "meta skuid " : "meta skgid ");
        statement_print_set(b, &s->set);
}

static void ids_bytes(Maker *m, const NftStatement *s)
{
        make_meta(m, s->kind == STATEMENT_USERS ? NFT_META_SKUID : NFT_META_SKGID);
        make_lookup(m, &s->set, 0);
}

static bool id_range_equal(const NftStatement *a, const NftStatement *b)
{
        return a->number == b->number && a->last == b->last;
}

static void id_range_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "meta %s %" PRIu32 "-%" PRIu32,
                s->kind == STATEMENT_USER_RANGE ? "skuid" : "skgid", s->number, s->last);
}

static void id_range_bytes(Maker *m, const NftStatement *s)
{
        make_meta(m, s->kind == STATEMENT_USER_RANGE ? NFT_META_SKUID : NFT_META_SKGID);
        make_range(m, s->number, s->last);
}

static bool unit_equal(const NftStatement *a, const NftStatement *b)
{
        return a->cgroup == b->cgroup;
}

static void unit_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "socket cgroupv2 level %" PRIu32 " \"%s\"", s->number, s->path);
}

static void unit_bytes(Maker *m, const NftStatement *s)
{
        make_socket(m, NFT_SOCKET_CGROUPV2, s->number);
        make_compare(m, NFT_CMP_EQ, &s->cgroup, sizeof(s->cgroup));
}

static bool time_equal(const NftStatement *a, const NftStatement *b)
{
        return a->time_sec == b->time_sec;
}

/* nft lists the time of day where it runs; a number means the same everywhere. */
static void before_text(Buffer *b, const NftStatement *s)
{
        buffer_printf(b, "meta time < %" PRIu64, s->time_sec);
}

/* Nanoseconds, brought into the order in which cmp compares bytes. */
static void before_bytes(Maker *m, const NftStatement *s)
{
        uint64_t time_nsec =
                s->time_sec < UINT64_MAX / NSEC_PER_SEC ? s->time_sec * NSEC_PER_SEC : UINT64_MAX;

        make_meta(m, NFT_META_TIME_NS);
        make_network_order(m, sizeof(time_nsec));
        time_nsec = htobe64(time_nsec);
        make_compare(m, NFT_CMP_LT, &time_nsec, sizeof(time_nsec));
}

const StatementRow statement_matches[_STATEMENT_MAX] = {
        [STATEMENT_FAMILY] = { .equal = family_equal, .text = family_text, .bytes = family_bytes },
        [STATEMENT_TCP] = { .words = "meta l4proto tcp", .bytes = tcp_bytes },
        [STATEMENT_SYN] = { .words = "tcp flags & (syn | ack) == syn",
                .bytes = syn_bytes,
                .implies = IMPLIES_TCP },
        [STATEMENT_NO_SYN] = { .words = "tcp flags & (syn | ack) != syn",
                .bytes = syn_bytes,
                .implies = IMPLIES_TCP },
        [STATEMENT_NO_RST] = { .words = "tcp flags ! rst",
                .bytes = no_rst_bytes,
                .implies = IMPLIES_TCP },
        [STATEMENT_PORT] = { .text = port_text, .bytes = port_bytes, .implies = IMPLIES_TCP },
        [STATEMENT_DIALLED_PORT] = { .text = port_text, .bytes = port_bytes },
        [STATEMENT_PORTS] = { .equal = statement_set_equal,
                .text = ports_text,
                .bytes = ports_bytes,
                .implies = IMPLIES_TCP },
        [STATEMENT_DIALLED_PORTS] = { .equal = statement_set_equal,
                .text = ports_text,
                .bytes = ports_bytes },
        [STATEMENT_IN_NOT_LO] = { .words = "iif != \"lo\"", .bytes = not_lo_bytes },
        [STATEMENT_OUT_NOT_LO] = { .words = "oif != \"lo\"", .bytes = not_lo_bytes },
        [STATEMENT_IN_INTERFACE] = { .equal = interface_equal,
                .text = interface_text,
                .bytes = interface_bytes },
        [STATEMENT_OUT_INTERFACE] = { .equal = interface_equal,
                .text = interface_text,
                .bytes = interface_bytes },
        [STATEMENT_ROUTE_INTERFACE] = { .equal = interface_equal,
                .text = route_interface_text,
                .bytes = route_interface_bytes },
        [STATEMENT_ADDRESS_TYPE] = { .text = address_type_text, .bytes = address_type_bytes },
        [STATEMENT_NO_ROUTE] = { .words = "fib daddr oif missing", .bytes = no_route_bytes },
        [STATEMENT_NO_CONNTRACK] = { .words = "ct state invalid,untracked",
                .bytes = no_conntrack_bytes },
        [STATEMENT_DIRECTION] = { .text = direction_text, .bytes = direction_bytes },
        [STATEMENT_TRANSLATED] = { .words = "ct status dnat", .bytes = translated_bytes },
        [STATEMENT_LABEL] = { .text = label_text, .bytes = label_bytes },
        [STATEMENT_ADDRESS] = { .equal = prefix_equal,
                .text = address_text,
                .bytes = address_bytes,
                .implies = IMPLIES_FAMILY },
        [STATEMENT_ADDRESS_SET] = { .equal = statement_set_equal,
                .text = address_set_text,
                .bytes = address_set_bytes,
                .implies = IMPLIES_FAMILY },
        [STATEMENT_DIALLED_ADDRESS] = { .equal = prefix_equal,
                .text = address_text,
                .bytes = dialled_address_bytes },
        [STATEMENT_DIALLED_ADDRESS_SET] = { .equal = statement_set_equal,
                .text = address_set_text,
                .bytes = address_set_bytes },
        [STATEMENT_REFUSED] = { .equal = statement_set_equal,
                .text = refused_text,
                .bytes = refused_bytes },
        [STATEMENT_USER] = { .text = id_text, .bytes = id_bytes },
        [STATEMENT_USERS] = { .equal = statement_set_equal, .text = ids_text, .bytes = ids_bytes },
        [STATEMENT_GROUP] = { .text = id_text, .bytes = id_bytes },
        [STATEMENT_GROUPS] = { .equal = statement_set_equal, .text = ids_text, .bytes = ids_bytes },
        [STATEMENT_USER_RANGE] = { .equal = id_range_equal,
                .text = id_range_text,
                .bytes = id_range_bytes },
        [STATEMENT_GROUP_RANGE] = { .equal = id_range_equal,
                .text = id_range_text,
                .bytes = id_range_bytes },
        [STATEMENT_UNIT] = { .equal = unit_equal, .text = unit_text, .bytes = unit_bytes },
        [STATEMENT_BEFORE] = { .equal = time_equal, .text = before_text, .bytes = before_bytes },
};
