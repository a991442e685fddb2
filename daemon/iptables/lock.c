/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The lock that all programs of legacy iptables agree on: without it a commit may lose what
 * another program did in the same moment.
 */

#include "daemon/iptables/lock.h"

#include "daemon/loop/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define STEP_NSEC (10 * 1000 * 1000)

/* As iptables has it: a test, or a chroot, may name another. */
const char *ipt_lock_path(void)
{
        const char *path = secure_getenv("XTABLES_LOCKFILE");

        return path && path[0] ? path : "/run/xtables.lock";
}

static int lock_open(IptLock *l)
{
        if (l->fd < 0)
                l->fd = open(ipt_lock_path(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        return l->fd < 0 ? -errno : 0;
}

/* Every close of the file is an event for its watchers: a program has let go. The file stays open
 * while the lock is waited for. */
static int lock_wait(IptLock *l, uint64_t deadline_usec)
{
        static const struct timespec step = { .tv_nsec = STEP_NSEC };
        uint64_t end = clock_now_usec(CLOCK_MONOTONIC) + deadline_usec;

        while (flock(l->fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno == EINTR)
                        continue;
                if (errno != EWOULDBLOCK)
                        return -errno;
                if (clock_now_usec(CLOCK_MONOTONIC) >= end)
                        return -EBUSY;
                nanosleep(&step, NULL);
        }
        return 0;
}

int ipt_lock(IptLock *l, uint64_t deadline_usec, Diagnostics *d)
{
        int r;

        if (l->held)
                return 0;
        r = lock_open(l);
        if (r >= 0)
                r = lock_wait(l, deadline_usec);
        if (r == -EBUSY)
                diagnostics_error(d, (Place){ 0 }, NULL,
                        "another program holds the lock of iptables (%s)", ipt_lock_path());
        else if (r < 0)
                diagnostics_error(d, (Place){ 0 }, NULL, "%s cannot be locked: %s", ipt_lock_path(),
                        strerrordesc_np(-r));
        l->held = r >= 0;
        return r;
}

void ipt_unlock(IptLock *l)
{
        if (l->fd >= 0)
                close(l->fd);
        *l = (IptLock){ .fd = -1 };
}
