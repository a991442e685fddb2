/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/manager/lookup.h"

#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A question that takes longer is given up, with those behind it. */
#define DEADLINE_USEC (3 * USEC_PER_SEC)
/* The process ends itself soon after it was given up, whatever the service does with it. */
#define ALARM_SECONDS 4

struct Lookup {
        sd_event *event;
        ServiceCache *cache;
        void (*answered)(void *data, bool changed);
        void *data;
        int fd; /* to the process; -1: there is none */
        sd_event_source *io, *deadline, *begin;
        bool busy, changed;
        ServiceQuery asked;
        uint64_t began_usec, took_usec;
};

/* ---- the process ---- */

typedef struct Reply {
        ServiceQuery query;
        ServiceAnswer answer;
} Reply;

/* Nothing of what p25d may do is of use here. Where the filter of its unit refuses capset(2), a
 * program that is executed without ambient capabilities has none (capabilities(7)). */
static void drop_privileges(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                _exit(EXIT_FAILURE);
        if (syscall(SYS_capset, &header, none) >= 0)
                return;
        if (fcntl(LOOKUP_FD, F_SETFD, 0) >= 0)
                (void)execl("/proc/self/exe", "p25d", LOOKUP_PROCESS, (char *)NULL);
        _exit(EXIT_FAILURE);
}

static void reset_signals(void)
{
        sigset_t none;

        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)signal(SIGALRM, SIG_DFL);
        (void)signal(SIGPIPE, SIG_DFL);
}

_Noreturn void lookup_serve(void)
{
        Reply reply;

        (void)prctl(PR_SET_NAME, "p25d-names", 0, 0, 0);
        while (recv(LOOKUP_FD, &reply.query, sizeof(reply.query), 0) == sizeof(reply.query)) {
                (void)alarm(ALARM_SECONDS);
                service_query(&reply.query, &reply.answer);
                (void)alarm(0);
                if (send(LOOKUP_FD, &reply, sizeof(reply), MSG_NOSIGNAL) != sizeof(reply))
                        break;
        }
        _exit(EXIT_SUCCESS);
}

_Noreturn static void process_run(int fd)
{
        if (fd != LOOKUP_FD && dup2(fd, LOOKUP_FD) < 0)
                _exit(EXIT_FAILURE);
        /* p25d's lock and sockets, which must not outlive it */
        if (syscall(SYS_close_range, LOOKUP_FD + 1, ~0u, 0) < 0)
                for (int i = LOOKUP_FD + 1; i < 1024; i++)
                        (void)close(i);
        reset_signals();
        drop_privileges();
        lookup_serve();
}

/* Nobody's child, so that nobody has to wait for its end. */
static int process_start(int *ret_fd)
{
        int fds[2], status;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                pid = fork();
                if (pid == 0)
                        process_run(fds[1]);
                _exit(pid < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        }
        (void)close(fds[1]);
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
                (void)close(fds[0]);
                return -EAGAIN;
        }
        *ret_fd = fds[0];
        return 0;
}

/* ---- asking it ---- */

static void process_leave(Lookup *l)
{
        l->io = sd_event_source_disable_unref(l->io);
        timer_disarm(l->deadline);
        if (l->fd >= 0)
                (void)close(l->fd);
        l->fd = -1;
        l->busy = false;
}

static void round_end(Lookup *l)
{
        bool changed = l->changed;

        l->took_usec = clock_now_usec(CLOCK_MONOTONIC) - l->began_usec;
        l->began_usec = 0;
        l->changed = false;
        l->answered(l->data, changed);
}

static void give_up(Lookup *l)
{
        process_leave(l);
        service_give_up(l->cache);
        round_end(l);
}

static int on_deadline(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        give_up(data);
        return 0;
}

static int on_begin(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind deadline_timer = { CLOCK_MONOTONIC, 10000, on_deadline },
                       begin_timer = { CLOCK_MONOTONIC, 1, on_begin };

static void ask_next(Lookup *l)
{
        if (!service_next(l->cache, &l->asked)) {
                round_end(l);
                return;
        }
        if (send(l->fd, &l->asked, sizeof(l->asked), MSG_NOSIGNAL | MSG_DONTWAIT) !=
                        (ssize_t)sizeof(l->asked) ||
                timer_arm(l->event, &l->deadline, &deadline_timer, DEADLINE_USEC, l) < 0) {
                give_up(l);
                return;
        }
        l->busy = true;
}

static int on_answer(_unused_ sd_event_source *s, int fd, _unused_ uint32_t events, void *data)
{
        Lookup *l = data;
        Reply reply;

        if (recv(fd, &reply, sizeof(reply), MSG_DONTWAIT) != (ssize_t)sizeof(reply)) {
                give_up(l); /* it has ended */
                return 0;
        }
        timer_disarm(l->deadline);
        l->busy = false;
        reply.query.name[SERVICE_NAME_MAX - 1] = '\0';
        if (service_answer(l->cache, &reply.query, &reply.answer))
                l->changed = true;
        ask_next(l);
        return 0;
}

static int on_begin(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Lookup *l = data;

        if (l->busy || !service_next(l->cache, NULL))
                return 0;
        l->began_usec = clock_now_usec(CLOCK_MONOTONIC);
        if (l->fd < 0 && (process_start(&l->fd) < 0 || sd_event_add_io(l->event, &l->io, l->fd,
                                                               EPOLLIN, on_answer, l) < 0)) {
                give_up(l);
                return 0;
        }
        ask_next(l);
        return 0;
}

void lookup_begin(Lookup *l)
{
        if (!l->busy)
                (void)timer_arm(l->event, &l->begin, &begin_timer, 0, l);
}

uint64_t lookup_took_usec(const Lookup *l)
{
        return l->took_usec;
}

/* ---- life ---- */

int lookup_new(sd_event *event, ServiceCache *cache, void (*answered)(void *data, bool changed),
        void *data, Lookup **ret)
{
        Lookup *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        *l = (Lookup){ .event = sd_event_ref(event),
                .cache = cache,
                .answered = answered,
                .data = data,
                .fd = -1 };
        *ret = l;
        return 0;
}

Lookup *lookup_free(Lookup *l)
{
        if (!l)
                return NULL;
        process_leave(l);
        sd_event_source_disable_unref(l->deadline);
        sd_event_source_disable_unref(l->begin);
        sd_event_unref(l->event);
        free(l);
        return NULL;
}
