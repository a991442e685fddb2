/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Notices that the wall clock is set back: what another clock measures then ends too early. Steps
 * forward are of no interest: timers of the wall clock fire by themselves.
 */

#include "rules/base/util.h"

#include <systemd/sd-event.h>

typedef struct ClockWatch ClockWatch;

/* set_back is called from the event loop, once the clock is half a second or more behind where it
 * would be; small steps add up. 0 or negative errno. */
int clock_watch_new(sd_event *event, void (*set_back)(void *data), void *data, ClockWatch **ret);
ClockWatch *clock_watch_free(ClockWatch *w);
DEFINE_CLEANUP(ClockWatch, clock_watch_free)
