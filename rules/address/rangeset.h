/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sets of addresses, as the kernel needs them: ranges, sorted, overlapping and adjacent ones
 * merged. Immutable once made, and shared by reference count (not thread safe), as a PrefixSet is.
 */

#include "rules/address/family.h"
#include "rules/address/itemlist.h"
#include "rules/base/util.h"

typedef struct Address Address;
typedef struct Prefix Prefix;
typedef struct PrefixSet PrefixSet;

/* Both ends are inclusive. */
typedef struct Range4 {
        uint32_t first, last; /* host byte order */
} Range4;

typedef struct Range6 {
        uint8_t first[16], last[16]; /* network byte order */
} Range6;

typedef struct RangeSet {
        unsigned n_refs;
        ItemList *v4; /* of Range4: ascending, disjoint, not adjacent */
        ItemList *v6; /* of Range6 */
        /* The same as of a PrefixSet, for range_set_common() only: how many ranges of each family
         * (IPv4 first), at the beginning and at the end, were taken from the set before. */
        struct RangeSet *before, *after;
        size_t heads[2], tails[2];
} RangeSet;

RangeSet *range_set_ref(RangeSet *s);
RangeSet *range_set_unref(RangeSet *s);
DEFINE_CLEANUP(RangeSet, range_set_unref)

/* Merges; 0 or -ENOMEM. */
int range_set_from_prefixes(const PrefixSet *s, RangeSet **ret);
/* The union of n sets; of one, the same set. 0 or -ENOMEM. */
int range_set_union(RangeSet *const *sets, size_t n, RangeSet **ret);
/* One of item_list_count() of a family. */
static inline const Range4 *range4_at(const RangeSet *s, size_t i)
{
        return item_list_at(s->v4, i, sizeof(Range4));
}

static inline const Range6 *range6_at(const RangeSet *s, size_t i)
{
        return item_list_at(s->v6, i, sizeof(Range6));
}

size_t range_set_size(const RangeSet *s); /* of both families */
bool range_set_equal(const RangeSet *a, const RangeSet *b);
bool range_set_contains(const RangeSet *s, const Address *a);
bool range_set_has_family(const RangeSet *s, Family family);
/* Every address of the family is in it. */
bool range_set_is_whole(const RangeSet *s, Family family);
/* The number of ranges of a family, or nearly so many, that two sets share at their beginning, and
 * of the rest at their end: most changes of large sets are small. */
void range_set_common(
        const RangeSet *a, const RangeSet *b, Family family, size_t *ret_head, size_t *ret_tail);
/* A 64-bit hash of the content, the same on every machine and in every run. */
uint64_t range_set_hash(const RangeSet *s);

/*
 * Cuts the ranges of a family into the fewest prefixes, ascending; calls back for each. A
 * callback's negative return ends the walk and is returned; else 0.
 */
typedef int PrefixHandler(const Prefix *p, void *data);
int range_set_each_prefix(const RangeSet *s, Family family, PrefixHandler *f, void *data);
/* Their number. */
size_t range_set_count_prefixes(const RangeSet *s, Family family);
