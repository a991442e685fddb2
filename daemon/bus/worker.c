/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the child process and the socket between. Does not depend on what the handlers do: they find
 * the manager as it was at the fork, write their reply to the socket, and change nothing that this
 * process has.
 */

#include "daemon/bus/worker.h"

#include "daemon/bus/bury.h"
#include "daemon/bus/confine.h"
#include "daemon/bus/error.h"
#include "daemon/foreign/read.h"
#include "daemon/loop/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Limits of a worker, besides the memory of p25d. */
#define MEMORY_MAX (UINT64_C(512) << 20)
#define NICENESS 10

struct BusWorker {
        BusCall *call;
        pid_t pid;
        int pidfd;
        sd_bus *bus;
        sd_event_source *exit, *timer;
        uint64_t deadline_usec;
        bool late;
        BusWorkerDone done;
};

/* ---- the child ---- */

static void limit_resources(uint64_t deadline_usec)
{
        rlim_t seconds = deadline_usec / USEC_PER_SEC + 1;

        (void)setrlimit(RLIMIT_CPU, &(struct rlimit){ seconds, seconds });
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
        unsigned long pages = 0;
        FILE *f = fopen("/proc/self/statm", "re");

        if (f && fscanf(f, "%lu", &pages) == 1) {
                rlim_t bytes = pages * (rlim_t)sysconf(_SC_PAGESIZE) + MEMORY_MAX;

                (void)setrlimit(RLIMIT_AS, &(struct rlimit){ bytes, bytes });
        }
        if (f)
                fclose(f);
#endif
}

/* Lets the kernel end this process, before p25d, if memory is short. */
static void offer_first(void)
{
        int dumpable = prctl(PR_GET_DUMPABLE), fd;

        /* the files of a process that is not belong to root */
        (void)prctl(PR_SET_DUMPABLE, 1);
        fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
        if (fd >= 0) {
                (void)!write(fd, "1000", 4);
                close(fd);
        }
        (void)prctl(PR_SET_DUMPABLE, dumpable);
}

static int open_answers(int fd, sd_bus **ret)
{
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        if ((r = sd_bus_new(&bus)) < 0 || (r = sd_bus_set_fd(bus, fd, fd)) < 0 ||
                (r = sd_bus_set_anonymous(bus, true)) < 0 ||
                (r = sd_bus_negotiate_fds(bus, true)) < 0 || (r = sd_bus_start(bus)) < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static int answer(BusCall *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = c->method->handle(c, &error);

        r = bus_error_complete(r, &error);
        if (r < 0)
                r = sd_bus_emit_signal(c->answers, BUS_PATH, BUS_WORKER_INTERFACE, "Failure", "ss",
                        error.name, error.message ?: "");
        return r < 0 ? r : sd_bus_flush(c->answers);
}

/* Before the child gives up what that takes, and before it reads a byte that the caller sent. */
static int read_filters(BusCall *c)
{
        static Filters filters;
        int r;

        if (c->method->turn != BUS_FILTERS)
                return 0;
        r = filters_read(&filters);
        c->filters = &filters;
        return r;
}

static void __attribute__((noreturn))
child_run(BusCall *c, int fd, pid_t parent, uint64_t deadline_usec)
{
        sigset_t none;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(1);
        sigemptyset(&none);
        (void)signal(SIGTERM, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        /* the unit does not allow it; there a child is nicer than p25d from its start */
        (void)setpriority(PRIO_PROCESS, 0, NICENESS);
        limit_resources(deadline_usec);
        offer_first();
        manager_enter_worker(c->bus->manager);
        _exit(read_filters(c) >= 0 && confine() >= 0 && open_answers(fd, &c->answers) >= 0 &&
                                answer(c) >= 0
                        ? 0
                        : 1);
}

/* ---- p25d ---- */

static void worker_finish(BusWorker *w, int r, sd_bus_message *m, sd_bus_error *error)
{
        w->done(w->call, r, m, error);
}

static void worker_fail(BusWorker *w)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        unsigned seconds = (unsigned)((w->deadline_usec + USEC_PER_SEC - 1) / USEC_PER_SEC);
        int r;

        if (w->late)
                r = sd_bus_error_setf(&error, BUS_ERROR_LIMIT_EXCEEDED,
                        "the answer takes more than %u s or %u MiB to compute", seconds,
                        (unsigned)(MEMORY_MAX >> 20));
        else
                r = sd_bus_error_set(
                        &error, SD_BUS_ERROR_FAILED, "the answer could not be computed");
        worker_finish(w, r, NULL, &error);
}

static int on_message(sd_bus_message *m, void *data, _unused_ sd_bus_error *unused)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *name, *text;
        BusWorker *w = data;

        if (sd_bus_message_is_signal(m, BUS_WORKER_INTERFACE, "Answer"))
                worker_finish(w, 0, m, &error);
        else if (sd_bus_message_is_signal(m, BUS_WORKER_INTERFACE, "Failure") &&
                 sd_bus_message_read(m, "ss", &name, &text) >= 0)
                worker_finish(w, sd_bus_error_set(&error, name, text), NULL, &error);
        else
                return 0;
        return 1;
}

/* It has ended; an answer that it wrote before is still to be read. */
static int on_child_exit(sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, void *data)
{
        BusWorker *w = data;
        siginfo_t info = { 0 };

        sd_event_source_set_enabled(s, SD_EVENT_OFF);
        (void)waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG);
        w->pid = 0;
        w->late |= info.si_code != CLD_EXITED;
        if (w->late || info.si_status != 0)
                worker_fail(w);
        return 0;
}

static int on_late(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        BusWorker *w = data;

        w->late = true;
        if (w->pid > 0)
                (void)kill(w->pid, SIGKILL);
        else
                worker_fail(w);
        return 0;
}

static int worker_listen(BusWorker *w, int fd)
{
        static const TimerKind kind = { CLOCK_MONOTONIC, 10000, on_late };
        sd_event *event = w->call->bus->event;
        sd_id128_t id = { { 0 } };
        int r;

        if ((r = sd_bus_new(&w->bus)) < 0)
                return r;
        r = sd_bus_set_fd(w->bus, fd, fd);
        if (r < 0) {
                close(fd);
                return r;
        }
        w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
        if (w->pidfd < 0)
                return -errno;
        if ((r = sd_bus_set_server(w->bus, true, id)) < 0 ||
                (r = sd_bus_set_anonymous(w->bus, true)) < 0 ||
                (r = sd_bus_negotiate_fds(w->bus, true)) < 0 || (r = sd_bus_start(w->bus)) < 0 ||
                (r = sd_bus_add_filter(w->bus, NULL, on_message, w)) < 0 ||
                (r = sd_bus_attach_event(w->bus, event, SD_EVENT_PRIORITY_NORMAL)) < 0 ||
                (r = sd_event_add_io(event, &w->exit, w->pidfd, EPOLLIN, on_child_exit, w)) < 0)
                return r;
        return timer_arm(event, &w->timer, &kind, w->deadline_usec, w);
}

int bus_worker_new(BusCall *c, uint64_t deadline_usec, BusWorkerDone done, BusWorker **ret)
{
        BusWorker *w = calloc(1, sizeof(*w));
        pid_t parent = getpid();
        int fds[2], r;

        if (!w)
                return -ENOMEM;
        *w = (BusWorker){ .call = c, .pidfd = -1, .deadline_usec = deadline_usec, .done = done };
        manager_prepare_worker(c->bus->manager);
        r = confine_prepare();
        if (r >= 0)
                r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ? -errno : 0;
        if (r >= 0) {
                w->pid = fork();
                r = w->pid < 0 ? -errno : 0;
                if (w->pid == 0) {
                        close(fds[0]);
                        child_run(c, fds[1], parent, deadline_usec);
                }
                close(fds[1]);
                if (r < 0)
                        close(fds[0]);
        }
        if (r >= 0)
                r = worker_listen(w, fds[0]);
        if (r < 0) {
                bus_worker_free(w);
                return r;
        }
        *ret = w;
        return 0;
}

BusWorker *bus_worker_free(BusWorker *w)
{
        if (!w)
                return NULL;
        sd_event_source_disable_unref(w->exit);
        sd_event_source_disable_unref(w->timer);
        if (w->bus) {
                sd_bus_detach_event(w->bus);
                sd_bus_close(w->bus);
                sd_bus_unref(w->bus);
        }
        if (w->pid > 0)
                bus_bury(w->call->bus->event, w->pid, w->pidfd);
        else if (w->pidfd >= 0)
                close(w->pidfd);
        free(w);
        return NULL;
}
