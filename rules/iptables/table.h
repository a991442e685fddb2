/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One family's share of the table `filter` as a value: chains of entries, each a list of typed
 * statements. Made from a Ruleset; printed by ipt_script.c, encoded by ipt_encode.c, put into the
 * kernel by the backend.
 *
 *   INPUT                        FORWARD                       OUTPUT
 *     SYN to a mail port, not      dialled a mail port:          SYN to a mail port, not
 *     on lo: jump P25-IN           jump P25-FWD                  on lo: jump P25-OUT
 *   P25-IN                       P25-FWD
 *     local, not translated:       label 126: reset
 *       goto the port's class      no SYN: return
 *     translated from a local      translated from a local address: goto as P25-IN
 *       address: the same          else goto the port's class of routed
 *
 * `filter` comes after DNAT, so the port and address that were dialled are asked of conntrack.
 * Its match has a property that all rests on: asked for a state and for something else, it looks at
 * the state alone where a packet has no entry. So "any state, dialled port 25" is true for tracked
 * packets that dialled 25 and for all untracked ones, which are sorted out in the next chain: one
 * entry a hook is enough for everybody else's traffic.
 *
 * For kernels that cannot end a socket, INPUT and OUTPUT send there all packets of what dialled a
 * mail port, as FORWARD does, and label 126 is answered with a reset (but no reset with another).
 *
 * But for the three jumps all ways are gotos: nothing is pushed, and RETURN anywhere leaves p25 and
 * goes on in the built-in chain (allow: other firewalls still have their say). A rule whose
 * match is more than a few entries becomes a line of chains, one a part of the match; whoever fails
 * one goes to the chain that holds the rest of the rules.
 */

#include "rules/address/prefixset.h"
#include "rules/ruleset/ruleset.h"

#define IPT_CHAIN_NAME_MAX 29 /* with NUL, as the kernel has it */
#define IPT_LABEL_CUT 126
/* As of nftables: NFLOG group, bytes of a packet, messages a second of each logging rule. */
#define IPT_LOG_GROUP 25u
#define IPT_LOG_SNAPLEN 128u
#define IPT_LOG_RATE 10u
#define IPT_LOG_BURST 20u
#define IPT_LOG_PREFIX_MAX 64
#define IPT_COMMENT_TEXT_MAX 40
#define IPT_LIMIT_NAME_MAX 48

#define IPT_NO_CHAIN SIZE_MAX

/* The comment of what is p25's and counts for no rule. */
#define IPT_COMMENT_MARK 0

typedef enum IptStatementKind {
        /* What an entry asks. */
        IPT_IN_INTERFACE, /* `not` with interface "lo" among them */
        IPT_OUT_INTERFACE,
        IPT_ADDRESS, /* of the packet, one prefix */
        IPT_TCP,
        IPT_SYN,             /* opens a connection */
        IPT_RST,             /* resets one */
        IPT_PORT,            /* of the packet */
        IPT_PORTS,           /* several of those */
        IPT_ANY_DIALLED,     /* dialled one of ports, or untracked */
        IPT_DIALLED_PORT,    /* before DNAT; never untracked */
        IPT_DIALLED_ADDRESS, /* of a translated connection */
        IPT_TRANSLATED,      /* by DNAT */
        IPT_UNTRACKED,       /* or invalid */
        IPT_TO_LOCAL,        /* anycast addresses of IPv6 too */
        IPT_LABEL,
        IPT_USERS, /* first to last */
        IPT_GROUPS,
        IPT_UNIT,
        IPT_BEFORE, /* a time */
        IPT_SET,
        IPT_RATE_OVER,
        IPT_OPEN_OVER,
        IPT_LOG_LIMIT,
        IPT_COMMENT, /* with the id of whose decision the entry's counter counts */
        /* What it does; the last of an entry, and only there. */
        IPT_VERDICT_CONTINUE,
        IPT_VERDICT_RETURN,
        IPT_VERDICT_DROP,
        IPT_VERDICT_RESET,
        IPT_LOG,
        IPT_JUMP,
        IPT_GOTO,
        _IPT_STATEMENT_MAX,
} IptStatementKind;

/* Which addresses a set in the kernel holds. */
typedef struct IptSetKey {
        const char *name; /* of the policy's set; NULL: literal addresses of a rule */
        uint64_t id;      /* of that rule */
        bool to;
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
                        Direction direction;
                        Action action;
                        uint64_t id;
                } log;
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

/* A set in the kernel (ipset, hash:net), for lists that are too long for chains. */
typedef struct IptSet {
        IptSetKey key;
        char *name;       /* of the key, owned */
        RangeSet *ranges; /* a reference */
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
        /* What the hooks look at, and what of it P25-FWD judges as routed. */
        Ports watched[_IPT_HOOK_MAX], routed;
        Rule **origins; /* references */
        size_t n_origins;
        char **paths; /* of cgroups, owned */
        /* The chains that tell translated connections from a local address from others; their
         * trees are behind the first n_fixed. */
        struct IptLocal {
                size_t chain, target, next; /* next: IPT_NO_CHAIN for none */
        } locals[2];
        size_t n_locals;
        size_t n_fixed, n_fixed_statements;
} IptTable;

typedef struct IptOptions {
        Family family;
        /* The addresses of this host, as far as DNAT may hide them; NULL: a translated connection
         * counts as incoming, whatever was dialled. */
        const RangeSet *locals;
        /* Lists of more prefixes than this are sets in the kernel; 0: never. */
        size_t chains_max;
        bool cut;       /* answer connections that carry the label with a reset */
        bool cut_local; /* those of this host's own sockets too */
} IptOptions;

/* 0, -ENOMEM, or -EOPNOTSUPP with an error in d. The table keeps what it borrows from the
 * ruleset alive. */
int ipt_table_new(const Ruleset *r, const IptOptions *o, Diagnostics *d, IptTable **ret);
/* Other addresses of this host than at the making; the table must have been made with some (or
 * with an empty set). 0 or -ENOMEM, then it is as it was but knows none. */
int ipt_table_set_locals(IptTable *t, const RangeSet *locals);
IptTable *ipt_table_free(IptTable *t);
DEFINE_CLEANUP(IptTable, ipt_table_free)

/* "INPUT" … */
const char *ipt_hook_to_string(IptHook h);
/* "p25:5", "p25:default-in", "p25"; returns buffer */
const char *ipt_comment_format(uint64_t id, char buffer[static IPT_COMMENT_TEXT_MAX]);
/* The other way; false: no comment of ours. */
bool ipt_comment_parse(const char *text, uint64_t *ret_id);
/* The name of a limit's table of buckets: another for other numbers, since the kernel goes on with
 * an old table's. */
const char *ipt_limit_name(const IptStatement *s, char buffer[static IPT_LIMIT_NAME_MAX]);
/* How long a bucket must live so that none is forgotten while it is not full, in ms. */
uint64_t ipt_limit_expire_msec(const Limit *l);
/* "p25 in reject 5", the same as of nftables */
const char *ipt_log_prefix(const IptStatement *s, char buffer[static IPT_LOG_PREFIX_MAX]);

/* ---- bytes (ipt_encode.c) ---- */

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
        /* How much of its data comes from us; what follows is the kernel's own. */
        size_t user_size;
} IptExtension;

/* NULL: none of ours. */
const IptExtension *ipt_extension_find(const char *name, uint8_t revision, bool target);
/* Calls f for each extension that the table uses; a negative return ends it and is returned. */
int ipt_table_each_extension(
        const IptTable *t, int (*f)(const IptExtension *e, void *data), void *data);

/* ---- text (ipt_script.c) ---- */

/* As iptables-save prints it. set_name may be NULL if there are no sets. */
void ipt_table_print(Buffer *b, const IptTable *t);
