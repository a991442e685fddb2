/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A table while it is made. build.c adds pieces to it, tree.c says what a long list becomes,
 * verdict.c what a rule does, rule.c when it matches, table.c puts it all together. Each file uses
 * only those before it.
 */

#include "rules/iptables/statement.h"
#include "rules/iptables/table.h"
#include "rules/policy/direction.h"
#include "rules/ruleset/compiledrule.h"

typedef struct Rule Rule;

typedef struct IptBuild {
        IptTable *table;
        const Ruleset *ruleset;
        const IptOptions *options;
        Diagnostics *diagnostics;
        Direction direction; /* of the rules at hand */
        size_t first;        /* statement of the entry at hand */
        bool counts;         /* the rule at hand counts what it decides, logged or not */
        size_t n_users;      /* so many of the ruleset's accounts are counted apart */
        size_t defaults[2];  /* chains of the direction's default, of one in audit */
        int error;           /* the first; sticks, so that builders need not ask */
} IptBuild;

/* An entry is begun by its first statement and ended by ipt_build_end(), which appends it. */
void ipt_build_add(IptBuild *b, const IptStatement *s);
void ipt_build_kind(IptBuild *b, IptStatementKind kind, bool not );
void ipt_build_end(IptBuild *b, size_t chain);
/* The last statement, and the end. */
void ipt_build_goto(IptBuild *b, size_t chain, size_t target);
void ipt_build_verdict(IptBuild *b, size_t chain, IptStatementKind verdict);
/* A new chain; its index, or IPT_NO_CHAIN with the error noted. */
size_t ipt_build_chain(IptBuild *b, const char *format, ...) _printf_(2, 3);
void ipt_build_fail(IptBuild *b, int error);
void ipt_build_counter(IptBuild *b, uint64_t id);
void ipt_build_origin(IptBuild *b, Rule *rule);
/* "IN", "FWD" … as chains' names have it */
const char *ipt_build_direction_name(Direction d);

/* ---- lists of addresses (tree.c) ---- */

typedef struct PrefixList {
        Prefix *items;
        size_t n;
} PrefixList;

void prefix_list_deinit(PrefixList *l);
/* The prefixes of one family, ascending. 0 or -ENOMEM. */
int prefix_list_fill(const RangeSet *ranges, Family family, PrefixList *ret);

/* The ways to match an address. */
typedef struct IptAddressTest {
        IptStatementKind kind; /* IPT_ADDRESS or IPT_DIALLED_ADDRESS */
        bool to;
} IptAddressTest;

void ipt_build_address(IptBuild *b, IptAddressTest test, const Prefix *p);

/* The ways out of a tree: to `target` if the address is in one of the prefixes, to `next` if not.
 * The names of its chains begin with `name` and end in their number, *n_names. */
typedef struct IptWay {
        size_t target, next;
        const char *name;
        size_t *n_names;
} IptWay;

/*
 * Appends to `chain` what goes to the way's target if the address is in one of the ascending,
 * disjoint prefixes, and goes on behind it if not. A packet meets a few dozen entries, however long
 * the list.
 */
void ipt_build_tree(IptBuild *b, size_t chain, const PrefixList *prefixes, IptAddressTest test,
        const IptWay *way);

/* ---- verdicts (verdict.c) ---- */

/* Is what the rule does no more than a verdict? */
bool ipt_rule_is_verdict(const IptBuild *b, const CompiledRule *r);
/* -m comment --comment p25:ID, and the verdict: the end of an entry that decides by itself. */
void ipt_build_decision(IptBuild *b, size_t chain, const CompiledRule *r);
/* The chain of what the rule does, made now if *rule_chain is IPT_NO_CHAIN. */
size_t ipt_build_decision_chain(IptBuild *b, const CompiledRule *r, size_t *rule_chain);
/* Adds to the chain the direction's verdict for packets that no rule decides; audited: it is only
 * reported. */
void ipt_build_default(IptBuild *b, size_t chain, bool audited);

/* ---- rules (rule.c) ---- */

/* The place for the rules of a class of ports, which are put there one after the other. */
typedef struct IptClass {
        uint16_t port; /* the lowest, which names it */
        size_t chain;  /* where the next entry goes */
} IptClass;

/* rule_chain: where what the rule does is, IPT_NO_CHAIN while it has no chain for that. */
void ipt_build_rule(IptBuild *b, IptClass *c, const CompiledRule *r, size_t *rule_chain);
/* Is it one that entries can say at all? Else the error is noted. */
void ipt_build_check_rule(IptBuild *b, const CompiledRule *r);
