/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Prefixes that end by themselves, each at its own time. Sorted and unique, immutable once made and
 * shared by reference count, as a PrefixSet is; a change shares what it does not change. Nothing
 * here reads a clock: times are microseconds since the epoch, at whole seconds, because the ends of
 * a second are taken out together.
 */

#include "rules/base/util.h"

typedef struct Address Address;
typedef struct Buffer Buffer;
typedef struct Diagnostics Diagnostics;
typedef struct ItemList ItemList;
typedef struct Prefix Prefix;
typedef struct PrefixSet PrefixSet;
typedef struct RangeSet RangeSet;
typedef struct TimedEntry TimedEntry;

typedef struct TimedSet {
        unsigned n_refs;
        PrefixSet *prefixes;      /* its own; never none */
        ItemList *ends;           /* of uint64_t: when each of them ends */
        uint64_t next_usec;       /* when the first of them ends */
        uint32_t lengths[2][129]; /* how many there are of each length, IPv4 first */
} TimedSet;

TimedSet *timed_set_ref(TimedSet *s);
TimedSet *timed_set_unref(TimedSet *s);
DEFINE_CLEANUP(TimedSet, timed_set_unref)

/* All that makes a set: *ret is NULL where nothing is in it. 0 or -ENOMEM. */
int timed_set_new(const PrefixSet *prefixes, uint64_t until_usec, TimedSet **ret);

/* The same of an array, which the set owns from then on, also on failure: -EINVAL, it does not
 * ascend. */
int timed_set_adopt(TimedEntry *items, size_t n, TimedSet **ret);

/* The changes that timed_set_update() made. */
typedef struct TimedChanges {
        size_t added, renewed, removed;
} TimedChanges;

/* s with the entries of `put`, whose ends count, and without those of `remove`. Any may be NULL. 0,
 * -E2BIG beyond PREFIX_SET_MAX, -ENOMEM. */
int timed_set_update(TimedSet *s, const TimedSet *put, const PrefixSet *remove, TimedSet **ret,
        TimedChanges *ret_changes);
/* s without what has ended. */
int timed_set_drop(TimedSet *s, uint64_t now_usec, TimedSet **ret, size_t *ret_dropped);
/* Their ranges, borrowed: as prefix_set_ranges(). */
int timed_set_ranges(TimedSet *s, RangeSet **ret);

size_t timed_set_size(const TimedSet *s); /* of NULL: 0 */
/* The i-th of them. */
TimedEntry timed_set_at(const TimedSet *s, size_t i);
/* Is there an entry of exactly this prefix, and when does it end? */
bool timed_set_find(const TimedSet *s, const Prefix *p, uint64_t *ret_until_usec);
/* Is the address in an entry that has not ended? now_usec 0: none has. */
bool timed_set_contains(const TimedSet *s, const Address *a, uint64_t now_usec);
bool timed_set_equal(const TimedSet *a, const TimedSet *b);
/* Calls back with each entry in which two sets differ; a new end is one of each. */
void timed_set_compare(const TimedSet *old, const TimedSet *new,
        void (*gone)(const TimedEntry *e, void *data),
        void (*came)(const TimedEntry *e, void *data), void *data);

/* As p25d stores them, a line each: "192.0.2.1 until 1795968000", in seconds. */
void timed_set_print(Buffer *b, const TimedSet *s);
/* The offset of these lines in a text in which other entries come first; its end: there are none.
 */
size_t timed_set_text_begin(const char *text, size_t n);
/* 0, -EINVAL with an error in d, -ENOMEM. */
int timed_set_parse(const char *text, size_t n, const char *file, Diagnostics *d, TimedSet **ret);
