/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/events/merge.h"

static bool list_add(Event *items, size_t *n, size_t max, const Event *e)
{
        for (size_t i = 0; i < *n; i++)
                if (event_same(&items[i], e)) {
                        items[i].count += e->count;
                        return true;
                }
        if (*n == max)
                return false;
        return event_copy(e, &items[*n]) >= 0 && ++*n;
}

void merge_add(Merge *m, const Event *e)
{
        Event rest = { .time_usec = e->time_usec,
                .direction = e->direction,
                .action = e->action,
                .audit = e->audit,
                .rule = e->rule,
                .count = e->count };

        bool room = e->pid != 0 ? list_add(m->named, &m->n_named, MERGE_NAMED_MAX, e)
                                : list_add(m->items, &m->n, MERGE_MAX, e);

        if (!room && !list_add(m->rest, &m->n_rest, MERGE_REST_MAX, &rest))
                m->left_out += e->count;
}

size_t merge_count(const Merge *m)
{
        return m->n + m->n_named + m->n_rest;
}

Event *merge_at(Merge *m, size_t i)
{
        if (i < m->n)
                return &m->items[i];
        i -= m->n;
        if (i < m->n_named)
                return &m->named[i];
        i -= m->n_named;
        return i < m->n_rest ? &m->rest[i] : NULL;
}

void merge_clear(Merge *m)
{
        Event *e;

        for (size_t i = 0; (e = merge_at(m, i)); i++)
                event_deinit(e);
        m->n = m->n_named = m->n_rest = 0;
        m->left_out = 0;
}
