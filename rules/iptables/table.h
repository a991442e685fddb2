/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One family's share of the table `filter` as a value: chains of entries, each a list of typed
 * statements. Made from a Ruleset; printed by script.c, encoded by encode.c, put into the kernel by
 * the backend.
 *
 * Every SYN without ACK to a mail port meets one verdict. Each built-in chain has one entry, a
 * jump:
 *
 *   INPUT, a SYN, not on lo               FORWARD, TCP                    OUTPUT, a SYN, not on lo
 *   P25-IN                                P25-FWD                         P25-OUT
 *     neither to a mail port nor            the same: return                the same: return
 *       dialled one: return                 label 126: reset                goto P25-OUT-PORTS
 *     translated: goto P25-IN-DNAT          no SYN: return
 *     taken by TPROXY:                      translated: goto P25-FWD-DNAT
 *       goto P25-FWD-PORTS (routed)         goto P25-FWD-BRIDGE
 *     goto P25-IN-PORTS
 *   P25-IN-DNAT, P25-FWD-DNAT: dialled an address of the host: goto P25-IN-PORTS,
 *     else goto P25-FWD-PORTS and P25-FWD-BRIDGE
 *   P25-FWD-BRIDGE: from one port of a bridge to another: return, else goto P25-FWD-PORTS
 *   P25-*-PORTS send each port to the chain of its class (P25-IN-25).
 *
 * `filter` comes after DNAT, so the port and address that were dialled are asked of conntrack. A
 * packet without an entry, or of the reply direction of one, is judged by its own (IPT_OWN).
 * The conntrack match has a property that this rests on: asked for a state and for something else,
 * it looks only at the state of a packet that has no entry. So "any state, reply direction" is
 * true for all that has no connection of its own, and "any state, did not dial 25" for all that has
 * no entry.
 *
 * For kernels that cannot end a socket, INPUT and OUTPUT send there all packets of what dialled a
 * mail port, as FORWARD does, and label 126 is answered with a reset (but no reset with another).
 *
 * But for the three jumps, and those to chains that count by user (P25-*-WHO), all ways are gotos:
 * nothing is pushed, and RETURN anywhere else leaves p25 and goes on in the built-in chain (allow:
 * other firewalls still have their say). A rule whose
 * match is more than a few entries becomes a line of chains, one a part of the match; whoever fails
 * one goes to the chain that holds the rest of the rules.
 */

#include "rules/address/family.h"
#include "rules/base/util.h"
#include "rules/policy/ports.h"

typedef struct Buffer Buffer;
typedef struct Diagnostics Diagnostics;
typedef struct IptSet IptSet;
typedef struct IptStatement IptStatement;
typedef struct RangeSet RangeSet;
typedef struct Rule Rule;
typedef struct Ruleset Ruleset;

#define IPT_CHAIN_NAME_MAX 29 /* with NUL, as the kernel has it */
#define IPT_COUNT_NAME_MAX 32 /* the same */
#define IPT_LABEL_CUT 126
/* As of nftables: NFLOG group, bytes of a packet, messages a second of each logging rule. */
#define IPT_LOG_GROUP 25u
#define IPT_LOG_SNAPLEN 128u
#define IPT_LOG_RATE 10u
#define IPT_LOG_BURST 20u
/* The same where decisions are counted: the log has who and where to of each, and the counts make
 * its number whole. A thousand a second cost p25d 1 % of a processor. */
#define IPT_COUNTED_LOG_RATE 1000u
#define IPT_COUNTED_LOG_BURST 1000u
/* Entries that count by user, in all; rules of a direction that count what they do not log. */
#define IPT_COUNTED_USERS_MAX 4096u
#define IPT_COUNTED_RULES_MAX 1000u
/* Sources of a limit, and the buckets of their hash; a source that finds no room is refused. */
#define IPT_SOURCES_MAX 1048576u
#define IPT_SOURCES_HASH 65536u

#define IPT_NO_CHAIN SIZE_MAX

/* Statements first … first + n of the table. */
typedef struct IptEntry {
        size_t first, n;
} IptEntry;

typedef enum IptHook {
        IPT_HOOK_INPUT,
        IPT_HOOK_FORWARD,
        IPT_HOOK_OUTPUT,
        _IPT_HOOK_MAX,
} IptHook;

typedef struct IptChain {
        char name[IPT_CHAIN_NAME_MAX];
        IptEntry *entries;
        size_t n;
} IptChain;

typedef struct IptTable {
        Family family;
        IptChain *chains; /* the first three are the hooks' own: one jump each, or nothing */
        size_t n_chains;
        IptStatement *statements;
        size_t n_statements;
        IptSet *sets;
        size_t n_sets;
        uint64_t *counters; /* ids, ascending, each once */
        size_t n_counters;
        Ports watched[_IPT_HOOK_MAX]; /* what the hooks look at */
        Rule **origins;               /* references */
        size_t n_origins;
        char **paths; /* of cgroups, owned */
        /* The chains that separate connections that dialled a local address from others; their
         * trees are behind the first n_fixed. */
        struct IptLocal {
                size_t chain, target, next; /* next: IPT_NO_CHAIN for none */
        } locals[2];
        size_t n_locals;
        /* The chain that lets pass what is bridged, if anything is; and the one behind it. */
        size_t bridged, behind_bridged;
        size_t n_fixed, n_fixed_statements;
} IptTable;

typedef struct IptOptions {
        Family family;
        /* The addresses of this host, as far as DNAT may hide them; NULL: a translated connection
         * counts as incoming, for any dialled address. */
        const RangeSet *locals;
        /* Lists of more prefixes than this are sets in the kernel; 0: never. */
        size_t chains_max;
        bool bridges;   /* bridges send what they pass through FORWARD */
        bool cut;       /* answer connections that carry the label with a reset */
        bool cut_local; /* those of this host's own sockets too */
        /* Count who sends: all outgoing connections go to the log, and, where the kernel has
         * objects for it, are counted. */
        bool counts, has_count_objects, has_old_count_objects;
} IptOptions;

/* 0, -ENOMEM, or -EOPNOTSUPP with an error in d. The table keeps what it borrows from the
 * ruleset alive. */
int ipt_table_new(const Ruleset *r, const IptOptions *o, Diagnostics *d, IptTable **ret);
/* Other `locals` and `bridges` than at the making; to know addresses the table must have been made
 * with some (or with an empty set). 0 or -ENOMEM, then it is as it was but knows none. */
int ipt_table_set_host(IptTable *t, const RangeSet *locals, bool bridges);
IptTable *ipt_table_free(IptTable *t);
DEFINE_CLEANUP(IptTable, ipt_table_free)

/* "INPUT" … */
const char *ipt_hook_to_string(IptHook h);
/* ---- bytes (encode.c) ---- */

/* The kernel's number of a set. 0 or negative errno. */
typedef int (*IptSetIndex)(void *data, const IptSet *set, uint16_t *ret);

/*
 * Adds the entry to b as libiptc takes it: struct ipt_entry (or ip6t_entry), matches, target; a
 * chain's name in the place of a verdict; counters zero. set_index may be NULL if there are no
 * sets. 0, -ENOMEM, set_index's errors.
 */
int ipt_entry_encode(
        const IptTable *t, const IptEntry *e, IptSetIndex set_index, void *data, Buffer *b);

/* ---- text (script.c) ---- */

/* As iptables-save prints it. set_name may be NULL if there are no sets. */
void ipt_table_print(Buffer *b, const IptTable *t);
