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

static pid_t read_pid(int fd)
{
        char text[32];
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

        text[n > 0 ? n : 0] = '\0';
        return (pid_t)strtol(text, NULL, 10);
}

/* For the error of a second p25d, and no more: a full /run keeps no policy out of force. */
static void write_pid(int fd)
{
        char text[32];
        int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

        if (ftruncate(fd, 0) == 0)
                (void)!pwrite(fd, text, (size_t)n, 0);
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
                *ret_other = read_pid(fd);
        } else
                write_pid(fd);
        if (r < 0) {
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}
