/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sets of ranges as sets: building one range by range, what is in one and not in the other. Both
 * families look alike here: the ends of a range are numbers (an IPv4 address in the low half). The
 * IPv4 half of a RangeSet also serves for numbers that are no addresses, such as uids.
 */

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/wide.h"

static inline size_t range_count(const RangeSet *s, Family f)
{
        return item_list_count(f == FAMILY_IPV4 ? s->v4 : s->v6);
}

static inline Wide range_first(const RangeSet *s, Family f, size_t i)
{
        return f == FAMILY_IPV4 ? (Wide){ 0, range4_at(s, i)->first }
                                : wide_load(range6_at(s, i)->first);
}

static inline Wide range_last(const RangeSet *s, Family f, size_t i)
{
        return f == FAMILY_IPV4 ? (Wide){ 0, range4_at(s, i)->last }
                                : wide_load(range6_at(s, i)->last);
}

/* The range of a prefix. */
static inline Range4 range4_of(const Prefix4 *p)
{
        return (Range4){ p->address, p->address | (uint32_t)(UINT64_C(0xffffffff) >> p->bits) };
}

static inline Range6 range6_of(const Prefix6 *p)
{
        Wide first = wide_load(p->address), size = wide_ones(128u - p->bits);
        Range6 r;

        memcpy(r.first, p->address, 16);
        wide_store((Wide){ first.high | size.high, first.low | size.low }, r.last);
        return r;
}

/* Of an array that ascends by its firsts, overlapping and adjacent ones become one; how many stay.
 */
size_t ranges4_merge(Range4 *r, size_t n);
size_t ranges6_merge(Range6 *r, size_t n);

/* The last number of a family. */
static inline Wide range_end(Family f)
{
        return wide_ones(family_bits(f));
}

/* The first range at or behind `from` that ends at or behind w; their count if there is none. Near
 * ones are found faster than far ones. */
size_t range_seek(const RangeSet *s, Family f, size_t from, Wide w);
/* A lower bound of the number of ranges that two sets have alike from i and j on, many at a time; 0
 * only if those at i and j differ, or one is at its end. */
size_t ranges_alike(const RangeSet *a, size_t i, const RangeSet *b, size_t j, Family f);
/* Have they a number in common? Either may be NULL, for all numbers. */
bool ranges_meet(const RangeSet *a, const RangeSet *b, Family f);
/* Is all of b in a? NULL as above. */
bool ranges_hold(const RangeSet *a, const RangeSet *b, Family f);

/* An empty set; NULL: out of memory. */
RangeSet *range_set_empty(void);
/* Adds a range behind all others of its family; one that touches the last one is merged with it.
 * Only to a set of range_set_empty() that is not shared yet. 0 or -ENOMEM. */
int range_set_append(RangeSet *s, Family f, Wide first, Wide last);
/* The ranges that only one of two sets has, whole, as they are there: appended to gone and came,
 * which may be zeroed structures. 0, -ENOMEM, or -E2BIG if they are more than about max. */
int range_set_append_changes(const RangeSet *old, const RangeSet *new, Family f, size_t max,
        RangeSet *gone, RangeSet *came);
/* Frees the members of such a structure, not the structure. */
void ranges_free(RangeSet *s);
/* The number of ranges that two sets have alike, of one family. */
size_t ranges_count_alike(const RangeSet *a, const RangeSet *b, Family f);
/* The part of a that is not in b, of one family; a may be NULL, for all numbers. 0, -ENOMEM, or
 * -E2BIG if the set would have more than about max ranges. */
int range_set_append_difference(
        RangeSet *s, Family f, const RangeSet *a, const RangeSet *b, size_t max);
/* The part that is in only one of them, of one family. 0, -ENOMEM, or -E2BIG if that is more than
 * about max ranges. */
int range_set_exclusive(const RangeSet *a, const RangeSet *b, Family f, size_t max, RangeSet **ret);
