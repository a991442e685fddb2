/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The store's files: written whole, with the modes that keep them to root, made durable, and thrown
 * away when nothing names them any more. Knows no state.
 */

#include "daemon/store_internal.h"

#include <errno.h>
#include <fcntl.h>

int store_write_all(int fd, const char *data, size_t n)
{
        while (n > 0) {
                ssize_t k = write(fd, data, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                data += k;
                n -= (size_t)k;
        }
        return 0;
}

int store_write_file(int folder, const char *path, const char *data, size_t n, bool sync)
{
        _cleanup_close_ int fd = -1;
        int r;

        fd = openat(folder, path,
                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
                return -errno;
        r = store_write_all(fd, data, n);
        if (r >= 0 && sync && fsync(fd) < 0)
                r = -errno;
        if (r < 0)
                (void)unlinkat(folder, path, 0);
        return r;
}

int store_make_folders(const char *path)
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

int store_open_folder(Store *s)
{
        static const char *const below[] = { STATE_FRAGMENTS, STATE_SETS, STATE_REVISIONS,
                STATE_HOST };
        int r;

        if (s->folder_fd >= 0)
                return 0;
        r = store_make_folders(s->paths->state);
        if (r < 0)
                return r;
        s->folder_fd = open(s->paths->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->folder_fd < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTS(below); i++)
                if (mkdirat(s->folder_fd, below[i], 0700) < 0 && errno != EEXIST) {
                        r = -errno;
                        close_p(&s->folder_fd);
                        s->folder_fd = -1;
                        return r;
                }
        return 0;
}

int store_sync_folders(Store *s)
{
        static const char *const below[] = { STATE_FRAGMENTS, STATE_SETS };

        for (size_t i = 0; i < ELEMENTS(below); i++) {
                _cleanup_close_ int fd =
                        openat(s->folder_fd, below[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (fd < 0 || fsync(fd) < 0)
                        return -errno;
        }
        return 0;
}

/* Removes what the state does not name; failures are tried again next time. */
static void collect(Store *s, const char *folder, char *const *current, char *const *kept)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int fd;

        fd = openat(s->folder_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return;
        dir = fdopendir(fd);
        if (!dir) {
                close(fd);
                return;
        }
        while ((entry = readdir(dir))) {
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
