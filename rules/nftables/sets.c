/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Chooses the kernel sets that hold a list of addresses or numbers, and their sizes. A list of
 * addresses becomes one hash set for each prefix length that occurs. An interval set would be one
 * set for all, but is not part of a transaction: kernels show packets the new rules some
 * microseconds before what the new set holds (6.18), or lose an old range next to a new one (before
 * 6.17); and changing one costs the kernel time in its size.
 */

#include "rules/address/ranges.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/nftables/build.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

/* Sources of a limit; those that find no room share one bucket. */
#define SOURCES_MAX 1048576u
/* Neighbours on bridges that are dialled within a minute. A hash set of the kernel has buckets for
 * all its elements from the beginning, but the kernel reads their number as one of 16 bits (struct
 * rhashtable_params, 6.18): for 65,535 elements it clears a megabyte, which is an eighth of a
 * millisecond of every start; for these it begins with buckets for 1,024 and makes more when they
 * come. */
#define BRIDGED_MAX (65536u + 1024u)
/* Connections in an hour that conntrack does not follow: the time that the kernel takes to list a
 * set grows with the square of its length, and all are read after a change. */
#define UNTRACKED_MAX 16384u
/* More than can wait in the time for which they are remembered. */
#define HELD_MAX 4096u
/* Enough for the counts of a second, or of the time in which p25d is down: reading them must cost
 * little. */
#define SENT_MAX 16384u
#define SEEN_MAX 4096u
/* One for each rule and verdict: there is room for all that are there from the beginning. */
#define NUMBERS_MAX 16384u

/* Room to grow: a full set refuses, and one that is made again takes all its elements again. */
static uint32_t room_for(size_t n, uint32_t least)
{
        return (uint32_t)(n + n / 4 + least);
}

/* The set that is installed under a key, or the place where it would be. */
static const NftSet *previous_lower_bound(const NftTable *t, const NftSetKey *key)
{
        size_t i =
                t ? array_lower_bound(key, t->sets, t->n_sets, sizeof(NftSet), nft_set_key_compare)
                  : 0;

        return t && i < t->n_sets ? &t->sets[i] : NULL;
}

static bool same_list(const NftSetKey *a, const NftSetKey *b)
{
        NftSetKey x = *a, y = *b;

        x.bits = y.bits = 0;
        return nft_set_key_compare(&x, &y) == 0;
}

static const NftSet *previous_find(const NftTable *t, const NftSetKey *key)
{
        const NftSet *s = previous_lower_bound(t, key);

        return s && nft_set_key_compare(&s->key, key) == 0 ? s : NULL;
}

static uint32_t keep_room(const NftTable *previous, const NftSetKey *key, size_t n, uint32_t least)
{
        const NftSet *s = previous_find(previous, key);

        if (s && s->size >= n && s->size / 4 <= room_for(n, least))
                return s->size;
        return room_for(n, least);
}

static bool build_set(NftBuild *b, const NftSet *set)
{
        NftTable *t = b->table;

        if (b->error == 0 && array_grow(&t->sets, t->n_sets, sizeof(NftSet)) < 0)
                build_fail(b, -ENOMEM);
        if (b->error < 0)
                return false;
        t->sets[t->n_sets++] = *set;
        range_set_ref(set->ranges);
        timed_set_ref(set->timed);
        return true;
}

void build_values_set(
        NftBuild *b, const NftSetKey *key, const uint64_t *values, size_t n, const Rule *origin)
{
        _cleanup_free_ uint64_t *copy = calloc(n + 1, sizeof(uint64_t));
        NftSet set = { .key = *key, .n = n, .values = copy, .origin = origin };

        if (!copy) {
                build_fail(b, -ENOMEM);
                return;
        }
        memcpy(copy, values, n * sizeof(uint64_t));
        set.size = keep_room(b->previous, key, n, 64);
        if (build_set(b, &set))
                TAKE_PTR(copy);
}

static uint32_t dynamic_size(NftSetKind kind)
{
        switch ((unsigned)kind) {
        case SET_BRIDGED:
                return BRIDGED_MAX;
        case SET_HELD:
                return HELD_MAX;
        case SET_UNTRACKED:
        case SET_REFUSED:
                return UNTRACKED_MAX;
        case SET_SENT:
        case SET_SENDERS:
                return SENT_MAX;
        case SET_SEEN:
                return SEEN_MAX;
        case SET_NUMBERS:
                return NUMBERS_MAX;
        }
        return SOURCES_MAX;
}

void build_dynamic_set(NftBuild *b, const NftSetKey *key, const Rule *origin)
{
        build_set(b, &(NftSet){ .key = *key, .size = dynamic_size(key->kind), .origin = origin });
}

void build_prepared_set(NftBuild *b, const NftSetKey *key, uint64_t *values, size_t n)
{
        NftSet set = { .key = *key, .size = dynamic_size(key->kind), .values = values };

        if (n > 0)
                qsort(values, n, sizeof(uint64_t), number_compare);
        for (size_t i = 0; i < n; i++)
                if (set.n == 0 || values[set.n - 1] != values[i])
                        values[set.n++] = values[i];
        if (!build_set(b, &set))
                free(values);
}

static int count_prefix(const Prefix *p, void *data)
{
        ((size_t *)data)[p->bits]++;
        return 0;
}

static void count_prefixes(const RangeSet *ranges, unsigned family, size_t counts[static 129])
{
        memset(counts, 0, 129 * sizeof(size_t));
        (void)range_set_each_prefix(ranges, (Family)family, count_prefix, counts);
}

/* Of a list of which less than a quarter has changed, from what was counted then. */
static bool recount_lengths(
        const NftTable *previous, const NftSetKey *key, const RangeSet *ranges, size_t *counts)
{
        const NftSet *s = previous_lower_bound(previous, key);
        RangeSet old = { 0 }, new = { 0 };
        size_t gone[129], came[129];
        Family family = (Family)key->family;
        int r;

        if (!s || !same_list(&s->key, key))
                return false;
        r = range_set_append_changes(
                s->ranges, ranges, family, range_count(ranges, family) / 4, &old, &new);
        if (r >= 0) {
                count_prefixes(&old, family, gone);
                count_prefixes(&new, family, came);
        }
        ranges_free(&old);
        ranges_free(&new);
        if (r < 0)
                return false;
        memset(counts, 0, 129 * sizeof(size_t));
        for (; s < previous->sets + previous->n_sets && same_list(&s->key, key); s++)
                counts[s->key.bits] = s->n;
        for (size_t i = 0; i < 129; i++)
                counts[i] = counts[i] + came[i] - gone[i];
        return true;
}

static void count_lengths(const NftTable *previous, const NftSetKey *key, const RangeSet *ranges,
        size_t counts[static 129])
{
        if (!recount_lengths(previous, key, ranges, counts))
                count_prefixes(ranges, key->family, counts);
}

/* An unchanged list looks as it did. Returns how many sets, 0: it is not the same list. */
static size_t build_unchanged(
        NftBuild *b, const NftSetKey *key, RangeSet *ranges, const Rule *origin)
{
        const NftSet *s = previous_lower_bound(b->previous, key);
        size_t n = 0;

        for (; s && s < b->previous->sets + b->previous->n_sets; s++) {
                NftSet set = { .key = *key,
                        .size = s->size,
                        .ranges = ranges,
                        .timed = s->timed,
                        .n = s->n,
                        .origin = origin };

                if (!same_list(&s->key, key) || s->ranges != ranges)
                        break;
                set.key.bits = s->key.bits;
                build_set(b, &set);
                n++;
        }
        return n;
}

/* Literal lists change only with their rule; sets of the policy grow. */
static uint32_t wanted_size(NftBuild *b, const NftSetKey *key, size_t n)
{
        return key->kind == SET_NAMED ? keep_room(b->previous, key, n, 1024) : (uint32_t)n;
}

NftSetRun build_address_sets(
        NftBuild *b, const NftSetKey *key, RangeSet *ranges, const Rule *origin)
{
        NftSet set = { .key = *key, .ranges = ranges, .origin = origin };
        size_t first = b->table->n_sets, counts[129];

        if (!range_set_has_family(ranges, (Family)key->family) ||
                build_unchanged(b, key, ranges, origin) == 0) {
                count_lengths(b->previous, key, ranges, counts);
                for (uint16_t bits = 1; bits < 129; bits++) {
                        if (counts[bits] == 0)
                                continue;
                        set.key.bits = bits;
                        set.n = counts[bits];
                        set.size = wanted_size(b, &set.key, set.n);
                        build_set(b, &set);
                }
        }
        return (NftSetRun){ first, b->table->n_sets - first };
}

/* One set for each length again, each entry an element of its own: what overlaps ends apart. As
 * many as come, because the kernel still counts for a while what has ended. */
static void build_timed_sets(NftBuild *b, const NftSetKey *key, RangeSet *ranges, TimedSet *timed)
{
        NftSet set = { .key = *key, .ranges = ranges, .timed = timed };
        const uint32_t *counts = timed->lengths[(Family)key->family == FAMILY_IPV6];

        if (build_unchanged(b, key, ranges, NULL) > 0)
                return;
        for (uint16_t bits = 1; bits < 129; bits++) {
                if (counts[bits] == 0)
                        continue;
                set.key.bits = bits;
                set.n = counts[bits];
                build_set(b, &set);
        }
}

/* Those that end, or all others. */
static void build_sets_of_kind(NftBuild *b, NftSetKind kind)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

        for (size_t i = 0; i < b->ruleset->n_sets; i++)
                for (size_t f = 0; f < ELEMENTS(families); f++) {
                        const struct NamedRanges *s = &b->ruleset->sets[i];
                        NftSetKey key = {
                                .kind = kind, .family = families[f], .name = b->table->names[i]
                        };

                        if (!s->timed && kind == SET_NAMED)
                                build_address_sets(b, &key, s->ranges, NULL);
                        else if (s->timed && kind == SET_TIMED)
                                build_timed_sets(b, &key, s->ranges, s->timed);
                }
}

void build_named_sets(NftBuild *b)
{
        NftTable *t = b->table;

        for (size_t i = 0; i < b->ruleset->n_sets; i++)
                if (strv_append(&t->names, b->ruleset->sets[i].name) < 0) {
                        build_fail(b, -ENOMEM);
                        return;
                }
        build_sets_of_kind(b, SET_NAMED);
        build_sets_of_kind(b, SET_TIMED);
        b->n_named = t->n_sets;
}

NftSetRun build_find_named(const NftBuild *b, const MatchSet *set, Family family)
{
        const NftSet *sets = b->table->sets;
        NftSetKey key = {
                .kind = set->timed ? SET_TIMED : SET_NAMED, .family = family, .name = set->name
        };
        size_t low = array_lower_bound(&key, sets, b->n_named, sizeof(NftSet), nft_set_key_compare);
        NftSetRun run = { .first = low };

        while (low + run.n < b->n_named && same_list(&sets[low + run.n].key, &key))
                run.n++;
        return run;
}
