/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The ranges of a set that was changed, made from those of the set before: only what lies around
 * the changes is merged again, the rest is shared.
 */

typedef struct PrefixSet PrefixSet;
typedef struct RangeSet RangeSet;

/* The ranges of `now`, which is the set of `old` plus add minus remove. 0 or -ENOMEM. */
int range_set_update(RangeSet *old, const PrefixSet *add, const PrefixSet *remove,
        const PrefixSet *now, RangeSet **ret);
