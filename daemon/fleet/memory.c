/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/memory.h"

#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

void memory_begin(void)
{
        (void)mallopt(M_ARENA_MAX, 1);
}

/* ---- bounds ---- */

/* proc_pid_statm(5): the sixth number is that of the pages of data and stack. What RLIMIT_DATA
 * counts is the same but for the stack. */
static int data_in_use(size_t *ret)
{
        int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        char text[256];
        size_t pages;
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, text, sizeof(text) - 1);
        close(fd);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        if (sscanf(text, "%*u %*u %*u %*u %*u %zu", &pages) != 1)
                return -EBADMSG;
        *ret = pages * (size_t)sysconf(_SC_PAGESIZE);
        return 0;
}

#ifdef __SANITIZE_ADDRESS__ /* whose allocator ends the program instead */
static const bool may_bind = false;
#else
static const bool may_bind = true;
#endif

static struct rlimit before; /* of memory_bind() */
static bool is_bound;

/* prlimit(2) is what the unit's filter allows, setrlimit(2) may not be. */
int memory_bind(size_t bytes)
{
        struct rlimit limit;
        size_t used;
        int r = may_bind ? data_in_use(&used) : 0;

        if (r < 0 || !may_bind)
                return r;
        if (prlimit(0, RLIMIT_DATA, NULL, &before) < 0)
                return -errno;
        limit = before;
        if (used + bytes < limit.rlim_cur)
                limit.rlim_cur = used + bytes;
        is_bound = prlimit(0, RLIMIT_DATA, &limit, NULL) >= 0;
        return is_bound ? 0 : -errno;
}

void memory_unbind(void)
{
        if (is_bound)
                (void)prlimit(0, RLIMIT_DATA, &before, NULL);
        is_bound = false;
}

size_t memory_held(void)
{
        struct mallinfo2 m = mallinfo2();

        return m.uordblks + m.hblkhd;
}
