/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The number of different destinations in a time that ends now. Exact up to DISTINCT_MAX in a day;
 * beyond that an estimate, which is called one: only destinations whose hash ends with `level` zero
 * bits are kept, and each stands for 2^level. The standard deviation of an estimate of n is
 * sqrt(n * 2^level): 6 to 9 % of it, because DISTINCT_MAX / 2 to DISTINCT_MAX are kept.
 */

#include "rules/base/util.h"

#define DISTINCT_MAX 256
#define DISTINCT_KEPT_SECONDS 86400
#define DISTINCT_LEVEL_MAX 24

typedef struct DistinctItem {
        uint32_t hash;
        uint32_t seen;  /* when it was last */
        uint32_t level; /* of the table when it came: it stands for so many */
} DistinctItem;

typedef struct Distinct {
        DistinctItem *items;
        uint32_t n, level;
} Distinct;

/* The facts known of a destination. */
typedef struct DistinctFound {
        uint32_t before; /* when it was last, before this; 0: not in the last day */
        uint64_t weight; /* it stands for so many; 0: for none, others are kept instead */
} DistinctFound;

/* The hash must be keyed with a secret: a sender chooses its destinations. Times never go back. 0
 * or -ENOMEM. */
int distinct_add(Distinct *d, uint64_t hash, uint32_t now, uint32_t when, DistinctFound *ret_found);
/* In the last `seconds`, or in the last day if that is shorter. */
uint64_t distinct_count(const Distinct *d, uint32_t now, uint32_t seconds, bool *ret_estimated);
void distinct_prune(Distinct *d, uint32_t now);
void distinct_deinit(Distinct *d);
