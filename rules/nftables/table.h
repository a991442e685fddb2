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
 * `in`, `out`, `routed` and `untracked_ports` send each port to the chain of its class (`in_25`):
 * ports that the same rules name share one, so that no rule needs to look at the port again. A
 * packet in `routed` has met DNAT: what was dialled is asked of conntrack. One in `untracked_ports`
 * has not, and is asked itself.
 * What of `routed` passes is noted where conntrack does not follow it (untracked.c), because
 * nothing else knows that the connection is open. p25d puts those that a later policy refuses into
 * a set, and forward has a second rule while there are any:
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

#include "rules/address/address.h"
#include "rules/policy/limit.h"
#include "rules/policy/terms.h"

typedef struct Buffer Buffer;
typedef struct Rule Rule;
typedef struct Ruleset Ruleset;
typedef struct TimedEntry TimedEntry;

#define NFT_TABLE_NAME "p25"
#define NFT_LABEL_LOCAL 124
#define NFT_LABEL_INCOMING 125
#define NFT_LABEL_CUT 126
/* The type of an address in the routing table, RTN_LOCAL and RTN_ANYCAST of rtnetlink(7). */
#define NFT_ADDRESS_LOCAL 2u
#define NFT_ADDRESS_ANYCAST 4u
#define NFT_LABEL_BYTES 16
/* Directions of a conntrack entry, IP_CT_DIR_…; the number of STATEMENT_DIRECTION. */
#define NFT_DIRECTION_ORIGINAL 0u
#define NFT_DIRECTION_REPLY 1u
/* The time for which a bridge's neighbours are remembered. */
#define NFT_BRIDGED_TIMEOUT_MSEC 60000u
/* Logging: NFLOG, the packet's headers; each logging rule so often at most. */
#define NFT_LOG_GROUP 25u
#define NFT_LOG_SNAPLEN 128u
#define NFT_LOG_RATE 10u
#define NFT_LOG_BURST 20u
/* What is counted and not logged wakes p25d, so that it need not look while there is nothing: what
 * goes out so often a minute, because thresholds act on it, other traffic for the statistics. */
#define NFT_WAKE_OUT_RATE 12u
#define NFT_WAKE_RATE 1u
/* Connections that wait for p25d, of each family: so many at most, by the queue of the kernel. A
 * SYN that is sent again, a second later, does not wait again. */
#define NFT_HOLD_QUEUE 25u
#define NFT_HOLD_RATE 100u
#define NFT_HOLD_BURST 400u
#define NFT_HELD_TIMEOUT_MSEC 4000u
/* The time for which a connection that conntrack does not follow is known, from its SYN on. */
#define NFT_UNTRACKED_TIMEOUT_MSEC 3600000u
/* Large enough for the name of every chain, set and counter. */
#define NFT_NAME_TEXT_MAX 192

typedef enum NftChainKind {
        CHAIN_PREROUTING,
        CHAIN_FORWARD,
        CHAIN_INPUT,
        CHAIN_OUTPUT,
        CHAIN_OPENED,
        CHAIN_ARRIVED,
        CHAIN_FORWARDED,
        CHAIN_PASSING,
        CHAIN_DIRECTION, /* in, out, routed: sends a port to its class */
        CHAIN_UNTRACKED,
        CHAIN_UNTRACKED_PORTS, /* as CHAIN_DIRECTION of routed, by the packet itself */
        CHAIN_CLASS,           /* the rules of a class of ports, named by its lowest */
        CHAIN_RULE,            /* what a rule that matched does, if it is more than a verdict */
        CHAIN_DEFAULT,         /* the same of a default; id 1: of one that is only reported */
        CHAIN_OWNER,           /* a limit for the ids that a user was lent */
        CHAIN_PASSED,          /* what a limit that logs or counts does under it, */
        CHAIN_BEYOND,          /* and beyond it */
        CHAIN_TO,              /* the second half of a match, where both halves are several tests */
        CHAIN_UNTRACKED_CLASS, /* copies of CHAIN_CLASS and CHAIN_TO for what is not routed yet, */
        CHAIN_UNTRACKED_TO,    /* where rules ask what was dialled or how a packet is to leave */
        CHAIN_ALLOWED, /* what passes through the host is noted, where conntrack does not follow it
                        */
        CHAIN_REFUSED, /* and reset here, when a later policy refuses it */
        CHAIN_OWNED,
        CHAIN_HELD,       /* before everything else in output */
        CHAIN_HELD_PORTS, /* copies of CHAIN_DIRECTION, CHAIN_CLASS and CHAIN_TO of what goes out,
                           */
        CHAIN_HELD_CLASS, /* which end with CHAIN_HOLD where something is logged */
        CHAIN_HELD_TO,
        CHAIN_HOLD,
} NftChainKind;

typedef struct NftChainKey {
        NftChainKind kind;
        Direction direction;
        uint16_t port;
        uint16_t family; /* CHAIN_TO: 0 or a Family */
        uint64_t id;     /* of the rule */
        uint32_t user;   /* CHAIN_OWNER */
} NftChainKey;

typedef enum NftSetKind {
        SET_PORTS, /* of the base chains; direction in (also for routed) or out */
        SET_NAMED, /* a set of the policy */
        SET_TIMED, /* its entries that end, each with its own time */
        SET_FROM,  /* the literal addresses of a rule */
        SET_TO,
        SET_USERS,
        SET_GROUPS,
        SET_RATE,      /* buckets of a limit; filled by packets */
        SET_OPEN,      /* connections of a limit; filled by packets */
        SET_BRIDGED,   /* who is a neighbour on a bridge; filled by packets */
        SET_HELD,      /* which SYNs have waited; filled by packets */
        SET_UNTRACKED, /* connections that conntrack does not follow; filled by packets */
        SET_REFUSED,   /* those that a later policy refuses; filled by p25d */
        /* What was decided, how often, filled by packets: by rule and */
        SET_SENT,    /* cgroup, user, port and destination, */
        SET_SENDERS, /* cgroup and user, where there is no room for the former, */
        SET_SEEN,    /* source, destination and port, */
        SET_NUMBERS, /* nothing else. */
} NftSetKind;

/* The numbers of a limit are part of the key: buckets survive as long as they mean the same. */
typedef struct NftSetKey {
        NftSetKind kind;
        uint16_t family;  /* a Family; 0: not by address */
        uint16_t bits;    /* of a set of addresses: the prefix length of its elements; else 0 */
        uint32_t level;   /* SET_PORTS: the Direction */
        uint64_t id;      /* of the rule */
        Limit limit;      /* SET_RATE, SET_OPEN; what does not belong to it is 0 */
        const char *name; /* SET_NAMED, SET_TIMED: of the policy's set */
} NftSetKey;

typedef enum NftStatementKind {
        STATEMENT_FAMILY,
        STATEMENT_TCP,
        STATEMENT_PORT,         /* the packet's destination port */
        STATEMENT_DIALLED_PORT, /* the connection's, before DNAT */
        STATEMENT_PORTS,        /* the same two, of a set */
        STATEMENT_DIALLED_PORTS,
        STATEMENT_SYN,    /* opens a connection */
        STATEMENT_NO_SYN, /* does not */
        STATEMENT_NO_RST, /* is not a reset itself */
        STATEMENT_IN_NOT_LO,
        STATEMENT_OUT_NOT_LO,
        STATEMENT_IN_INTERFACE,
        STATEMENT_OUT_INTERFACE,
        STATEMENT_ROUTE_INTERFACE, /* by which the packet is to leave, before it is routed */
        STATEMENT_ADDRESS_TYPE,
        STATEMENT_NO_ROUTE, /* the routing table names no interface to leave by */
        STATEMENT_NO_CONNTRACK,
        STATEMENT_DIRECTION,  /* of the conntrack entry */
        STATEMENT_TRANSLATED, /* by DNAT */
        STATEMENT_BRIDGED, /* enters and leaves by one bridge, to a neighbour; notes it in a set */
        STATEMENT_LABEL,
        STATEMENT_SET_LABEL,
        STATEMENT_ADDRESS,             /* one prefix */
        STATEMENT_ADDRESS_SET,         /* its first `bits` bits, of a set */
        STATEMENT_DIALLED_ADDRESS,     /* the same two of the connection's destination, */
        STATEMENT_DIALLED_ADDRESS_SET, /* before DNAT */
        STATEMENT_USER,
        STATEMENT_USERS,
        STATEMENT_USER_RANGE,
        STATEMENT_GROUP,
        STATEMENT_GROUPS,
        STATEMENT_GROUP_RANGE,
        STATEMENT_UNIT,
        STATEMENT_BEFORE,      /* a time */
        STATEMENT_RATE_UNDER,  /* the source's bucket is not empty; takes from it */
        STATEMENT_OPEN_UNDER,  /* the source has not more connections */
        STATEMENT_NO_BUCKET,   /* the source is not in the set */
        STATEMENT_SHARED_RATE, /* the limits of a set, for all sources together */
        STATEMENT_SHARED_OPEN,
        STATEMENT_NOT_HELD, /* the SYN has not waited before */
        STATEMENT_HOLD_LIMIT,
        STATEMENT_NOTE_HELD,
        STATEMENT_NOTE_UNTRACKED,
        STATEMENT_REFUSED, /* of a connection in the set; to: an answer, else as dialled */
        STATEMENT_QUEUE,   /* number 0: by nf_tables itself, 1: by the target of xtables */
        STATEMENT_LOG_LIMIT,
        STATEMENT_LOG,
        STATEMENT_WAKE_LIMIT, /* number: a minute */
        STATEMENT_WAKE,       /* a log that reports no decision */
        STATEMENT_COUNTER,
        STATEMENT_COUNT, /* in a set: ends the rule if there is no room */
        STATEMENT_ACCEPT,
        STATEMENT_DROP,
        STATEMENT_RESET,
        STATEMENT_JUMP,
        STATEMENT_GOTO,
        _STATEMENT_MAX,
} NftStatementKind;

/* Unused members are zero. */
typedef struct NftStatement {
        NftStatementKind kind;
        bool to; /* addresses: destination, else source; STATEMENT_REFUSED */
        /* Port, uid, gid, label bit, level, type of address, direction. Of a bucket: the user that
         * it belongs to; 0: the source of the packet. */
        uint32_t number;
        uint64_t counted; /* STATEMENT_COUNT: decision_number(); number: the cgroup's level */
        union {
                Family family;
                Prefix prefix;
                NftSetKey set;
                NftChainKey chain;
                uint64_t counter;      /* id of the rule, or DEFAULT_COUNTER_ID */
                uint64_t time_sec;     /* since the epoch */
                uint32_t last;         /* of a range of ids that begins with number */
                const char *interface; /* borrowed from the rule */
                struct {
                        uint64_t cgroup;
                        const char *path; /* the table's; "" where it is not known */
                };
                struct {
                        Direction direction;
                        Action action; /* that is logged */
                        bool audit;    /* it is only reported */
                        /* the rule counts it too; only the number of them */
                        bool counted, numbered;
                        uint64_t id; /* as of counter */
                } log;
        };
} NftStatement;

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
        /* What is logged waits for whoever reads the queue, if the ruleset says so: */
        NFT_TABLE_HOLD_QUEUE = 4,  /* by the kernel's `queue` */
        NFT_TABLE_HOLD_TARGET = 8, /* by NFQUEUE of xtables, for kernels without the former */
        NFT_TABLE_NOTES = 16,      /* for whoever cuts connections that conntrack does not follow */
        NFT_TABLE_REFUSES = 32,    /* there are such connections, in the sets SET_REFUSED */
} NftTableFlags;

/*
 * `previous` is what is installed (NULL: nothing): layouts and sizes that still fit are kept, and
 * the prefixes of a set that did not change are not counted again. flags: NFT_TABLE_…. 0 or
 * -ENOMEM.
 */
int nft_table_new(const Ruleset *r, const NftTable *previous, unsigned flags, NftTable **ret);
NftTable *nft_table_free(NftTable *t);
DEFINE_CLEANUP(NftTable, nft_table_free)

/* Of keys, or of chains and sets, which begin with theirs; for qsort(3) and bsearch(3). */
int nft_chain_key_compare(const void *a, const void *b);
int nft_set_key_compare(const void *a, const void *b);
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
/* Does it name a set (in `set`)? */
bool nft_statement_has_set(const NftStatement *s);
bool nft_rule_equal(const NftTable *ta, const NftRule *a, const NftTable *tb, const NftRule *b);

/* Names in the kernel; all return buffer. */
const char *nft_chain_name(const NftChainKey *k, char buffer[static NFT_NAME_TEXT_MAX]);
const char *nft_set_name(const NftSetKey *k, char buffer[static NFT_NAME_TEXT_MAX]);
const char *nft_counter_name(uint64_t id, char buffer[static NFT_NAME_TEXT_MAX]);
/* The inverse; false: not a counter of ours. */
bool nft_counter_id(const char *name, uint64_t *ret);
/* "p25 in reject 5" */
const char *nft_log_prefix(const NftStatement *s, char buffer[static NFT_NAME_TEXT_MAX]);
/* A label as the kernel's bitmap: an array of unsigned long. */
void nft_label_bitmap(unsigned bit, uint8_t ret[static NFT_LABEL_BYTES]);
/* The lifetime of an unused bucket: until it is full again, in ms; whole seconds. */
uint64_t nft_bucket_timeout_msec(const Limit *l);

/* A rule as nft lists it, on one line. */
void nft_rule_print(Buffer *b, const NftTable *t, const NftRule *r);

/* A base chain's hook (NF_INET_…) and priority; false: not a base chain. */
bool nft_chain_hook(NftChainKind k, uint32_t *ret_hook, int32_t *ret_priority);
