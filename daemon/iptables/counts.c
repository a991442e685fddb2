/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sums of counts by id.
 */

#include "daemon/iptables/counts.h"

#include "rules/base/array.h"
#include "rules/iptables/statement.h"

#include <errno.h>

void ipt_counts_deinit(IptCounts *c)
{
        number_map_deinit(&c->by_id);
        free(c->sums);
}

int ipt_counts_add(IptCounts *c, const ImageEntry *e)
{
        uint64_t *at;

        if (!e->has_id || e->id == IPT_COMMENT_MARK || (e->packets == 0 && e->bytes == 0))
                return 0;
        at = number_map_get(&c->by_id, e->id);
        if (!at)
                return -ENOMEM;
        if (*at == 0) {
                if (array_grow(&c->sums, c->n_sums, sizeof(IptCount)) < 0)
                        return -ENOMEM;
                c->sums[c->n_sums++] = (IptCount){ 0 };
                *at = c->n_sums;
        }
        c->sums[*at - 1].packets += e->packets;
        c->sums[*at - 1].bytes += e->bytes;
        return 0;
}

IptCount ipt_counts_take(IptCounts *c, const ImageEntry *e)
{
        IptCount none = { 0 }, sum;
        uint64_t *at;

        if (!e->has_id || e->id == IPT_COMMENT_MARK || c->n_sums == 0)
                return none;
        at = number_map_get(&c->by_id, e->id);
        if (!at || *at == 0)
                return none;
        sum = c->sums[*at - 1];
        c->sums[*at - 1] = none;
        return sum;
}
