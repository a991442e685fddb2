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
 *     taken by TPROXY:                      from one port of a bridge to
 *       goto P25-FWD-PORTS (routed)           another: return
 *     goto P25-IN-PORTS                     translated: goto P25-FWD-DNAT
 *                                           goto P25-FWD-PORTS
 *   P25-IN-DNAT, P25-FWD-DNAT: dialled an address of the host: goto P25-IN-PORTS,
 *     else goto P25-FWD-PORTS
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

#include "rules/ruleset/decision.h"
#include "rules/ruleset/ruleset.h"

typedef struct Buffer Buffer;
typedef struct Diagnostics Diagnostics;
typedef struct Rule Rule;

#define IPT_CHAIN_NAME_MAX 29 /* with NUL, as the kernel has it */
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
#define IPT_COUNT_NAME_MAX 32 /* with NUL, as the kernel has it */
#define IPT_LOG_PREFIX_MAX 64
#define IPT_COMMENT_TEXT_MAX 40
#define IPT_LIMIT_NAME_MAX 48
/* Sources of a limit, and the buckets of their hash; a source that finds no room is refused. */
#define IPT_SOURCES_MAX 1048576u
#define IPT_SOURCES_HASH 65536u

#define IPT_NO_CHAIN SIZE_MAX

/* The comment of what is p25's and counts for no rule. */
#define IPT_COMMENT_MARK 0

typedef enum IptStatementKind {
        /* The condition of an entry. */
        IPT_IN_INTERFACE, /* `not` with interface "lo" among them */
        IPT_OUT_INTERFACE,
        IPT_ADDRESS, /* of the packet, one prefix */
        IPT_TCP,
        IPT_SYN,             /* opens a connection */
        IPT_RST,             /* resets one, and opens none */
        IPT_PORT,            /* of the packet */
        IPT_PORTS,           /* several of those */
        IPT_NOT_DIALLED,     /* dialled none of ports, or has no entry */
        IPT_OWN,             /* has no entry, or is of the reply direction of one */
        IPT_DIALLED_PORT,    /* before DNAT, in the original direction */
        IPT_DIALLED_ADDRESS, /* the same */
        IPT_TRANSLATED,      /* by DNAT, in the original direction */
        IPT_UNTRACKED,       /* or invalid */
        IPT_MARKED,          /* has a mark, whichever */
        IPT_TRANSPARENT,     /* for a socket that takes foreign addresses */
        IPT_BRIDGED,         /* from one port of a bridge to another */
        IPT_LABEL,
        IPT_USERS, /* first to last */
        IPT_GROUPS,
        IPT_UNIT,
        IPT_BEFORE, /* a time */
        IPT_SET,
        IPT_RATE_OVER,
        IPT_OPEN_OVER,
        IPT_LOG_LIMIT,
        IPT_COUNT,     /* in an object of its own (nfacct), which outlives the table */
        IPT_COUNT_OLD, /* the same for kernels before 5.8 */
        IPT_COMMENT,   /* with the id of whose decision the entry's counter counts */
        /* The action; the last statement of an entry, and only there. */
        IPT_VERDICT_CONTINUE,
        IPT_VERDICT_RETURN,
        IPT_VERDICT_DROP,
        IPT_VERDICT_RESET,
        IPT_LOG,
        IPT_JUMP,
        IPT_GOTO,
        _IPT_STATEMENT_MAX,
} IptStatementKind;

/* The addresses that a set in the kernel holds. */
typedef struct IptSetKey {
        const char *name; /* of the policy's set; NULL: literal addresses of a rule */
        uint64_t id;      /* of that rule */
        bool to;
        bool timed; /* those entries of the policy's set that end */
} IptSetKey;

typedef struct IptStatement {
        IptStatementKind kind;
        bool not ;
        bool to; /* addresses: destination, else source */
        union {
                const char *interface; /* borrowed from the rule */
                Prefix prefix;
                const Ports *ports; /* borrowed from the table */
                struct {
                        uint32_t first, last; /* ids; a port and a label are `first` */
                };
                struct {
                        uint64_t cgroup;
                        const char *path; /* borrowed from the rule */
                };
                uint32_t time_sec; /* since the epoch */
                size_t set;        /* index in the table's sets */
                struct {
                        uint64_t id;
                        Limit limit;
                } over;
                uint64_t comment; /* id of a rule, DEFAULT_COUNTER_ID, IPT_COMMENT_MARK */
                struct {
                        uint32_t a_second, burst;
                } log_limit;
                Decision log; /* in_log: it is counted, too */
                struct {
                        uint64_t decision; /* decision_number() */
                        bool has_uid;
                        uint32_t uid; /* whose connections are counted */
                } count;
                size_t chain; /* index in the table */
        };
} IptStatement;

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

/* A set in the kernel (ipset, hash:net), for lists that are too long for chains, or that end. */
typedef struct IptSet {
        IptSetKey key;
        char *name;       /* of the key, owned */
        RangeSet *ranges; /* a reference */
        TimedSet *timed;  /* each entry with its end, a reference; NULL: none ends */
        size_t n;         /* prefixes of the family */
} IptSet;

typedef struct IptTable {
        Family family;
        IptChain *chains; /* the first three are the hooks' own: one jump each, or nothing */
        size_t n_chains;
        IptStatement *statements;
        size_t n_statements;
        IptSet *sets;
        size_t n_sets;
        uint64_t *counters; /* ids, in the order of making */
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
/* "p25:5", "p25:default-in", "p25"; returns buffer */
const char *ipt_comment_format(uint64_t id, char buffer[static IPT_COMMENT_TEXT_MAX]);
/* The inverse; false: not a comment of ours. */
bool ipt_comment_parse(const char *text, uint64_t *ret_id);
/* The name of a limit's table of buckets: another for other numbers, since the kernel goes on with
 * an old table's. */
const char *ipt_limit_name(const IptStatement *s, char buffer[static IPT_LIMIT_NAME_MAX]);
/* The lifetime of an unused bucket: until it is full again, in ms. */
uint64_t ipt_limit_expire_msec(const Limit *l);
/* "p25-…", of a kind of decision and a user */
const char *ipt_count_name(const IptStatement *s, char buffer[static IPT_COUNT_NAME_MAX]);
/* The inverse; false: not an object of ours. */
bool ipt_count_parse(const char *name, Decision *ret, bool *ret_has_uid, uint32_t *ret_uid);
/* "p25 in reject 5", the same as of nftables */
const char *ipt_log_prefix(const IptStatement *s, char buffer[static IPT_LOG_PREFIX_MAX]);

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

/* An extension that entries are made of. */
typedef struct IptExtension {
        const char *name;
        uint8_t revision;
        bool target;
        /* The length of its data that we set; the kernel's own part follows. */
        size_t user_size;
} IptExtension;

/* NULL: p25 does not use it. */
const IptExtension *ipt_extension_find(const char *name, uint8_t revision, bool target);
/* Calls f for each extension that the table uses; a negative return ends it and is returned. */
int ipt_table_each_extension(
        const IptTable *t, int (*f)(const IptExtension *e, void *data), void *data);

/* ---- text (script.c) ---- */

/* As iptables-save prints it. set_name may be NULL if there are no sets. */
void ipt_table_print(Buffer *b, const IptTable *t);
