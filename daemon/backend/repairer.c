/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/backend/repairer.h"

#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"

#include <errno.h>
#include <stdio.h>

/* Another program is at work, for milliseconds as a rule. */
#define BUSY_USEC (50 * UINT64_C(1000))
/* A repair that the kernel refuses is tried again, at growing intervals. */
#define RETRY_USEC (100 * UINT64_C(1000))
#define RETRY_DOUBLINGS 5

static uint64_t now_usec(void)
{
        return clock_now_usec(CLOCK_MONOTONIC);
}

/* ---- the timer ---- */

static int on_time(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind repair_timer = { CLOCK_MONOTONIC, 1, on_time };

/* Rings then, or earlier where that was asked for before. */
static void ring_at(Repairer *r, uint64_t usec)
{
        if (r->due_usec != 0 && r->due_usec <= usec)
                return;
        r->due_usec = timer_arm_at(r->event, &r->timer, &repair_timer, usec, r) < 0 ? 0 : usec;
}

/* ---- what is reported ---- */

static void report(Repairer *r, uint64_t count)
{
        if (r->repaired)
                r->repaired(
                        r->repaired_data, count, r->culprit_pid, r->culprit[0] ? r->culprit : NULL);
}

static void set_peace(Repairer *r, BackendPeace peace)
{
        if (r->backend->peace == peace)
                return;
        r->backend->peace = peace;
        report(r, 0);
}

/* ---- repair ---- */

static void repair_failed(Repairer *r, RepairNeed need, uint64_t now)
{
        r->need = need;
        ring_at(r,
                now + (RETRY_USEC << (r->failed < RETRY_DOUBLINGS ? r->failed : RETRY_DOUBLINGS)));
        r->failed++;
        set_peace(r, PEACE_BROKEN);
}

static void repair_now(Repairer *r)
{
        RepairNeed need = r->need;
        uint64_t began = now_usec(), now;
        int k;

        r->need = REPAIR_NONE;
        k = r->ops->put_back(r->backend);
        now = now_usec();
        r->next_usec = now + (now - began > REPAIR_PAUSE_USEC ? now - began : REPAIR_PAUSE_USEC);
        if (k == -EAGAIN) {
                r->need = need;
                ring_at(r, now + BUSY_USEC);
                return;
        }
        if (need == REPAIR_DAMAGE)
                repair_rate_note(&r->rate, now);
        if (k < 0) {
                repair_failed(r, need, now);
                return;
        }
        r->failed = 0;
        if (r->backend->peace == PEACE_BROKEN)
                r->backend->peace = PEACE_FIGHT; /* until it has been quiet for a while */
        report(r, need == REPAIR_DAMAGE);
        if (repair_rate_is_too_high(&r->rate, now))
                set_peace(r, PEACE_FIGHT);
        if (r->backend->peace != PEACE_KEPT)
                ring_at(r, repair_rate_quiet_at(&r->rate));
}

void repairer_found(Repairer *r, RepairNeed need)
{
        if (need > r->need)
                r->need = need;
        if (r->need == REPAIR_NONE)
                return;
        if (now_usec() >= r->next_usec)
                repair_now(r);
        else
                ring_at(r, r->next_usec);
}

void repairer_look(Repairer *r)
{
        repairer_found(r, r->ops->look(r->backend));
}

static int on_time(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Repairer *r = data;

        r->due_usec = 0;
        repairer_look(r);
        if (r->backend->peace != PEACE_FIGHT || r->need != REPAIR_NONE)
                return 0;
        if (repair_rate_is_quiet(&r->rate, now_usec()))
                set_peace(r, PEACE_KEPT);
        else
                ring_at(r, repair_rate_quiet_at(&r->rate));
        return 0;
}

void repairer_look_later(Repairer *r, uint64_t usec)
{
        if (r->event)
                ring_at(r, now_usec() + usec);
}

void repairer_blame(Repairer *r, pid_t pid, const char *process)
{
        r->culprit_pid = pid;
        snprintf(r->culprit, sizeof(r->culprit), "%s", pid > 0 && process ? process : "");
}

void repairer_rest(Repairer *r)
{
        r->backend->peace = PEACE_KEPT;
        r->need = REPAIR_NONE;
        repairer_stop(r);
}

void repairer_stop(Repairer *r)
{
        r->timer = sd_event_source_unref(r->timer);
        r->due_usec = 0;
}
