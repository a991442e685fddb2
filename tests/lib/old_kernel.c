/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Preloaded into p25d by tests: the kernel answers as one before Linux 6.9 would, which knows no
 * tables that are owned and persist. What p25d sends to find that out gets a flag that no kernel
 * knows, and the kernel refuses it.
 */

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define SENT_MAX 65536

/* Attribute 2 of a table: its flags, in network byte order. */
static const uint8_t owned[] = { 8, 0, 2, 0, 0, 0, 0, 6 }, unknown[] = { 8, 0, 2, 0, 0, 0, 1, 6 };

ssize_t sendto(int fd, const void *data, size_t n, int flags, const struct sockaddr *to,
        socklen_t to_length)
{
        uint8_t changed[SENT_MAX], *at;

        if (n <= sizeof(changed) && memmem(data, n, "p25", 4)) {
                memcpy(changed, data, n);
                at = memmem(changed, n, owned, sizeof(owned));
                if (at)
                        memcpy(at, unknown, sizeof(unknown));
                data = changed;
                return syscall(SYS_sendto, fd, data, n, flags, to, to_length);
        }
        return syscall(SYS_sendto, fd, data, n, flags, to, to_length);
}
