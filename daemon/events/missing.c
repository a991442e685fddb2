/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A user of whom nothing was counted is not counted apart: what the log has of him belongs to the
 * row of all others, where it goes after two settlements, for his count may be later than the log.
 */

#include "daemon/events/missing.h"

#include "rules/base/array.h"

#include <stdlib.h>

#define AGE_MAX 2 /* settlements that a surplus of the log stays for */

static int row_compare(const Event *a, const Event *b)
{
        int numbers[] = { (int)a->direction - (int)b->direction, (int)a->action - (int)b->action,
                a->audit - b->audit, a->quiet - b->quiet, (a->rule > b->rule) - (a->rule < b->rule),
                b->has_uid - a->has_uid, (a->uid > b->uid) - (a->uid < b->uid) };

        for (size_t i = 0; i < ELEMENTS(numbers); i++)
                if (numbers[i] != 0)
                        return numbers[i];
        return 0;
}

static bool same_kind(const Event *a, const Event *b)
{
        return a->direction == b->direction && a->action == b->action && a->audit == b->audit &&
               a->quiet == b->quiet && a->rule == b->rule;
}

static Event kind_of(const Event *e, bool with_user)
{
        return (Event){ .direction = e->direction,
                .action = e->action,
                .audit = e->audit,
                .quiet = e->quiet,
                .rule = e->rule,
                .has_uid = with_user && e->has_uid,
                .uid = with_user && e->has_uid ? e->uid : 0 };
}

static size_t place_of(const Missing *m, const Event *kind)
{
        size_t low = 0, high = m->n;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (row_compare(&m->rows[middle].what, kind) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static MissingRow *row_get(Missing *m, const Event *kind)
{
        size_t at = place_of(m, kind);

        if (at < m->n && row_compare(&m->rows[at].what, kind) == 0)
                return &m->rows[at];
        /* without a user there are no more rows than kinds of decisions */
        if ((m->n >= MISSING_MAX && kind->has_uid) ||
                array_grow(&m->rows, m->n, sizeof(MissingRow)) < 0)
                return NULL;
        memmove(m->rows + at + 1, m->rows + at, (m->n - at) * sizeof(MissingRow));
        m->rows[at] = (MissingRow){ .what = *kind };
        m->n++;
        return &m->rows[at];
}

static MissingRow *row_for(Missing *m, const Event *e)
{
        Event kind = kind_of(e, true);
        MissingRow *row = row_get(m, &kind);

        if (!row && kind.has_uid) {
                kind = kind_of(e, false);
                row = row_get(m, &kind);
        }
        return row;
}

void missing_log(Missing *m, const Event *e)
{
        MissingRow *row = row_for(m, e);

        if (!row)
                return;
        row->logged += e->count;
        row->age = 0;
}

void missing_count(Missing *m, const Event *e)
{
        MissingRow *row = row_for(m, e);

        if (!row)
                return;
        row->counted += e->count;
        row->age = 0;
}

/* Up to the row of the kind without a user, which is the last. */
static size_t kind_end(const Missing *m, size_t first)
{
        size_t end = first + 1;

        while (end < m->n && same_kind(&m->rows[first].what, &m->rows[end].what))
                end++;
        return end;
}

/* The users of the kind who are not counted apart: so many connections of theirs the log has. Old
 * ones are moved to *ret_old. */
static uint64_t logged_of_others(Missing *m, size_t first, size_t end, uint64_t *ret_old)
{
        uint64_t recent = 0;

        *ret_old = 0;
        for (size_t i = first; i < end; i++) {
                MissingRow *row = &m->rows[i];

                if (!row->what.has_uid || row->counted > 0)
                        continue;
                if (row->age < AGE_MAX) {
                        recent += row->logged;
                        continue;
                }
                *ret_old += row->logged;
                row->logged = 0;
        }
        return recent;
}

static void row_settle(MissingRow *row, uint64_t others, bool last,
        void (*f)(void *data, const Event *e), void *data)
{
        uint64_t known = row->logged + row->reported + others;
        uint64_t counted = last ? row->counted : row->settled;

        if (counted > known) {
                Event e = row->what;

                e.count = counted - known;
                row->reported += e.count;
                f(data, &e);
        }
        row->settled = row->counted;
        row->age++;
}

/* Nothing is open, or it is a surplus that nothing comes for any more. */
static bool row_is_over(const MissingRow *row)
{
        uint64_t known = row->logged + row->reported;

        return row->counted == known || (row->counted < known && row->age > AGE_MAX);
}

static size_t rows_clean(Missing *m)
{
        size_t n = 0;

        for (size_t i = 0; i < m->n; i++)
                if (!row_is_over(&m->rows[i]))
                        m->rows[n++] = m->rows[i];
        return m->n = n;
}

bool missing_settle(Missing *m, bool last, void (*f)(void *data, const Event *e), void *data)
{
        for (size_t first = 0, end; first < m->n; first = end) {
                uint64_t recent, old;

                end = kind_end(m, first);
                recent = logged_of_others(m, first, end, &old);
                if (old > 0 && m->rows[end - 1].what.has_uid) {
                        Event kind = kind_of(&m->rows[first].what, false);

                        if (row_get(m, &kind))
                                end = kind_end(m, first);
                }
                if (!m->rows[end - 1].what.has_uid)
                        m->rows[end - 1].logged += old;
                for (size_t i = first; i < end; i++)
                        row_settle(
                                &m->rows[i], m->rows[i].what.has_uid ? 0 : recent, last, f, data);
        }
        return rows_clean(m) > 0;
}

void missing_deinit(Missing *m)
{
        free(m->rows);
        *m = (Missing){ 0 };
}
