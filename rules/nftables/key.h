/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Keys of chains and sets, and their names in the kernel, which follow from the keys.
 */

#include "rules/base/util.h"
#include "rules/policy/limit.h"

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
        CHAIN_FRAGMENTS, /* no packet comes here */
        CHAIN_OWNED,
        CHAIN_HELD,       /* before everything else in output */
        CHAIN_HELD_PORTS, /* copies of CHAIN_DIRECTION, CHAIN_CLASS and CHAIN_TO of what goes out,
                           */
        CHAIN_HELD_CLASS, /* which end with CHAIN_HOLD where something is logged */
        CHAIN_HELD_TO,
        CHAIN_HOLD,
        CHAIN_BRANCH, /* the rules of one prefix, of many in CHAIN_CLASS; id: the row's number, */
        CHAIN_UNTRACKED_BRANCH, /* and of its copies */
        CHAIN_HELD_BRANCH,
} NftChainKind;

typedef struct NftChainKey {
        NftChainKind kind;
        uint8_t direction; /* a Direction */
        uint16_t port;
        uint16_t family; /* CHAIN_TO: 0 or a Family */
        uint64_t id;     /* of the rule */
        uint32_t user;   /* CHAIN_OWNER */
        uint8_t bits; /* CHAIN_BRANCH and its copies: of a prefix of `family`, in network order */
        uint8_t address[16];
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
        SET_BRIDGED,   /* neighbours on a bridge; filled by packets */
        SET_HELD,      /* SYNs that have waited; filled by packets */
        SET_UNTRACKED, /* connections that conntrack does not follow; filled by packets */
        SET_REFUSED,   /* those that a later policy refuses; filled by p25d */
        /* Numbers of decisions, filled by packets: by rule and */
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

/* Of keys, or of chains and sets, which begin with theirs; for qsort(3) and bsearch(3). */
int nft_chain_key_compare(const void *a, const void *b);
int nft_set_key_compare(const void *a, const void *b);
/* Names in the kernel; all return buffer. */
const char *nft_chain_name(const NftChainKey *k, char buffer[static NFT_NAME_TEXT_MAX]);
const char *nft_set_name(const NftSetKey *k, char buffer[static NFT_NAME_TEXT_MAX]);
const char *nft_counter_name(uint64_t id, char buffer[static NFT_NAME_TEXT_MAX]);
/* The inverse; false: not a counter of ours. */
bool nft_counter_id(const char *name, uint64_t *ret);

/* The lifetime of an unused bucket: until it is full again, in ms; whole seconds. */
uint64_t nft_bucket_timeout_msec(const Limit *l);

/* A base chain's hook (NF_INET_…) and priority; false: not a base chain. */
bool nft_chain_hook(NftChainKind k, uint32_t *ret_hook, int32_t *ret_priority);
