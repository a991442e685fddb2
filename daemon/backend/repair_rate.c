/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/backend/repair_rate.h"

static uint64_t repair_rate_window(const RepairRate *r)
{
        return r->window_usec > 0 ? r->window_usec : REPAIR_WINDOW_USEC;
}

void repair_rate_note(RepairRate *r, uint64_t now_usec)
{
        r->usec[r->n++ % REPAIR_AT_ONCE] = now_usec;
}

uint64_t repair_rate_last(const RepairRate *r)
{
        return r->n > 0 ? r->usec[(r->n - 1) % REPAIR_AT_ONCE] : 0;
}

bool repair_rate_is_too_high(const RepairRate *r, uint64_t now_usec)
{
        uint64_t oldest = r->usec[r->n % REPAIR_AT_ONCE];

        return r->n >= REPAIR_AT_ONCE && now_usec - oldest < repair_rate_window(r);
}

bool repair_rate_is_nought(const RepairRate *r, uint64_t now_usec)
{
        return r->n == 0 || now_usec - repair_rate_last(r) >= repair_rate_window(r);
}
