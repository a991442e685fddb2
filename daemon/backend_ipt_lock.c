/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The lock that all programs of legacy iptables agree on: without it a commit may lose what
 * another program did in the same moment.
 */

#include "daemon/backend_ipt.h"

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

uint64_t ipt_clock_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int ipt_lock(uint64_t deadline_usec, int *ret_fd)
{
        uint64_t end = ipt_clock_usec() + deadline_usec;
        int fd = open(ipt_lock_path(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return -errno;
        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                struct timespec step = { .tv_nsec = STEP_NSEC };
                int error = errno;

                if (error == EINTR)
                        continue;
                if (error != EWOULDBLOCK || ipt_clock_usec() >= end) {
                        close(fd);
                        return error == EWOULDBLOCK ? -EBUSY : -error;
                }
                nanosleep(&step, NULL);
        }
        *ret_fd = fd;
        return 0;
}
