/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The table `inet p25` as a value: sets, counters and chains of rules, each rule a list of typed
 * statements. Made from a Ruleset; printed by script.c, encoded by message.c, compared and sent by
 * the backend. Everything has a name that follows from what it is (a key), so that two tables can
 * be compared piece by piece.
 *
 * Every SYN without ACK to a mail port meets one verdict. Each base chain has one rule, a goto:
 *
 *   prerouting (-150, behind conntrack, before DNAT): a SYN to a mail port, not on lo
 *     opened: no conntrack, or the reply direction of an entry   goto untracked
 *             to an address of the host                          label 125, goto in
 *             no route leads out: it is local by another         label 124
 *     untracked: to an address of the host                       goto in
 *                no route leads out: it is local by another      goto in
 *                else                                            goto untracked_ports (routed)
 *   forward (-10): dialled a mail port
 *     forwarded: label 126                                       reset
 *                label 125 (judged in prerouting)                accept
 *                SYN of the original direction                   goto passing
 *     passing: from one port of a bridge to another              accept
 *              else                                              goto routed
 *   input (-10): a SYN of the original direction that dialled a mail port, not on lo
 *     arrived: label 125 (judged in prerouting)                  accept
 *              redirected                                        goto routed
 *              label 124                                         goto in
 *              else (taken by TPROXY)                            goto routed
 *   output (-150): a SYN to a mail port, not on lo               goto out
 *
 * Where processes are to be found, a SYN to a mail port meets another chain before all that the
 * host has (hold.c): what a rule is going to log waits there for p25d. It decides nothing.
 *
 *   held (first of output): a SYN to a mail port, not on lo      goto held_out
 *   output: the same as above                                    goto owned
 *     owned: whose socket has an owner                           goto out
 *            else (it was closed meanwhile)                      drop
 *
 * A rule that asks conntrack makes the kernel track all connections of the host. Where nothing
 * passes through the host, a table that is stateless has no such rule: prerouting judges all that
 * enters by what it says itself, which is what was dialled, because DNAT comes later. It has
 * neither forward nor input:
 *
 *   prerouting: a SYN to a mail port, not on lo                  goto untracked
 *   fragments: nothing comes here, but packets are put together because of it
 *
 * What passes through it nevertheless has been judged there too, by the interface that the route
 * says.
 *
 * `in`, `out`, `routed` and `untracked_ports` send each port to the chain of its class (`in_25`):
 * ports that the same rules name share one, so that no rule needs to look at the port again. A
 * packet in `routed` has met DNAT: what was dialled is asked of conntrack. One in `untracked_ports`
 * has not, and is asked itself.
 * Where many of them in a row ask for an address each, the chain is parted into a tree
 * (branches.c). What of `routed` passes is noted where conntrack does not follow it (untracked.c),
 * because nothing else knows that the connection is open. p25d puts those that a later policy
 * refuses into a set, and forward has a second rule while there are any:
 *
 *   routed: what a rule or the default lets pass                 goto allowed
 *     allowed: no conntrack                                      note who dialled; accept
 *   forward: no conntrack                                        goto refused
 *     refused: either direction of a connection of the set       reset
 *
 * Where decisions are counted by who and where to, a set's element that finds no room ends its
 * rule: each such rule ends with the verdict, the next one counts with less detail, and the last
 * does not count (counting.c). A full set changes no verdict, and what it has not is in another.
 * A connection's label 124 says "the host's by a route", 125 "judged as incoming", 126 "refused by
 * a later policy". Where the kernel cannot end a socket, input and output answer label 126 with a
 * reset too.
 */

#include "rules/base/util.h"
#include "rules/nftables/key.h"

typedef struct Buffer Buffer;
typedef struct NftStatement NftStatement;
typedef struct RangeSet RangeSet;
typedef struct Rule Rule;
typedef struct Ruleset Ruleset;
typedef struct TimedEntry TimedEntry;
typedef struct TimedSet TimedSet;

/* Statements first … first + n of the table. */
typedef struct NftRule {
        size_t first;
        size_t n;
        const Rule *origin; /* NULL: of several rules; the table holds a reference */
} NftRule;

typedef struct NftChain {
        NftChainKey key;
        NftRule *rules;
        size_t n;
        uint64_t *handles; /* of the rules in the kernel; NULL: not known (yet) */
} NftChain;

typedef struct NftSet {
        NftSetKey key;
        uint32_t size;    /* room for elements; 0: as many as come */
        RangeSet *ranges; /* addresses; a reference */
        TimedSet *timed;  /* SET_TIMED: the same with their ends; a reference */
        size_t n;         /* elements: prefixes or values */
        uint64_t *values; /* ports, ids, SET_NUMBERS: decision_number(); ascending */
        const Rule *origin;
} NftSet;

typedef struct NftTable {
        NftSet *sets; /* by key */
        size_t n_sets;
        uint64_t *counters; /* ascending */
        size_t n_counters;
        NftChain *chains; /* by key */
        size_t n_chains;
        NftStatement *statements;
        size_t n_statements;
        Rule **origins; /* references */
        size_t n_origins;
        char **names; /* owned: the names of sets */
} NftTable;

typedef enum NftTableFlags {
        NFT_TABLE_CUT_LOCAL = 1, /* answer labelled connections of this host's own sockets too */
        NFT_TABLE_COUNTS = 2,    /* for whoever empties the sets of what was decided */
        /* Packets that are logged wait for the queue's reader, if the ruleset says so: */
        NFT_TABLE_HOLD_QUEUE = 4,  /* by the kernel's `queue` */
        NFT_TABLE_HOLD_TARGET = 8, /* by NFQUEUE of xtables, for kernels without the former */
        NFT_TABLE_NOTES = 16,      /* for whoever cuts connections that conntrack does not follow */
        NFT_TABLE_REFUSES = 32,    /* there are such connections, in the sets SET_REFUSED */
        /* Of a host through which nothing passes: the kernel need not track connections. Has no
         * effect if a rule counts what is open, or with NFT_TABLE_CUT_LOCAL. */
        NFT_TABLE_STATELESS = 64,
} NftTableFlags;

/*
 * `previous` is what is installed (NULL: nothing): layouts and sizes that still fit are kept, and
 * the prefixes of a set that did not change are not counted again. flags: NFT_TABLE_…. 0 or
 * -ENOMEM.
 */
int nft_table_new(const Ruleset *r, const NftTable *previous, unsigned flags, NftTable **ret);
NftTable *nft_table_free(NftTable *t);
DEFINE_CLEANUP(NftTable, nft_table_free)

/* The kernel takes an element out by itself, this long after its end: until then p25d can do so, in
 * time, and knows that it is there. */
#define NFT_TIMED_GRACE_MSEC 1000u
/* The time for which the kernel keeps an entry, in ms. */
uint64_t nft_entry_timeout_msec(const TimedEntry *e, uint64_t now_usec);
/* Do its elements come from packets or p25d, instead of the policy? */
bool nft_set_is_dynamic(const NftSet *s);
/* The lifetime of an unused element, in ms; whole seconds. 0: for ever, or its own timeout. */
uint64_t nft_set_timeout_msec(const NftSet *s);
/* The same kind, layout and room: the elements may differ. */
bool nft_set_same_shape(const NftSet *a, const NftSet *b);
bool nft_rule_equal(const NftTable *ta, const NftRule *a, const NftTable *tb, const NftRule *b);

/* A rule as nft lists it, on one line. */
void nft_rule_print(Buffer *b, const NftTable *t, const NftRule *r);
