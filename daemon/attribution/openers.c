/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/attribution/openers.h"

#include "daemon/attribution/asker.h"
#include "daemon/events/event.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "rules/base/array.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define ATTEMPTS_MAX 2048
/* Counts are taken every four seconds at least. */
#define AGE_USEC (10 * USEC_PER_SEC)
#define RETRY_USEC (5 * USEC_PER_SEC)

struct Openers {
        sd_event *event;
        OpenersNotice notice;
        void *notice_data;
        bool wanted;
        bool failed;   /* and the log says so */
        pid_t pid;     /* of the asker; 0: none */
        pid_t leaving; /* a former one, which lets go what waits, and ends; 0: none */
        int fd;
        sd_event_source *readable, *retry;
        Attempt *attempts; /* the oldest first */
        size_t n;
};

static int on_retry(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind retry_kind = { CLOCK_MONOTONIC, 0, on_retry };

static void notice(Openers *a, int priority, const char *text)
{
        if (a->notice)
                a->notice(a->notice_data, priority, text);
}

/* ---- what is reported ---- */

static void expire(Openers *a)
{
        uint64_t now = clock_now_usec(CLOCK_REALTIME);
        size_t old = 0;

        /* a clock that was set back makes none older */
        while (old < a->n &&
                (a->n - old >= ATTEMPTS_MAX || a->attempts[old].time_usec + AGE_USEC < now))
                old++;
        a->n -= old;
        memmove(a->attempts, a->attempts + old, a->n * sizeof(*a->attempts));
}

static void note(Openers *a, const Attempt *attempt)
{
        expire(a);
        if (array_grow(&a->attempts, a->n, sizeof(*attempt)) < 0)
                return; /* its event has no process */
        a->attempts[a->n] = *attempt;
        a->attempts[a->n].opener.process[OPENER_NAME_SIZE - 1] = '\0';
        a->attempts[a->n].opener.command[OPENER_TEXT_SIZE - 1] = '\0';
        a->attempts[a->n].opener.directory[OPENER_TEXT_SIZE - 1] = '\0';
        a->n++;
}

static bool may_be_about(const Event *e, const Attempt *a)
{
        return e->has_uid && e->uid == a->uid &&
               (e->destination.family == 0 ||
                       (e->destination_port == a->destination_port &&
                               address_compare(&e->destination, &a->destination) == 0)) &&
               (e->source_port == 0 || (e->source_port == a->source_port &&
                                               address_compare(&e->source, &a->source) == 0));
}

/* ---- the asker ---- */

static void asker_end(Openers *a)
{
        a->readable = sd_event_source_disable_unref(a->readable);
        if (a->fd >= 0)
                close(a->fd);
        a->fd = -1;
        a->leaving = a->pid;
        a->pid = 0;
}

static void fail(Openers *a, int r)
{
        char text[256];

        asker_end(a);
        (void)snprintf(text, sizeof(text),
                r == -EBUSY
                        ? "another process reads queue 25 of the kernel, so that events have no "
                          "process (%s)"
                        : "cannot find the processes of connections, events are without: %s",
                strerrordesc_np(-r));
        if (!a->failed)
                notice(a, LOG_ERR, text);
        a->failed = true;
        (void)timer_arm(a->event, &a->retry, &retry_kind, RETRY_USEC, a);
}

/* All that has come. */
static void reports_read(Openers *a)
{
        Attempt attempt;
        ssize_t n = 1;

        if (a->leaving > 0 && waitpid(a->leaving, NULL, WNOHANG) != 0)
                a->leaving = 0;
        while (a->fd >= 0 && n > 0) {
                n = recv(a->fd, &attempt, sizeof(attempt), MSG_DONTWAIT);
                if (n == 0)
                        fail(a, -ECHILD);
                else if (n == sizeof(attempt) && attempt.error < 0)
                        fail(a, attempt.error);
                else if (n == sizeof(attempt))
                        note(a, &attempt);
        }
}

static int on_readable(
        _unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t revents, void *data)
{
        reports_read(data);
        return 0;
}

static int spawn(int fd, pid_t *ret)
{
        char *const argv[] = { (char *)"p25d", (char *)ASKER_OPTION, NULL };
        posix_spawn_file_actions_t actions;
        int r = -posix_spawn_file_actions_init(&actions);

        if (r < 0)
                return r;
        r = -posix_spawn_file_actions_adddup2(&actions, fd, ASKER_FD);
        if (r == 0)
                r = -posix_spawn(ret, "/proc/self/exe", &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        return r;
}

static void asker_start(Openers *a)
{
        int fds[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
                fail(a, -errno);
                return;
        }
        a->fd = fds[0];
        r = spawn(fds[1], &a->pid);
        close(fds[1]);
        if (r >= 0)
                r = sd_event_add_io(a->event, &a->readable, a->fd, EPOLLIN, on_readable, a);
        if (r < 0)
                fail(a, r);
}

static int on_retry(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Openers *a = data;

        if (a->wanted && a->fd < 0)
                asker_start(a);
        return 0;
}

/* ---- for the events ---- */

int openers_new(sd_event *event, OpenersNotice f, void *data, Openers **ret)
{
        Openers *a = calloc(1, sizeof(*a));

        if (!a)
                return -ENOMEM;
        *a = (Openers){ .event = sd_event_ref(event), .notice = f, .notice_data = data, .fd = -1 };
        *ret = a;
        return 0;
}

Openers *openers_free(Openers *a)
{
        if (!a)
                return NULL;
        asker_end(a);
        sd_event_source_disable_unref(a->retry);
        sd_event_unref(a->event);
        free(a->attempts);
        free(a);
        return NULL;
}

void openers_set(Openers *a, bool wanted)
{
        if (a->wanted == wanted)
                return;
        a->wanted = wanted;
        a->failed = false;
        if (wanted && a->fd < 0)
                asker_start(a);
        else if (!wanted)
                asker_end(a);
}

const Attempt *openers_find(Openers *a, const Event *e, size_t *at)
{
        reports_read(a);
        for (; *at < a->n; ++*at)
                if (may_be_about(e, &a->attempts[*at]))
                        return &a->attempts[*at];
        return NULL;
}

void openers_forget(Openers *a, size_t at)
{
        a->n--;
        memmove(a->attempts + at, a->attempts + at + 1, (a->n - at) * sizeof(*a->attempts));
}
