/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lists of prefixes, up to millions, as the user wrote them: sorted, unique, nothing merged, so
 * that what was added can be removed again. rangeset.h has them as the kernel needs them. Immutable
 * once made, and shared by reference count (not thread safe): an unchanged set is recognised by its
 * pointer.
 */

#include "rules/address/itemlist.h"
#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct Prefix Prefix;
typedef struct RangeSet RangeSet;

#define PREFIX_SET_MAX 2000000 /* entries of a set, SPEC section 3 */

typedef struct Prefix4 {
        uint32_t address; /* host byte order */
        uint8_t bits;
} Prefix4;

typedef struct Prefix6 {
        uint8_t address[16]; /* network byte order */
        uint8_t bits;
} Prefix6;

typedef struct PrefixSet {
        unsigned n_refs;
        ItemList *v4;     /* of Prefix4, ascending by address, then bits; unique */
        ItemList *v6;     /* of Prefix6 */
        RangeSet *ranges; /* for prefix_set_ranges() only */
        /* Whichever of two sets lives, for prefix_set_count_changes() only: the set that it was
         * made from, the set that was made from it, and by how many entries they differ. */
        struct PrefixSet *before, *after;
        size_t added, removed;
} PrefixSet;

PrefixSet *prefix_set_ref(PrefixSet *s);
PrefixSet *prefix_set_unref(PrefixSet *s);
DEFINE_CLEANUP(PrefixSet, prefix_set_unref)
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

/* One of item_list_count() of a family. */
static inline const Prefix4 *prefix4_at(const PrefixSet *s, size_t i)
{
        return item_list_at(s->v4, i, sizeof(Prefix4));
}

static inline const Prefix6 *prefix6_at(const PrefixSet *s, size_t i)
{
        return item_list_at(s->v6, i, sizeof(Prefix6));
}

size_t prefix_set_size(const PrefixSet *s);
/* The i-th of prefix_set_size(): IPv4 first, each family in its order. */
Prefix prefix_set_at(const PrefixSet *s, size_t i);
/* The first entry from `from` on that is not before p; prefix_set_size() if there is none. Near
 * ones are found faster than far ones. */
size_t prefix_set_seek(const PrefixSet *s, size_t from, const Prefix *p);
/* Is exactly this prefix an entry? Of NULL: no. */
bool prefix_set_has(const PrefixSet *s, const Prefix *p);
bool prefix_set_equal(const PrefixSet *a, const PrefixSet *b);
/* A lower bound of the number of entries that two sets have alike from i and j on, many at a time;
 * 0 only if those at i and j differ, or one set is at its end. */
size_t prefix_set_alike(const PrefixSet *a, size_t i, const PrefixSet *b, size_t j);

/*
 * A new set: s plus add minus remove (s, add, remove may be NULL). Counts what really changed.
 * 0, -E2BIG beyond PREFIX_SET_MAX, -ENOMEM.
 */
int prefix_set_update(PrefixSet *s, const PrefixSet *add, const PrefixSet *remove, PrefixSet **ret,
        size_t *ret_added, size_t *ret_removed);

/* The number of entries that only one of the sets has; NULL is the empty set. */
void prefix_set_count_changes(
        const PrefixSet *old, const PrefixSet *new, size_t *ret_added, size_t *ret_removed);

/* Its ranges, borrowed: merged when they are first asked for and kept with the set, so that users
 * of the same set share them. 0 or -ENOMEM. */
int prefix_set_ranges(PrefixSet *s, RangeSet **ret);
