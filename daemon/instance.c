/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/instance.h"

#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE "p25d.lock"
#define LOCK_MODE 0600

/* Folders above the last one may be others' too. */
static int make_folders(const char *path)
{
        _cleanup_free_ char *p = strdup(path);

        if (!p)
                return -ENOMEM;
        for (char *slash = p; (slash = strchr(slash + 1, '/'));) {
                *slash = '\0';
                if (mkdir(p, 0755) < 0 && errno != EEXIST)
                        return -errno;
                *slash = '/';
        }
        return mkdir(p, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_file(const char *folder)
{
        char path[4096];
        struct stat st;
        int fd;

        if ((size_t)snprintf(path, sizeof(path), "%s/" LOCK_FILE, folder) >= sizeof(path))
                return -ENAMETOOLONG;
        fd = open(
                path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, LOCK_MODE);
        if (fd < 0)
                return -errno;
        /* a file that came out of a backup, or of a version that let others read it */
        if (fstat(fd, &st) < 0 ||
                ((st.st_mode & 07777) != LOCK_MODE && fchmod(fd, LOCK_MODE) < 0)) {
                int r = -errno;

                close(fd);
                return r;
        }
        return fd;
}

/* The process that holds the lock by now, asked of the kernel: what a file says of it would have to
 * be written by every start, and truncating a file can take milliseconds. 0: it is not seen here.
 */
static pid_t find_holder(int fd)
{
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        return fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

int instance_lock(const char *folder, pid_t *ret_other, int *ret_fd)
{
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int r = make_folders(folder), fd;

        if (r < 0)
                return r;
        fd = open_file(folder);
        if (fd < 0)
                return fd;
        /* of the process: a lock of the open file would be held by children that outlive p25d */
        if (fcntl(fd, F_SETLK, &lock) < 0) {
                r = errno == EACCES || errno == EAGAIN ? -EWOULDBLOCK : -errno;
                *ret_other = find_holder(fd);
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}
