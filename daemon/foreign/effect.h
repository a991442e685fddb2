/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The verdict of the host about a connection: p25's verdict, and after it every other packet
 * filter, the routes and the listeners. Completes the result of rules/report/explain.h.
 */

#include "daemon/foreign/hooks.h"

typedef struct Completion Completion;
typedef struct Explanation Explanation;
typedef struct Way Way;

/* Another packet filter that may stop the connection. */
typedef struct Obstacle {
        char *table, *chain; /* "inet filter", "input"; of legacy iptables: "ip filter" */
        const char *verdict; /* "deny", "reject", "limit", "undetermined" */
        const char *code;    /* "FOREIGN_DROP", … */
} Obstacle;

typedef struct Effect {
        Obstacle *obstacles;
        size_t n;
        char exempt[64]; /* "inet raw", the table that exempts it from conntrack or may; "": none */
} Effect;

void effect_deinit(Effect *e);
#define _cleanup_effect_ _cleanup_(effect_deinit)

typedef struct EffectQuestion {
        const Packet *packet;         /* as it was asked */
        const Completion *completion; /* way_complete() of it; NULL: routes are not known */
        OwnPlace own;
        Action verdict; /* p25's */
} EffectQuestion;

/* The effective verdict, its code, the way and what was assumed are put into e. w NULL: routes and
 * listeners are not known. 0 or -ENOMEM. */
int effect_find(const Filters *f, Way *w, const EffectQuestion *q, Explanation *e, Effect *ret);
