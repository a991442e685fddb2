/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The packet filters of a host, as the kernel lists them: chains, rules and sets of nf_tables, the
 * tables of legacy iptables, and where BPF programs are. Messages are read with bounds and without
 * trust; the meaning of a rule is in expressions.h and xtables.h.
 */

#include "rules/base/util.h"

#include <netinet/in.h> /* before what the kernel has of it */

#include <linux/netfilter.h>
#include <linux/netlink.h>

/* The largest set that is kept; a larger one counts as unknown. */
#define FILTER_ELEMENTS_MAX (1u << 20)
#define FILTER_KEY_MAX 64

typedef struct FilterElement {
        bool interval_end, catch_all;
        bool conditional; /* it has a limit, a quota or the like of its own */
        bool has_end, has_data;
        int32_t verdict; /* of a verdict map */
        char *chain;     /* where that jumps; NULL: nowhere */
        uint8_t bytes[]; /* key, end of its range, data */
} FilterElement;

typedef struct FilterSet {
        uint8_t family;
        char *table, *name;
        uint32_t flags; /* NFT_SET_… */
        uint32_t key_length, data_length;
        bool verdicts;
        uint8_t fields[16]; /* lengths of the parts of a concatenation */
        size_t n_fields;
        FilterElement **elements;
        size_t n;
        bool incomplete; /* and therefore empty: a half of an interval would say too much */
} FilterSet;

typedef struct FilterRule {
        uint64_t handle;
        uint32_t length;
        uint8_t expressions[]; /* a list of NFTA_LIST_ELEM */
} FilterRule;

typedef enum FilterKind {
        FILTER_PLAIN,
        FILTER_NAT,
        FILTER_ROUTE,
} FilterKind;

typedef struct FilterChain {
        uint8_t family;
        char *table, *name;
        bool base;
        FilterKind kind;
        uint32_t hook;
        int32_t priority;
        uint32_t policy; /* NF_ACCEPT or NF_DROP */
        char *device;    /* netdev: the first one; NULL: unknown */
        FilterRule **rules;
        size_t n;
} FilterChain;

/* A table of legacy iptables: the kernel's own form of it. */
typedef struct LegacyTable {
        uint8_t family; /* NFPROTO_IPV4 or NFPROTO_IPV6 */
        char name[32];
        uint32_t valid_hooks;
        uint32_t entry[NF_INET_NUMHOOKS], underflow[NF_INET_NUMHOOKS];
        uint8_t *blob;
        uint32_t size;
} LegacyTable;

/* A BPF program in a hook: what it does is not known. */
typedef struct FilterProgram {
        uint8_t family; /* NFPROTO_IPV4 or NFPROTO_IPV6 */
        uint32_t hook;
        int32_t priority;
        uint32_t id;   /* of the program */
        char name[24]; /* "program 12" */
} FilterProgram;

typedef struct Filters {
        FilterChain **chains;
        size_t n_chains;
        size_t last; /* the chain that the last rule was of: rules are listed chain by chain */
        FilterSet **sets;
        size_t n_sets, n_elements;
        LegacyTable *legacy;
        size_t n_legacy;
        FilterProgram *programs;
        size_t n_programs;
        char **unread; /* sentences: parts that could not be read */
} Filters;

void filters_deinit(Filters *f);
#define _cleanup_filters_ _cleanup_(filters_deinit)

/* One message of a dump of chains, rules, sets or elements. The table inet p25 is left out. 0,
 * -EBADMSG, -ENOMEM. */
int filters_add_message(Filters *f, const struct nlmsghdr *h);
/* After the last one. */
void filters_finish(Filters *f);

const FilterChain *filters_find_chain(
        const Filters *f, uint8_t family, const char *table, const char *name);
/* Forgets what is in it: the rest is not read. */
void filter_set_give_up(FilterSet *s);

const FilterSet *filters_find_set(
        const Filters *f, uint8_t family, const char *table, const char *name);

/* Does a rule, of a chain or a legacy table, need conntrack for this family (NFPROTO_IPV4 or
 * NFPROTO_IPV6)? The kernel tracks where something does, and asks chains of type nat only there. */
bool filters_track(const Filters *f, uint8_t family);
