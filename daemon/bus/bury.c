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
} Dead;

static void dead_free(void *data)
{
        Dead *d = data;

        close(d->pidfd);
        free(d);
}

static int on_dead(sd_event_source *s, _unused_ int fd, _unused_ uint32_t e, void *data)
{
        const Dead *d = data;

        (void)waitpid(d->pid, NULL, WNOHANG);
        /* the loop lets go of it, and it is freed */
        return sd_event_source_set_floating(s, false);
}

/* The source belongs to the loop: one whose process has not ended yet ends with the loop. */
static int dead_watch(sd_event *event, Dead *d)
{
        sd_event_source *s;
        int r = sd_event_add_io(event, &s, d->pidfd, EPOLLIN, on_dead, d);

        if (r < 0)
                return r;
        (void)sd_event_source_set_destroy_callback(s, dead_free);
        (void)sd_event_source_set_floating(s, true);
        sd_event_source_unref(s);
        return 0;
}

void bus_bury(sd_event *event, pid_t pid, int pidfd)
{
        Dead *d = calloc(1, sizeof(*d));

        (void)kill(pid, SIGKILL);
        if (d && pidfd >= 0) {
                *d = (Dead){ .pid = pid, .pidfd = pidfd };
                if (dead_watch(event, d) >= 0)
                        return;
        }
        free(d);
        (void)waitpid(pid, NULL, 0);
        if (pidfd >= 0)
                close(pidfd);
}
