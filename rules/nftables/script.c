/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Table to text: a script for `nft -f`. Every statement is printed as nft would list it, so that a
 * loaded script and what the backend sends give the same listing.
 */

#include "rules/nftables/script.h"
#include "rules/nftables/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char *const set_types[] = {
        [SET_PORTS] = "inet_service",
        [SET_USERS] = "uid",
        [SET_GROUPS] = "gid",

};

static void print_set_reference(Buffer *b, const NftSetKey *k)
{
        char name[NFT_NAME_TEXT_MAX];

        buffer_printf(b, "@%s", nft_set_name(k, name));
}

static const char *address_word(unsigned family, bool to)
{
        if (family == FAMILY_IPV4)
                return to ? "ip daddr" : "ip saddr";
        return to ? "ip6 daddr" : "ip6 saddr";
}

/* The mask of a prefix length as an address. */
static const char *mask_format(unsigned family, unsigned bits, char text[static ADDRESS_TEXT_MAX])
{
        Address mask = { .family = (Family)family };

        for (unsigned i = 0; i < bits; i++)
                mask.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
        return address_format(&mask, text);
}

static void print_address_set(Buffer *b, const NftStatement *s)
{
        char mask[ADDRESS_TEXT_MAX];

        buffer_add_string(b, address_word(s->set.family, s->to));
        if (s->set.bits < family_bits((Family)s->set.family))
                buffer_printf(b, " & %s ==", mask_format(s->set.family, s->set.bits, mask));
        buffer_add_char(b, ' ');
        print_set_reference(b, &s->set);
}

/* What a bucket belongs to: a source of one family, or a local user. */
static const char *limit_source(unsigned family)
{
        if (family == 0)
                return "meta skuid";
        return family == FAMILY_IPV4 ? "ip saddr" : "ip6 saddr & ffff:ffff:ffff:ffff::";
}

static void print_over(Buffer *b, const NftStatement *s)
{
        const Limit *l = &s->set.limit;
        bool rate = s->kind == STATEMENT_RATE_OVER;

        buffer_add_string(b, rate ? "update " : "add ");
        print_set_reference(b, &s->set);
        buffer_printf(b, " { %s ", limit_source(s->set.family));
        if (rate)
                buffer_printf(b, "limit rate over %" PRIu32 "/%s burst %" PRIu32 " packets }",
                        l->rate, limit_unit_to_string(l->unit_sec), l->burst);
        else
                buffer_printf(b, "ct count over %" PRIu32 " }", l->open);
}

static void print_chain_reference(Buffer *b, const char *verb, const NftChainKey *k)
{
        char name[NFT_NAME_TEXT_MAX];

        buffer_printf(b, "%s %s", verb, nft_chain_name(k, name));
}

static void print_statement(Buffer *b, const NftStatement *s)
{
        char text[NFT_NAME_TEXT_MAX];

        switch (s->kind) {
        case STATEMENT_FAMILY:
                buffer_printf(b, "meta nfproto %s", s->family == FAMILY_IPV4 ? "ipv4" : "ipv6");
                break;
        case STATEMENT_TCP:
                buffer_add_string(b, "meta l4proto tcp");
                break;
        case STATEMENT_PORT:
                buffer_printf(b, "tcp dport %" PRIu32, s->number);
                break;
        case STATEMENT_DIALLED_PORT:
                buffer_printf(b, "ct original proto-dst %" PRIu32, s->number);
                break;
        case STATEMENT_PORTS:
                buffer_add_string(b, "tcp dport ");
                print_set_reference(b, &s->set);
                break;
        case STATEMENT_DIALLED_PORTS:
                buffer_add_string(b, "ct original proto-dst ");
                print_set_reference(b, &s->set);
                break;
        case STATEMENT_SYN:
                buffer_add_string(b, "tcp flags & (syn | ack) == syn");
                break;
        case STATEMENT_NO_RST:
                buffer_add_string(b, "tcp flags ! rst");
                break;
        case STATEMENT_IN_NOT_LO:
                buffer_add_string(b, "iif != \"lo\"");
                break;
        case STATEMENT_OUT_NOT_LO:
                buffer_add_string(b, "oif != \"lo\"");
                break;
        case STATEMENT_IN_INTERFACE:
                buffer_printf(b, "iifname \"%s\"", s->interface);
                break;
        case STATEMENT_OUT_INTERFACE:
                buffer_printf(b, "oifname \"%s\"", s->interface);
                break;
        case STATEMENT_ROUTE_INTERFACE:
                buffer_printf(b, "fib daddr . mark oifname \"%s\"", s->interface);
                break;
        case STATEMENT_ADDRESS_TYPE:
                buffer_printf(b, "fib daddr type %s",
                        s->number == NFT_ADDRESS_LOCAL ? "local" : "anycast");
                break;
        case STATEMENT_NO_CONNTRACK:
                buffer_add_string(b, "ct state invalid,untracked");
                break;
        case STATEMENT_LABEL:
                buffer_printf(b, "ct label %" PRIu32, s->number);
                break;
        case STATEMENT_SET_LABEL:
                buffer_printf(b, "ct label set %" PRIu32, s->number);
                break;
        case STATEMENT_ADDRESS:
                buffer_printf(b, "%s %s", address_word(s->prefix.address.family, s->to),
                        prefix_format(&s->prefix, text));
                break;
        case STATEMENT_ADDRESS_SET:
                print_address_set(b, s);
                break;
        case STATEMENT_USER:
                buffer_printf(b, "meta skuid %" PRIu32, s->number);
                break;
        case STATEMENT_GROUP:
                buffer_printf(b, "meta skgid %" PRIu32, s->number);
                break;
        case STATEMENT_USERS:
                buffer_add_string(b, "meta skuid ");
                print_set_reference(b, &s->set);
                break;
        case STATEMENT_GROUPS:
                buffer_add_string(b, "meta skgid ");
                print_set_reference(b, &s->set);
                break;
        case STATEMENT_UNIT:
                buffer_printf(b, "socket cgroupv2 level %" PRIu32 " \"%s\"", s->number, s->path);
                break;
        case STATEMENT_BEFORE:
                /* nft lists the time of day where it runs; a number means the same everywhere */
                buffer_printf(b, "meta time < %" PRIu64, s->time_sec);
                break;
        case STATEMENT_RATE_OVER:
        case STATEMENT_OPEN_OVER:
                print_over(b, s);
                break;
        case STATEMENT_LOG_LIMIT:
                buffer_printf(
                        b, "limit rate %u/second burst %u packets", NFT_LOG_RATE, NFT_LOG_BURST);
                break;
        case STATEMENT_LOG:
                buffer_printf(b, "log prefix \"%s\" group %u snaplen %u", nft_log_prefix(s, text),
                        NFT_LOG_GROUP, NFT_LOG_SNAPLEN);
                break;
        case STATEMENT_COUNTER:
                buffer_printf(b, "counter name \"%s\"", nft_counter_name(s->counter, text));
                break;
        case STATEMENT_ACCEPT:
                buffer_add_string(b, "accept");
                break;
        case STATEMENT_DROP:
                buffer_add_string(b, "drop");
                break;
        case STATEMENT_RESET:
                buffer_add_string(b, "reject with tcp reset");
                break;
        case STATEMENT_JUMP:
                print_chain_reference(b, "jump", &s->chain);
                break;
        case STATEMENT_GOTO:
                print_chain_reference(b, "goto", &s->chain);
                break;
        case _STATEMENT_MAX:
                break;
        }
}

/* ---- sets ---- */

typedef struct ElementPrinter {
        Buffer *buffer;
        unsigned bits; /* only prefixes of this length; 0: all */
        size_t n;
} ElementPrinter;

static void print_element(ElementPrinter *p, const char *text)
{
        if (p->n++ > 0)
                buffer_add_string(p->buffer, p->n % 8 == 1 ? ",\n\t\t\t" : ", ");
        buffer_add_string(p->buffer, text);
}

static int print_prefix4(const Prefix4 *q, void *data)
{
        ElementPrinter *p = data;
        Prefix prefix = { .address = address_from_ipv4(q->address), .bits = q->bits };
        char text[ADDRESS_TEXT_MAX];

        if (p->bits == q->bits) {
                prefix.bits = 32;
                print_element(p, prefix_format(&prefix, text));
        }
        return 0;
}

static int print_prefix6(const Prefix6 *q, void *data)
{
        ElementPrinter *p = data;
        Prefix prefix = { .address.family = FAMILY_IPV6, .bits = 128 };
        char text[ADDRESS_TEXT_MAX];

        if (p->bits == q->bits) {
                memcpy(prefix.address.bytes, q->address, sizeof(q->address));
                print_element(p, prefix_format(&prefix, text));
        }
        return 0;
}

static void print_values(ElementPrinter *p, const NftSet *s)
{
        char text[24];

        for (size_t i = 0; i < s->n; i++) {
                snprintf(text, sizeof(text), "%" PRIu64, s->values[i]);
                print_element(p, text);
        }
}

static void print_elements(Buffer *b, const NftSet *s)
{
        ElementPrinter p = { .buffer = b, .bits = s->key.bits };

        if (s->n == 0)
                return;
        buffer_add_string(b, "\t\telements = { ");
        if (s->values)
                print_values(&p, s);
        else if (s->key.family == FAMILY_IPV4)
                range_set_each_prefix4(s->ranges, print_prefix4, &p);
        else
                range_set_each_prefix6(s->ranges, print_prefix6, &p);
        buffer_add_string(b, " }\n");
}

static const char *set_type(const NftSetKey *k)
{
        if (k->family == FAMILY_IPV4)
                return "ipv4_addr";
        if (k->family == FAMILY_IPV6)
                return "ipv6_addr";
        return nft_set_is_dynamic(&(NftSet){ .key = *k }) ? "uid" : set_types[k->kind];
}

static void print_set(Buffer *b, const NftSet *s)
{
        char name[NFT_NAME_TEXT_MAX];

        buffer_printf(
                b, "\tset %s {\n\t\ttype %s\n", nft_set_name(&s->key, name), set_type(&s->key));
        if (s->size > 0)
                buffer_printf(b, "\t\tsize %" PRIu32 "\n", s->size);
        if (s->key.kind == SET_RATE)
                buffer_printf(b, "\t\tflags dynamic,timeout\n\t\ttimeout %" PRIu64 "m\n",
                        nft_bucket_timeout_msec(&s->key.limit) / 60000);
        else if (s->key.kind == SET_OPEN)
                buffer_add_string(b, "\t\tflags dynamic\n");
        print_elements(b, s);
        buffer_add_string(b, "\t}\n");
}

/* ---- chains ---- */

/* nft names a cgroup by its path alone, quoted: one that is not known cannot be written. */
static bool rule_can_be_written(const NftTable *t, const NftRule *r)
{
        for (size_t i = 0; i < r->n; i++) {
                const NftStatement *s = &t->statements[r->first + i];

                if (s->kind == STATEMENT_UNIT &&
                        (s->path[0] == '\0' || strchr(s->path, '"') || !text_is_printable(s->path)))
                        return false;
        }
        return true;
}

/* nft adds by itself what a match of TCP's or of one family's header asks for. */
static bool is_implied(const NftStatement *s, const NftStatement *next)
{
        if (s->kind == STATEMENT_TCP)
                return next->kind == STATEMENT_PORT || next->kind == STATEMENT_PORTS ||
                       next->kind == STATEMENT_SYN || next->kind == STATEMENT_NO_RST;
        return s->kind == STATEMENT_FAMILY &&
               (next->kind == STATEMENT_ADDRESS || next->kind == STATEMENT_ADDRESS_SET);
}

void nft_rule_print(Buffer *b, const NftTable *t, const NftRule *r)
{
        const NftStatement *s = t->statements + r->first;

        for (size_t i = 0; i < r->n; i++) {
                if (i + 1 < r->n && is_implied(&s[i], &s[i + 1]))
                        continue;
                print_statement(b, &s[i]);
                if (i + 1 < r->n)
                        buffer_add_char(b, ' ');
        }
}

static void print_chain(Buffer *b, const NftTable *t, const NftChain *c)
{
        static const char *const hooks[] = { [CHAIN_PREROUTING] = "prerouting",
                [CHAIN_FORWARD] = "forward",
                [CHAIN_OUTPUT] = "output",
                [CHAIN_INPUT] = "input" };
        char name[NFT_NAME_TEXT_MAX];
        uint32_t hook;
        int32_t priority;

        buffer_printf(b, "\n\tchain %s {\n", nft_chain_name(&c->key, name));
        if (nft_chain_hook(c->key.kind, &hook, &priority))
                buffer_printf(b, "\t\ttype filter hook %s priority %d; policy accept;\n",
                        hooks[c->key.kind], priority);
        for (size_t i = 0; i < c->n; i++) {
                buffer_add_string(b, rule_can_be_written(t, &c->rules[i]) ? "\t\t" : "\t\t# ");
                nft_rule_print(b, t, &c->rules[i]);
                buffer_add_char(b, '\n');
        }
        buffer_add_string(b, "\t}\n");
}

int nft_script_print(const Ruleset *r, char **ret)
{
        _cleanup_(nft_table_free_p) NftTable *t = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        char name[NFT_NAME_TEXT_MAX];
        int k = nft_table_new(r, NULL, false, &t);

        if (k < 0)
                return k;
        buffer_add_string(&b,
                "#!/usr/sbin/nft -f\n\ntable inet " NFT_TABLE_NAME
                "\ndelete table inet " NFT_TABLE_NAME "\n\ntable inet " NFT_TABLE_NAME " {\n");
        for (size_t i = 0; i < t->n_counters; i++)
                buffer_printf(&b, "\tcounter %s {\n\t}\n", nft_counter_name(t->counters[i], name));
        for (size_t i = 0; i < t->n_sets; i++)
                print_set(&b, &t->sets[i]);
        for (size_t i = 0; i < t->n_chains; i++)
                print_chain(&b, t, &t->chains[i]);
        buffer_add_string(&b, "}\n");
        return buffer_take(&b, ret);
}
