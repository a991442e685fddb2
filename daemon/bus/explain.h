/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by Explain and Diagnose. */

#include "daemon/foreign/hooks.h"

typedef struct BusCall BusCall;
typedef struct Explanation Explanation;
typedef struct Packet Packet;
typedef struct Ruleset Ruleset;
typedef struct Verdict Verdict;
typedef struct Way Way;

/* p25's verdict about a packet, of which routing says what it leaves open, and how it came to it.
 * The ruleset NULL: p25 is inactive. 0 or -ENOMEM. */
int bus_explain_own(const Ruleset *r, Way *w, const Packet *p, Verdict *verdict, Explanation *ret);

/* The places of p25's own chains in the kernel now. */
OwnPlace bus_own_place(const BusCall *c);
