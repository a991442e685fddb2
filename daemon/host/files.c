/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Finds and reads p25's files: regular files only, never blocking, never beyond a limit. Does not
 * depend on their content.
 */

#include "daemon/host/apart.h"
#include "daemon/host/internal.h"
#include "daemon/reader/ask.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/hash.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

void host_paths_deinit(HostPaths *p)
{
        free(p->conf);
        free(p->policy_folder);
        free(p->roles_folder);
        free(p->shipped);
        free(p->state);
        free(p->runtime);
        free(p->root);
        *p = (HostPaths){ 0 };
}

int host_paths_init(HostPaths *p, const char *root, const char *policies)
{
        _cleanup_(host_paths_deinit) HostPaths n = { 0 };
        size_t length;

        n.root = strdup(root ? root : "");
        if (!n.root)
                return -ENOMEM;
        for (length = strlen(n.root); length > 0 && n.root[length - 1] == '/'; length--)
                n.root[length - 1] = '\0';

        if (text_printf(&n.conf, "%s%s", n.root, "/etc/p25/p25.conf") < 0 ||
                text_printf(&n.policy_folder, "%s%s", n.root, "/etc/p25/policy.d") < 0 ||
                text_printf(&n.roles_folder, "%s%s", n.root, "/etc/p25/roles.d") < 0 ||
                text_printf(&n.state, "%s%s", n.root, "/var/lib/p25") < 0 ||
                text_printf(&n.runtime, "%s%s", n.root, "/run/p25") < 0)
                return -ENOMEM;
        n.shipped = policies ? strdup(policies) : NULL;
        if (policies ? !n.shipped : text_printf(&n.shipped, "%s%s", n.root, HOST_SHIPPED) < 0)
                return -ENOMEM;

        *p = TAKE_STRUCT(n);
        return 0;
}

void host_inputs_deinit(HostInputs *l)
{
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i].path);
        free(l->items);
        *l = (HostInputs){ 0 };
}

HostInput host_input_from_stat(const struct stat *st)
{
        return (HostInput){
                .device = st->st_dev,
                .inode = st->st_ino,
                .size = (uint64_t)st->st_size,
                .mtime_nsec =
                        (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec,
                .ctime_nsec =
                        (uint64_t)st->st_ctim.tv_sec * 1000000000u + (uint64_t)st->st_ctim.tv_nsec,
        };
}

bool host_input_equal(const HostInput *a, const HostInput *b)
{
        return a->device == b->device && a->inode == b->inode && a->size == b->size &&
               a->mtime_nsec == b->mtime_nsec && a->ctime_nsec == b->ctime_nsec;
}

static int inputs_add(HostInputs *l, const char *path, const struct stat *st)
{
        HostInput input = host_input_from_stat(st);

        if (!l)
                return 0;
        if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0)
                return -ENOMEM;
        input.path = strdup(path);
        if (!input.path)
                return -ENOMEM;
        l->items[l->n++] = input;
        return 0;
}

const char *host_errno_text(int error)
{
        static const struct {
                int error;
                const char *text;
        } texts[] = {
                { ENOENT, "does not exist" },
                { EISDIR, "is a folder, not a file" },
                { EINVAL, "is not a regular file" },
                { ELOOP, "is a loop of symbolic links" },
                { EACCES, "cannot be read: permission denied" },
                { EPERM, "cannot be read: permission denied" },
                { ENOTDIR, "does not exist: a part of the path is not a folder" },
                { ENAMETOOLONG, "has too long a name" },
                { EIO, "cannot be read: input/output error" },
                { EXDEV, "is a link out of its folder" },
                { ETIMEDOUT, "is on a file system that does not answer" },
                { ECANCELED, "was not read, because a file before it did not come in time" },
                { ENOTUNIQ, "belongs neither to root nor to the owner of its folder" },
        };

        if (error < 0)
                error = -error;
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (texts[i].error == error)
                        return texts[i].text;
        return NULL;
}

uint64_t host_content_hash(const char *text, size_t n)
{
        return hash_finish(hash_bytes(HASH_BEGIN, text, n));
}

static int file_error(const char *path, int error, Diagnostics *d)
{
        const char *text = host_errno_text(error);
        char buffer[128];

        if (!text)
                text = strerror_r(-error, buffer, sizeof(buffer));
        (void)diagnostics_error(d, ((Place){ .file = path }), NULL, "%s", text);
        return error;
}

static int check_regular(const struct stat *st)
{
        if (S_ISDIR(st->st_mode))
                return -EISDIR;
        return S_ISREG(st->st_mode) ? 0 : -EINVAL;
}

int host_open_file(const char *path)
{
        struct stat st;
        int fd, r;

        /* Asked before opening, because opening some devices does something; and after it,
         * because the name may have changed hands in between. */
        if (stat(path, &st) < 0)
                return -errno;
        r = check_regular(&st);
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        r = fstat(fd, &st) < 0 ? -errno : check_regular(&st);
        if (r >= 0)
                return fd;
        close(fd);
        return r;
}

/* Files that this process may not read are opened by p25d-reader, if they belong to the policy. */
int host_open_regular(const char *path, struct stat *ret_stat)
{
        int fd = host_open_file(path);

        if (fd == -EACCES)
                fd = reader_open(READER_FILE, path);
        if (fd < 0)
                return fd;
        if (fstat(fd, ret_stat) < 0) {
                int r = -errno;

                close(fd);
                return r;
        }
        return fd;
}

/* ---- files that a policy names ---- */

/* A file of the folder, or a link to another one in it. */
static int open_beneath(int folder, const char *name)
{
        struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
        int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));

        /* before Linux 5.6 no link at all */
        if (fd < 0 && errno == ENOSYS)
                fd = openat(
                        folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

/* A user who may write into the folder could have put a file of another there: by a rename out of a
 * folder with other rights, or by a second name for it. */
static int check_owner(const struct stat *file, const struct stat *folder)
{
        if (file->st_uid == folder->st_uid)
                return 0;
        return file->st_uid == 0 && file->st_nlink == 1 ? 0 : -ENOTUNIQ;
}

int host_open_named(const char *path)
{
        _cleanup_free_ char *folder = strdup(path);
        _cleanup_close_ int at = -1, fd = -1;
        struct stat st, of_folder;
        char *slash;
        int r;

        if (!folder)
                return -ENOMEM;
        slash = strrchr(folder, '/');
        if (!slash || slash[1] == '\0')
                return -EISDIR;
        *slash = '\0';
        at = open(slash == folder ? "/" : folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (at < 0 || fstat(at, &of_folder) < 0)
                return -errno;
        /* before opening, because opening some devices does something */
        if (fstatat(at, slash + 1, &st, 0) < 0)
                return -errno;
        r = check_regular(&st);
        if (r < 0)
                return r;
        fd = open_beneath(at, slash + 1);
        if (fd < 0)
                return TAKE_FD(fd);
        r = fstat(fd, &st) < 0 ? -errno : check_regular(&st);
        if (r >= 0)
                r = check_owner(&st, &of_folder);
        return r < 0 ? r : TAKE_FD(fd);
}

/* ---- reading ---- */

static int read_opened(
        const char *path, size_t max, HostInputs *inputs, char **ret, size_t *ret_length)
{
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        fd = host_open_regular(path, &st);
        if (fd < 0)
                return TAKE_FD(fd);
        if (st.st_size > 0 && (uint64_t)st.st_size > max)
                return -EFBIG;
        if (inputs_add(inputs, path, &st) < 0)
                return -ENOMEM;
        r = file_read_all(fd, st.st_size > 0 ? (size_t)st.st_size : 0, max, ret, ret_length);
        if (r >= 0 && inputs)
                inputs->items[inputs->n - 1].content = host_content_hash(*ret, *ret_length);
        return r;
}

static int read_told(const char *name, size_t max, int r, Diagnostics *d)
{
        if (r == -EFBIG) {
                (void)diagnostics_error(d, ((Place){ .file = name }), NULL,
                        "is larger than %zu MiB, the most that is read", max >> 20);
                return r;
        }
        return r < 0 ? file_error(name, r, d) : 0;
}

int host_read_input(const char *path, size_t max, HostInputs *inputs, Diagnostics *d, char **ret,
        size_t *ret_length)
{
        return read_told(path, max, read_opened(path, max, inputs, ret, ret_length), d);
}

/* Such a file may lie anywhere, also where nothing answers. */
static int read_named(const char *path, size_t max, ApartFile *ret)
{
        _cleanup_close_ int fd = -1;
        int r = apart_read(&(ApartFrom){ host_open_named, path, -1 }, max, ret);

        if (r != -EACCES)
                return r;
        fd = reader_open(READER_NAMED, path);
        return fd < 0 ? fd : apart_read(&(ApartFrom){ .fd = fd }, max, ret);
}

int host_read_named(
        const char *path, size_t max, HostInputs *inputs, char **ret, size_t *ret_length)
{
        ApartFile f;
        int r;

        /* one file that nobody waits for any longer is enough */
        if (inputs && inputs->late)
                return -ECANCELED;
        r = read_named(path, max, &f);
        if (inputs)
                inputs->late = r == -ETIMEDOUT;
        if (r < 0)
                return r;
        if (inputs_add(inputs, path, &f.st) < 0) {
                free(f.text);
                return -ENOMEM;
        }
        if (inputs) {
                HostInput *input = &inputs->items[inputs->n - 1];

                input->content = host_content_hash(f.text, f.length);
                input->named = true;
                input->remote = f.remote;
        }
        *ret = f.text;
        *ret_length = f.length;
        return 0;
}

int host_read_again(const HostInput *input, size_t max, char **ret, size_t *ret_length)
{
        int r = input->named ? host_read_named(input->path, max, NULL, ret, ret_length)
                             : host_read_file(input->path, max, NULL, ret, ret_length);

        if (r < 0)
                return r == -ENOMEM ? r : -ESTALE;
        if (host_content_hash(*ret, *ret_length) == input->content)
                return 0;
        free(*ret);
        *ret = NULL;
        return -ESTALE;
}

int host_read_descriptor(
        int fd, const char *name, size_t max, Diagnostics *d, char **ret, size_t *ret_length)
{
        return read_told(name, max, file_read_all(fd, 4096, max, ret, ret_length), d);
}

int host_read_file(const char *path, size_t max, Diagnostics *d, char **ret, size_t *ret_length)
{
        return host_read_input(path, max, NULL, d, ret, ret_length);
}

static bool is_conf_name(const char *name)
{
        return name[0] != '.' && text_ends_with(name, ".conf");
}

static DIR *open_folder(const char *path)
{
        DIR *dir = opendir(path);
        int fd = dir || errno != EACCES ? -1 : reader_open(READER_FOLDER, path);

        if (fd >= 0 && !(dir = fdopendir(fd)))
                close(fd);
        else if (!dir && fd < -1)
                errno = -fd;
        return dir;
}

int host_list_conf(const char *folder, Diagnostics *d, char ***ret)
{
        _cleanup_strv_ char **names = NULL;
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;

        dir = open_folder(folder);
        if (!dir && errno == ENOENT) {
                *ret = NULL;
                return 0;
        }
        if (!dir && errno == ENOTDIR) {
                (void)diagnostics_error(d, ((Place){ .file = folder }), NULL, "is not a folder");
                return -ENOTDIR;
        }
        if (!dir)
                return file_error(folder, -errno, d);

        while (errno = 0, (entry = readdir(dir)))
                if (is_conf_name(entry->d_name) && strv_append(&names, entry->d_name) < 0)
                        return -ENOMEM;
        if (errno != 0)
                return file_error(folder, -errno, d);
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}
