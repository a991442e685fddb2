/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sums of counters that survive a reset of the kernel's counters by another process.
 */

#include "daemon/backend/backend.h"

typedef struct Total {
        uint64_t id;
        uint64_t packets, bytes;           /* counts that were lost to resets */
        uint64_t last_packets, last_bytes; /* the last reading */
} Total;

typedef struct Totals {
        Total *items; /* by id */
        size_t n;
} Totals;

/* Takes the kernel's present counters, ascending by id. Counters that are gone are dropped. 0 or
 * -ENOMEM. */
int totals_read(Totals *t, const RuleCounter *now, size_t n);
/* All that was counted; a malloc()ed array. */
int totals_get(const Totals *t, RuleCounter **ret, size_t *ret_n);
void totals_deinit(Totals *t);
