/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The stages of a packet in one hook, in the order of the kernel: base chains of nftables, legacy
 * tables, BPF programs, conntrack, and p25's own chains.
 */

#include "daemon/foreign/filters.h"

typedef struct Walk Walk;

/* Of netdev tables; beyond those of inet. */
#define HOOK_INGRESS 10
#define HOOK_EGRESS 11

/* The place of p25's own chains. */
typedef enum OwnPlace {
        OWN_NOWHERE, /* p25 is inactive */
        OWN_NFTABLES,
        OWN_IPTABLES,
} OwnPlace;

typedef struct Stage {
        int32_t priority;
        unsigned rank; /* of what has the same priority */
        const FilterChain *chain;
        const LegacyTable *legacy;
        const FilterProgram *program;
        bool own, conntrack;
        int32_t inner; /* of chains of type nat, which share one place */
        size_t listed; /* its number in the list */
} Stage;

typedef struct Stages {
        Stage *items;
        size_t n;
} Stages;

/* Those of the hook that w is in; ret->items is for free(), after an error too. 0 or -ENOMEM. */
int stages_find(const Walk *w, OwnPlace own, Stages *ret);
