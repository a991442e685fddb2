/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The rate at which others change what a backend holds: a few changes are accidents, more of them
 * are a fight.
 */

#include "rules/base/util.h"

/* So many in a minute are accidents. */
#define REPAIR_AT_ONCE 10
#define REPAIR_WINDOW_USEC (60 * USEC_PER_SEC)

typedef struct RepairRate {
        uint64_t window_usec;          /* 0: REPAIR_WINDOW_USEC */
        uint64_t usec[REPAIR_AT_ONCE]; /* the last ones, a ring; monotonic */
        size_t n;
} RepairRate;

void repair_rate_note(RepairRate *r, uint64_t now_usec);
bool repair_rate_is_too_high(const RepairRate *r, uint64_t now_usec);
/* Nothing had to be put back for a whole window. */
bool repair_rate_is_quiet(const RepairRate *r, uint64_t now_usec);
/* When that will be so, if nothing happens. */
uint64_t repair_rate_quiet_at(const RepairRate *r);
