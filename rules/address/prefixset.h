/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lists of prefixes, up to millions: as the user wrote them (PrefixSet: sorted, unique, nothing
 * merged, so that what was added can be removed again) and as the kernel needs them (RangeSet:
 * sorted, overlapping and adjacent ones merged). Both are immutable once made, and shared by
 * reference count (not thread safe): an unchanged set is recognised by its pointer.
 */

#include "rules/address/address.h"

typedef struct Diagnostics Diagnostics;

#define PREFIX_SET_MAX 2000000 /* entries of a set, SPEC section 3 */

typedef struct Prefix4 {
        uint32_t address; /* host byte order */
        uint8_t bits;
} Prefix4;

typedef struct Prefix6 {
        uint8_t address[16]; /* network byte order */
        uint8_t bits;
} Prefix6;

typedef struct RangeSet RangeSet;

typedef struct PrefixSet {
        unsigned n_refs;
        Prefix4 *v4; /* ascending by address, then bits; unique */
        size_t n_v4;
        Prefix6 *v6;
        size_t n_v6;
        RangeSet *ranges; /* for prefix_set_ranges() only */
        /* Whichever of two sets lives, for prefix_set_count_changes() only: the set that it was
         * made from, the set that was made from it, and by how many entries they differ. */
        struct PrefixSet *before, *after;
        size_t added, removed;
} PrefixSet;

/* Both ends are inclusive. */
typedef struct Range4 {
        uint32_t first, last; /* host byte order */
} Range4;

typedef struct Range6 {
        uint8_t first[16], last[16]; /* network byte order */
} Range6;

struct RangeSet {
        unsigned n_refs;
        Range4 *v4; /* ascending, disjoint, not adjacent */
        size_t n_v4;
        Range6 *v6;
        size_t n_v6;
        /* The same as of a PrefixSet, for range_set_common() only: how many ranges of each family,
         * at the beginning and at the end, were taken from the set before. */
        RangeSet *before, *after;
        size_t heads[2], tails[2];
};

PrefixSet *prefix_set_ref(PrefixSet *s);
PrefixSet *prefix_set_unref(PrefixSet *s);
DEFINE_CLEANUP(PrefixSet, prefix_set_unref)
RangeSet *range_set_ref(RangeSet *s);
RangeSet *range_set_unref(RangeSet *s);
DEFINE_CLEANUP(RangeSet, range_set_unref)

/* Makes a set of an unsorted array (may hold duplicates); 0 or -ENOMEM. */
int prefix_set_new(const Prefix *prefixes, size_t n, PrefixSet **ret);
/* The same of arrays that the set owns from then on, also when it fails. */
int prefix_set_adopt(Prefix4 *v4, size_t n_v4, Prefix6 *v6, size_t n_v6, PrefixSet **ret);

/*
 * A set file's text, n bytes: one address or prefix a line, '#' and ';' begin comments, CRLF is
 * taken. Every bad line becomes an error at file:line, host bits a warning (at most 20 of each,
 * then one that counts the rest); more than PREFIX_SET_MAX entries is an error. 5 ms for
 * 100,000 lines is the measure. Returns 0, -EINVAL (see d), -ENOMEM.
 */
int prefix_set_parse(const char *text, size_t n, const char *file, Diagnostics *d, PrefixSet **ret);

/* One entry a line, IPv4 first, ascending: parse of print is the identity. 0 or -ENOMEM. */
int prefix_set_print(const PrefixSet *s, char **ret, size_t *ret_length);

size_t prefix_set_size(const PrefixSet *s);
/* The i-th of prefix_set_size(): IPv4 first, each family in its order. */
Prefix prefix_set_at(const PrefixSet *s, size_t i);
/* Is exactly this prefix an entry? Of NULL: no. */
bool prefix_set_has(const PrefixSet *s, const Prefix *p);
bool prefix_set_equal(const PrefixSet *a, const PrefixSet *b);

/*
 * A new set: s plus add minus remove (s, add, remove may be NULL). Counts what really changed.
 * 0, -E2BIG beyond PREFIX_SET_MAX, -ENOMEM.
 */
int prefix_set_update(PrefixSet *s, const PrefixSet *add, const PrefixSet *remove, PrefixSet **ret,
        size_t *ret_added, size_t *ret_removed);

/* The number of entries that only one of the sets has; NULL is the empty set. */
void prefix_set_count_changes(
        const PrefixSet *old, const PrefixSet *new, size_t *ret_added, size_t *ret_removed);

/* Merges; 0 or -ENOMEM. */
int range_set_from_prefixes(const PrefixSet *s, RangeSet **ret);
/* The same, borrowed: merged when it is first asked for and kept with the set, so that users of the
 * same set share its ranges. */
int prefix_set_ranges(PrefixSet *s, RangeSet **ret);
/* The union of n sets; of one, the same set. 0 or -ENOMEM. */
int range_set_union(RangeSet *const *sets, size_t n, RangeSet **ret);
bool range_set_equal(const RangeSet *a, const RangeSet *b);
bool range_set_contains(const RangeSet *s, const Address *a);
bool range_set_has_family(const RangeSet *s, Family family);
/* Every address of the family is in it. */
bool range_set_is_whole(const RangeSet *s, Family family);
/* The ranges of `now`, which is the set of `ranges` plus add minus remove. 0 or -ENOMEM. */
int range_set_update(RangeSet *ranges, const PrefixSet *add, const PrefixSet *remove,
        const PrefixSet *now, RangeSet **ret);
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
/* How many they are. */
size_t range_set_count_prefixes(const RangeSet *s, Family family);
