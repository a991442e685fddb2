/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Timers of the event loop that fire once and are armed again.
 */

#include <stdint.h>
#include <systemd/sd-event.h>
#include <time.h>

typedef struct TimerKind {
        clockid_t clock;
        uint64_t accuracy_usec; /* how much later it may fire; 0: 250 ms, as sd-event has it */
        sd_event_time_handler_t handler;
} TimerKind;

/* Arms the timer, or arms it again: it fires in usec, with data. *s is NULL the first time, and is
 * the caller's to unref; the kind stays the same. 0 or negative errno. */
int timer_arm(
        sd_event *event, sd_event_source **s, const TimerKind *kind, uint64_t usec, void *data);
/* The same at a time of the kind's clock. */
int timer_arm_at(
        sd_event *event, sd_event_source **s, const TimerKind *kind, uint64_t usec, void *data);
/* It does not fire, until it is armed again. */
void timer_disarm(sd_event_source *s);
