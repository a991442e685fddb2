/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A table while it is made. build.c adds pieces to it, sets.c the sets of addresses and numbers;
 * counting.c counts what was decided; verdict.c says what a rule of the policy does, rule.c when it
 * matches, untracked.c copies chains for packets that are judged before they are routed, hold.c for
 * those that wait until their process is known, branches.c parts chains that are long, table.c puts
 * it all together. Each file uses only those before it.
 *
 * The first error sticks: after it nothing is added, so that a builder need not ask, and
 * nft_table_new() returns it.
 */

#include "rules/address/family.h"
#include "rules/nftables/statement.h"
#include "rules/nftables/table.h"
#include "rules/policy/action.h"
#include "rules/policy/direction.h"

typedef struct CompiledRule CompiledRule;
typedef struct IdRange IdRange;
typedef struct MatchSet MatchSet;
typedef struct Rule Rule;
typedef struct Ruleset Ruleset;

typedef struct NftBuild {
        NftTable *table;
        const Ruleset *ruleset;
        const NftTable *previous;
        bool stateless;    /* conntrack is asked nothing */
        bool cut_local;    /* answer labelled connections of local sockets too */
        bool counts;       /* rules count what they decide */
        bool notes;        /* what passes is noted, where conntrack does not follow it */
        bool refuses;      /* there is some that a later policy refuses */
        bool numbers_only; /* the rule at hand only how many, where they are logged */
        bool holds;        /* what is logged of this host's own waits */
        bool holds_by_target;
        size_t n_named;      /* the first sets of the table: those of the policy, by key */
        Direction direction; /* of the rules at hand */
        size_t first;        /* statement of the rule at hand */
        NftRule *rules;      /* what the policy's rule at hand became; for a chain of a class */
        size_t n_rules;
        uint64_t *numbers; /* of the decisions that rules count; in any order */
        size_t n_numbers;
        int error; /* 0 or negative errno */
} NftBuild;

/* A rule is begun by its first statement and ended by build_end(), which appends it to the chain
 * that was made last, or by build_end_shared(), which appends it to b->rules. */
typedef void (*BuildEnd)(NftBuild *b, const Rule *origin);

/* ---- pieces (build.c) ---- */

void build_fail(NftBuild *b, int error);
void build_statement(NftBuild *b, const NftStatement *s);
/* A statement that says no more than its kind and a number. */
void build_kind(NftBuild *b, NftStatementKind kind, uint32_t number);
/* accept, drop, or meta l4proto tcp reject with tcp reset; of the direction at hand: what is routed
 * may be noted before it passes */
void build_verdict(NftBuild *b, Action action);
/* ct state invalid,untracked; nothing if conntrack is asked nothing */
void build_no_conntrack(NftBuild *b);
/* Have packets of the direction at hand met DNAT, so that conntrack is asked what was dialled? */
bool build_asks_dialled(const NftBuild *b);
void build_of_set(NftBuild *b, NftStatementKind kind, const NftSetKey *key);
void build_to_chain(NftBuild *b, NftStatementKind kind, const NftChainKey *key);
void build_family(NftBuild *b, Family family);
void build_range(NftBuild *b, NftStatementKind kind, const IdRange *range);
void build_end(NftBuild *b, const Rule *origin);
void build_end_shared(NftBuild *b, const Rule *origin);
/* A rule that is there already is appended to b->rules. */
void build_again(NftBuild *b, const NftRule *rule);
/* The last statement, and the end in the chain that was made last. */
void build_goto(NftBuild *b, const NftChainKey *key);
/* A new, empty chain at the end of the table's. */
void build_chain(NftBuild *b, const NftChainKey *key);
void build_counter(NftBuild *b, uint64_t id);
void build_origin(NftBuild *b, Rule *rule);
/* The rules of b->rules are appended to chain number i too. */
void build_share(NftBuild *b, size_t i);

/* ---- sets (sets.c) ---- */

/* Values are copied; ranges gain a reference. */
void build_values_set(
        NftBuild *b, const NftSetKey *key, const uint64_t *values, size_t n, const Rule *origin);
/* Filled by packets. */
void build_dynamic_set(NftBuild *b, const NftSetKey *key, const Rule *origin);
/* The same, with elements that are there from the beginning; values, in any order and perhaps
 * doubled, are the set's from now on. */
void build_prepared_set(NftBuild *b, const NftSetKey *key, uint64_t *values, size_t n);

/* Sets first … first + n of the table. */
typedef struct NftSetRun {
        size_t first, n;
} NftSetRun;

/* All kernel sets of a list of addresses of one family; key->bits is 0. The prefix of length 0 is
 * in none: a list that has it needs no set. */
NftSetRun build_address_sets(
        NftBuild *b, const NftSetKey *key, RangeSet *ranges, const Rule *origin);
/* Those of all named sets, and of what ends in them: the first thing to be built. */
void build_named_sets(NftBuild *b);
/* The kernel sets of a named set, made before; none when it holds nothing of the family. */
NftSetRun build_find_named(const NftBuild *b, const MatchSet *set, Family family);

/* ---- counting (counting.c) ---- */

typedef struct Counted {
        const Rule *rule; /* NULL: the default */
        Action action;    /* what is counted */
        Action verdict;
        bool logged, audit;
} Counted;

/* The sets that rules count in; that of the numbers when all rules are known. */
void build_counting_sets(NftBuild *b);
void build_numbers_set(NftBuild *b);
/* At the beginning of a chain that all traffic of the direction at hand passes, where rules count:
 * the log that wakes whoever reads the counts. */
void build_wake(NftBuild *b);
/* Is a decision of the direction at hand to be counted? */
bool build_counts(const NftBuild *b, bool logged);
/* Is a log counted too: each connection with its details, or the number only? */
bool build_log_counts(const NftBuild *b);
bool build_log_numbers(const NftBuild *b);
/* Counts if it is, and ends the last chain with the verdict in any case. */
void build_counted_verdict(NftBuild *b, const Counted *c);

/* ---- verdicts (verdict.c) ---- */

/* counter name rule_ID, then the verdict or the way to the chain that build_rule_chain() makes. */
void build_decision(NftBuild *b, const CompiledRule *r);
/* Is what the rule does more than a verdict? */
bool rule_has_own_chain(const NftBuild *b, const CompiledRule *r);
/* That chain; families[i]: the rule can match IPv4 (0), IPv6 (1). */
void build_rule_chain(NftBuild *b, const CompiledRule *r, const bool families[static 2]);
/* Adds to b->rules the direction's verdict for packets that no rule decides; audited: where it is
 * only reported. If it counts, build_default_chain() makes its chain. */
void build_default(NftBuild *b, bool audited);
void build_default_chain(NftBuild *b, bool audited);

/* ---- the policy's rules (rule.c, untracked.c) ---- */

/* Fills b->rules with what the rule becomes, and makes the sets and chains it needs. */
void build_policy_rule(NftBuild *b, const CompiledRule *r);
/* The chain that notes connections which conntrack does not follow. */
void build_allowed(NftBuild *b);
/* Copies of the routed direction's chains for packets that are judged by what they say themselves,
 * where they differ. The last thing to be built. */
void build_untracked(NftBuild *b);

/* ---- waiting (hold.c) ---- */

/* The chains behind CHAIN_HELD and CHAIN_OWNED: copies of those of what goes out. */
void build_hold(NftBuild *b);

/* ---- trees (branches.c) ---- */

/* Parts the long ones of the chains that are made: of classes, and their copies. */
void build_branches(NftBuild *b);
