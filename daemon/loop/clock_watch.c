/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/loop/clock_watch.h"

#include "daemon/loop/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define STEP_USEC (INT64_C(500) * 1000)
/* The timer never fires (year 2200): only setting the clock ends the wait for it. */
#define NEVER_SEC INT64_C(7258118400)

struct ClockWatch {
        int fd;
        sd_event_source *source;
        int64_t ahead_usec; /* how much the wall clock was ahead of the time since boot */
        void (*set_back)(void *data);
        void *data;
};

static int64_t ahead_now(void)
{
        return (int64_t)(clock_now_usec(CLOCK_REALTIME) - clock_now_usec(CLOCK_BOOTTIME));
}

/* timerfd_create(2): with TFD_TIMER_CANCEL_ON_SET a read fails with ECANCELED after a step. */
static int watch_arm(ClockWatch *w)
{
        const struct itimerspec never = { .it_value.tv_sec = NEVER_SEC };
        const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;

        return timerfd_settime(w->fd, flags, &never, NULL) < 0 ? -errno : 0;
}

static int on_step(_unused_ sd_event_source *s, int fd, _unused_ uint32_t events, void *data)
{
        ClockWatch *w = data;
        uint64_t expirations;
        int64_t ahead;

        (void)!read(fd, &expirations, sizeof(expirations));
        if (watch_arm(w) < 0)
                return -errno;
        ahead = ahead_now();
        if (ahead > w->ahead_usec) {
                w->ahead_usec = ahead;
        } else if (ahead <= w->ahead_usec - STEP_USEC) {
                w->ahead_usec = ahead;
                w->set_back(w->data);
        }
        return 0;
}

int clock_watch_new(sd_event *event, void (*set_back)(void *data), void *data, ClockWatch **ret)
{
        _cleanup_(clock_watch_free_p) ClockWatch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->set_back = set_back;
        w->data = data;
        w->ahead_usec = ahead_now();
        w->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (w->fd < 0)
                return -errno;
        r = watch_arm(w);
        if (r >= 0)
                r = sd_event_add_io(event, &w->source, w->fd, EPOLLIN, on_step, w);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

ClockWatch *clock_watch_free(ClockWatch *w)
{
        if (!w)
                return NULL;
        sd_event_source_disable_unref(w->source);
        if (w->fd >= 0)
                close(w->fd);
        free(w);
        return NULL;
}
