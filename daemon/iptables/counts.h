/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The counts of entries that are removed from a table, by the ids in their comments, so that
 * entries that take their place begin with them.
 */

#include "daemon/iptables/image.h"
#include "rules/base/hash.h"

typedef struct IptCount {
        uint64_t packets, bytes;
} IptCount;

typedef struct IptCounts {
        NumberMap by_id; /* value: the number of a sum, plus 1 */
        IptCount *sums;
        size_t n_sums;
} IptCounts;

void ipt_counts_deinit(IptCounts *c);
/* Adds what the entry has counted; one without an id of a rule or default is left out. 0 or
 * -ENOMEM. */
int ipt_counts_add(IptCounts *c, const ImageEntry *e);
/* The sum of the entry's id, which is given once; zeros: there is none. */
IptCount ipt_counts_take(IptCounts *c, const ImageEntry *e);
