/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * How often a backend puts back what others change: at once, as long as that is an accident; slowly
 * when somebody does it again and again, for who answers a fight at once makes a loop of it.
 */

#include "rules/base/util.h"

/* So many in a minute are accidents. */
#define REPAIR_AT_ONCE 10
#define REPAIR_WINDOW_USEC (60 * UINT64_C(1000000))

typedef struct RepairRate {
        uint64_t window_usec;          /* 0: REPAIR_WINDOW_USEC */
        uint64_t usec[REPAIR_AT_ONCE]; /* the last ones, a ring; monotonic */
        size_t n;
} RepairRate;

void repair_rate_note(RepairRate *r, uint64_t now_usec);
/* When the last one was; 0: never. */
uint64_t repair_rate_last(const RepairRate *r);
bool repair_rate_is_too_high(const RepairRate *r, uint64_t now_usec);
/* Nothing had to be put back for a whole window. */
bool repair_rate_is_nought(const RepairRate *r, uint64_t now_usec);
