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

bool repair_rate_is_too_high(const RepairRate *r, uint64_t now_usec)
{
        uint64_t oldest = r->usec[r->n % REPAIR_AT_ONCE];

        return r->n >= REPAIR_AT_ONCE && now_usec - oldest < repair_rate_window(r);
}

uint64_t repair_rate_quiet_at(const RepairRate *r)
{
        return r->n == 0 ? 0 : r->usec[(r->n - 1) % REPAIR_AT_ONCE] + repair_rate_window(r);
}

bool repair_rate_is_quiet(const RepairRate *r, uint64_t now_usec)
{
        return now_usec >= repair_rate_quiet_at(r);
}
