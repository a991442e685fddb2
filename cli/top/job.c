/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/top/job.h"

#include "daemon/api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)64 << 20) /* p25d may be another host's */

static int streams_set(int output, bool with_errors)
{
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
                dup2(with_errors ? output : null, STDERR_FILENO) < 0)
                return -errno;
        return 0;
}

static void signals_reset(void)
{
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        /* ncurses has handlers, which write to the terminal */
        for (int s = 1; s < NSIG; s++)
                signal(s, SIG_DFL);
}

_Noreturn static void child_run(const Cli *c, JobRun run, const void *data)
{
        Cli own = *c;
        int status;

        own.bus = NULL; /* the parent's; it cannot be used here */
        own.errors = own.warnings = NULL;
        status = cli_finish(&own, run(&own, data));
        fflush(NULL);
        _exit(status);
}

int job_start(const Cli *c, JobRun run, const void *data, bool with_errors, Job *ret)
{
        pid_t parent = getpid(), child;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        fflush(NULL);
        child = fork();
        if (child == 0) {
                signals_reset();
                /* for the case that the parent is killed; and it may have ended by now */
                if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent ||
                        streams_set(ends[1], with_errors) < 0)
                        _exit(EXIT_FAILED);
                child_run(c, run, data);
        }
        close(ends[1]);
        if (child < 0) {
                int r = -errno;

                close(ends[0]);
                return r;
        }
        *ret = (Job){ .pid = child, .fd = ends[0] };
        return 0;
}

int job_read(Job *j)
{
        char part[65536];
        ssize_t n = read(j->fd, part, sizeof(part));

        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? 1 : -errno;
        if (j->output.length + (size_t)n > OUTPUT_MAX)
                return -EMSGSIZE;
        buffer_add(&j->output, part, (size_t)n);
        return j->output.failed ? -ENOMEM : n > 0;
}

int job_end(Job *j)
{
        int status = 0;
        pid_t ended = 0;

        if (j->pid > 0) {
                /* has no effect on one that has ended and is not waited for */
                (void)kill(j->pid, SIGTERM);
                do
                        ended = waitpid(j->pid, &status, 0);
                while (ended < 0 && errno == EINTR);
        }
        if (j->fd >= 0)
                close(j->fd);
        buffer_deinit(&j->output);
        *j = JOB_NONE;
        return ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}
