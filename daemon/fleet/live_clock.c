/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/live_clock.h"

#include <time.h>

#define ACCURACY_USEC (USEC_PER_SEC / 200)

static uint64_t usec_of(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

uint64_t live_now_usec(void)
{
        return usec_of(CLOCK_REALTIME);
}

uint64_t live_monotonic_usec(void)
{
        return usec_of(CLOCK_MONOTONIC);
}

int live_arm(
        sd_event *event, sd_event_source **s, uint64_t usec, sd_event_time_handler_t f, void *data)
{
        int enabled = SD_EVENT_OFF, r;

        if (!*s)
                return sd_event_add_time_relative(
                        event, s, CLOCK_MONOTONIC, usec, ACCURACY_USEC, f, data);
        (void)sd_event_source_get_enabled(*s, &enabled);
        if (enabled != SD_EVENT_OFF)
                return 0;
        r = sd_event_source_set_time_relative(*s, usec);
        return r < 0 ? r : sd_event_source_set_enabled(*s, SD_EVENT_ONESHOT);
}
