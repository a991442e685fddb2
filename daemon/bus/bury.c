/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/bus/bury.h"

#include "rules/base/util.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Dead {
        pid_t pid;
        int pidfd;
        sd_event_source *source;
} Dead;

static int on_dead(_unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t e, void *data)
{
        Dead *d = data;

        (void)waitpid(d->pid, NULL, WNOHANG);
        /* a worker may hold a copy of the descriptor: to close it is not enough for the loop */
        sd_event_source_disable_unref(d->source);
        close(d->pidfd);
        free(d);
        return 0;
}

void bus_bury(sd_event *event, pid_t pid, int pidfd)
{
        Dead *d = calloc(1, sizeof(*d));

        (void)kill(pid, SIGKILL);
        if (d && pidfd >= 0) {
                *d = (Dead){ .pid = pid, .pidfd = pidfd };
                if (sd_event_add_io(event, &d->source, pidfd, EPOLLIN, on_dead, d) >= 0)
                        return;
        }
        free(d);
        (void)waitpid(pid, NULL, 0);
        if (pidfd >= 0)
                close(pidfd);
}
