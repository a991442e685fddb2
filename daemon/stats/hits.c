/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/stats/hits.h"

#include "rules/base/array.h"

static Hit *row_find(Hits *h, uint64_t rule)
{
        uint64_t *index = number_map_get(&h->by_rule, rule);

        return index && *index > 0 ? &h->items[*index - 1] : NULL;
}

const Hit *hits_find(Hits *h, uint64_t rule)
{
        return row_find(h, rule);
}

static void row_deinit(Hits *h, Hit *row)
{
        if (!row->past)
                return;
        series_past_deinit(row->past);
        free(row->past);
        h->n_pasts--;
}

/* The map has no removal: it is made again without the rules that the last sample did not have. */
static void gone_drop(Hits *h)
{
        size_t kept = 0;

        number_map_deinit(&h->by_rule);
        for (size_t i = 0; i < h->n; i++) {
                uint64_t *index;

                index = h->items[i].sample == h->sample
                                ? number_map_get(&h->by_rule, h->items[i].rule)
                                : NULL;
                if (!index) {
                        row_deinit(h, &h->items[i]);
                        continue;
                }
                h->items[kept++] = h->items[i];
                *index = kept;
        }
        h->n = kept;
}

Hit *hits_get(Hits *h, uint64_t rule)
{
        Hit *row = row_find(h, rule);
        uint64_t *index;

        if (row)
                return row;
        if (h->n >= HITS_MAX || array_grow(&h->items, h->n, sizeof(*h->items)) < 0 ||
                !(index = number_map_get(&h->by_rule, rule)))
                return NULL;
        row = &h->items[h->n++];
        *row = (Hit){ .rule = rule, .sample = h->sample };
        *index = h->n;
        return row;
}

SeriesPast *hits_past(Hits *h, Hit *row)
{
        if (!row->past && h->n_pasts < HITS_PASTS_MAX) {
                row->past = calloc(1, sizeof(*row->past));
                h->n_pasts += row->past != NULL;
        }
        return row->past;
}

void hits_begin_sample(Hits *h)
{
        if (h->n >= HITS_MAX)
                gone_drop(h);
        h->sample++;
}

/* A counter below what it was has begun again. */
static uint64_t gained(uint64_t now, uint64_t seen)
{
        return now >= seen ? now - seen : now;
}

uint64_t hits_see(Hits *h, uint64_t rule, uint64_t packets, uint64_t bytes, uint32_t now)
{
        Hit *row = packets > 0 ? hits_get(h, rule) : row_find(h, rule);
        uint64_t more;

        if (!row)
                return 0;
        more = gained(packets, row->seen_packets);
        row->packets += more;
        row->bytes += gained(bytes, row->seen_bytes);
        row->seen_packets = packets;
        row->seen_bytes = bytes;
        row->sample = h->sample;
        if (more > 0)
                row->last = now;
        return more;
}

void hits_restart(Hits *h)
{
        for (size_t i = 0; i < h->n; i++)
                h->items[i].seen_packets = h->items[i].seen_bytes = 0;
}

void hits_deinit(Hits *h)
{
        for (size_t i = 0; i < h->n; i++)
                row_deinit(h, &h->items[i]);
        free(h->items);
        number_map_deinit(&h->by_rule);
        *h = (Hits){ 0 };
}
