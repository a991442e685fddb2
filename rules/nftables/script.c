/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Table to text: a script for `nft -f`. It does not count who sent where to, because nobody would
 * empty the sets, and nft takes no constant in their keys. Every statement is printed as nft would
 * list it, so that a loaded script and what the backend sends give the same listing.
 */

#include "rules/nftables/script.h"

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedentry.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/base/text.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char *const set_types[] = {
        [SET_PORTS] = "inet_service",
        [SET_USERS] = "uid",
        [SET_GROUPS] = "gid",
        [SET_RATE] = "uid",
        [SET_OPEN] = "uid",
};

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

static int print_prefix(const Prefix *q, void *data)
{
        ElementPrinter *p = data;
        char text[ADDRESS_TEXT_MAX];

        if (p->bits == q->bits)
                print_element(p, address_format(&q->address, text));
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

/* As nft lists a time: 1d2h3m4s, without what is 0. */
static void print_duration(Buffer *b, uint64_t sec)
{
        static const struct {
                uint64_t sec;
                char letter;
        } units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };

        for (size_t i = 0; i < ELEMENTS(units); i++) {
                if (sec >= units[i].sec)
                        buffer_printf(b, "%" PRIu64 "%c", sec / units[i].sec, units[i].letter);
                sec %= units[i].sec;
        }
}

static void print_timed(ElementPrinter *p, const NftSet *s, uint64_t now_usec)
{
        for (size_t i = 0; i < timed_set_size(s->timed); i++) {
                TimedEntry e = timed_set_at(s->timed, i);
                char text[ADDRESS_TEXT_MAX];

                if (e.prefix.bits != s->key.bits ||
                        e.prefix.address.family != (Family)s->key.family)
                        continue;
                print_element(p, address_format(&e.prefix.address, text));
                if (now_usec == 0)
                        continue;
                buffer_add_string(p->buffer, " timeout ");
                print_duration(p->buffer, nft_entry_timeout_msec(&e, now_usec) / 1000);
        }
}

static void print_elements(Buffer *b, const NftSet *s, uint64_t now_usec)
{
        ElementPrinter p = { .buffer = b, .bits = s->key.bits };

        if (s->n == 0)
                return;
        buffer_add_string(b, "\t\telements = { ");
        if (s->values)
                print_values(&p, s);
        else if (s->timed)
                print_timed(&p, s, now_usec);
        else
                range_set_each_prefix(s->ranges, (Family)s->key.family, print_prefix, &p);
        buffer_add_string(b, " }\n");
}

static const char *set_type(const NftSetKey *k)
{
        bool v4 = k->family == FAMILY_IPV4;

        if (k->kind == SET_BRIDGED)
                return v4 ? "iface_index . iface_index . ipv4_addr . ipv4_addr"
                          : "iface_index . iface_index . ipv6_addr . ipv6_addr";
        if (k->family == 0)
                return set_types[k->kind];
        return v4 ? "ipv4_addr" : "ipv6_addr";
}

static void print_set(Buffer *b, const NftSet *s, uint64_t now_usec)
{
        char name[NFT_NAME_TEXT_MAX];

        buffer_printf(
                b, "\tset %s {\n\t\ttype %s\n", nft_set_name(&s->key, name), set_type(&s->key));
        if (s->size > 0)
                buffer_printf(b, "\t\tsize %" PRIu32 "\n", s->size);
        if (nft_set_is_dynamic(s))
                buffer_printf(
                        b, "\t\tflags dynamic%s\n", nft_set_timeout_msec(s) > 0 ? ",timeout" : "");
        if (s->timed)
                buffer_add_string(b, "\t\tflags timeout\n");
        if (nft_set_timeout_msec(s) > 0) {
                buffer_add_string(b, "\t\ttimeout ");
                print_duration(b, nft_set_timeout_msec(s) / 1000);
                buffer_add_char(b, '\n');
        }
        print_elements(b, s, now_usec);
        buffer_add_string(b, "\t}\n");
}

/* ---- chains ---- */

/* nft names a cgroup only by its path, quoted: a cgroup with an unknown path cannot be written. */
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

int nft_script_print_at(const Ruleset *r, uint64_t now_usec, char **ret)
{
        _cleanup_(nft_table_free_p) NftTable *t = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        char name[NFT_NAME_TEXT_MAX];
        int k = nft_table_new(r, NULL, 0, &t);

        if (k < 0)
                return k;
        buffer_add_string(&b,
                "#!/usr/sbin/nft -f\n\ntable inet " NFT_TABLE_NAME
                "\ndelete table inet " NFT_TABLE_NAME "\n\ntable inet " NFT_TABLE_NAME " {\n");
        for (size_t i = 0; i < t->n_counters; i++)
                buffer_printf(&b, "\tcounter %s {\n\t}\n", nft_counter_name(t->counters[i], name));
        for (size_t i = 0; i < t->n_sets; i++)
                print_set(&b, &t->sets[i], now_usec);
        for (size_t i = 0; i < t->n_chains; i++)
                print_chain(&b, t, &t->chains[i]);
        buffer_add_string(&b, "}\n");
        return buffer_take(&b, ret);
}

int nft_script_print(const Ruleset *r, char **ret)
{
        return nft_script_print_at(r, 0, ret);
}
