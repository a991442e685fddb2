/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Typed statements, of which entries are lists: conditions, and one action at the end. Also the
 * names and comments that follow from them.
 */

#include "rules/address/address.h"
#include "rules/iptables/table.h"
#include "rules/policy/limit.h"
#include "rules/ruleset/decision.h"

typedef struct Ports Ports;

#define IPT_LOG_PREFIX_MAX 64
#define IPT_COMMENT_TEXT_MAX 40
#define IPT_LIMIT_NAME_MAX 48

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
