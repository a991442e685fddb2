/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Preloaded (LD_PRELOAD): the wall clock is $CLOCK_OFFSET seconds off, or as many as the file
 * $CLOCK_FILE says: writing it sets the clock, and timers of the wall clock learn of that as the
 * kernel does it. Clocks that only measure go as they do.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_USEC 20000
#define TIMERS_MAX 1024
#define FILE_FD_MIN 900 /* out of the way of descriptors that are inherited */

static long offset(void)
{
        static int file = -2; /* -1: there is none */
        const char *path = getenv("CLOCK_FILE"), *text = getenv("CLOCK_OFFSET");
        char said[32] = "";

        if (file == -2 && path) {
                int fd = open(path, O_RDONLY | O_CLOEXEC);

                file = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FILE_FD_MIN);
                if (fd >= 0)
                        close(fd);
        }
        if (path)
                return file >= 0 && pread(file, said, sizeof(said) - 1, 0) > 0 ? atol(said) : 0;
        return text ? atol(text) : 0;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
        int (*next)(clockid_t, struct timespec *) =
                (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
        int r = next(id, t);

        if (r == 0 && id == CLOCK_REALTIME)
                t->tv_sec += offset();
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

/* ---- timers ---- */

/* By descriptor: those of the wall clock that are armed for a time of it. */
static struct {
        enum { TIMER_OTHER, TIMER_WALL, TIMER_ARMED } state;
        int flags;
        struct itimerspec until;
} timers[TIMERS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
        int (*next)(int, int, const struct itimerspec *, struct itimerspec *) = (int (*)(int, int,
                const struct itimerspec *, struct itimerspec *))dlsym(RTLD_NEXT, "timerfd_settime");

        return next(fd, flags, new, old);
}

/* What is over fires at once; so does whoever wants to know of steps, when there was one. */
static int timer_put(int fd, long ahead, int stepped)
{
        struct itimerspec t = timers[fd].until;

        if (t.it_value.tv_sec == 0 && t.it_value.tv_nsec == 0)
                return settime(fd, 0, &t, NULL);
        t.it_value.tv_sec -= ahead;
        if (t.it_value.tv_sec <= 0 || (stepped && timers[fd].flags & TFD_TIMER_CANCEL_ON_SET))
                t.it_value = (struct timespec){ 1, 0 };
        return settime(fd, timers[fd].flags, &t, NULL);
}

static void *follow(void *data)
{
        long before = *(long *)data;

        for (;;) {
                long now = offset();

                (void)pthread_mutex_lock(&lock);
                for (int fd = 0; now != before && fd < TIMERS_MAX; fd++)
                        if (timers[fd].state == TIMER_ARMED)
                                (void)timer_put(fd, now, 1);
                (void)pthread_mutex_unlock(&lock);
                before = now;
                usleep(LOOK_USEC);
        }
        return NULL;
}

int timerfd_create(clockid_t id, int flags)
{
        int (*next)(clockid_t, int) = (int (*)(clockid_t, int))dlsym(RTLD_NEXT, "timerfd_create");
        int fd = next(id, flags);

        if (fd >= 0 && fd < TIMERS_MAX)
                timers[fd].state = id == CLOCK_REALTIME ? TIMER_WALL : TIMER_OTHER;
        return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
        static long began;
        static int following;
        pthread_t thread;
        int r;

        if (fd < 0 || fd >= TIMERS_MAX || timers[fd].state == TIMER_OTHER ||
                !(flags & TFD_TIMER_ABSTIME))
                return settime(fd, flags, new, old);
        (void)pthread_mutex_lock(&lock);
        timers[fd].state = TIMER_ARMED;
        timers[fd].flags = flags;
        timers[fd].until = *new;
        r = timer_put(fd, offset(), 0);
        if (!following) {
                following = 1;
                began = offset();
                (void)pthread_create(&thread, NULL, follow, &began);
        }
        (void)pthread_mutex_unlock(&lock);
        return r;
}
