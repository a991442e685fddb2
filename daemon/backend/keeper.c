/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/backend/keeper.h"

#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define ANSWER_USEC UINT64_C(1000000)
/* The service manager drops a descriptor that it polls when its other end is closed. */
#define STORE "FDSTORE=1\nFDNAME=" KEEPER_NAME "\nFDPOLL=0"
#define STORE_WITNESS "FDSTORE=1\nFDNAME=witness"

/* Is somebody still at the other end of the pipe? */
static bool pipe_is_held(int fd)
{
        struct pollfd p = { .fd = fd };

        return poll(&p, 1, 0) == 0;
}

/* systemd says whether the service has a store, from 254 on, as it says what to watch for pressure
 * (systemd.exec(5)). There it closes what it does not keep at a time of its own, so that the pipe
 * would be held for a moment. */
static bool store_is_denied(void)
{
        return getenv("MEMORY_PRESSURE_WATCH") && !getenv("FDSTORE");
}

int keeper_offer(int fd)
{
        int r = sd_pid_notify_with_fds(0, 0, STORE, &fd, 1);

        return r < 0 ? r : 0;
}

/* The end of a pipe goes the same way, after the descriptor. Once all of that was received, the
 * pipe has another end only if there is a store, and room in it. */
int keeper_keep(int fd)
{
        int ends[2], r, kept;

        if (store_is_denied())
                return 0;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        r = sd_pid_notify_with_fds(0, 0, STORE, &fd, 1);
        if (r > 0)
                r = sd_pid_notify_with_fds(0, 0, STORE_WITNESS, &ends[1], 1);
        close(ends[1]);
        if (r > 0)
                r = sd_notify_barrier(0, ANSWER_USEC);
        kept = r > 0 && pipe_is_held(ends[0]);
        close(ends[0]);
        return r < 0 && r != -ETIMEDOUT ? r : kept;
}

void keeper_drop(void)
{
        (void)sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=" KEEPER_NAME);
}
