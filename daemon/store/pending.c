/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The record of a change that waits to be confirmed: one small file, replaced whole and on disk
 * before anybody relies on it. What is in it is pending.h's.
 */

#include "daemon/store/past.h"

#include "rules/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define PENDING_BYTES_MAX (1u << 20)
#define PENDING_NEW STATE_PENDING ".new"

int store_read_pending(Store *s, char **ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n;
        int r;

        if (text_printf(&path, "%s/" STATE_PENDING, s->paths->state) < 0)
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
        int r = store_write_file(s, s->folder_fd, PENDING_NEW, text, strlen(text), true);

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

int store_sync_revision(Store *s, uint64_t revision)
{
        _cleanup_past_ Past p = { 0 };
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        const PastWhole *base;

        if (past_read(s, revision, &p) < 0)
                return -ENOMEM;
        base = past_base(&p, revision);
        if (!base)
                return revision == 0 ? 0 : -ENOENT;
        /* what state.conf and the journal said was on disk before they were replaced; only the copy
         * of state.conf, where it has taken its place, may not be */
        if (past_path(base, &path) < 0)
                return -ENOMEM;
        fd = openat(s->folder_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fsync(fd) < 0)
                return -errno;
        return store_sync_revisions(s);
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
