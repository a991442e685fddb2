/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Between nft_table.c, which owns the table while it is made, and nft_rule.c, which says what one
 * rule of the policy becomes. No other file includes this.
 */

#include "rules/address/prefixset.h"
#include "rules/nftables/table.h"

typedef struct NftBuild {
        NftTable *table;
        const Ruleset *ruleset;
        const NftTable *previous;
        bool cut_local;      /* answer labelled connections of local sockets too */
        size_t n_named;      /* the first sets of the table: those of the policy, by key */
        Direction direction; /* of the rules at hand */
        NftRule *rules;      /* what the policy's rule at hand became; for a chain of a class */
        size_t n_rules;
} NftBuild;

/* One statement more for the rule at hand. */
int build_statement(NftBuild *b, const NftStatement *s);
/* A statement that says no more than its kind and a number. */
int build_simple(NftBuild *b, NftStatementKind kind, uint32_t number);
int build_set_statement(NftBuild *b, NftStatementKind kind, const NftSetKey *key);
int build_chain_statement(NftBuild *b, NftStatementKind kind, const NftChainKey *key);

/* Ends a rule (the statements since `first`) and appends it to b->rules, or to the chain that was
 * made last. */
int build_rule(NftBuild *b, size_t first, const Rule *origin);
int build_last_chain_rule(NftBuild *b, size_t first, const Rule *origin);

/* A new, empty chain at the end of the table's. */
int build_chain(NftBuild *b, const NftChainKey *key);

/* Sets. Values are copied; ranges gain a reference. */
int build_values_set(
        NftBuild *b, const NftSetKey *key, const uint64_t *values, size_t n, const Rule *origin);
int build_dynamic_set(NftBuild *b, const NftSetKey *key, const Rule *origin);
/* All kernel sets of a list of addresses of one family; key->bits is 0. *ret_first, *ret_n: which
 * of the table's. The prefix of length 0 is in none: who has it needs no set. */
int build_address_sets(NftBuild *b, const NftSetKey *key, RangeSet *ranges, const Rule *origin,
        size_t *ret_first, size_t *ret_n);
/* Those of all named sets: the first thing to be built. */
int build_named_sets(NftBuild *b);
/* The kernel sets of a named set, made before; n is 0 when it holds nothing of the family. */
void build_find_named(
        NftBuild *b, const char *name, Family family, size_t *ret_first, size_t *ret_n);

/* Fills b->rules with what the rule becomes, and makes the sets and chains it needs. */
int build_policy_rule(NftBuild *b, const CompiledRule *r);
/* What the direction does where no rule decides: the last rules of the last chain. */
int build_default(NftBuild *b);

/* Twins of the routed direction's chains for packets that conntrack does not follow, where one is
 * needed. The last thing to be built. */
int build_untracked(NftBuild *b);
