/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/stats/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NOW "stats"
#define FILE_NEW "stats.new"
#define FILE_DAMAGED "stats.damaged"
/* More than all rows with all their points take. */
#define BYTES_MAX (128u << 20)

static int folder_open(const char *folder)
{
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

static int text_read(int fd, Buffer *b)
{
        char chunk[65536];
        ssize_t n;

        while ((n = read(fd, chunk, sizeof(chunk))) > 0)
                buffer_add(b, chunk, (size_t)n);
        return n < 0 ? -errno : b->failed ? -ENOMEM : 0;
}

int stats_file_read(const char *folder, Buffer *ret)
{
        int folder_fd = folder_open(folder), fd, r = 0;
        struct stat st;

        if (folder_fd < 0)
                return folder_fd;
        fd = openat(folder_fd, FILE_NOW, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                r = -errno;
        close(folder_fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                r = -errno;
        else if (!S_ISREG(st.st_mode))
                r = -EINVAL;
        else if (st.st_size > (off_t)BYTES_MAX)
                r = -EFBIG;
        if (r >= 0)
                r = text_read(fd, ret);
        close(fd);
        return r;
}

static int text_write(int fd, const Buffer *text)
{
        size_t done = 0;

        while (done < text->length) {
                ssize_t n = write(fd, text->data + done, text->length - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -ENOSPC;
                done += (size_t)n;
        }
        return fdatasync(fd) < 0 ? -errno : 0;
}

int stats_file_write(const char *folder, const Buffer *text)
{
        int folder_fd = folder_open(folder), fd, r;

        if (folder_fd < 0)
                return folder_fd;
        fd = openat(folder_fd, FILE_NEW,
                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        r = fd < 0 ? -errno : text_write(fd, text);
        if (r >= 0 && renameat(folder_fd, FILE_NEW, folder_fd, FILE_NOW) < 0)
                r = -errno;
        if (fd >= 0)
                close(fd);
        if (r < 0)
                (void)unlinkat(folder_fd, FILE_NEW, 0);
        close(folder_fd);
        return r;
}

int stats_file_set_aside(const char *folder)
{
        int folder_fd = folder_open(folder), r = 0;

        if (folder_fd < 0)
                return folder_fd;
        if (renameat(folder_fd, FILE_NOW, folder_fd, FILE_DAMAGED) < 0)
                r = -errno;
        close(folder_fd);
        return r;
}
