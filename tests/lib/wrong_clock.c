/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Preloaded (LD_PRELOAD): the wall clock is $CLOCK_OFFSET seconds off. Clocks that only measure go
 * as they do.
 */

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long offset_of(clockid_t id)
{
        const char *text = getenv("CLOCK_OFFSET");

        return id == CLOCK_REALTIME && text ? atol(text) : 0;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
        int (*next)(clockid_t, struct timespec *) =
                (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
        int r = next(id, t);

        if (r == 0)
                t->tv_sec += offset_of(id);
        return r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
        struct timespec now;
        int r = clock_gettime(CLOCK_REALTIME, &now);

        (void)zone;
        t->tv_sec = now.tv_sec;
        t->tv_usec = now.tv_nsec / 1000;
        return r;
}

time_t time(time_t *ret)
{
        struct timespec now = { 0 };

        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (ret)
                *ret = now.tv_sec;
        return now.tv_sec;
}
