/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/events/ring.h"

#include "daemon/events/event.h"
#include "rules/base/array.h"

int ring_add(Ring *r, const Event *e)
{
        Event copy;
        int error = 0;

        if (r->n < RING_MAX)
                error = array_grow(&r->items, r->n, sizeof(*r->items));
        if (error >= 0)
                error = event_copy(e, &copy);
        if (error < 0)
                return error;
        if (r->n < RING_MAX) {
                r->items[r->n++] = copy;
                return 0;
        }
        event_deinit(&r->items[r->first]);
        r->items[r->first] = copy;
        r->first = (r->first + 1) % RING_MAX;
        return 0;
}

const Event *ring_at(const Ring *r, size_t i)
{
        return &r->items[(r->first + i) % r->n];
}

size_t ring_after(const Ring *r, uint64_t id)
{
        size_t low = 0, high = r->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (ring_at(r, middle)->id > id)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

uint64_t ring_last_id(const Ring *r)
{
        return r->n > 0 ? ring_at(r, r->n - 1)->id : 0;
}

void ring_deinit(Ring *r)
{
        for (size_t i = 0; i < r->n; i++)
                event_deinit(&r->items[i]);
        free(r->items);
        *r = (Ring){ 0 };
}
