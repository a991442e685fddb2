/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sums of counters. A counter that is smaller than at the last reading was reset in between.
 */

#include "daemon/backend/totals.h"

#include "daemon/backend/rule_counter.h"

#include <errno.h>

static void total_read(Total *t, const RuleCounter *now)
{
        if (now->packets < t->last_packets || now->bytes < t->last_bytes) {
                t->packets += t->last_packets;
                t->bytes += t->last_bytes;
        }
        t->last_packets = now->packets;
        t->last_bytes = now->bytes;
}

int totals_read(Totals *t, const RuleCounter *now, size_t n)
{
        Total *items = calloc(n + 1, sizeof(Total));
        size_t k = 0;

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                while (k < t->n && t->items[k].id < now[i].id)
                        k++;
                if (k < t->n && t->items[k].id == now[i].id)
                        items[i] = t->items[k];
                items[i].id = now[i].id;
                total_read(&items[i], &now[i]);
        }
        free(t->items);
        t->items = items;
        t->n = n;
        return 0;
}

int totals_get(const Totals *t, RuleCounter **ret, size_t *ret_n)
{
        RuleCounter *counters = calloc(t->n + 1, sizeof(RuleCounter));

        if (!counters)
                return -ENOMEM;
        for (size_t i = 0; i < t->n; i++)
                counters[i] = (RuleCounter){ .id = t->items[i].id,
                        .packets = t->items[i].packets + t->items[i].last_packets,
                        .bytes = t->items[i].bytes + t->items[i].last_bytes };
        *ret = counters;
        *ret_n = t->n;
        return 0;
}

void totals_deinit(Totals *t)
{
        free(t->items);
        *t = (Totals){ 0 };
}
