/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/events/disk.h"

#include "daemon/events/event.h"
#include "daemon/events/record.h"
#include "rules/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NOW "events"
#define FILE_BEFORE "events.1"

int events_disk_init(EventsDisk *d, const char *folder)
{
        *d = (EventsDisk){ .folder_fd = -1, .fd = -1, .max = DISK_FILE_MAX };
        return strdup_null(folder, &d->folder);
}

static void file_close(EventsDisk *d)
{
        if (d->fd >= 0)
                close(d->fd);
        d->fd = -1;
}

void events_disk_deinit(EventsDisk *d)
{
        file_close(d);
        if (d->folder_fd >= 0)
                close(d->folder_fd);
        free(d->folder);
}

static int folder_open(EventsDisk *d)
{
        if (d->folder_fd < 0)
                d->folder_fd = open(d->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return d->folder_fd < 0 ? -errno : 0;
}

/* ---- reading ---- */

static int line_add(Ring *ring, const char *line, size_t n, size_t *damaged)
{
        Event e = { 0 };
        int r = record_parse(line, n, &e);

        if (r == 0 && e.id > ring_last_id(ring))
                r = ring_add(ring, &e);
        else if (r == 0)
                r = -EINVAL;
        event_deinit(&e);
        if (r != -EINVAL)
                return r;
        (*damaged)++;
        return 0;
}

/* A line without an end was cut off when the power went. */
static int text_add(Ring *ring, const char *text, size_t n, size_t *damaged)
{
        const char *end = text + n, *newline;

        for (; text < end; text = newline + 1) {
                int r;

                newline = memchr(text, '\n', (size_t)(end - text));
                if (!newline) {
                        (*damaged)++;
                        return 0;
                }
                r = line_add(ring, text, (size_t)(newline - text), damaged);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int file_read(EventsDisk *d, const char *name, Ring *ring, size_t *damaged)
{
        _cleanup_free_ char *text = NULL;
        FILE *f;
        size_t n;
        int fd = openat(d->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), r = 0;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        f = fdopen(fd, "r");
        if (!f) {
                close(fd);
                return -ENOMEM;
        }
        /* one append may go beyond the limit */
        text = malloc(2 * d->max);
        n = text ? fread(text, 1, 2 * d->max, f) : 0;
        if (!text)
                r = -ENOMEM;
        else if (ferror(f))
                r = -EIO;
        fclose(f);
        return r < 0 ? r : text_add(ring, text, n, damaged);
}

int events_disk_read(EventsDisk *d, Ring *ring, size_t *ret_damaged)
{
        size_t damaged = 0;
        int r = folder_open(d);

        if (r >= 0)
                r = file_read(d, FILE_BEFORE, ring, &damaged);
        if (r >= 0)
                r = file_read(d, FILE_NOW, ring, &damaged);
        *ret_damaged = damaged;
        return r;
}

/* ---- writing ---- */

/* The end of a line that was cut off goes, so that the next one begins a line. */
static int end_mend(EventsDisk *d)
{
        char last;

        while (d->size > 0) {
                ssize_t n = pread(d->fd, &last, 1, (off_t)d->size - 1);

                if (n != 1)
                        return n < 0 ? -errno : -EIO;
                if (last == '\n')
                        break;
                d->size--;
        }
        return ftruncate(d->fd, (off_t)d->size) < 0 ? -errno : 0;
}

static int file_open(EventsDisk *d)
{
        struct stat st;
        int r = folder_open(d);

        if (r < 0)
                return r;
        d->fd = openat(d->folder_fd, FILE_NOW,
                O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (d->fd < 0)
                return -errno;
        r = fstat(d->fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
        if (r >= 0) {
                d->size = (uint64_t)st.st_size;
                r = end_mend(d);
        }
        if (r < 0)
                file_close(d);
        return r;
}

static int rotate(EventsDisk *d)
{
        file_close(d);
        if (renameat(d->folder_fd, FILE_NOW, d->folder_fd, FILE_BEFORE) < 0)
                return -errno;
        return file_open(d);
}

/* A partial write is taken back. */
static int write_all(EventsDisk *d, const char *data, size_t n)
{
        size_t done = 0;

        while (done < n) {
                ssize_t k = write(d->fd, data + done, n - done);
                int error = k < 0 ? errno : ENOSPC;

                if (k < 0 && error == EINTR)
                        continue;
                if (k > 0) {
                        done += (size_t)k;
                        continue;
                }
                if (ftruncate(d->fd, (off_t)d->size) < 0)
                        file_close(d); /* the next one mends it */
                return -error;
        }
        d->size += n;
        return 0;
}

int events_disk_append(EventsDisk *d, const char *lines, size_t n)
{
        int r = 0;

        if (d->fd < 0)
                r = file_open(d);
        if (r >= 0 && d->size > 0 && d->size + n > d->max)
                r = rotate(d);
        if (r >= 0)
                r = write_all(d, lines, n);
        d->error = r;
        return r;
}
