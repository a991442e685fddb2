/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/io/file.h"

#include "rules/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

void file_reserve_streams(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0)
                        (void)!open("/dev/null", O_RDONLY); /* takes the lowest number, fd */
}

int file_write_all(int fd, const void *data, size_t n)
{
        for (size_t done = 0; done < n;) {
                ssize_t k = write(fd, (const char *)data + done, n - done);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        return k < 0 ? -errno : -ENOSPC;
                done += (size_t)k;
        }
        return 0;
}

int file_read_all(int fd, size_t expected, size_t max, char **ret, size_t *ret_n)
{
        /* one byte to see the end of the file in the same call, one for the NUL */
        size_t capacity = (expected < max ? expected : max) + 2, length = 0;
        _cleanup_free_ char *text = malloc(capacity);

        if (!text)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(fd, text + length, capacity - 1 - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                length += (size_t)n;
                if (length > max)
                        return -EFBIG;
                if (n == 0)
                        break;
                if (length == capacity - 1) {
                        char *grown = realloc(text, 2 * capacity);

                        if (!grown)
                                return -ENOMEM;
                        text = grown;
                        capacity *= 2;
                }
        }
        text[length] = '\0';
        *ret = TAKE_PTR(text);
        *ret_n = length;
        return 0;
}

size_t file_read_start(int at, const char *path, char *ret, size_t size)
{
        _cleanup_close_ int fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        size_t length = 0;
        ssize_t n = 0;

        while (fd >= 0 && length < size - 1 && (n = read(fd, ret + length, size - 1 - length)) > 0)
                length += (size_t)n;
        ret[length] = '\0';
        return length;
}

size_t file_read_process(const char *proc, uint32_t pid, const char *name, char *ret, size_t size)
{
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/%u/%s", proc, pid, name);
        return file_read_start(AT_FDCWD, path, ret, size);
}

/* "\nUid:\t33\t33\t33\t33": the kernel escapes newlines in the name, so that no process can write a
 * line of its own. */
static bool number_find(const char *text, const char *name, uint32_t *ret)
{
        const char *line = strstr(text, name);

        return line && sscanf(line + strlen(name), "%u", ret) == 1;
}

bool file_read_parent(const char *proc, uint32_t pid, uint32_t *ret_parent, uint32_t *ret_uid)
{
        char text[4096];

        (void)file_read_process(proc, pid, "status", text, sizeof(text));
        return number_find(text, "\nPPid:", ret_parent) && number_find(text, "\nUid:", ret_uid);
}

int file_open_regular(const char *path, int flags, struct stat *ret)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);

        if (fd < 0 || fstat(fd, ret) < 0)
                return -errno;
        if (!S_ISREG(ret->st_mode))
                return S_ISDIR(ret->st_mode) ? -EISDIR : -EINVAL;
        return TAKE_FD(fd);
}

int file_read(const char *path, int flags, size_t max, char **ret, size_t *ret_n)
{
        struct stat st;
        _cleanup_close_ int fd = file_open_regular(path, flags, &st);

        if (fd < 0)
                return TAKE_FD(fd);
        if ((uint64_t)st.st_size > max)
                return -EFBIG;
        return file_read_all(fd, (size_t)st.st_size, max, ret, ret_n);
}

static int write_new(const char *path, const void *data, size_t n, unsigned mode, FileSync sync)
{
        _cleanup_close_ int fd = -1;
        int r;

        if (unlink(path) < 0 && errno != ENOENT)
                return -errno;
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        r = file_write_all(fd, data, n);
        if (r >= 0 && fchmod(fd, mode) < 0)
                r = -errno;
        if (r >= 0 && sync != FILE_SYNC_NONE && fsync(fd) < 0)
                r = -errno;
        return r;
}

int file_replace(const char *path, const void *data, size_t n, unsigned mode, FileSync sync)
{
        _cleanup_free_ char *temporary = NULL;
        int r = text_printf(&temporary, "%s.new", path);

        if (r < 0)
                return r;
        r = write_new(temporary, data, n, mode, sync);
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0) {
                (void)unlink(temporary);
                return r;
        }
        return sync == FILE_SYNC_ALL ? folder_sync_above(path) : 0;
}

DIR *folder_open(int at, const char *path)
{
        _cleanup_close_ int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (d)
                (void)TAKE_FD(fd);
        return d;
}

int folder_sync(int at, const char *path)
{
        _cleanup_close_ int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int folder_sync_above(const char *path)
{
        _cleanup_free_ char *folder = strdup(path);
        char *slash = folder ? strrchr(folder, '/') : NULL;

        if (!folder)
                return -ENOMEM;
        if (slash)
                slash[slash == folder] = '\0';
        return folder_sync(AT_FDCWD, slash ? folder : ".");
}
