/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The nft emitter without a kernel: the rows of statements, names, numbers of limits, the messages
 * that elements become, and what is sent for a small change of a large policy. Whole texts are in
 * tests/golden/nft, what the kernel makes of the messages in tests/kernel.
 */

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/nftables/message.h"
#include "rules/nftables/rows.h"
#include "rules/nftables/statement.h"
#include "rules/nftables/table.h"
#include "rules/nftables/update.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/fixture.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <malloc.h>

/* ---- statements ---- */

static void test_rows(void **state)
{
        static const StatementRow *const tables[] = { statement_matches, statement_limits,
                statement_notes, statement_actions };

        (void)state;
        for (int k = 0; k < _STATEMENT_MAX; k++) {
                unsigned n = 0;

                for (size_t i = 0; i < ELEMENTS(tables); i++) {
                        const StatementRow *row = &tables[i][k];

                        assert_int_equal(!row->bytes, !row->text && !row->words);
                        n += row->bytes != NULL;
                }
                assert_int_equal(n, 1); /* each kind has one row, in one file */
        }
}

/* ---- names ---- */

/* Of every table, whatever the policy: bridged4, bridged6. */
#define BRIDGED_SETS 2

static void test_counter_names(void **state)
{
        static const uint64_t ids[] = { 0, 1, 25, UINT64_C(1) << 47, (UINT64_C(1) << 48) - 1,
                DEFAULT_COUNTER_ID(DIRECTION_IN), DEFAULT_COUNTER_ID(DIRECTION_ROUTED) };
        static const char *const strange[] = { "", "rule_", "rule", "rule_-1", "rule_+1", "rule_ 1",
                "rule_01", "rule_1x", "rule_18446744073709551616", "default_", "default_both",
                "Default_in", "default_in ", "rule_4611686018427387904", "mine" };
        char name[NFT_NAME_TEXT_MAX];
        uint64_t id;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(ids); i++) {
                id = 4711;
                assert_true(nft_counter_id(nft_counter_name(ids[i], name), &id));
                assert_true(id == ids[i]);
        }
        for (size_t i = 0; i < ELEMENTS(strange); i++)
                assert_false(nft_counter_id(strange[i], &id));
        assert_string_equal(
                nft_counter_name(DEFAULT_COUNTER_ID(DIRECTION_OUT), name), "default_out");
        assert_string_equal(nft_counter_name(5, name), "rule_5");
}

static void test_set_names(void **state)
{
        char longest[NAME_MAX_LENGTH + 1], name[NFT_NAME_TEXT_MAX];
        NftSetKey key = { .kind = SET_NAMED, .family = FAMILY_IPV6, .bits = 128, .name = longest };
        NftSetKey rate = { .kind = SET_RATE,
                .family = FAMILY_IPV4,
                .id = UINT64_MAX,
                .limit = { 1000000, 86400, 65535, 0 } };
        NftSetKey user = { .kind = SET_OPEN, .id = 5, .limit = { 0, 0, 0, 20 } };

        (void)state;
        memset(longest, 'x', NAME_MAX_LENGTH);
        longest[NAME_MAX_LENGTH] = '\0';
        nft_set_name(&key, name);
        assert_int_equal(strncmp(name, "s6p128_xxx", 10), 0);
        assert_int_equal(strlen(name), 7 + NAME_MAX_LENGTH);
        assert_string_equal(
                nft_set_name(&rate, name), "rate4_18446744073709551615_1000000_86400_65535");
        assert_string_equal(nft_set_name(&user, name), "open_5_20");
}

/* Long enough for an empty bucket to fill, in whole seconds, and no longer. */
static void test_bucket_timeouts(void **state)
{
        static const Limit limits[] = { { 12, 60, 6, 0 }, { 1, 86400, 65535, 0 },
                { 1000000, 1, 1, 0 }, { 1, 1, 65535, 0 }, { 30, 3600, 6, 0 } };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(limits); i++) {
                const Limit *l = &limits[i];
                uint64_t msec = nft_bucket_timeout_msec(l);

                assert_true(msec % 1000 == 0);
                assert_true(msec >= UINT64_C(1000) * l->unit_sec * l->burst / l->rate);
                assert_true(msec < 1000 + UINT64_C(1000) * l->unit_sec * l->burst / l->rate ||
                            msec == 1000);
        }
}

/* ---- messages ---- */

/* The contents of a batch, counted; every length is checked on the way. */
typedef struct Content {
        size_t of[NFT_MSG_MAX];
        size_t begins, ends, acks, elements;
        bool ascending;
        uint8_t last_key[16];
        size_t last_length;
} Content;

static void read_element(const struct nlattr *element, Content *c)
{
        const struct nlattr *a, *value, *key = NULL;

        mnl_attr_for_each_nested(a, element)
        {
                if (mnl_attr_get_type(a) == NFTA_SET_ELEM_KEY)
                        key = a;
                else
                        fail_msg("attribute %u", mnl_attr_get_type(a));
        }
        assert_non_null(key);
        value = mnl_attr_get_payload(key);
        assert_int_equal(mnl_attr_get_type(value), NFTA_DATA_VALUE);
        assert_int_equal(MNL_ALIGN(value->nla_len), mnl_attr_get_payload_len(key));
        c->elements++;
        if (c->last_length == mnl_attr_get_payload_len(value) &&
                memcmp(c->last_key, mnl_attr_get_payload(value), c->last_length) >= 0)
                c->ascending = false;
        c->last_length = mnl_attr_get_payload_len(value);
        memcpy(c->last_key, mnl_attr_get_payload(value), c->last_length);
}

static void read_elements(const struct nlmsghdr *h, Content *c)
{
        const struct nlattr *a, *element;

        c->last_length = 0; /* of another message: perhaps of another set */
        mnl_attr_for_each(a, h, sizeof(struct nfgenmsg))
        {
                if (mnl_attr_get_type(a) != NFTA_SET_ELEM_LIST_ELEMENTS)
                        continue;
                mnl_attr_for_each_nested(element, a) read_element(element, c);
        }
}

static Content read_batch(const NftBatch *b)
{
        Content c = { .ascending = true };
        size_t at = 0, i = 0;

        assert_false(b->failed);
        for (; at < b->length; i++) {
                const struct nlmsghdr *h = (const void *)(b->data + at);
                unsigned type = h->nlmsg_type & 0xff;

                assert_true(mnl_nlmsg_ok(h, (int)(b->length - at)));
                assert_true(h->nlmsg_seq == b->seq + i);
                assert_true(h->nlmsg_len < 80000);
                c.acks += (h->nlmsg_flags & NLM_F_ACK) != 0;
                at += MNL_ALIGN(h->nlmsg_len);
                if (h->nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
                        c.begins++;
                } else if (h->nlmsg_type == NFNL_MSG_BATCH_END) {
                        c.ends++;
                } else {
                        assert_int_equal(h->nlmsg_type >> 8, NFNL_SUBSYS_NFTABLES);
                        c.of[type]++;
                        if (type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM)
                                read_elements(h, &c);
                }
        }
        assert_true(at == b->length);
        assert_true(i == b->n);
        return c;
}

static RangeSet *make_ranges(const char *text)
{
        PrefixSet *set = make_set(text);
        RangeSet *ranges = NULL;

        assert_int_equal(range_set_from_prefixes(set, &ranges), 0);
        prefix_set_unref(set);
        return ranges;
}

/* Elements of the set of one length. */
static Content content_of(const char *text, Family family, uint16_t bits)
{
        _cleanup_(range_set_unref_p) RangeSet *ranges = make_ranges(text);
        _cleanup_nft_batch_ NftBatch b = { 0 };
        NftSet set = { .key = { .kind = SET_NAMED, .family = family, .bits = bits, .name = "x" },
                .ranges = ranges };

        nft_batch_init(&b, 25, NULL);
        nft_put_elements(&b, &set, 1, NULL);
        return read_batch(&b);
}

static void test_prefixes(void **state)
{
        static const struct {
                const char *text;
                Family family;
                uint16_t bits;
                size_t elements;
        } cases[] = {
                { "10.0.0.0/8", FAMILY_IPV4, 8, 1 },
                { "10.0.0.0/8", FAMILY_IPV4, 9, 0 },
                { "255.255.255.255", FAMILY_IPV4, 32, 1 },
                { "10.0.0.1\n10.0.0.2\n10.0.0.4\n", FAMILY_IPV4, 32, 3 },
                { "10.0.0.2\n10.0.0.3\n10.0.0.4\n", FAMILY_IPV4, 32, 1 },
                { "10.0.0.2\n10.0.0.3\n10.0.0.4\n", FAMILY_IPV4, 31, 1 },
                { "ffff::/16", FAMILY_IPV6, 16, 1 },
                { "2001:db8::/32\n::1\n::3\n", FAMILY_IPV6, 128, 2 },
                { "2001:db8::/32\n::1\n", FAMILY_IPV4, 32, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                Content c = content_of(cases[i].text, cases[i].family, cases[i].bits);

                assert_int_equal(c.elements, cases[i].elements);
                assert_true(c.ascending);
        }
}

/* n networks that do not merge, and perhaps one address more. */
static PrefixSet *make_many(size_t n, bool ipv6, bool more)
{
        Prefix *p = calloc(n + 1, sizeof(Prefix));
        PrefixSet *set = NULL;

        assert_non_null(p);
        for (size_t i = 0; i < n; i++) {
                p[i].address.family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4;
                p[i].bits = (uint8_t)(ipv6 ? 48 : 24 + i % 2 * 4);
                for (size_t k = 0; k < 4; k++)
                        p[i].address.bytes[k] = (uint8_t)((2 * i + 1) << 8 >> (24 - 8 * k));
        }
        p[n].address = (Address){ FAMILY_IPV4, { 203, 0, 113, 9 } };
        p[n].bits = 32;
        assert_int_equal(prefix_set_new(p, n + more, &set), 0);
        free(p);
        return set;
}

static NftTable *make_cutting_table(
        PrefixSet *entries, unsigned n_rules, const NftTable *previous, bool cut_local)
{
        _cleanup_(policy_free_p) Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *r = NULL;
        State *s = p->state;
        NftTable *t = NULL;

        s->sets = calloc(1, sizeof(*s->sets));
        assert_non_null(s->sets);
        s->sets[0] = (StoredSet){ .name = copy_string("many"), .entries = prefix_set_ref(entries) };
        s->n_sets = 1;
        add_rule(&s->rules, .action = ACTION_DENY, .from = "@many", .id = 1);
        for (unsigned i = 0; i < n_rules; i++) {
                char from[32];

                snprintf(from, sizeof(from), "10.%u.%u.0/24", i / 256, i % 256);
                add_rule(&s->rules, .action = ACTION_ALLOW, .from = from, .id = 2 + i);
        }
        s->logging = LOGGING_OFF;
        r = compile_good(p, &d);
        assert_int_equal(nft_table_new(r, previous, cut_local, &t), 0);
        return t;
}

static NftTable *make_table(PrefixSet *entries, unsigned n_rules, const NftTable *previous)
{
        return make_cutting_table(entries, n_rules, previous, false);
}

static int count_handles(void *data, const NftChainKey *chain, uint64_t *handles, size_t n)
{
        (void)data;
        (void)chain;
        for (size_t i = 0; i < n; i++)
                handles[i] = 1000 + i;
        return 0;
}

static Content difference(NftTable *old, NftTable *new, size_t *ret_length)
{
        _cleanup_nft_batch_ NftBatch b = { 0 };
        Content c;

        nft_batch_init(&b, 7, NULL);
        assert_int_equal(nft_update_build(&b, old, new, count_handles, NULL), 0);
        nft_batch_renumber(&b, 100);
        assert_int_equal(nft_batch_finish(&b, true), 0);
        c = read_batch(&b);
        assert_int_equal(c.begins, 1);
        assert_int_equal(c.ends, 1);
        *ret_length = b.length;
        return c;
}

static size_t base_rules(const NftTable *t, NftChainKind kind, bool *ret_there)
{
        *ret_there = false;
        for (size_t i = 0; i < t->n_chains; i++)
                if (t->chains[i].key.kind == kind) {
                        *ret_there = true;
                        return t->chains[i].n;
                }
        return 0;
}

/* One rule a hook for everybody else's traffic, but where the kernel cannot end sockets. */
static void test_cut_local(void **state)
{
        static const struct {
                NftChainKind kind;
                bool there;
                size_t n, n_cutting;
        } bases[] = {
                { CHAIN_PREROUTING, true, 1, 1 },
                { CHAIN_FORWARD, true, 1, 1 },
                { CHAIN_OUTPUT, true, 1, 2 },
                { CHAIN_INPUT, true, 1, 2 },
        };
        _cleanup_(prefix_set_unref_p) PrefixSet *set = make_many(1, false, false);
        _cleanup_(nft_table_free_p) NftTable *plain = make_table(set, 1, NULL);
        _cleanup_(nft_table_free_p) NftTable *cutting = make_cutting_table(set, 1, NULL, true);
        bool there;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bases); i++) {
                assert_int_equal(base_rules(plain, bases[i].kind, &there), bases[i].n);
                assert_int_equal(there, bases[i].there);
                assert_int_equal(base_rules(cutting, bases[i].kind, &there), bases[i].n_cutting);
                assert_true(there);
        }
}

static void test_large_sets(void **state)
{
        static const struct {
                size_t n;
                bool ipv6;
                size_t sets, elements;
        } cases[] = { { 1, false, 1, 1 }, { 2, false, 2, 2 }, { 4097, false, 2, 4097 },
                { 100000, false, 2, 100000 }, { 100000, true, 1, 100000 } };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(prefix_set_unref_p) PrefixSet *set =
                        make_many(cases[i].n, cases[i].ipv6, false);
                _cleanup_(nft_table_free_p) NftTable *t = make_table(set, 0, NULL);
                size_t length;
                Content c = difference(NULL, t, &length);

                assert_int_equal(c.of[NFT_MSG_NEWSET], cases[i].sets + BRIDGED_SETS);
                assert_int_equal(c.elements, cases[i].elements);
                assert_int_equal(c.acks, 1);
                assert_true(c.ascending);
        }
}

/* One entry beside many, one rule beside many: one element, one rule. */
static void test_small_changes(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = make_many(100000, false, false);
        _cleanup_(prefix_set_unref_p) PrefixSet *more = make_many(100000, false, true);
        _cleanup_(nft_table_free_p) NftTable *a = make_table(set, 5000, NULL);
        _cleanup_(nft_table_free_p) NftTable *same = make_table(set, 5000, a);
        _cleanup_(nft_table_free_p) NftTable *b = make_table(more, 5000, a);
        _cleanup_(nft_table_free_p) NftTable *c = make_table(set, 5001, a);
        _cleanup_(nft_table_free_p) NftTable *e = make_table(set, 4999, a);
        size_t length;
        Content found;

        (void)state;
        found = difference(a, same, &length);
        assert_int_equal(found.acks, 0);
        assert_true(length < 50);
        /* A length that was not there is a set of its own, and one more rule. */
        found = difference(a, b, &length);
        assert_int_equal(found.elements, 1);
        assert_int_equal(found.of[NFT_MSG_NEWSET], 1);
        assert_int_equal(found.of[NFT_MSG_NEWRULE], 1);
        assert_true(length < 1000);
        found = difference(b, a, &length);
        assert_int_equal(found.elements, 0);
        assert_int_equal(found.of[NFT_MSG_DELSET], 1);
        assert_int_equal(found.of[NFT_MSG_DELRULE], 1);
        found = difference(a, c, &length);
        assert_int_equal(found.of[NFT_MSG_NEWRULE], 1);
        assert_int_equal(found.of[NFT_MSG_NEWOBJ], 1);
        assert_int_equal(found.elements, 0);
        assert_true(length < 1000);
        found = difference(a, e, &length);
        assert_int_equal(found.of[NFT_MSG_DELRULE], 1);
        assert_int_equal(found.of[NFT_MSG_DELOBJ], 1);
        assert_true(length < 300);
}

/* ---- many rules ---- */

static const NftChain *chain_of(const NftTable *t, const NftChainKey *key)
{
        const NftChain *c =
                bsearch(key, t->chains, t->n_chains, sizeof(NftChain), nft_chain_key_compare);

        assert_non_null(c);
        return c;
}

/* Does the rule match a source address, if it asks for one? Then *ret_jump is the jump that it ends
 * with. */
static bool rule_takes(
        const NftTable *t, const NftRule *r, const Address *a, const NftStatement **ret_jump)
{
        *ret_jump = NULL;
        for (size_t i = 0; i < r->n; i++) {
                const NftStatement *s = &t->statements[r->first + i];

                if ((s->kind == STATEMENT_FAMILY && s->family != a->family) ||
                        (s->kind == STATEMENT_ADDRESS && !prefix_contains(&s->prefix, a)) ||
                        s->kind == STATEMENT_ADDRESS_SET)
                        return false;
                if (s->kind == STATEMENT_JUMP)
                        *ret_jump = s;
        }
        return true;
}

/* The origin that decides for a source, in a chain and those that it jumps to, NULL for the
 * default; and the number of rules that are looked at. False: nothing decides. */
static bool find_decision(const NftTable *t, const NftChainKey *chain, const Address *a,
        const Rule **ret, size_t *looks)
{
        const NftChain *c = chain_of(t, chain);

        for (size_t i = 0; i < c->n; i++) {
                const NftStatement *jump;

                ++*looks;
                if (!rule_takes(t, &c->rules[i], a, &jump))
                        continue;
                *ret = c->rules[i].origin;
                if (!jump || find_decision(t, &jump->chain, a, ret, looks))
                        return true;
        }
        return false;
}

static size_t count_looks(const NftTable *t, const char *address, uint64_t rule)
{
        static const NftChainKey in = {
                .kind = CHAIN_CLASS, .direction = DIRECTION_IN, .port = 25
        };
        const char *reason;
        const Rule *found;
        size_t looks = 0;
        Address a;

        assert_int_equal(address_parse(address, strlen(address), &a, &reason), 0);
        assert_true(find_decision(t, &in, &a, &found, &looks));
        assert_int_equal(found ? found->id : 0, rule);
        return looks;
}

/* Every second address crowds below 10.0.0.0/14, the others are all over, 10.0.0.0/8 included. */
static void crowded_address(unsigned i, char text[static 32])
{
        unsigned x = (i + 1) * 2654435761u;

        if (i % 2)
                snprintf(text, 32, "10.%u.%u.%u", x >> 8 & 3, x >> 16 & 255, x >> 24);
        else
                snprintf(text, 32, "%u.%u.%u.%u", i % 64 ? 1 + (x >> 24) % 222 : 10, x >> 16 & 255,
                        x >> 8 & 255, x & 255);
}

static NftTable *make_crowded_table(unsigned n)
{
        _cleanup_(policy_free_p) Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *r = NULL;
        NftTable *t = NULL;

        for (unsigned i = 0; i < n; i++) {
                char from[32];

                crowded_address(i, from);
                add_rule(&p->state->rules, .action = ACTION_ALLOW, .from = from, .id = 2 + i);
        }
        p->state->logging = LOGGING_OFF;
        r = compile_good(p, &d);
        assert_int_equal(nft_table_new(r, NULL, 0, &t), 0);
        return t;
}

/* What crowds is parted too, though others are beside it. */
static void test_crowded_rules(void **state)
{
        static const NftChainKey in = {
                .kind = CHAIN_CLASS, .direction = DIRECTION_IN, .port = 25
        };
        _cleanup_(nft_table_free_p) NftTable *t = make_crowded_table(10000);
        size_t most = 0, sum = 0;

        (void)state;
        for (unsigned i = 0; i < 10000; i++) {
                char text[32];
                const char *reason;
                const Rule *found = NULL;
                size_t looks = 0;
                Address a;

                crowded_address(i, text);
                assert_int_equal(address_parse(text, strlen(text), &a, &reason), 0);
                assert_true(find_decision(t, &in, &a, &found, &looks));
                most = looks > most ? looks : most;
                sum += looks;
        }
        assert_in_range(most, 3, 120);
        assert_in_range(sum / 10000, 3, 50);
}

/* A packet is compared with few of many rules that ask for an address each, and with each of a few.
 */
static void test_many_rules(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = make_many(1, false, false);
        _cleanup_(nft_table_free_p) NftTable *few = make_table(set, 16, NULL);
        _cleanup_(nft_table_free_p) NftTable *more = make_table(set, 60, NULL);
        _cleanup_(nft_table_free_p) NftTable *many = make_table(set, 20000, NULL);
        char address[32];

        (void)state;
        assert_int_equal(count_looks(few, "10.0.15.1", 17), 17);
        assert_int_equal(count_looks(few, "192.0.2.1", 0), 18);
        for (unsigned i = 0; i < 60; i++) {
                snprintf(address, sizeof(address), "10.0.%u.200", i);
                assert_in_range(count_looks(more, address, 2 + i), 3, 25);
        }
        assert_in_range(count_looks(more, "192.0.2.1", 0), 3, 8);
        for (unsigned i = 0; i < 20000; i += 7) {
                snprintf(address, sizeof(address), "10.%u.%u.200", i / 256, i % 256);
                assert_in_range(count_looks(many, address, 2 + i), 3, 50);
        }
        assert_in_range(count_looks(many, "10.200.0.1", 0), 3, 50);
        assert_in_range(count_looks(many, "2001:db8::1", 0), 3, 50);
}

/* A list that shrinks keeps its room, for it may grow again; one that is nearly gone does not. */
static void test_room_stays(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *large = make_many(5000, false, false);
        _cleanup_(prefix_set_unref_p) PrefixSet *less = make_many(3000, false, false);
        _cleanup_(prefix_set_unref_p) PrefixSet *least = make_many(10, false, false);
        _cleanup_(nft_table_free_p) NftTable *a = make_table(large, 0, NULL);
        _cleanup_(nft_table_free_p) NftTable *b = make_table(less, 0, a);
        _cleanup_(nft_table_free_p) NftTable *fresh = make_table(less, 0, NULL);
        _cleanup_(nft_table_free_p) NftTable *c = make_table(least, 0, b);

        (void)state;
        assert_int_equal(a->n_sets, 2 + BRIDGED_SETS);
        assert_int_equal(b->n_sets, 2 + BRIDGED_SETS);
        assert_int_equal(b->sets[0].size, a->sets[0].size);
        assert_true(fresh->sets[0].size < a->sets[0].size);
        assert_true(c->sets[0].size < fresh->sets[0].size);
}

/* After a small change the prefixes of each length are counted from the changes only. */
static void test_recount(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = make_many(3000, false, false);
        _cleanup_(nft_table_free_p) NftTable *before = make_table(set, 0, NULL);

        (void)state;
        for (uint32_t round = 3; round < 300; round++) {
                uint32_t i = round % 3 ? round : round - 2; /* two come, one of them goes */
                char text[64];
                size_t added, removed;

                /* neighbours, duplicates, and prefixes that cover many */
                snprintf(text, sizeof(text), "0.%u.%u.%u/%u\n", i / 12, (i * 37) % 256,
                        (i * 16) % 256, 32 - i % 15);
                _cleanup_(prefix_set_unref_p) PrefixSet *one = make_set(text);
                _cleanup_(prefix_set_unref_p) PrefixSet *next = NULL;
                assert_int_equal(prefix_set_update(set, round % 3 ? one : NULL,
                                         round % 3 ? NULL : one, &next, &added, &removed),
                        0);
                _cleanup_(nft_table_free_p) NftTable *after = make_table(next, 0, before);
                _cleanup_(nft_table_free_p) NftTable *fresh = make_table(next, 0, NULL);

                assert_int_equal(after->n_sets, fresh->n_sets);
                for (size_t k = 0; k < fresh->n_sets; k++) {
                        assert_int_equal(after->sets[k].key.bits, fresh->sets[k].key.bits);
                        assert_int_equal(after->sets[k].n, fresh->sets[k].n);
                }
                prefix_set_unref(set);
                set = prefix_set_ref(next);
                nft_table_free(before);
                before = TAKE_PTR(after);
        }
}

static void test_dry_run(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = make_many(10000, false, false);
        _cleanup_(nft_table_free_p) NftTable *t = make_table(set, 10, NULL);
        _cleanup_nft_batch_ NftBatch b = { 0 };
        uint32_t generation = 25;
        Content c;

        (void)state;
        nft_batch_init(&b, 1, &generation);
        b.without_elements = true;
        assert_true(nft_batch_is_empty(&b));
        assert_int_equal(nft_update_build(&b, NULL, t, NULL, NULL), 0);
        assert_false(nft_batch_is_empty(&b));
        assert_int_equal(nft_batch_finish(&b, false), 0);
        c = read_batch(&b);
        assert_int_equal(c.ends, 0);
        assert_int_equal(c.acks, 1);
        assert_int_equal(c.elements, 0);
        assert_int_equal(c.of[NFT_MSG_NEWSET], 2 + BRIDGED_SETS);
}

/* Handles are known of a chain sent whole if the first and the last say so. */
static void test_settle(void **state)
{
        NftChain chains[] = { { .n = 4 }, { .n = 4 }, { .n = 4 }, { .n = 3 } };
        static const uint64_t handles[][4] = { { 7, 0, 0, 10 }, { 7, 0, 0, 11 }, { 7, 0, 9, 10 },
                { 7, 9, 8, 0 } };
        NftTable t = { .chains = chains, .n_chains = ELEMENTS(chains) };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(chains); i++) {
                chains[i].handles = calloc(4, sizeof(uint64_t));
                assert_non_null(chains[i].handles);
                memcpy(chains[i].handles, handles[i], sizeof(handles[i]));
        }
        nft_update_settle(&t);
        assert_non_null(chains[0].handles);
        assert_true(chains[0].handles[1] == 8 && chains[0].handles[2] == 9);
        assert_null(chains[1].handles);
        assert_null(chains[2].handles);
        assert_non_null(chains[3].handles);
        free(chains[0].handles);
        free(chains[3].handles);
}

/* The same table is the same bytes, whatever was in memory before: no padding is left to chance. */
static void test_padding(void **state)
{
        static const int perturbations[] = { 0x5a, 0xa5 };
        _cleanup_(prefix_set_unref_p) PrefixSet *set = make_many(300, false, false);
        _cleanup_(nft_table_free_p) NftTable *t = make_table(set, 10, NULL);
        NftBatch batches[2] = { 0 };

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                mallopt(M_PERTURB, perturbations[i]);
                nft_batch_init(&batches[i], 1, NULL);
                assert_int_equal(nft_update_build(&batches[i], NULL, t, NULL, NULL), 0);
                assert_int_equal(nft_batch_finish(&batches[i], true), 0);
        }
        mallopt(M_PERTURB, 0);
        assert_int_equal(batches[0].length, batches[1].length);
        assert_memory_equal(batches[0].data, batches[1].data, batches[0].length);
        nft_batch_deinit(&batches[0]);
        nft_batch_deinit(&batches[1]);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_counter_names),
                cmocka_unit_test(test_set_names),
                cmocka_unit_test(test_bucket_timeouts),
                cmocka_unit_test(test_prefixes),
                cmocka_unit_test(test_cut_local),
                cmocka_unit_test(test_large_sets),
                cmocka_unit_test(test_small_changes),
                cmocka_unit_test(test_many_rules),
                cmocka_unit_test(test_crowded_rules),
                cmocka_unit_test(test_room_stays),
                cmocka_unit_test(test_recount),
                cmocka_unit_test(test_dry_run),
                cmocka_unit_test(test_settle),
                cmocka_unit_test(test_padding),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
