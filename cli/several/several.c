/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the processes of the hosts. Each is a session of its own, so that several ssh at once ask
 * nothing on one terminal: a host that wants a password fails.
 */

#include "cli/several/several.h"

#include "cli/several/answer.h"
#include "daemon/api/api.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 32
#define PATIENCE_MSEC 3000
#define OUTPUT_MAX ((size_t)64 << 20)
#define INPUT_MAX ((size_t)64 << 20)

enum { PLACE_OUT, PLACE_ERR, PLACE_EXIT, _PLACE_MAX };

/* One of the places in which a host's process runs. */
typedef struct Slot {
        Answer *answer; /* NULL: the place is free */
        pid_t pid;
        int fds[_PLACE_MAX]; /* the ends of two pipes, and the pidfd; -1: closed */
} Slot;

typedef struct Several {
        Cli *cli;
        SeveralRun run;
        void *data;
        int input; /* a memfd; -1: nothing to read */
        Answer *answers;
        size_t n, n_started, n_ended;
        Slot slots[AT_ONCE];
} Several;

static void fd_close(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

static void slot_clear(Slot *s)
{
        for (size_t i = 0; i < _PLACE_MAX; i++)
                fd_close(&s->fds[i]);
        s->answer = NULL;
        s->pid = 0;
}

static void several_deinit(Several *s)
{
        for (size_t i = 0; i < AT_ONCE; i++) {
                if (s->slots[i].answer) {
                        (void)kill(s->slots[i].pid, SIGTERM);
                        (void)waitpid(s->slots[i].pid, NULL, 0);
                }
                slot_clear(&s->slots[i]);
        }
        for (size_t i = 0; i < s->n; i++) {
                buffer_deinit(&s->answers[i].out);
                buffer_deinit(&s->answers[i].err);
        }
        free(s->answers);
        fd_close(&s->input);
}

/* ---- standard input ---- */

/* All of standard input in a memory file, so that each process can read it from its beginning. */
static int input_keep(Several *s)
{
        char part[65536];
        size_t total = 0;
        ssize_t n;

        s->input = memfd_create("p25ctl-input", MFD_CLOEXEC);
        if (s->input < 0)
                return cli_fail_errno(s->cli, -errno, "standard input");
        while ((n = read(STDIN_FILENO, part, sizeof(part))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return cli_fail_errno(s->cli, -errno, "standard input");
                total += (size_t)n;
                if (total > INPUT_MAX)
                        return cli_fail(s->cli, EXIT_BAD_INPUT,
                                "standard input: at most 64 MiB can go to several hosts");
                if (write(s->input, part, (size_t)n) != n)
                        return cli_fail_errno(s->cli, -errno, "standard input");
        }
        return 0;
}

/* A descriptor with a position of its own. */
static int input_open(int input)
{
        char path[64] = "/dev/null";

        if (input >= 0)
                snprintf(path, sizeof(path), "/proc/self/fd/%d", input);
        return open(path, O_RDONLY | O_CLOEXEC);
}

/* ---- processes ---- */

_Noreturn static void child_run(const Several *s, const char *host, int out, int err, pid_t parent)
{
        Cli own = *s->cli;
        int in = input_open(s->input);

        /* for the case that the parent is killed; and it may have ended by now */
        if (in < 0 || setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent ||
                dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
                dup2(err, STDERR_FILENO) < 0)
                _exit(EXIT_FAILED);
        own.errors = own.warnings = NULL;
        own.hosts = NULL;
        own.host = host;
        own.color = !own.json && cli_in_color(s->cli) ? "always" : "never";
        own.changed = false;
        own.output_error = 0;
        _exit(cli_finish(&own, s->run(&own, s->data)));
}

static void pipe_close(int ends[2])
{
        fd_close(&ends[0]);
        fd_close(&ends[1]);
}

/* 0 or negative errno, and then nothing runs. */
static int slot_start(Several *s, Slot *slot, Answer *a)
{
        int out[2] = { -1, -1 }, err[2] = { -1, -1 }, r = 0;
        pid_t parent = getpid(), child = -1;

        if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
                r = -errno;
        fflush(NULL);
        if (r == 0 && (child = fork()) == 0)
                child_run(s, a->host, out[1], err[1], parent);
        if (r == 0 && child < 0)
                r = -errno;
        if (r == 0) {
                slot->fds[PLACE_EXIT] = (int)syscall(SYS_pidfd_open, child, 0);
                if (slot->fds[PLACE_EXIT] < 0) {
                        r = -errno;
                        (void)kill(child, SIGKILL);
                        (void)waitpid(child, NULL, 0);
                }
        }
        if (r < 0) {
                pipe_close(out);
                pipe_close(err);
                return r;
        }
        fd_close(&out[1]);
        fd_close(&err[1]);
        slot->answer = a;
        slot->pid = child;
        slot->fds[PLACE_OUT] = out[0];
        slot->fds[PLACE_ERR] = err[0];
        return 0;
}

static void answer_end(Several *s, Answer *a, int status)
{
        a->ended = true;
        a->status = status;
        s->n_ended++;
}

static void slots_fill(Several *s)
{
        for (size_t i = 0; i < AT_ONCE && s->n_started < s->n; i++) {
                Answer *a = &s->answers[s->n_started];
                int r;

                if (s->slots[i].answer)
                        continue;
                s->n_started++;
                r = slot_start(s, &s->slots[i], a);
                if (r == 0)
                        continue;
                buffer_printf(&a->err, "ERROR: cannot start a process: %s\n", strerror(-r));
                answer_end(s, a, EXIT_FAILED);
        }
}

/* Descriptors that an ssh in the background keeps open are not waited for, so that reading must not
 * block. > 0: there may be more, 0: no more for now, negative errno. */
static int part_read(int fd, Buffer *b)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char part[65536];
        ssize_t n;

        if (poll(&p, 1, 0) <= 0)
                return 0;
        n = read(fd, part, sizeof(part));
        if (n < 0)
                return errno == EINTR ? 1 : -errno;
        if (b->length + (size_t)n > OUTPUT_MAX)
                return -EMSGSIZE;
        buffer_add(b, part, (size_t)n);
        return b->failed ? -ENOMEM : n > 0;
}

static const char *read_error(int r)
{
        return r == -EMSGSIZE ? "its answer is longer than 64 MiB" : strerror(-r);
}

/* Its process has ended, or failed to be read: r. */
static void slot_end(Several *s, Slot *slot, int r)
{
        Answer *a = slot->answer;
        int status = 0;

        if (r < 0)
                (void)kill(slot->pid, SIGKILL);
        while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR)
                ;
        while (r == 0 && (r = part_read(slot->fds[PLACE_OUT], &a->out)) > 0)
                r = 0;
        while (r == 0 && (r = part_read(slot->fds[PLACE_ERR], &a->err)) > 0)
                r = 0;
        if (r < 0)
                buffer_printf(&a->err, "ERROR: %s\n", read_error(r));
        else if (WIFSIGNALED(status))
                buffer_printf(&a->err, "ERROR: ended by signal %d\n", WTERMSIG(status));
        answer_end(s, a, r == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED);
        slot_clear(slot);
}

static void slot_attend(Several *s, Slot *slot, const struct pollfd *polled)
{
        Answer *a = slot->answer;
        Buffer *const places[] = { &a->out, &a->err };

        for (size_t i = 0; i < ELEMENTS(places); i++) {
                int r;

                if (!polled[i].revents)
                        continue;
                r = part_read(slot->fds[i], places[i]);
                if (r < 0) {
                        slot_end(s, slot, r);
                        return;
                }
                if (r == 0)
                        fd_close(&slot->fds[i]);
        }
        if (polled[PLACE_EXIT].revents)
                slot_end(s, slot, 0);
}

/* Waits until something comes, or the time is over. 0 or negative errno. */
static int slots_wait(Several *s, int timeout_msec)
{
        struct pollfd polled[AT_ONCE * _PLACE_MAX];

        for (size_t i = 0; i < AT_ONCE; i++)
                for (size_t k = 0; k < _PLACE_MAX; k++)
                        polled[i * _PLACE_MAX + k] =
                                (struct pollfd){ .fd = s->slots[i].fds[k], .events = POLLIN };
        if (poll(polled, ELEMENTS(polled), timeout_msec) < 0)
                return errno == EINTR ? 0 : -errno;
        for (size_t i = 0; i < AT_ONCE; i++)
                if (s->slots[i].answer)
                        slot_attend(s, &s->slots[i], polled + i * _PLACE_MAX);
        return 0;
}

/* ---- all ---- */

static uint64_t now_msec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int several_work(Several *s)
{
        size_t n_printed = 0;
        uint64_t since = 0; /* the first of those that wait to be printed has ended */

        while (s->n_ended < s->n) {
                bool waits = !s->cli->json && s->n_ended > n_printed;
                uint64_t left = 0;
                int r;

                slots_fill(s);
                if (waits && since == 0)
                        since = now_msec();
                if (waits)
                        left = now_msec() - since;
                if (waits && left >= PATIENCE_MSEC) {
                        if (answers_print(s->cli, s->answers, s->n) != 0)
                                return EXIT_FAILED;
                        n_printed = s->n_ended;
                        since = 0;
                        continue;
                }
                r = slots_wait(s, waits ? (int)(PATIENCE_MSEC - left) : -1);
                if (r < 0)
                        return cli_fail_errno(s->cli, r, "poll");
        }
        return s->cli->json ? answers_document(s->cli, s->answers, s->n)
                            : answers_print(s->cli, s->answers, s->n);
}

int several_run(Cli *c, SeveralRun run, void *data, bool with_input)
{
        _cleanup_(several_deinit) Several s = { .cli = c, .run = run, .data = data, .input = -1 };
        int status;

        for (size_t i = 0; i < AT_ONCE; i++)
                s.slots[i] = (Slot){ .fds = { -1, -1, -1 } };
        s.answers = calloc(strv_length(c->hosts), sizeof(Answer));
        if (!s.answers)
                return cli_fail_errno(c, -ENOMEM, "hosts");
        STRV_FOREACH (host, c->hosts)
                s.answers[s.n++].host = *host;
        status = with_input ? input_keep(&s) : 0;
        if (status == 0)
                status = several_work(&s);
        for (size_t i = 0; i < s.n; i++)
                status = status_worse(status, s.answers[i].status);
        return status;
}
