/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/auth/held.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

size_t held_bytes(void)
{
        struct mallinfo2 heap = mallinfo2();

        return heap.uordblks + heap.hblkhd;
}

/* The lowest free number: all below it are taken. */
bool held_descriptors_are_many(void)
{
        int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

        if (fd < 0)
                return errno == EMFILE;
        close(fd);
        return fd >= HELD_DESCRIPTORS_MAX;
}

bool held_is_much(size_t quiet)
{
        return held_bytes() > quiet + HELD_BYTES_MAX || held_descriptors_are_many();
}
