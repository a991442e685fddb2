/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The counts of rules: in the backend in use, in those before it, and as they were when a worker,
 * which has no backend, was started.
 */

#include "daemon/manager/internal.h"

#include "daemon/backend/rule_counter.h"
#include "daemon/loop/clock.h"
#include "rules/base/array.h"

#include <errno.h>

/* So long a worker's counters are good for the next one. */
#define HELD_USEC USEC_PER_SEC

static int held_counters(const HeldCounters *h, RuleCounter **ret, size_t *ret_n)
{
        RuleCounter *copy = calloc(h->n + 1, sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        if (h->n > 0)
                memcpy(copy, h->items, h->n * sizeof(*copy));
        *ret = copy;
        *ret_n = h->n;
        return 0;
}

void counters_deinit(Counters *c)
{
        free(c->carried);
        free(c->held.items);
        *c = (Counters){ 0 };
}

void manager_prepare_worker(Manager *m)
{
        uint64_t now_usec = clock_now_usec(CLOCK_MONOTONIC);
        HeldCounters held = { .time_usec = now_usec };

        if (!m->in_force.installed || (m->counters.held.time_usec > 0 &&
                                              now_usec - m->counters.held.time_usec < HELD_USEC))
                return;
        if (manager_counters(m, &held.items, &held.n) < 0)
                return;
        free(m->counters.held.items);
        m->counters.held = held;
}

void manager_enter_worker(Manager *m)
{
        m->counters.held.only = true;
        manager_hold_families(m);
        host_names_wait(m->names);
}

int manager_counters(Manager *m, RuleCounter **ret, size_t *ret_n)
{
        _cleanup_free_ RuleCounter *counters = NULL;
        size_t n;
        int r;

        *ret = NULL;
        *ret_n = 0;
        if (!m->in_force.installed)
                return 0;
        if (m->counters.held.only)
                return held_counters(&m->counters.held, ret, ret_n);
        r = m->slot.backend->ops->counters(m->slot.backend, &counters, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < m->counters.n_carried; i++) {
                RuleCounter *c = bsearch(
                        &m->counters.carried[i], counters, n, sizeof(*counters), number_compare);

                if (!c)
                        continue;
                c->packets += m->counters.carried[i].packets;
                c->bytes += m->counters.carried[i].bytes;
        }
        *ret = TAKE_PTR(counters);
        *ret_n = n;
        return 0;
}

void manager_carry_counters(Manager *m)
{
        RuleCounter *counted = NULL;
        size_t n;

        if (!m->in_force.installed || manager_counters(m, &counted, &n) < 0)
                return;
        free(m->counters.carried);
        m->counters.carried = counted;
        m->counters.n_carried = n;
}

void manager_forget_counters(Manager *m)
{
        free(m->counters.carried);
        m->counters.carried = NULL;
        m->counters.n_carried = 0;
}
