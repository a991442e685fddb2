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

/* So long counters that were read are good for a worker. */
#define HELD_USEC USEC_PER_SEC

static int counters_copy(const RuleCounter *items, size_t n, RuleCounter **ret)
{
        RuleCounter *copy = calloc(n + 1, sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        if (n > 0)
                memcpy(copy, items, n * sizeof(*copy));
        *ret = copy;
        return 0;
}

static void held_replace(HeldCounters *h, RuleCounter *items, size_t n)
{
        free(h->items);
        *h = (HeldCounters){ items, n, clock_now_usec(CLOCK_MONOTONIC), false };
}

void counters_deinit(Counters *c)
{
        free(c->carried);
        free(c->held.items);
        *c = (Counters){ 0 };
}

static bool held_are_new(const HeldCounters *h)
{
        return h->time_usec > 0 && clock_now_usec(CLOCK_MONOTONIC) - h->time_usec < HELD_USEC;
}

/* Where there are workers, one often follows a report, and reading 100,000 counters of iptables
 * takes a tenth of a second. */
static void held_update(HeldCounters *h, const RuleCounter *counters, size_t n)
{
        RuleCounter *copy;

        if (h->time_usec > 0 && counters_copy(counters, n, &copy) >= 0)
                held_replace(h, copy, n);
}

/* Of the backend, with those that former ones counted. */
static int counters_read(Manager *m, RuleCounter **ret, size_t *ret_n)
{
        RuleCounter *counters;
        size_t n;
        int r = m->slot.backend->ops->counters(m->slot.backend, &counters, &n);

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
        *ret = counters;
        *ret_n = n;
        return 0;
}

void manager_prepare_worker(Manager *m)
{
        RuleCounter *counters;
        size_t n;

        if (m->in_force.installed && !held_are_new(&m->counters.held) &&
                counters_read(m, &counters, &n) >= 0)
                held_replace(&m->counters.held, counters, n);
}

void manager_enter_worker(Manager *m)
{
        m->counters.held.only = true;
        manager_hold_families(m);
        host_names_wait(m->names);
}

int manager_counters(Manager *m, RuleCounter **ret, size_t *ret_n)
{
        const HeldCounters *held = &m->counters.held;
        int r;

        *ret = NULL;
        *ret_n = 0;
        if (!m->in_force.installed)
                return 0;
        if (held->only) {
                r = counters_copy(held->items, held->n, ret);
                *ret_n = r < 0 ? 0 : held->n;
                return r;
        }
        r = counters_read(m, ret, ret_n);
        if (r >= 0)
                held_update(&m->counters.held, *ret, *ret_n);
        return r;
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
