/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/disk.h"

struct DiskCalls disk;

/* ---- the model ---- */

static void *disk_alloc(void *old, size_t n)
{
        void *p = realloc(old, n + 1);

        assert(p);
        return p;
}

void disk_set(DiskBytes *b, const char *data, size_t n)
{
        b->data = disk_alloc(b->data, n);
        if (n > 0)
                memcpy(b->data, data, n);
        b->n = n;
}

int disk_node(Disk *d, int kind)
{
        d->nodes = disk_alloc(d->nodes, (d->n_nodes + 1) * sizeof(*d->nodes));
        d->nodes[d->n_nodes] = (DiskNode){ .kind = kind };
        return (int)d->n_nodes++;
}

void disk_name(DiskEntry **list, size_t *n, int folder, const char *name, int node)
{
        *list = disk_alloc(*list, (*n + 1) * sizeof(**list));
        (*list)[(*n)++] = (DiskEntry){ strdup(name), node, folder, disk.calls };
}

static void disk_pend(int folder, const char *name, int node)
{
        disk_name(&disk.disk.pending, &disk.disk.n_pending, folder, name, node);
}

/* A later entry stands above earlier ones. */
static int disk_find(const Disk *d, int folder, const char *name)
{
        for (size_t i = d->n_pending; i > 0; i--)
                if (d->pending[i - 1].folder == folder && streq(d->pending[i - 1].name, name))
                        return d->pending[i - 1].node;
        for (size_t i = d->n_safe; i > 0; i--)
                if (d->safe[i - 1].folder == folder && streq(d->safe[i - 1].name, name))
                        return d->safe[i - 1].node;
        return -1;
}

/* The folder that a path is in and its last name; -1: it is not below the folder that is noted. */
static int disk_walk(const char *path, char name[static NAME_MAX + 1])
{
        size_t n = strlen(disk.folder);
        int folder = 0;

        if (n == 0 || strncmp(path, disk.folder, n) != 0 || path[n] != '/')
                return -1;
        for (const char *p = path + n; folder >= 0;) {
                p += strspn(p, "/");
                n = strcspn(p, "/");
                assert(n > 0 && n <= NAME_MAX);
                memcpy(name, p, n);
                name[n] = '\0';
                p += n;
                if (*p == '\0')
                        return folder;
                folder = disk_find(&disk.disk, folder, name);
        }
        return -1;
}

static int disk_find_path(const char *path)
{
        char name[NAME_MAX + 1];
        int folder;

        if (streq(path, disk.folder))
                return 0;
        folder = disk_walk(path, name);
        return folder < 0 ? -1 : disk_find(&disk.disk, folder, name);
}

/* All calls of which the folder has a part are safe. */
static void disk_sync_folder(int folder)
{
        Disk *d = &disk.disk;
        size_t kept = 0;

        for (size_t i = 0; i < d->n_pending; i++) {
                bool safe = false;

                for (size_t j = 0; j < d->n_pending; j++)
                        safe = safe || (d->pending[j].folder == folder &&
                                               d->pending[j].call == d->pending[i].call);
                if (safe) {
                        disk_name(&d->safe, &d->n_safe, d->pending[i].folder, d->pending[i].name,
                                d->pending[i].node);
                        free(d->pending[i].name);
                } else
                        d->pending[kept++] = d->pending[i];
        }
        d->n_pending = kept;
}

/* ---- the calls ---- */

static bool disk_full_path(int folder, const char *path, char full[static PATH_MAX])
{
        char link[64];
        ssize_t n = 0;

        if (disk.folder[0] == '\0')
                return false;
        if (path[0] != '/') {
                if (folder == AT_FDCWD)
                        return false;
                (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
                n = readlink(link, full, PATH_MAX - 1);
                if (n < 0)
                        return false;
                full[n++] = '/';
        }
        (void)snprintf(full + n, (size_t)(PATH_MAX - n), "%s", path);
        n = (ssize_t)strlen(disk.folder);
        return strncmp(full, disk.folder, (size_t)n) == 0 && (full[n] == '/' || full[n] == '\0');
}

/* Is this one to be made? */
static bool disk_call(void)
{
        disk.calls++;
        if (disk.error == 0)
                return true;
        if (disk.calls != disk.fail_at && !(disk.fail_on && disk.failed))
                return true;
        disk.failed = true;
        errno = disk.error;
        return false;
}

static long disk_done(long r)
{
        int saved = errno;

        if (disk.after)
                disk.after();
        errno = saved;
        return r;
}

int openat(int folder, const char *path, int flags, ...)
{
        char full[PATH_MAX], name[NAME_MAX + 1];
        bool ours = disk_full_path(folder, path, full);
        mode_t mode = 0;
        int fd, node;
        va_list ap;

        va_start(ap, flags);
        if (flags & (O_CREAT | O_TMPFILE))
                mode = va_arg(ap, mode_t);
        va_end(ap);
        if (ours && !disk_call())
                return -1;
        fd = (int)syscall(SYS_openat, folder, path, flags, mode);
        if (!ours || fd < 0)
                return fd;
        node = disk_find_path(full);
        if (node < 0 && (flags & O_CREAT)) {
                folder = disk_walk(full, name);
                assert(folder >= 0);
                node = disk_node(&disk.disk, DISK_FILE);
                disk_pend(folder, name, node);
        }
        if (node >= 0 && (flags & O_TRUNC))
                disk.disk.nodes[node].now.n = 0;
        assert((size_t)fd < ELEMENTS(disk.fds));
        disk.fds[fd].node = node + 1;
        disk.fds[fd].at = 0;
        disk.fds[fd].append = flags & O_APPEND;
        return (int)disk_done(fd);
}

int open(const char *path, int flags, ...)
{
        mode_t mode = 0;
        va_list ap;

        va_start(ap, flags);
        if (flags & (O_CREAT | O_TMPFILE))
                mode = va_arg(ap, mode_t);
        va_end(ap);
        return openat(AT_FDCWD, path, flags, mode);
}

/* Also one that was opened before anybody took notes. */
static DiskNode *disk_of_fd(int fd)
{
        char full[PATH_MAX], link[64];
        ssize_t n;
        int node;

        if (fd < 0 || (size_t)fd >= ELEMENTS(disk.fds) || disk.folder[0] == '\0')
                return NULL;
        if (disk.fds[fd].node == 0) {
                (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
                n = readlink(link, full, sizeof(full) - 1);
                full[n > 0 ? n : 0] = '\0';
                node = disk_find_path(full);
                if (node < 0)
                        return NULL;
                disk.fds[fd].node = node + 1;
                disk.fds[fd].at = (size_t)lseek(fd, 0, SEEK_CUR);
                disk.fds[fd].append = fcntl(fd, F_GETFL) & O_APPEND;
        }
        return &disk.disk.nodes[disk.fds[fd].node - 1];
}

int close(int fd)
{
        if (fd >= 0 && (size_t)fd < ELEMENTS(disk.fds))
                disk.fds[fd].node = 0;
        return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *data, size_t n)
{
        DiskNode *node = disk_of_fd(fd);
        size_t at;
        ssize_t k;

        if (node && !disk_call())
                return -1;
        if (node && ++disk.writes == disk.fail_at && disk.error == 0 && n > 1) {
                disk.failed = true;
                n /= 2;
        }
        k = syscall(SYS_write, fd, data, n);
        if (!node || k < 0)
                return k;
        at = disk.fds[fd].append ? node->now.n : disk.fds[fd].at;
        if (at + (size_t)k > node->now.n) {
                node->now.data = disk_alloc(node->now.data, at + (size_t)k);
                node->now.n = at + (size_t)k;
        }
        memcpy(node->now.data + at, data, (size_t)k);
        disk.fds[fd].at = at + (size_t)k;
        return disk_done(k);
}

int fsync(int fd)
{
        DiskNode *node = disk_of_fd(fd);

        if (!node)
                return 0;
        if (!disk_call())
                return -1;
        if (node->kind == DISK_FOLDER)
                disk_sync_folder(disk.fds[fd].node - 1);
        else
                disk_set(&node->safe, node->now.data, node->now.n);
        return (int)disk_done(0);
}

int fdatasync(int fd)
{
        return fsync(fd);
}

int ftruncate(int fd, off_t length)
{
        DiskNode *node = disk_of_fd(fd);
        int r;

        if (node && !disk_call())
                return -1;
        r = (int)syscall(SYS_ftruncate, fd, length);
        if (!node || r < 0)
                return r;
        if ((size_t)length > node->now.n) {
                node->now.data = disk_alloc(node->now.data, (size_t)length);
                memset(node->now.data + node->now.n, 0, (size_t)length - node->now.n);
        }
        node->now.n = (size_t)length;
        return (int)disk_done(r);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
        char a[PATH_MAX], b[PATH_MAX], name[NAME_MAX + 1];
        bool ours = disk_full_path(from_folder, from, a) && disk_full_path(to_folder, to, b);
        int r, folder, node;

        if (ours && !disk_call())
                return -1;
        r = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
        if (!ours || r < 0)
                return r;
        folder = disk_walk(a, name);
        node = disk_find(&disk.disk, folder, name);
        disk_pend(folder, name, -1);
        folder = disk_walk(b, name);
        disk_pend(folder, name, node);
        return (int)disk_done(r);
}

int rename(const char *from, const char *to)
{
        return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
        char a[PATH_MAX], b[PATH_MAX], name[NAME_MAX + 1];
        bool ours = disk_full_path(from_folder, from, a) && disk_full_path(to_folder, to, b);
        int r, folder;

        if (ours && !disk_call())
                return -1;
        r = (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
        if (!ours || r < 0)
                return r;
        folder = disk_walk(b, name);
        disk_pend(folder, name, disk_find_path(a));
        return (int)disk_done(r);
}

int link(const char *from, const char *to)
{
        return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
        char full[PATH_MAX], name[NAME_MAX + 1];
        bool ours = disk_full_path(folder, path, full);
        int r;

        if (ours && !disk_call())
                return -1;
        r = (int)syscall(SYS_unlinkat, folder, path, flags);
        if (!ours || r < 0)
                return r;
        folder = disk_walk(full, name);
        disk_pend(folder, name, -1);
        return (int)disk_done(r);
}

int unlink(const char *path)
{
        return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
        return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
        char full[PATH_MAX], name[NAME_MAX + 1];
        bool ours = disk_full_path(folder, path, full);
        int r;

        if (ours && !disk_call())
                return -1;
        r = (int)syscall(SYS_mkdirat, folder, path, mode);
        if (!ours || r < 0)
                return r;
        folder = disk_walk(full, name);
        disk_pend(folder, name, disk_node(&disk.disk, DISK_FOLDER));
        return (int)disk_done(r);
}

int mkdir(const char *path, mode_t mode)
{
        return mkdirat(AT_FDCWD, path, mode);
}

int symlinkat(const char *target, int folder, const char *path)
{
        char full[PATH_MAX], name[NAME_MAX + 1];
        bool ours = disk_full_path(folder, path, full);
        int r, node;

        if (ours && !disk_call())
                return -1;
        r = (int)syscall(SYS_symlinkat, target, folder, path);
        if (!ours || r < 0)
                return r;
        folder = disk_walk(full, name);
        node = disk_node(&disk.disk, DISK_LINK);
        disk_set(&disk.disk.nodes[node].now, target, strlen(target));
        disk_set(&disk.disk.nodes[node].safe, target, strlen(target));
        disk_pend(folder, name, node);
        return (int)disk_done(r);
}

/* ---- what may be found ---- */

static bool disk_kept(const DiskLoss *l, const DiskEntry *e)
{
        switch (l->names) {
        case NAMES_ALL:
                return true;
        case NAMES_NONE:
                return false;
        case NAMES_ONLY:
                return e->call == l->call;
        case NAMES_BUT:
                return e->call != l->call;
        case NAMES_SOME:
                return ((e->call + 1) * (l->call + 1) * 2654435761u) >> 31;
        }
        return false;
}

/* The contents of a file; to be freed. */
static char *disk_data(const DiskNode *node, DiskData loss, size_t *ret_n)
{
        const DiskBytes *now = &node->now, *safe = &node->safe;
        bool grown =
                now->n >= safe->n && (safe->n == 0 || memcmp(now->data, safe->data, safe->n) == 0);
        size_t kept = grown ? safe->n : 0, n = now->n;
        char *data = disk_alloc(NULL, now->n + safe->n);

        if (n > 0)
                memcpy(data, now->data, n);
        if (loss == DATA_LOST && (n = safe->n) > 0)
                memcpy(data, safe->data, n);
        if (loss == DATA_HALF)
                n = kept + (n - kept) / 2;
        if (loss == DATA_ZERO)
                memset(data + kept, 0, n - kept);
        *ret_n = n;
        return data;
}

/* Is there a later entry of the same name? */
static bool disk_is_replaced(const Disk *d, const DiskLoss *loss, bool pending, size_t i)
{
        const DiskEntry *e = pending ? &d->pending[i] : &d->safe[i];

        for (size_t j = pending ? d->n_safe : i + 1; j < d->n_safe; j++)
                if (d->safe[j].folder == e->folder && streq(d->safe[j].name, e->name))
                        return true;
        for (size_t j = pending ? i + 1 : 0; j < d->n_pending; j++)
                if (d->pending[j].folder == e->folder && streq(d->pending[j].name, e->name) &&
                        disk_kept(loss, &d->pending[j]))
                        return true;
        return false;
}

static void disk_make(
        const Disk *d, const DiskEntry *e, const char *path, const DiskLoss *loss, uint64_t *hash);

static void disk_make_folder(
        const Disk *d, int folder, const char *path, const DiskLoss *loss, uint64_t *hash)
{
        for (size_t i = 0; i < d->n_safe + d->n_pending; i++) {
                bool pending = i >= d->n_safe;
                size_t k = pending ? i - d->n_safe : i;
                const DiskEntry *e = pending ? &d->pending[k] : &d->safe[k];
                char below[PATH_MAX];

                if (e->folder != folder || e->node < 0 || (pending && !disk_kept(loss, e)) ||
                        disk_is_replaced(d, loss, pending, k))
                        continue;
                (void)snprintf(below, sizeof(below), "%s/%s", path, e->name);
                disk_make(d, e, below, loss, hash);
        }
}

static void disk_make(
        const Disk *d, const DiskEntry *e, const char *path, const DiskLoss *loss, uint64_t *hash)
{
        const DiskNode *node = &d->nodes[e->node];
        DiskData what = node->kind == DISK_FILE ? loss->data : DATA_ALL;
        size_t n;
        char *data = disk_data(node, what, &n);
        int fd;
        data[n] = '\0';
        if (hash) {
                /* the order of names may differ, so that it must not count */
                *hash += hash_finish(hash_bytes(hash_string(HASH_BEGIN, path), data, n));
        } else if (node->kind == DISK_FOLDER) {
                assert(syscall(SYS_mkdirat, AT_FDCWD, path, 0700) == 0);
        } else if (node->kind == DISK_LINK) {
                assert(syscall(SYS_symlinkat, data, AT_FDCWD, path) == 0);
        } else {
                fd = (int)syscall(
                        SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                assert(fd >= 0 && syscall(SYS_write, fd, data, n) == (long)n);
                syscall(SYS_close, fd);
        }
        free(data);
        if (node->kind == DISK_FOLDER)
                disk_make_folder(d, e->node, path, loss, hash);
}

void disk_write(const Disk *d, const char *path, const DiskLoss *loss)
{
        disk_make_folder(d, 0, path, loss, NULL);
}

uint64_t disk_hash(const Disk *d, const DiskLoss *loss)
{
        uint64_t hash = 0;

        disk_make_folder(d, 0, "", loss, &hash);
        return hash;
}
