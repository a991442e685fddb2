/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the child process in which pkttyagent(1) asks for a password. Failures here are not errors:
 * without an agent, polkit refuses users who would have to enter a password.
 */

#include "cli/client/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#define AGENT "pkttyagent"
/* The time that the agent may take to register with polkit. */
#define READY_MSEC 5000

_Noreturn static void agent_run(pid_t parent, int ready)
{
        char notify[32];

        /* for the case that p25ctl is killed; and it may have ended by now */
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
                _exit(1);
        if (fcntl(ready, F_SETFD, 0) < 0)
                _exit(1);
        snprintf(notify, sizeof(notify), "%d", ready);
        /* polkit finds a fallback, which leaves a desktop's agent its place, by the session only */
        execlp(AGENT, AGENT, "--notify-fd", notify,
                sd_pid_get_session(0, NULL) >= 0 ? "--fallback" : (char *)NULL, (char *)NULL);
        _exit(1);
}

void agent_open(Cli *c)
{
        pid_t parent = getpid(), child;
        int ready[2];

        if (c->agent_opened || geteuid() == 0 || c->host || !isatty(STDIN_FILENO) ||
                !isatty(STDERR_FILENO))
                return;
        c->agent_opened = true;
        fflush(NULL);
        if (pipe2(ready, O_CLOEXEC) < 0)
                return;
        child = fork();
        if (child == 0)
                agent_run(parent, ready[1]);
        close(ready[1]);
        /* the end of the pipe closes when the agent is ready, and when there is none */
        if (child > 0)
                (void)poll(&(struct pollfd){ .fd = ready[0], .events = POLLIN }, 1, READY_MSEC);
        close(ready[0]);
}
