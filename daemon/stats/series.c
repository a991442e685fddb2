/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/stats/series.h"

#include "rules/base/array.h"

const SeriesKind past_kinds[_PAST_KIND_MAX] = {
        [PAST_SECONDS] = { 1, 60 },
        [PAST_MINUTES] = { 60, 60 },
        [PAST_FIVES] = { 300, 288 },
        [PAST_HOURS] = { 3600, 168 },
};

static uint32_t add_limited(uint32_t a, uint64_t b)
{
        return b > UINT32_MAX - a ? UINT32_MAX : a + (uint32_t)b;
}

/* The beginning of the first second that a series keeps. */
static uint32_t kept_since(const SeriesKind *kind, uint32_t now)
{
        uint64_t length = (uint64_t)kind->span * kind->spans;

        return now >= length ? (uint32_t)(now - length + 1) : 0;
}

void series_prune(Series *s, const SeriesKind *kind, uint32_t now)
{
        uint32_t since = kept_since(kind, now);
        size_t old = 0;

        while (old < s->n && (uint64_t)s->items[old].begin + kind->span <= since)
                old++;
        if (old == 0)
                return;
        s->n -= old;
        memmove(s->items, s->items + old, s->n * sizeof(*s->items));
}

int series_add(Series *s, const SeriesKind *kind, uint32_t now, uint32_t when, const SeriesCount *c)
{
        uint32_t begin = when - when % kind->span;
        SeriesPoint point = { .begin = begin };
        size_t at = s->n;
        int r;

        if (when > now || when < kept_since(kind, now))
                return 0;
        while (at > 0 && s->items[at - 1].begin > begin)
                at--;
        if (at == 0 || s->items[at - 1].begin != begin) {
                series_prune(s, kind, now);
                at = at < s->n ? at : s->n;
                while (at > 0 && s->items[at - 1].begin > begin)
                        at--;
                r = array_insert(&s->items, &s->n, sizeof(point), at++, &point);
                if (r < 0)
                        return r;
        }
        s->items[at - 1].blocked = add_limited(s->items[at - 1].blocked, c->blocked);
        s->items[at - 1].allowed = add_limited(s->items[at - 1].allowed, c->allowed);
        s->items[at - 1].destinations = add_limited(s->items[at - 1].destinations, c->destinations);
        return 0;
}

void series_sum(const Series *s, uint32_t now, uint32_t seconds, uint64_t *ret_blocked,
        uint64_t *ret_allowed)
{
        uint64_t blocked = 0, allowed = 0;

        for (size_t i = s->n; i > 0; i--) {
                const SeriesPoint *p = &s->items[i - 1];

                if ((uint64_t)p->begin + seconds <= now)
                        break;
                blocked += p->blocked;
                allowed += p->allowed;
        }
        *ret_blocked = blocked;
        *ret_allowed = allowed;
}

void series_deinit(Series *s)
{
        free(s->items);
        *s = (Series){ 0 };
}

void series_past_prune(SeriesPast *p, uint32_t now)
{
        for (PastKind k = 0; k < _PAST_KIND_MAX; k++)
                series_prune(&p->of[k], &past_kinds[k], now);
}

void series_past_deinit(SeriesPast *p)
{
        for (PastKind k = 0; k < _PAST_KIND_MAX; k++)
                series_deinit(&p->of[k]);
}
