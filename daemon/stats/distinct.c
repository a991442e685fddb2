/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Adaptive sampling (Wegman; Flajolet 1990): when the table is full, the level rises by one and
 * about half of the items go, of which the others take over the weight.
 */

#include "daemon/stats/distinct.h"

#include "rules/base/array.h"

static bool is_sampled(uint32_t hash, uint32_t level)
{
        return (hash & ((UINT32_C(1) << level) - 1)) == 0;
}

void distinct_prune(Distinct *d, uint32_t now)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < d->n; i++)
                if ((uint64_t)d->items[i].seen + DISTINCT_KEPT_SECONDS > now)
                        d->items[kept++] = d->items[i];
        d->n = kept;
        if (d->n == 0)
                d->level = 0;
}

static void level_rise(Distinct *d)
{
        uint32_t kept = 0;

        d->level++;
        for (uint32_t i = 0; i < d->n; i++) {
                DistinctItem item = d->items[i];

                if (!is_sampled(item.hash, d->level))
                        continue;
                if (item.level < d->level)
                        item.level = d->level;
                d->items[kept++] = item;
        }
        d->n = kept;
}

static int item_add(Distinct *d, uint32_t hash, uint32_t when)
{
        int r = array_grow(&d->items, d->n, sizeof(*d->items));

        if (r >= 0)
                d->items[d->n++] = (DistinctItem){ .hash = hash, .seen = when, .level = d->level };
        return r;
}

int distinct_add(
        Distinct *d, uint64_t hash64, uint32_t now, uint32_t when, DistinctFound *ret_found)
{
        uint32_t hash = (uint32_t)hash64;

        *ret_found = (DistinctFound){ 0 };
        if (d->level > 0)
                distinct_prune(d, now);
        if (d->level > 0 && d->n < DISTINCT_MAX / 8)
                d->level--;
        if (!is_sampled(hash, d->level))
                return 0;
        for (uint32_t i = 0; i < d->n; i++)
                if (d->items[i].hash == hash) {
                        *ret_found = (DistinctFound){ d->items[i].seen,
                                UINT64_C(1) << d->items[i].level };
                        if (when > d->items[i].seen)
                                d->items[i].seen = when;
                        return 0;
                }
        if (d->n == DISTINCT_MAX)
                distinct_prune(d, now);
        while (d->n == DISTINCT_MAX && d->level < DISTINCT_LEVEL_MAX)
                level_rise(d);
        if (d->n == DISTINCT_MAX || !is_sampled(hash, d->level))
                return 0;
        ret_found->weight = UINT64_C(1) << d->level;
        return item_add(d, hash, when);
}

uint64_t distinct_count(const Distinct *d, uint32_t now, uint32_t seconds, bool *ret_estimated)
{
        uint64_t n = 0;
        bool estimated = false;

        if (seconds > DISTINCT_KEPT_SECONDS)
                seconds = DISTINCT_KEPT_SECONDS;
        for (uint32_t i = 0; i < d->n; i++) {
                const DistinctItem *item = &d->items[i];

                if ((uint64_t)item->seen + seconds <= now)
                        continue;
                n += UINT64_C(1) << item->level;
                estimated = estimated || item->level > 0;
        }
        *ret_estimated = estimated || d->level > 0;
        return n;
}

void distinct_deinit(Distinct *d)
{
        free(d->items);
        *d = (Distinct){ 0 };
}
