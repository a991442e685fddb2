/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Many rules in a row, each of which asks for one prefix of the same address, become a tree of
 * chains, so that a packet meets only those that are near its address:
 *
 *   ip saddr 192.0.2.0/28 jump in_25_0_v4_c000020_28      (up to 16 such rules)
 *   chain in_25_0_v4_c000020_28: the rules of prefixes in it, or further down again
 *
 * No rule is changed, and none that could match the same packet as another overtakes it: rules are
 * parted by bits that all of them ask for, so those that match an address are all on its way
 * through the tree, in their order. What no rule on the way decides returns to what is behind the
 * row.
 */

#include "rules/nftables/build.h"

#include "rules/address/family.h"
#include "rules/base/array.h"

#include <errno.h>

/* A row of so few rules is not parted, */
#define ROW_MAX 16u
/* and a jump that saves so few is not made. */
#define JUMP_RULES_MIN 4u
/* A chain is parted by so many bits at a time at most, */
#define BRANCH_BITS 4u
/* the first ones by fewer: a packet meets the jumps of a chain one after the other, and four jumps
 * to a quarter of the rules each, three times, are fewer than sixteen to a sixteenth. */
#define NARROW_LEVELS 3u
#define NARROW_BITS 2u
/* So often: behind a base chain the kernel takes 15 chains, one in the other, and the longest way
 * without these has eight. All together ask for 20 bits, where rules crowd below a prefix that has
 * others beside it in every chain. */
#define LEVELS_MAX 7u

typedef struct Item {
        NftRule rule;
        Prefix prefix; /* that it asks for */
} Item;

/* A chain that is to be made, and the rules below it. */
typedef struct Branch {
        NftChainKey key;
        Item *items; /* a part of those of the row */
        size_t n;
        unsigned level; /* 0: the chain that the row is in */
} Branch;

typedef struct Tree {
        NftBuild *build;
        NftChainKey root; /* the chain that is parted */
        size_t number;    /* of the row in it */
        Branch *branches; /* to be made */
        size_t n_branches;
} Tree;

/* ---- what a rule asks for ---- */

/* meta nfproto ipv4 ip saddr 192.0.2.1 …; NULL: something else */
static const NftStatement *address_of(const NftTable *t, const NftRule *r)
{
        const NftStatement *s = t->statements + r->first;

        if (r->n < 2 || s[0].kind != STATEMENT_FAMILY ||
                (s[1].kind != STATEMENT_ADDRESS && s[1].kind != STATEMENT_DIALLED_ADDRESS))
                return NULL;
        return &s[1];
}

/* The rules from the first on that ask for the same end of a connection. */
static size_t row_length(const NftTable *t, const NftRule *rules, size_t n)
{
        const NftStatement *first = n > 0 ? address_of(t, rules) : NULL;
        size_t length = 0;

        while (first && length < n) {
                const NftStatement *s = address_of(t, &rules[length]);

                if (!s || s->kind != first->kind || s->to != first->to)
                        break;
                length++;
        }
        return length;
}

/* Bits first … end of an address as a number, end itself excluded. */
static unsigned bits_of(const Address *a, unsigned first, unsigned end)
{
        unsigned value = 0;

        for (unsigned i = first; i < end; i++)
                value = value << 1 | (a->bytes[i / 8] >> (7 - i % 8) & 1u);
        return value;
}

/* The bits from the first on that two addresses have alike, n at most. */
static unsigned bits_alike(const Address *a, const Address *b, unsigned n)
{
        for (unsigned i = 0; i < (n + 7) / 8; i++) {
                unsigned differ = a->bytes[i] ^ b->bytes[i];
                unsigned alike = i * 8 + 7;

                if (differ == 0)
                        continue;
                for (; differ > 1; differ >>= 1)
                        alike--;
                return alike < n ? alike : n;
        }
        return n;
}

/* ---- parting ---- */

/* The bits by which rules are parted: all of them ask for these, and they are alike before. They
 * end where a digit does, so that one more rule, however far from the others, leaves most chains
 * what they are. */
static void find_bits(const Branch *branch, unsigned *ret_first, unsigned *ret_end)
{
        const Prefix *one = &branch->items[0].prefix;
        unsigned digit = branch->level < NARROW_LEVELS ? NARROW_BITS : BRANCH_BITS;
        unsigned shortest = one->bits, alike;

        for (size_t i = 1; i < branch->n; i++)
                if (branch->items[i].prefix.bits < shortest)
                        shortest = branch->items[i].prefix.bits;
        alike = shortest;
        for (size_t i = 1; i < branch->n; i++)
                alike = bits_alike(&one->address, &branch->items[i].prefix.address, alike);
        *ret_first = alike;
        *ret_end = (alike / digit + 1) * digit;
        if (*ret_end > shortest)
                *ret_end = shortest;
}

/* Puts rules of equal bits side by side, each in their order, and returns where each begins. */
static int part(
        Branch *branch, unsigned first, unsigned end, size_t starts[(1u << BRANCH_BITS) + 1])
{
        _cleanup_free_ Item *sorted = calloc(branch->n, sizeof(Item));
        size_t places[1u << BRANCH_BITS];

        if (!sorted)
                return -ENOMEM;
        memset(starts, 0, ((1u << BRANCH_BITS) + 1) * sizeof(*starts));
        for (size_t i = 0; i < branch->n; i++)
                starts[bits_of(&branch->items[i].prefix.address, first, end) + 1]++;
        for (size_t i = 0; i < 1u << BRANCH_BITS; i++) {
                starts[i + 1] += starts[i];
                places[i] = starts[i];
        }
        for (size_t i = 0; i < branch->n; i++)
                sorted[places[bits_of(&branch->items[i].prefix.address, first, end)]++] =
                        branch->items[i];
        memcpy(branch->items, sorted, branch->n * sizeof(Item));
        return 0;
}

static void add_branch(Tree *t, const Branch *branch)
{
        if (t->build->error < 0)
                return;
        if (array_grow(&t->branches, t->n_branches, sizeof(Branch)) < 0)
                build_fail(t->build, -ENOMEM);
        else
                t->branches[t->n_branches++] = *branch;
}

static void add_rules(Tree *t, const Item *items, size_t n)
{
        for (size_t i = 0; i < n; i++)
                build_again(t->build, &items[i].rule);
}

static NftChainKind kind_of_branch(NftChainKind root)
{
        switch (root) {
        case CHAIN_UNTRACKED_CLASS:
                return CHAIN_UNTRACKED_BRANCH;
        case CHAIN_HELD_CLASS:
                return CHAIN_HELD_BRANCH;
        default:
                return CHAIN_BRANCH;
        }
}

/* meta nfproto ipv4 ip saddr 192.0.2.0/28 jump … */
static void add_jump(Tree *t, const Branch *from, Item *items, size_t n, unsigned bits)
{
        const NftTable *table = t->build->table;
        const NftStatement *asked = address_of(table, &items[0].rule);
        NftStatement address = *asked;
        Branch branch = { .key = from->key, .items = items, .n = n, .level = from->level + 1 };

        address.prefix = prefix_shorten(&items[0].prefix, (uint8_t)bits);
        branch.key.kind = kind_of_branch(t->root.kind);
        branch.key.family = (uint16_t)address.prefix.address.family;
        branch.key.bits = address.prefix.bits;
        memcpy(branch.key.address, address.prefix.address.bytes, sizeof(branch.key.address));
        build_family(t->build, address.prefix.address.family);
        build_statement(t->build, &address);
        build_to_chain(t->build, STATEMENT_JUMP, &branch.key);
        build_end_shared(t->build, NULL);
        add_branch(t, &branch);
}

/* Adds what the chain of a branch holds. */
static void add_content(Tree *t, Branch *branch)
{
        size_t starts[(1u << BRANCH_BITS) + 1];
        unsigned first, end;

        if (branch->n == 0)
                return;
        find_bits(branch, &first, &end);
        if (branch->n <= ROW_MAX || branch->level == LEVELS_MAX || first == end) {
                add_rules(t, branch->items, branch->n);
                return;
        }
        if (part(branch, first, end, starts) < 0) {
                build_fail(t->build, -ENOMEM);
                return;
        }
        for (size_t i = 0; i < 1u << (end - first); i++) {
                size_t n = starts[i + 1] - starts[i];

                if (n >= JUMP_RULES_MIN)
                        add_jump(t, branch, branch->items + starts[i], n, end);
                else
                        add_rules(t, branch->items + starts[i], n);
        }
}

/* The chains of all branches, which may have further ones. */
static void build_branches_of(Tree *t)
{
        while (t->n_branches > 0 && t->build->error == 0) {
                Branch branch = t->branches[--t->n_branches];

                add_content(t, &branch);
                build_chain(t->build, &branch.key);
                build_share(t->build, t->build->table->n_chains - 1);
                t->build->n_rules = 0;
        }
}

/* ---- rows ---- */

/* Those of one family: an address of the other matches none of them. */
static size_t take_family(
        const NftTable *t, const NftRule *row, size_t n, Family family, Item *items)
{
        size_t count = 0;

        for (size_t i = 0; i < n; i++) {
                const Prefix *p = &address_of(t, &row[i])->prefix;

                if (p->address.family == family)
                        items[count++] = (Item){ row[i], *p };
        }
        return count;
}

/* Adds the top of the row's tree; the rest is in t->branches, and its rules are in items. */
static void add_row(Tree *t, const NftRule *row, size_t n, Item *items)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

        for (size_t f = 0; f < ELEMENTS(families); f++) {
                Branch top = { .key = t->root, .items = items };

                top.key.id = t->number;
                top.n = take_family(t->build->table, row, n, families[f], items);
                add_content(t, &top);
                items += top.n;
        }
        t->number++;
}

/* Adds the rules of a chain, rows as trees. */
static void add_chain(Tree *t, const NftRule *rules, size_t n, Item *items)
{
        const NftTable *table = t->build->table;

        for (size_t i = 0; i < n && t->build->error == 0;) {
                size_t length = row_length(table, rules + i, n - i);

                if (length > ROW_MAX) {
                        add_row(t, rules + i, length, items + i);
                } else {
                        length = length > 0 ? length : 1;
                        for (size_t k = 0; k < length; k++)
                                build_again(t->build, &rules[i + k]);
                }
                i += length;
        }
}

static void build_tree(NftBuild *b, size_t i)
{
        NftChain *c = &b->table->chains[i];
        _cleanup_free_ NftRule *rules = TAKE_PTR(c->rules);
        _cleanup_free_ Item *items = calloc(c->n + 1, sizeof(Item));
        Tree t = { .build = b, .root = c->key };
        size_t n = c->n;

        c->n = 0;
        if (!items)
                build_fail(b, -ENOMEM);
        else
                add_chain(&t, rules, n, items);
        build_share(b, i);
        b->n_rules = 0;
        build_branches_of(&t);
        free(t.branches);
}

static bool is_parted(const NftChain *c)
{
        return c->n > ROW_MAX &&
               (c->key.kind == CHAIN_CLASS || c->key.kind == CHAIN_UNTRACKED_CLASS ||
                       c->key.kind == CHAIN_HELD_CLASS);
}

void build_branches(NftBuild *b)
{
        size_t n = b->table->n_chains;

        for (size_t i = 0; i < n && b->error == 0; i++)
                if (is_parted(&b->table->chains[i]))
                        build_tree(b, i);
}
