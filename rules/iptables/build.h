/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Between ipt_table.c, which owns the table while it is made, ipt_rule.c, which says what one
 * rule becomes, and ipt_tree.c, which says what a long list becomes. No other file includes this.
 */

#include "rules/address/prefixset.h"
#include "rules/iptables/table.h"

typedef struct IptBuild {
        IptTable *table;
        const Ruleset *ruleset;
        const IptOptions *options;
        Diagnostics *diagnostics;
        Direction direction; /* of the rules at hand */
        size_t first;        /* statement of the entry at hand */
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

/* ---- lists of addresses (ipt_tree.c) ---- */

typedef struct PrefixList {
        Prefix *items;
        size_t n;
} PrefixList;

void prefix_list_deinit(PrefixList *l);
/* The prefixes of one family, ascending. 0 or -ENOMEM. */
int prefix_list_fill(const RangeSet *ranges, Family family, PrefixList *ret);

/* How an address is asked for. */
typedef struct IptAddressTest {
        IptStatementKind kind; /* IPT_ADDRESS or IPT_DIALLED_ADDRESS */
        bool to;
} IptAddressTest;

void ipt_build_address(IptBuild *b, IptAddressTest test, const Prefix *p);

/*
 * Appends to `chain` what goes to `target` if the address is in one of the ascending, disjoint
 * prefixes, and goes on behind it if not; from the chains that it makes, whose names begin with
 * `name`, it goes to `next` if not. A packet meets a few dozen entries, however long the list.
 */
void ipt_build_tree(IptBuild *b, size_t chain, const Prefix *prefixes, size_t n,
        IptAddressTest test, size_t target, size_t next, const char *name, size_t *n_names);

/* ---- rules (ipt_rule.c) ---- */

/* Where the rules of a class of ports are put, one after the other. */
typedef struct IptClass {
        uint16_t port; /* the lowest, which names it */
        size_t chain;  /* where the next entry goes */
} IptClass;

/* rule_chain: where what the rule does is, IPT_NO_CHAIN while it has no chain for that. */
void ipt_build_rule(IptBuild *b, IptClass *c, const CompiledRule *r, size_t *rule_chain);
void ipt_build_default(IptBuild *b, IptClass *c);
/* Is it one that entries can say at all? Else the error is noted. */
void ipt_build_check_rule(IptBuild *b, const CompiledRule *r);
/* "in", "fwd" … as chains' names have it */
const char *ipt_build_direction_name(Direction d);
