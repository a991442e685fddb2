/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/live_clock.h"

#include "daemon/loop/clock.h"

#define ACCURACY_USEC (USEC_PER_SEC / 200)

uint64_t live_now_usec(void)
{
        return clock_now_usec(CLOCK_REALTIME);
}

uint64_t live_monotonic_usec(void)
{
        return clock_now_usec(CLOCK_MONOTONIC);
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
