/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Typed statements, of which rules are lists. rows.h says how each is compared, listed and encoded.
 */

#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/nftables/key.h"

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
        STATEMENT_REFUSED,    /* of a connection in the set; to: an answer, else as dialled */
        STATEMENT_DEFRAGMENT, /* is never met: the kernel defragments for whoever could */
        STATEMENT_QUEUE,      /* number 0: by nf_tables itself, 1: by the target of xtables */
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
                        uint8_t direction; /* a Direction */
                        uint8_t action;    /* an Action, that is logged */
                        bool audit;        /* it is only reported */
                        /* the rule counts it too; only the number of them */
                        bool counted, numbered;
                        uint64_t id; /* as of counter */
                } log;
        };
} NftStatement;

/* Does it name a set (in `set`)? */
bool nft_statement_has_set(const NftStatement *s);
/* "p25 in reject 5" */
const char *nft_log_prefix(const NftStatement *s, char buffer[static NFT_NAME_TEXT_MAX]);
