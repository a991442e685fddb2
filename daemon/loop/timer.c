/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/loop/timer.h"

int timer_arm(
        sd_event *event, sd_event_source **s, const TimerKind *kind, uint64_t usec, void *data)
{
        int r;

        if (!*s)
                return sd_event_add_time_relative(
                        event, s, kind->clock, usec, kind->accuracy_usec, kind->handler, data);
        r = sd_event_source_set_time_relative(*s, usec);
        return r < 0 ? r : sd_event_source_set_enabled(*s, SD_EVENT_ONESHOT);
}

int timer_arm_at(
        sd_event *event, sd_event_source **s, const TimerKind *kind, uint64_t usec, void *data)
{
        int r;

        if (!*s)
                return sd_event_add_time(
                        event, s, kind->clock, usec, kind->accuracy_usec, kind->handler, data);
        r = sd_event_source_set_time(*s, usec);
        return r < 0 ? r : sd_event_source_set_enabled(*s, SD_EVENT_ONESHOT);
}

void timer_disarm(sd_event_source *s)
{
        if (s)
                (void)sd_event_source_set_enabled(s, SD_EVENT_OFF);
}
