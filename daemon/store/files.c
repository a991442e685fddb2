/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The store's files: written whole, with the modes that keep them to root, made durable, and thrown
 * away when nothing names them any more. Does not depend on the state.
 */

#include "daemon/store/internal.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <fcntl.h>

int store_write_file(Store *s, int folder, const char *path, const char *data, size_t n, bool sync)
{
        _cleanup_close_ int fd = -1;
        int r;

        fd = openat(folder, path,
                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
                return -errno;
        s->bytes_written += n;
        r = file_write_all(fd, data, n);
        if (r >= 0 && sync && fsync(fd) < 0)
                r = -errno;
        if (r < 0)
                (void)unlinkat(folder, path, 0);
        return r;
}

static int make_folder(const char *path, mode_t mode, bool sync)
{
        if (mkdir(path, mode) < 0)
                return errno == EEXIST ? 0 : -errno;
        return sync ? folder_sync_above(path) : 0;
}

/* Those above the last one. */
static int make_folders_above(const char *path, bool sync)
{
        _cleanup_free_ char *p = strdup(path);
        int r = p ? 0 : -ENOMEM;

        for (char *slash = p; r >= 0 && (slash = strchr(slash + 1, '/'));) {
                *slash = '\0';
                r = make_folder(p, 0755, sync);
                *slash = '/';
        }
        return r;
}

int store_make_folders(const char *path, bool sync)
{
        int r = make_folder(path, 0700, sync);

        if (r != -ENOENT)
                return r;
        r = make_folders_above(path, sync);
        return r < 0 ? r : make_folder(path, 0700, sync);
}

static int make_folders_below(int fd)
{
        static const char *const below[] = { STATE_FRAGMENTS, STATE_SETS, STATE_REVISIONS,
                STATE_HOST };
        bool made = false;

        for (size_t i = 0; i < ELEMENTS(below); i++) {
                if (mkdirat(fd, below[i], 0700) == 0)
                        made = true;
                else if (errno != EEXIST)
                        return -errno;
        }
        return made && fsync(fd) < 0 ? -errno : 0;
}

int store_open_folder(Store *s)
{
        _cleanup_close_ int fd = -1;
        int r;

        if (s->folder_fd >= 0)
                return 0;
        r = store_make_folders(s->paths->state, true);
        if (r < 0)
                return r;
        fd = open(s->paths->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = make_folders_below(fd);
        if (r < 0)
                return r;
        s->folder_fd = TAKE_FD(fd);
        s->names_pending = true;
        return 0;
}

/* Removes what the state does not name; failures are tried again next time. */
static void collect(Store *s, const char *folder, char *const *current, char *const *kept)
{
        _cleanup_(closedir_p) DIR *dir = folder_open(s->folder_fd, folder);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                _cleanup_buffer_ Buffer path = { 0 };

                buffer_printf(&path, "%s/%s", folder, entry->d_name);
                if (!path.failed && entry->d_type != DT_DIR && !strv_contains(current, path.data) &&
                        !strv_contains(kept, path.data))
                        (void)unlinkat(s->folder_fd, path.data, 0);
        }
}

void store_collect_garbage(Store *s, char *const *kept)
{
        collect(s, STATE_FRAGMENTS, s->fragment_files, kept);
        collect(s, STATE_SETS, s->set_files, kept);
}
