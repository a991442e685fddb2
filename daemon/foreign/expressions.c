/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/expressions.h"

#include "daemon/foreign/loads.h"
#include "daemon/foreign/lookup.h"
#include "daemon/foreign/registers.h"
#include "daemon/foreign/translate.h"
#include "daemon/foreign/xtables.h"
#include "rules/base/text.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <stdio.h>

typedef Truth (*Run)(Walk *w, Bytes data);

static Bytes data_value(Bytes attribute)
{
        Bytes a[NFTA_DATA_MAX + 1];

        attributes_read(attribute, a, ELEMENTS(a));
        return a[NFTA_DATA_VALUE];
}

/* ---- comparisons ---- */

static Truth compare(unsigned possible, unsigned wanted)
{
        return !(possible & wanted) ? TRUTH_NO : (possible & ~wanted) ? TRUTH_MAYBE : TRUTH_YES;
}

static Truth run_cmp(Walk *w, Bytes data)
{
        static const unsigned wanted[] = {
                [NFT_CMP_EQ] = 2,
                [NFT_CMP_NEQ] = 5,
                [NFT_CMP_LT] = 1,
                [NFT_CMP_LTE] = 3,
                [NFT_CMP_GT] = 4,
                [NFT_CMP_GTE] = 6,
        };
        Bytes a[NFTA_CMP_MAX + 1], with;
        uint32_t op;
        Operand o;
        Truth t;

        attributes_read(data, a, ELEMENTS(a));
        with = data_value(a[NFTA_CMP_DATA]);
        if (!attribute_u32(a[NFTA_CMP_OP], &op) || op >= ELEMENTS(wanted) || !with.data ||
                !register_get(w, a[NFTA_CMP_SREG], with.n, &o))
                return walk_doubt(w, "a comparison that is not understood", false);
        if (op == NFT_CMP_EQ || op == NFT_CMP_NEQ) {
                t = bits_equal(o.value, o.known, with.data, NULL, with.n);
                t = op == NFT_CMP_EQ ? t : truth_not(t);
        } else {
                t = compare(bits_compare(o.value, o.known, with.data, with.n), wanted[op]);
        }
        if (t == TRUTH_MAYBE && o.name == in_interface_name && is_loopback(with.data, with.n))
                return op == NFT_CMP_EQ ? TRUTH_NO : TRUTH_YES;
        return t == TRUTH_MAYBE ? walk_doubt(w, o.name, false) : t;
}

static Truth run_range(Walk *w, Bytes data)
{
        Bytes a[NFTA_RANGE_MAX + 1], low, high;
        uint32_t op;
        Operand o;
        Truth t;

        attributes_read(data, a, ELEMENTS(a));
        low = data_value(a[NFTA_RANGE_FROM_DATA]);
        high = data_value(a[NFTA_RANGE_TO_DATA]);
        if (!attribute_u32(a[NFTA_RANGE_OP], &op) || !low.data || low.n != high.n ||
                !register_get(w, a[NFTA_RANGE_SREG], low.n, &o))
                return walk_doubt(w, "a range that is not understood", false);
        t = bits_in_range(o.value, o.known, low.data, high.data, low.n);
        t = op == NFT_RANGE_NEQ ? truth_not(t) : t;
        return t == TRUTH_MAYBE ? walk_doubt(w, o.name, false) : t;
}

/* ---- registers ---- */

static Truth run_bitwise_bool(Walk *w, Bytes *a, Operand *o, size_t n)
{
        Bytes mask = data_value(a[NFTA_BITWISE_MASK]), xor = data_value(a[NFTA_BITWISE_XOR]);
        uint8_t value[REGISTER_BYTES], known[REGISTER_BYTES];

        if (mask.n != n || xor.n != n)
                return walk_doubt(w, "an operation that is not understood", false);
        for (size_t i = 0; i < n; i++) {
                value[i] = (uint8_t)((o->value[i] & mask.data[i]) ^ xor.data[i]);
                known[i] = (uint8_t)(o->known[i] | ~mask.data[i]);
        }
        return register_put(w, a[NFTA_BITWISE_DREG], value, known, n, o->name);
}

static Truth run_bitwise(Walk *w, Bytes data)
{
        static const uint8_t nothing[REGISTER_BYTES];
        Bytes a[NFTA_BITWISE_MAX + 1];
        uint32_t n;
        Operand o;

        attributes_read(data, a, ELEMENTS(a));
        n = attribute_u32_or(a[NFTA_BITWISE_LEN], 0);
        if (!register_get(w, a[NFTA_BITWISE_SREG], n, &o))
                return walk_doubt(w, "an operation that is not understood", false);
        if (attribute_u32_or(a[NFTA_BITWISE_OP], NFT_BITWISE_BOOL) == NFT_BITWISE_BOOL)
                return run_bitwise_bool(w, a, &o, n);
        return register_put(
                w, a[NFTA_BITWISE_DREG], nothing, nothing, n, "a shifted or combined value");
}

static Truth run_byteorder(Walk *w, Bytes data)
{
        Bytes a[NFTA_BYTEORDER_MAX + 1];
        uint8_t value[REGISTER_BYTES], known[REGISTER_BYTES];
        uint32_t n, size;
        Operand o;

        attributes_read(data, a, ELEMENTS(a));
        n = attribute_u32_or(a[NFTA_BYTEORDER_LEN], 0);
        size = attribute_u32_or(a[NFTA_BYTEORDER_SIZE], 0);
        if ((size != 2 && size != 4 && size != 8) || n % size != 0 ||
                !register_get(w, a[NFTA_BYTEORDER_SREG], n, &o))
                return walk_doubt(w, "a byte order that is not understood", false);
        for (uint32_t i = 0; i < n; i++) {
                uint32_t from =
                        __BYTE_ORDER == __LITTLE_ENDIAN ? i / size * size + size - 1 - i % size : i;

                value[i] = o.value[from];
                known[i] = o.known[from];
        }
        return register_put(w, a[NFTA_BYTEORDER_DREG], value, known, n, o.name);
}

static Truth run_immediate(Walk *w, Bytes data)
{
        Bytes a[NFTA_IMMEDIATE_MAX + 1], d[NFTA_DATA_MAX + 1], v[NFTA_VERDICT_MAX + 1];
        uint8_t known[REGISTER_BYTES];
        uint32_t code;

        attributes_read(data, a, ELEMENTS(a));
        attributes_read(a[NFTA_IMMEDIATE_DATA], d, ELEMENTS(d));
        memset(known, 0xff, sizeof(known));
        if (!d[NFTA_DATA_VERDICT].data)
                return register_put(w, a[NFTA_IMMEDIATE_DREG], d[NFTA_DATA_VALUE].data, known,
                        d[NFTA_DATA_VALUE].n, "a constant");
        attributes_read(d[NFTA_DATA_VERDICT], v, ELEMENTS(v));
        if (!attribute_u32(v[NFTA_VERDICT_CODE], &code))
                return walk_doubt(w, "a verdict that is not understood", false);
        if (walk_add_candidate(w, (int32_t)code, attribute_string(v[NFTA_VERDICT_CHAIN])) < 0)
                w->failed = true;
        return TRUTH_YES;
}

/* ---- sets and maps ---- */

typedef struct Search {
        Walk *walk;
        const FilterSet *set;
        bool conditional;
        size_t n;
        uint8_t value[REGISTER_BYTES], known[REGISTER_BYTES];
} Search;

/* The value of a map: those of all elements that may match, as far as they agree. */
static int search_found(void *data, const FilterElement *e, _unused_ Truth t)
{
        const uint8_t *value = e->bytes + 2 * ((Search *)data)->set->key_length;
        Search *s = data;

        s->conditional |= e->conditional;
        if (s->set->verdicts)
                return walk_add_candidate(s->walk, e->verdict, e->chain);
        for (size_t i = 0; i < s->set->data_length; i++)
                if (s->n == 0) {
                        s->value[i] = value[i];
                        s->known[i] = 0xff;
                } else {
                        s->known[i] = (uint8_t)(s->known[i] & ~(s->value[i] ^ value[i]));
                }
        s->n++;
        return 0;
}

static Truth run_lookup(Walk *w, Bytes data)
{
        Bytes a[NFTA_LOOKUP_MAX + 1];
        Search s = { .walk = w };
        const char *name;
        Operand o;
        Truth t;

        attributes_read(data, a, ELEMENTS(a));
        name = attribute_string(a[NFTA_LOOKUP_SET]);
        s.set = name ? filters_find_set(w->filters, w->family, w->table, name) : NULL;
        if (!s.set || !register_get(w, a[NFTA_LOOKUP_SREG], s.set->key_length, &o))
                return walk_doubt(w, "a set that could not be read", false);
        w->steps += (unsigned)s.set->n / 64;
        if (lookup_run(s.set, o.value, o.known, search_found, &s, &t) < 0)
                w->failed = true;
        if (s.conditional && t != TRUTH_NO)
                t = walk_doubt(w, "a limit of an element of a set", true);
        else if (t == TRUTH_MAYBE)
                walk_doubt(w, s.set->incomplete ? "a set that is too large" : o.name, false);
        if (attribute_u32_or(a[NFTA_LOOKUP_FLAGS], 0) & NFT_LOOKUP_F_INV)
                return truth_not(t);
        if (t != TRUTH_NO && a[NFTA_LOOKUP_DREG].data && !s.set->verdicts)
                register_put(w, a[NFTA_LOOKUP_DREG], s.value, s.known, s.set->data_length,
                        "what a map gives");
        return t;
}

/* ---- what passes, counts or decides ---- */

static Truth run_pass(_unused_ Walk *w, _unused_ Bytes data)
{
        return TRUTH_YES;
}

static Truth run_limit(Walk *w, _unused_ Bytes data)
{
        return walk_doubt(w, "a limit", true);
}

static Truth run_quota(Walk *w, _unused_ Bytes data)
{
        return walk_doubt(w, "a quota", false);
}

static Truth run_numgen(Walk *w, Bytes data)
{
        static const uint8_t nothing[4];
        Bytes a[NFTA_NG_MAX + 1];

        attributes_read(data, a, ELEMENTS(a));
        return register_put(w, a[NFTA_NG_DREG], nothing, nothing, 4, "chance (numgen)");
}

/* Adds the packet to a set, unless it is full; with a limit it may end the rule. */
static Truth run_dynset(Walk *w, Bytes data)
{
        Bytes a[NFTA_DYNSET_MAX + 1];

        attributes_read(data, a, ELEMENTS(a));
        if (a[NFTA_DYNSET_EXPR].data || a[NFTA_DYNSET_EXPRESSIONS].data)
                return walk_doubt(w, "a limit by source (a dynamic set)", true);
        return walk_doubt(w, "whether a dynamic set has room", false);
}

static Truth run_objref(Walk *w, Bytes data)
{
        Bytes a[NFTA_OBJREF_MAX + 1];

        attributes_read(data, a, ELEMENTS(a));
        if (a[NFTA_OBJREF_SET_NAME].data)
                return walk_doubt(w, "a map of objects", false);
        switch (attribute_u32_or(a[NFTA_OBJREF_IMM_TYPE], 0)) {
        case NFT_OBJECT_COUNTER:
        case NFT_OBJECT_CT_HELPER:
        case NFT_OBJECT_CT_TIMEOUT:
        case NFT_OBJECT_TUNNEL:
        case NFT_OBJECT_SECMARK:
        case NFT_OBJECT_CT_EXPECT:
                return TRUTH_YES;
        case NFT_OBJECT_LIMIT:
        case NFT_OBJECT_CONNLIMIT:
                return walk_doubt(w, "a limit", true);
        }
        return walk_doubt(w, "an object (quota, synproxy or another)", false);
}

static Truth run_reject(Walk *w, _unused_ Bytes data)
{
        if (walk_add_candidate(w, VERDICT_REJECT, NULL) < 0)
                w->failed = true;
        return TRUTH_YES;
}

static Truth run_exthdr(Walk *w, Bytes data)
{
        static const uint8_t nothing[REGISTER_BYTES];
        Bytes a[NFTA_EXTHDR_MAX + 1];
        uint32_t n;

        attributes_read(data, a, ELEMENTS(a));
        if (a[NFTA_EXTHDR_SREG].data) /* it writes an option */
                return TRUTH_YES;
        n = attribute_u32_or(a[NFTA_EXTHDR_LEN], 1);
        register_put(w, a[NFTA_EXTHDR_DREG], nothing, nothing, n, "an option of the header");
        if (attribute_u32_or(a[NFTA_EXTHDR_FLAGS], 0) & NFT_EXTHDR_F_PRESENT)
                return TRUTH_YES;
        return walk_doubt(w, "an option of the header", false);
}

/* ---- extensions of iptables ---- */

static Truth run_match(Walk *w, Bytes data)
{
        Bytes a[NFTA_MATCH_MAX + 1];
        const char *name;

        attributes_read(data, a, ELEMENTS(a));
        name = attribute_string(a[NFTA_MATCH_NAME]);
        if (!name)
                return walk_doubt(w, "a match that is not understood", false);
        return xt_match(
                w, name, (uint8_t)attribute_u32_or(a[NFTA_MATCH_REV], 0), a[NFTA_MATCH_INFO]);
}

static Truth run_target(Walk *w, Bytes data)
{
        Bytes a[NFTA_TARGET_MAX + 1];
        const char *name;

        attributes_read(data, a, ELEMENTS(a));
        name = attribute_string(a[NFTA_TARGET_NAME]);
        if (!name)
                return walk_doubt(w, "a target that is not understood", false);
        return xt_target(
                w, name, (uint8_t)attribute_u32_or(a[NFTA_TARGET_REV], 0), a[NFTA_TARGET_INFO]);
}

static const struct {
        const char *name;
        Run run;
} expressions[] = {
        { "payload", load_payload },
        { "meta", load_meta },
        { "ct", load_ct },
        { "fib", load_fib },
        { "rt", load_unknown },
        { "socket", load_unknown },
        { "hash", load_unknown },
        { "osf", load_unknown },
        { "xfrm", load_unknown },
        { "tunnel", load_unknown },
        { "inner", load_unknown },
        { "cmp", run_cmp },
        { "range", run_range },
        { "bitwise", run_bitwise },
        { "byteorder", run_byteorder },
        { "immediate", run_immediate },
        { "lookup", run_lookup },
        { "counter", run_pass },
        { "log", run_pass },
        { "last", run_pass },
        { "dup", run_pass },
        { "flow_offload", run_pass },
        { "limit", run_limit },
        { "connlimit", run_limit },
        { "quota", run_quota },
        { "numgen", run_numgen },
        { "dynset", run_dynset },
        { "objref", run_objref },
        { "exthdr", run_exthdr },
        { "reject", run_reject },
        { "notrack", translate_notrack },
        { "nat", translate_nat },
        { "redir", translate_redirect },
        { "masq", translate_masquerade },
        { "match", run_match },
        { "target", run_target },
};

/* Its result is not known either. */
static Truth run_unknown(Walk *w, const char *name)
{
        snprintf(w->why_text, sizeof(w->why_text), "\"%s\", which is not understood", name);
        text_make_printable(w->why_text);
        if (walk_add_candidate(w, NF_DROP, NULL) < 0 || walk_add_candidate(w, NF_ACCEPT, NULL) < 0)
                w->failed = true;
        return walk_doubt(w, w->why_text, false);
}

Truth expression_run(Walk *w, const char *name, Bytes data)
{
        for (size_t i = 0; i < ELEMENTS(expressions); i++)
                if (streq(expressions[i].name, name))
                        return expressions[i].run(w, data);
        return run_unknown(w, name);
}
