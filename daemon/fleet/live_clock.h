/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The clock and the timers of the live part.
 */

#include "rules/base/util.h"

#include <systemd/sd-event.h>

uint64_t live_now_usec(void);       /* CLOCK_REALTIME */
uint64_t live_monotonic_usec(void); /* CLOCK_MONOTONIC */

/* Arms a timer that is not armed: it fires once, in usec, 5 ms late at most. *s is NULL the first
 * time, and the caller's to unref. 0 or negative errno. */
int live_arm(
        sd_event *event, sd_event_source **s, uint64_t usec, sd_event_time_handler_t f, void *data);
