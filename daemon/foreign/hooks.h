/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A connection through all packet filters of a host, hook after hook, in the order of the kernel:
 * where it passes, where it is stopped, and what cannot be determined. Pure: it reads what
 * filters.h holds.
 */

#include "daemon/foreign/stages.h"
#include "daemon/foreign/walk.h"
#include "rules/address/address.h"
#include "rules/policy/action.h"

/* A base chain that the packet comes to. */
typedef struct Hop {
        bool own; /* p25's, as a whole */
        const char *hook;
        int32_t priority;
        uint8_t family;
        bool legacy;
        const char *table, *chain; /* borrowed from the filters */
        unsigned outcome;          /* bits of Fate: ACCEPT, DROP, REJECT */
        uint64_t rule;        /* the handle of the first that may stop it; 0: the policy, or none */
        bool limit, doubtful; /* why more than one outcome is possible */
} Hop;

typedef struct Passage {
        Hop *hops;
        size_t n;
        unsigned outcome; /* of all: ACCEPT is the way to the end */
        bool limit, doubtful;
        const Hop *decided; /* by which it is stopped surely; NULL: it is not */
        char **doubts;      /* sentences */
        /* what matters and was taken for granted: no mark, routes that lead back, and that it comes
         * by the interface that was assumed */
        bool mark_assumed, route_assumed, in_assumed;
        const char *exempt_table; /* exempts it from conntrack, or may; borrowed; NULL: none does */
        uint8_t exempt_family;
        Truth local;     /* whether it ends on this host */
        bool redirected; /* to another address or port than was dialled */
        bool has_port;
        uint16_t port; /* at the end of the way */
        bool has_to;
        Address to;
} Passage;

void passage_deinit(Passage *p);
#define _cleanup_passage_ _cleanup_(passage_deinit)

typedef struct PassageQuestion {
        const Packet *packet;
        OwnPlace own;
        Action verdict; /* p25's */
        const HostView *host;
        uint32_t in_index, out_index; /* of the interfaces; 0: not known */
        bool in_assumed;              /* the first is taken from the routes to the source */
} PassageQuestion;

/* 0 or -ENOMEM */
int passage_find(const Filters *f, const PassageQuestion *q, Passage *ret);
