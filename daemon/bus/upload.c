/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the reading of a client's descriptors. Does not depend on what the bytes mean.
 */

#include "daemon/bus/upload.h"

#include "daemon/bus/bury.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "rules/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_SIZE (64u << 10)
#define CHUNKS_A_TURN 16 /* then other events have their turn */
#define TOTAL_FACTOR 15

struct BusUpload {
        sd_event *event;
        int fd;
        bool pipe, memory; /* else a file that a child reads */
        BusUploadLimits limits;
        uint64_t deadline_usec;
        Buffer text;
        char *chunk;
        sd_event_source *source, *timer;
        pid_t feeder; /* the child that reads a file */
        int pidfd;
        sd_event_source *exit;
        BusUploadDone done;
        void *data;
};

BusUpload *bus_upload_free(BusUpload *u)
{
        if (!u)
                return NULL;
        sd_event_source_disable_unref(u->source);
        sd_event_source_disable_unref(u->timer);
        sd_event_source_disable_unref(u->exit);
        if (u->feeder > 0)
                bus_bury(u->event, u->feeder, u->pidfd);
        else if (u->pidfd >= 0)
                close(u->pidfd);
        if (u->fd >= 0)
                close(u->fd);
        buffer_deinit(&u->text);
        free(u->chunk);
        free(u);
        return NULL;
}

bool bus_upload_is_pipe(const BusUpload *u)
{
        return u->pipe;
}

/* The receiver may free u. */
static void upload_end(BusUpload *u, int r)
{
        char *text = NULL;
        size_t n = u->text.length;

        sd_event_source_set_enabled(u->source, SD_EVENT_OFF);
        timer_disarm(u->timer);
        if (r >= 0)
                r = buffer_take(&u->text, &text);
        u->done(u->data, r, text, r < 0 ? 0 : n);
}

/* The next chunk: its length, 0 at the end, negative errno; -EAGAIN: later. */
static ssize_t upload_read(BusUpload *u)
{
        ssize_t n;

        do
                n = u->memory ? pread(u->fd, u->chunk, CHUNK_SIZE, (off_t)u->text.length)
                              : read(u->fd, u->chunk, CHUNK_SIZE);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if ((size_t)n > u->limits.bytes - u->text.length)
                return -EFBIG;
        buffer_add(&u->text, u->chunk, (size_t)n);
        return u->text.failed ? -ENOMEM : n;
}

static int on_timeout(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        upload_end(data, -ETIMEDOUT);
        return 0;
}

/* The next bytes are waited for. */
static int upload_wait(BusUpload *u)
{
        static const TimerKind kind = { CLOCK_MONOTONIC, 0, on_timeout };
        uint64_t end_usec = clock_now_usec(CLOCK_MONOTONIC) + u->limits.idle_usec;

        if (end_usec > u->deadline_usec)
                end_usec = u->deadline_usec;
        return timer_arm_at(u->event, &u->timer, &kind, end_usec, u);
}

static void upload_turn(BusUpload *u)
{
        for (unsigned i = 0; i < CHUNKS_A_TURN; i++) {
                ssize_t n = upload_read(u);

                if (n == -EAGAIN)
                        break;
                if (n == 0 && u->feeder > 0) {
                        (void)sd_event_source_set_enabled(u->source, SD_EVENT_OFF);
                        (void)sd_event_source_set_enabled(u->exit, SD_EVENT_ONESHOT);
                        return;
                }
                if (n <= 0) {
                        upload_end(u, (int)n);
                        return;
                }
        }
        (void)upload_wait(u);
}

static int on_readable(
        _unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, void *data)
{
        upload_turn(data);
        return 0;
}

static int on_turn(_unused_ sd_event_source *s, void *data)
{
        upload_turn(data);
        return 0;
}

/* The child has ended: only now is it known whether that was all. */
static int on_fed(
        _unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, void *data)
{
        BusUpload *u = data;
        siginfo_t info = { 0 };

        (void)waitid(P_PID, (id_t)u->feeder, &info, WEXITED | WNOHANG);
        u->feeder = 0;
        upload_end(u, info.si_code == CLD_EXITED ? -info.si_status : -EIO);
        return 0;
}

/* ---- files ---- */

/* In the child: the file into the pipe; the exit status is read(2)'s errno. */
static void __attribute__((noreturn)) feed(int from, int to)
{
        static char chunk[CHUNK_SIZE];
        off_t at = 0;
        ssize_t n, written;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        while ((n = pread(from, chunk, sizeof(chunk), at)) != 0) {
                if (n < 0 && errno != EINTR)
                        _exit(errno & 0xff);
                for (ssize_t done = 0; done < n; done += written) {
                        written = write(to, chunk + done, (size_t)(n - done));
                        if (written < 0)
                                _exit(EIO);
                }
                if (n > 0)
                        at += n;
        }
        _exit(0);
}

/* A child reads the file, because one on a server that does not answer would block p25d. */
static int upload_open_file(BusUpload *u, int fd)
{
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        u->feeder = fork();
        if (u->feeder == 0)
                feed(fd, ends[1]);
        close(ends[1]);
        u->fd = ends[0];
        if (u->feeder < 0)
                return -errno;
        u->pidfd = (int)syscall(SYS_pidfd_open, u->feeder, 0);
        if (u->pidfd < 0 || fcntl(u->fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        return 0;
}

/* ---- memory ---- */

/* Of memfd_create(2), or in a tmpfs: only these have seals. No server and no disk is waited for. */
static bool is_in_memory(int fd)
{
        return fcntl(fd, F_GET_SEALS) >= 0;
}

static int upload_open_memory(BusUpload *u, int fd)
{
        u->memory = true;
        u->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return u->fd < 0 ? -errno : 0;
}

/* ---- pipes ---- */

/* A pipe is opened a second time, so that O_NONBLOCK is not set on the client's end as well;
 * without /proc it is set there too. */
static int upload_open_pipe(BusUpload *u, int fd)
{
        char path[64];

        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        u->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (u->fd < 0)
                u->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (u->fd < 0 || fcntl(u->fd, F_SETFL, fcntl(u->fd, F_GETFL) | O_NONBLOCK) < 0)
                return -errno;
        return 0;
}

static int upload_open(BusUpload *u, int fd)
{
        int flags = fcntl(fd, F_GETFL);
        struct statx st;

        /* without asking a server */
        if (flags < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
                return -errno;
        if ((flags & O_PATH) || (flags & O_ACCMODE) == O_WRONLY)
                return -EINVAL;
        if (!S_ISREG(st.stx_mode) && !S_ISFIFO(st.stx_mode))
                return -EINVAL;
        u->pipe = S_ISFIFO(st.stx_mode);
        if (u->pipe)
                return upload_open_pipe(u, fd);
        return is_in_memory(fd) ? upload_open_memory(u, fd) : upload_open_file(u, fd);
}

/* There is always something to read. */
static int upload_watch_memory(BusUpload *u, sd_event *event)
{
        int r = sd_event_add_defer(event, &u->source, on_turn, u);

        return r < 0 ? r : sd_event_source_set_enabled(u->source, SD_EVENT_ON);
}

static int upload_watch(BusUpload *u, sd_event *event)
{
        int r;

        u->deadline_usec = clock_now_usec(CLOCK_MONOTONIC) + TOTAL_FACTOR * u->limits.idle_usec;
        r = upload_wait(u);
        if (r < 0)
                return r;
        if (u->memory)
                return upload_watch_memory(u, event);
        r = sd_event_add_io(event, &u->source, u->fd, EPOLLIN, on_readable, u);
        if (r < 0 || u->pipe)
                return r;
        r = sd_event_add_io(event, &u->exit, u->pidfd, EPOLLIN, on_fed, u);
        return r < 0 ? r : sd_event_source_set_enabled(u->exit, SD_EVENT_OFF);
}

int bus_upload_new(sd_event *event, int fd, const BusUploadLimits *limits, BusUploadDone done,
        void *data, BusUpload **ret)
{
        _cleanup_(bus_upload_free_p) BusUpload *u = calloc(1, sizeof(*u));
        int r;

        if (!u)
                return -ENOMEM;
        *u = (BusUpload){
                .event = event, .fd = -1, .pidfd = -1, .limits = *limits, .done = done, .data = data
        };
        u->chunk = malloc(CHUNK_SIZE);
        if (!u->chunk)
                return -ENOMEM;
        r = upload_open(u, fd);
        if (r < 0)
                return r;
        r = upload_watch(u, event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}
