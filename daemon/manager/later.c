/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Work after the answer to a change: connections that it denies are cut, the files that it goes
 * with are copied, the store is tidied, memory is given back.
 */

#include "daemon/manager/internal.h"

#include "daemon/connections/connections.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <malloc.h>

/* A connection that a change denies ends within a second (SPEC section 2). One whose handshake was
 * under way is open only at the second look. */
#define LOOKS 2
#define CUT_DELAY_USEC (150 * UINT64_C(1000))
#define CUT_AGAIN_USEC (600 * UINT64_C(1000))
/* So long the kernel waits for the answer to a SYN: what was sent before a change may be answered
 * after it, although the rules refuse it now. */
#define HALF_OPEN_USEC (130 * USEC_PER_SEC)
/* The store is tidied up, and memory given back, when changes have ended. */
#define TIDY_DELAY_USEC (1000 * UINT64_C(1000))

/* Free memory on the heap that is kept for the next change: between two of many, and at rest. */
#define FREE_MEMORY_MAX (8u << 20)
#define FREE_MEMORY_AT_REST_MAX (128u << 10)

void later_deinit(Later *l)
{
        sd_event_source_disable_unref(l->cut);
        sd_event_source_disable_unref(l->save);
        sd_event_source_disable_unref(l->tidy);
        *l = (Later){ 0 };
}

/* Memory that a change used is kept for the next one, up to a limit: after a set of a million
 * entries it is 30 MiB and more. */
static void give_memory_back(size_t kept)
{
        if (mallinfo2().fordblks > kept)
                (void)malloc_trim(0);
}

static int on_cut(sd_event_source *s, uint64_t usec, void *data);
static int on_tidy(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind cut_timer = { CLOCK_MONOTONIC, 10000, on_cut },
                       tidy_timer = { CLOCK_MONOTONIC, 100000, on_tidy };

static int on_cut(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Manager *m = data;
        CutResult result = { 0 };
        bool due = m->later.looks > 0;
        uint64_t n;

        give_memory_back(FREE_MEMORY_MAX);
        m->later.looks -= due;
        if (!m->in_force.installed || m->in_force.ruleset->keep_established)
                return 0;
        if (m->later.cut_sockets)
                (void)m->later.cut_sockets(m->in_force.ruleset, &result);
        /* those that pass were marked, half open or not, and keep the mark */
        if (due)
                (void)m->slot.backend->ops->cut(m->slot.backend, m->in_force.ruleset, &n);
        if (m->later.looks > 0 || (result.half_open && clock_now_usec(CLOCK_MONOTONIC) <
                                                               m->later.half_open_until_usec))
                (void)timer_arm(m->event, &m->later.cut, &cut_timer, CUT_AGAIN_USEC, m);
        return 0;
}

int manager_keep_files(Manager *m)
{
        State *state = m->in_force.policy->state;

        if (state->files)
                return 0;
        return m->in_force.inputs_are_good
                       ? store_keep_files(m->store, &m->in_force.inputs, &state->files)
                       : -ENOENT;
}

static int on_tidy(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Manager *m = data;

        store_tidy(m->store);
        give_memory_back(FREE_MEMORY_AT_REST_MAX);
        return 0;
}

static void tidy_later(Manager *m)
{
        (void)timer_arm(m->event, &m->later.tidy, &tidy_timer, TIDY_DELAY_USEC, m);
}

static int on_save(_unused_ sd_event_source *s, void *data)
{
        Manager *m = data;

        tidy_later(m);
        /* also of a host that is off: what is written for it may be tried with --confirm */
        if ((!m->in_force.installed && !m->in_force.policy->host) || manager_in_failsafe(m) ||
                manager_keep_files(m) < 0)
                return 0;
        /* lockdown takes files that do not compile */
        if (m->in_force.installed && m->in_force.inputs_are_good && !m->in_force.ruleset->lockdown)
                (void)store_mark_good(m->store, m->in_force.policy->state->files);
        return 0;
}

void manager_cut_later(Manager *m)
{
        /* a first look is due already, which will do for this change */
        bool soon = m->later.looks == LOOKS;

        m->later.looks = LOOKS;
        m->later.half_open_until_usec = clock_now_usec(CLOCK_MONOTONIC) + HALF_OPEN_USEC;
        if (!soon)
                (void)timer_arm(m->event, &m->later.cut, &cut_timer, CUT_DELAY_USEC, m);
}

/* As soon as nothing else waits, because the files may be edited at any moment. */
void manager_save_later(Manager *m)
{
        if (m->later.save)
                (void)sd_event_source_set_enabled(m->later.save, SD_EVENT_ONESHOT);
        else if (sd_event_add_defer(m->event, &m->later.save, on_save, m) >= 0)
                (void)sd_event_source_set_priority(m->later.save, SD_EVENT_PRIORITY_IDLE);
}
