/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/stats/verdicts.h"

#include "rules/base/array.h"
#include "rules/base/text.h"
#include "rules/base/util.h"

static bool same_row(const VerdictCount *a, const VerdictCount *b)
{
        return a->direction == b->direction && a->verdict == b->verdict &&
               a->has_uid == b->has_uid && a->uid == b->uid && streq_null(a->unit, b->unit);
}

void verdicts_add(Verdicts *t, const VerdictCount *what)
{
        VerdictCount row = *what;

        for (size_t i = 0; i < t->n; i++)
                if (same_row(&t->items[i], what)) {
                        t->items[i].n += what->n;
                        return;
                }
        if (t->n < VERDICTS_MAX && array_grow(&t->items, t->n, sizeof(*t->items)) >= 0 &&
                strdup_null(what->unit, &row.unit) >= 0)
                t->items[t->n++] = row;
        else
                t->others[what->direction][what->verdict] += what->n;
}

void verdicts_deinit(Verdicts *t)
{
        for (size_t i = 0; i < t->n; i++)
                free(t->items[i].unit);
        free(t->items);
        *t = (Verdicts){ 0 };
}
