/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/events/details.h"

void details_note(Details *d, const Event *e)
{
        if (d->n < DETAILS_MAX)
                d->items[d->n++] = (struct Attempt){ .event = *e };
}

static bool may_be_about(const Event *e, const Event *attempt)
{
        return e->direction == attempt->direction && e->action == attempt->action &&
               e->audit == attempt->audit && e->rule == attempt->rule &&
               e->destination_port == attempt->destination_port &&
               address_compare(&e->destination, &attempt->destination) == 0 &&
               (!e->has_uid || (attempt->has_uid && e->uid == attempt->uid)) &&
               (e->source.family == 0 || address_compare(&e->source, &attempt->source) == 0);
}

void details_give(Details *d, Event *e)
{
        size_t i = 0;

        if (e->source_port != 0 || e->destination.family == 0)
                return;
        while (i < d->n && !may_be_about(e, &d->items[i].event))
                i++;
        if (i == d->n)
                return;
        e->time_usec = d->items[i].event.time_usec;
        e->source = d->items[i].event.source;
        e->source_port = d->items[i].event.source_port;
        if (e->has_uid) {
                e->has_gid = d->items[i].event.has_gid;
                e->gid = d->items[i].event.gid;
        }
        d->items[i].age = DETAILS_AGE_MAX;
}

void details_age(Details *d)
{
        size_t n = 0;

        for (size_t i = 0; i < d->n; i++)
                if (++d->items[i].age <= DETAILS_AGE_MAX)
                        d->items[n++] = d->items[i];
        d->n = n;
}
