/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void fd_close_p(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}
#define _cleanup_fd_ _cleanup_(fd_close_p)

int fleet_file_read(const char *path, size_t max, char **ret, size_t *ret_n)
{
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t n = 0;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        if ((uint64_t)st.st_size > max)
                return -EFBIG;
        text = malloc((size_t)st.st_size + 1);
        if (!text)
                return -ENOMEM;
        while (n < (size_t)st.st_size) {
                ssize_t got = read(fd, text + n, (size_t)st.st_size - n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0)
                        break;
                n += (size_t)got;
        }
        text[n] = '\0';
        *ret = TAKE_PTR(text);
        *ret_n = n;
        return 0;
}

static int write_all(int fd, const char *data, size_t n)
{
        while (n > 0) {
                ssize_t done = write(fd, data, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return -errno;
                data += done;
                n -= (size_t)done;
        }
        return 0;
}

/* The rename is on the disk when its folder is. */
static int sync_folder_of(const char *path)
{
        _cleanup_free_ char *folder = strdup(path);
        _cleanup_fd_ int fd = -1;
        char *slash;

        if (!folder)
                return -ENOMEM;
        slash = strrchr(folder, '/');
        if (slash == folder)
                slash[1] = '\0';
        else if (slash)
                *slash = '\0';
        fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_file(const char *path, const void *data, size_t n, unsigned mode, bool sync)
{
        _cleanup_free_ char *temporary = NULL;
        _cleanup_fd_ int fd = -1;
        int r;

        if (asprintf(&temporary, "%s.new", path) < 0) {
                temporary = NULL;
                return -ENOMEM;
        }
        if (unlink(temporary) < 0 && errno != ENOENT)
                return -errno;
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        r = write_all(fd, data, n);
        if (r >= 0 && fchmod(fd, mode) < 0)
                r = -errno;
        if (r >= 0 && sync && fsync(fd) < 0)
                r = -errno;
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0) {
                (void)unlink(temporary);
                return r;
        }
        return sync ? sync_folder_of(path) : 0;
}

int fleet_file_write(const char *path, const void *data, size_t n, unsigned mode)
{
        return write_file(path, data, n, mode, true);
}

int fleet_file_write_volatile(const char *path, const void *data, size_t n, unsigned mode)
{
        return write_file(path, data, n, mode, false);
}
