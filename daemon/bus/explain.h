/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by Explain and Diagnose. */

#include "daemon/foreign/effect.h"
#include "rules/report/explain.h"

typedef struct BusCall BusCall;

/* The answer about a packet: p25's verdict, and the host's. */
typedef struct BusAnswer {
        Verdict verdict;
        Explanation explanation;
        Effect effect;
} BusAnswer;

/* By the policy in force, the packet filters and the routes, which say what the packet leaves open.
 * 0 or negative errno; ret is to be freed in any case. */
int bus_answer_find(BusCall *c, Way *w, const Packet *p, BusAnswer *ret);
void bus_answer_deinit(BusAnswer *a);
#define _cleanup_bus_answer_ _cleanup_(bus_answer_deinit)

/* The places of p25's own chains in the kernel now. */
OwnPlace bus_own_place(const BusCall *c);
