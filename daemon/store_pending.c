/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The record of a change that waits to be confirmed: one small file, replaced whole and on disk
 * before anybody relies on it. What is in it is pending.h's.
 */

#include "daemon/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define PENDING_BYTES_MAX (1u << 20)
#define PENDING_NEW STATE_PENDING ".new"

int store_read_pending(Store *s, char **ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        size_t n;
        int r;

        buffer_printf(&b, "%s/" STATE_PENDING, s->paths->state);
        if (buffer_take(&b, &path) < 0)
                return -ENOMEM;
        r = host_read_file(path, PENDING_BYTES_MAX, NULL, &text, &n);
        if (r < 0)
                return r;
        if (strlen(text) != n)
                return -EINVAL;
        *ret = TAKE_PTR(text);
        return 0;
}

static int replace(Store *s, const char *text)
{
        int r = store_write_file(s->folder_fd, PENDING_NEW, text, strlen(text), true);

        if (r >= 0 && renameat(s->folder_fd, PENDING_NEW, s->folder_fd, STATE_PENDING) < 0) {
                r = -errno;
                (void)unlinkat(s->folder_fd, PENDING_NEW, 0);
        }
        return r;
}

int store_write_pending(Store *s, const char *text)
{
        int r = store_open_folder(s);

        if (r < 0)
                return r;
        if (*text)
                r = replace(s, text);
        else if (unlinkat(s->folder_fd, STATE_PENDING, 0) < 0)
                r = errno == ENOENT ? 0 : -errno;
        if (r >= 0 && fsync(s->folder_fd) < 0)
                r = -errno;
        return r;
}

/* ---- what it stands on ---- */

static int sync_path(int folder, const char *path)
{
        _cleanup_close_ int fd =
                openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* What is on disk already costs little more than its opening. */
int store_sync_revision(Store *s, uint64_t revision)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        bool found = revision == 0;
        int fd, r = 0;

        fd = openat(s->folder_fd, STATE_REVISIONS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        dir = fdopendir(fd);
        if (!dir) {
                r = -errno;
                close(fd);
                return r;
        }
        while (r >= 0 && (entry = readdir(dir))) {
                char *end;
                uint64_t number = strtoull(entry->d_name, &end, 10);

                if (end == entry->d_name || number > revision)
                        continue;
                found |= number == revision;
                r = sync_path(fd, entry->d_name);
        }
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r >= 0)
                r = store_sync_folders(s);
        return r < 0 || found ? r : -ENOENT;
}

void store_hold_revision(Store *s, const uint64_t *revision)
{
        s->holds = revision != NULL;
        s->held = revision ? *revision : 0;
}

void store_distrust(Store *s)
{
        s->rewrite = true;
}
