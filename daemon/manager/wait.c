/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The lock of the packet filter, and the changes that wait for it in the order of arrival. The lock
 * is tried at intervals, so that other calls are answered meanwhile.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"

#include <errno.h>

#define STEP_USEC (20 * UINT64_C(1000))
/* After a whole change was tried in vain: one that moves to the backend whose lock is held. */
#define LONG_STEP_USEC (10 * STEP_USEC)
#define DEADLINE_USEC (MANAGER_WAIT_SECONDS * USEC_PER_SEC)

/* ---- the lock ---- */

static int lock_one(Backend *b, uint64_t deadline_usec, Diagnostics *d)
{
        return b && b->ops->lock ? b->ops->lock(b, deadline_usec, d) : 0;
}

int manager_lock(Manager *m, Backend *b, uint64_t deadline_usec, Diagnostics *d)
{
        int r = lock_one(b, deadline_usec, d);

        return r < 0 || b == m->slot.backend ? r : lock_one(m->slot.backend, deadline_usec, d);
}

void manager_unlock(Manager *m)
{
        if (m->slot.backend && m->slot.backend->ops->unlock)
                m->slot.backend->ops->unlock(m->slot.backend);
}

/* ---- changes that wait for the lock ---- */

static int on_step(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind step_timer = { CLOCK_MONOTONIC, STEP_USEC / 4, on_step };

/* Tries the first change. 0: it no longer waits; else it is tried again after so many
 * microseconds. */
static uint64_t try_first(Manager *m)
{
        ManagerWait *w = m->waits.for_lock;
        bool last = clock_now_usec(CLOCK_MONOTONIC) >= w->deadline_usec;
        int r;

        /* so that nothing is compiled in vain */
        if (lock_one(m->slot.backend, 0, NULL) == -EBUSY && !last)
                return STEP_USEC;
        m->waits.for_lock = w->next;
        w->manager = NULL;
        r = w->again(w->data, last);
        manager_unlock(m);
        if (r != -EBUSY || last)
                return 0;
        w->manager = m;
        w->next = m->waits.for_lock;
        m->waits.for_lock = w;
        return LONG_STEP_USEC;
}

static int on_step(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Manager *m = data;
        uint64_t pause = 0;

        if (m->waits.for_lock)
                pause = try_first(m);
        else
                manager_unlock(m); /* whoever waited has left */
        if (m->waits.for_lock)
                (void)timer_arm(m->event, &m->waits.timer, &step_timer, pause,
                        m); /* 0: the next one, but others have their turn */
        return 0;
}

static void wait_append(ManagerWait **end, ManagerWait *w)
{
        while (*end)
                end = &(*end)->next;
        w->next = NULL;
        *end = w;
}

int manager_wait(Manager *m, ManagerWait *w, int (*again)(void *data, bool last), void *data)
{
        int r = 0;

        if (!m->waits.for_lock)
                r = timer_arm(m->event, &m->waits.timer, &step_timer, STEP_USEC, m);
        if (r < 0)
                return r;
        *w = (ManagerWait){ .manager = m,
                .deadline_usec = clock_now_usec(CLOCK_MONOTONIC) + DEADLINE_USEC,
                .again = again,
                .data = data };
        wait_append(&m->waits.for_lock, w);
        return 0;
}

/* ---- changes that wait for names ---- */

int manager_wait_for_names(
        Manager *m, ManagerWait *w, int (*again)(void *data, bool last), void *data)
{
        *w = (ManagerWait){ .manager = m, .for_names = true, .again = again, .data = data };
        wait_append(&m->waits.for_names, w);
        return 0;
}

/* Questions that were not answered now are not repeated for them. */
void manager_names_are_answered(Manager *m)
{
        while (m->waits.for_names) {
                ManagerWait *w = m->waits.for_names;

                m->waits.for_names = w->next;
                w->manager = NULL;
                (void)w->again(w->data, true);
        }
}

void manager_wait_cancel(ManagerWait *w)
{
        ManagerWait **place;

        if (!w->manager)
                return;
        place = w->for_names ? &w->manager->waits.for_names : &w->manager->waits.for_lock;
        while (*place != w)
                place = &(*place)->next;
        *place = w->next;
        w->manager = NULL;
}

/* Nobody waits any more. */
void waits_deinit(Waits *w)
{
        while (w->for_lock)
                manager_wait_cancel(w->for_lock);
        while (w->for_names)
                manager_wait_cancel(w->for_names);
        w->timer = sd_event_source_disable_unref(w->timer);
}

bool manager_is_waiting(const Manager *m)
{
        return m->waits.for_lock != NULL;
}
