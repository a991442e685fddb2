/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The tree is read when a cgroup is asked for that was not seen, and its folders are watched, so
 * that a unit that lives for some milliseconds has a name too.
 */

#include "daemon/host/unit_names.h"

#include "daemon/host/internal.h"
#include "rules/base/array.h"
#include "rules/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 16384u /* then those that are gone are forgotten */
#define WATCHES_MAX 4096

typedef struct SeenCgroup {
        uint64_t id;
        char *path; /* below the mount */
        char *unit; /* NULL: none */
} SeenCgroup;

typedef struct WatchedFolder {
        int descriptor;
        char *path; /* NULL: none */
} WatchedFolder;

struct UnitNames {
        char *mount;
        SeenCgroup *items; /* ascending by id */
        size_t n;
        bool looked; /* through the tree, since unit_names_expire() */
        int inotify;
        WatchedFolder *watched; /* WATCHES_MAX of them, by descriptor */
};

static void names_clear(UnitNames *n)
{
        for (size_t i = 0; i < n->n; i++) {
                free(n->items[i].path);
                free(n->items[i].unit);
        }
        free(n->items);
        n->items = NULL;
        n->n = 0;
}

UnitNames *unit_names_free(UnitNames *n)
{
        if (!n)
                return NULL;
        names_clear(n);
        for (size_t i = 0; n->watched && i < WATCHES_MAX; i++)
                free(n->watched[i].path);
        free(n->watched);
        if (n->inotify >= 0)
                close(n->inotify);
        free(n->mount);
        free(n);
        return NULL;
}

/* ---- a path's unit ---- */

static bool has_suffix(const char *s, size_t length, const char *suffix)
{
        size_t n = strlen(suffix);

        return length > n && strncmp(s + length - n, suffix, n) == 0;
}

int unit_name_of_path(const char *path, char **ret)
{
        const char *unit = NULL;
        size_t unit_length = 0, n;

        /* what lies below a service or scope belongs to it */
        for (bool slice = true; *path && slice; path += n + (path[n] == '/')) {
                n = strcspn(path, "/");
                slice = has_suffix(path, n, ".slice");
                if (!slice && !has_suffix(path, n, ".service") && !has_suffix(path, n, ".scope") &&
                        !has_suffix(path, n, ".socket") && !has_suffix(path, n, ".mount"))
                        break;
                unit = path;
                unit_length = n;
        }
        *ret = NULL;
        if (!unit)
                return 0;
        /* systemd escapes what the kernel could take for one of its own files */
        if (unit_length > 1 && *unit == '_') {
                unit++;
                unit_length--;
        }
        *ret = strndup(unit, unit_length);
        if (!*ret)
                return -ENOMEM;
        text_make_printable(*ret);
        return 0;
}

/* ---- a unit's container ---- */

/* Engines list the beginning of an ID of 64 digits. */
#define CONTAINER_ID_LENGTH 64u
#define CONTAINER_ID_SHOWN 12

static const char *const engines[] = { "docker-", "libpod-", "cri-containerd-", "crio-",
        "nerdctl-" };

static bool is_id(const char *text, size_t n)
{
        return n == CONTAINER_ID_LENGTH && strspn(text, "0123456789abcdef") >= n;
}

const char *unit_container(const char *unit, char buffer[static CONTAINER_NAME_MAX])
{
        static const char scope[] = ".scope", machine[] = "machine-";
        size_t length = strlen(unit), n;

        if (!has_suffix(unit, length, scope))
                return NULL;
        length -= strlen(scope);
        for (size_t i = 0; i < ELEMENTS(engines); i++) {
                n = strlen(engines[i]);
                if (length <= n || strncmp(unit, engines[i], n) != 0 ||
                        !is_id(unit + n, length - n))
                        continue;
                (void)snprintf(buffer, CONTAINER_NAME_MAX, "%.*s", CONTAINER_ID_SHOWN, unit + n);
                return buffer;
        }
        n = strlen(machine);
        if (length <= n || length - n >= CONTAINER_NAME_MAX || strncmp(unit, machine, n) != 0)
                return NULL;
        (void)snprintf(buffer, CONTAINER_NAME_MAX, "%.*s", (int)(length - n), unit + n);
        return buffer;
}

/* ---- what was seen ---- */

/* The place of an id in the list, or where it belongs. */
static size_t lower_bound(const UnitNames *n, uint64_t id)
{
        return array_lower_bound(&id, n->items, n->n, sizeof(*n->items), number_compare);
}

static SeenCgroup *names_get(const UnitNames *n, uint64_t id)
{
        size_t i = lower_bound(n, id);

        return i < n->n && n->items[i].id == id ? &n->items[i] : NULL;
}

/* Ids of cgroups that are gone are not given again while the host runs. */
static int names_add(UnitNames *n, uint64_t id, const char *path)
{
        size_t i = lower_bound(n, id);
        SeenCgroup new = { .id = id };
        int r;

        if (i < n->n && n->items[i].id == id)
                return 0;
        r = strdup_null(path, &new.path);
        if (r >= 0)
                r = unit_name_of_path(path, &new.unit);
        if (r >= 0)
                r = array_insert(&n->items, &n->n, sizeof(new), i, &new);
        if (r < 0) {
                free(new.path);
                free(new.unit);
        }
        return r;
}

/* Descriptors are given in turn and not again. */
static WatchedFolder *watched_slot(const UnitNames *n, int descriptor)
{
        return &n->watched[(unsigned)descriptor % WATCHES_MAX];
}

static void folder_watch(UnitNames *n, const char *path)
{
        char full[PATH_MAX];
        WatchedFolder *w;
        int descriptor;

        if (n->inotify < 0 ||
                (size_t)snprintf(full, sizeof(full), "%s/%s", n->mount, path) >= sizeof(full))
                return;
        descriptor = inotify_add_watch(n->inotify, full, IN_CREATE | IN_ONLYDIR | IN_DONT_FOLLOW);
        if (descriptor < 0)
                return;
        w = watched_slot(n, descriptor);
        if (w->path && w->descriptor == descriptor)
                return;
        if (w->path || strdup_null(path, &w->path) < 0)
                (void)inotify_rm_watch(n->inotify, descriptor);
        else
                w->descriptor = descriptor;
}

/* ---- the tree ---- */

static int folder_read(UnitNames *n, int mount, const char *path, unsigned level);

static int child_read(UnitNames *n, int mount, const char *path, unsigned level)
{
        struct stat st;
        int r;

        if (fstatat(mount, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        r = names_add(n, st.st_ino, path);
        if (r < 0 || level >= UNIT_NAMES_LEVEL_MAX)
                return r;
        return folder_read(n, mount, path, level);
}

/* Cgroups that go meanwhile are left out. */
static int folder_read(UnitNames *n, int mount, const char *path, unsigned level)
{
        _cleanup_(closedir_p) DIR *dir = folder_open(mount, path[0] ? path : ".");
        char child[PATH_MAX];
        struct dirent *entry;
        int r = 0;

        if (!dir)
                return 0;
        folder_watch(n, path);
        while (r >= 0 && n->n < NAMES_MAX && (entry = readdir(dir)))
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
                        (size_t)snprintf(child, sizeof(child), "%s%s%s", path, path[0] ? "/" : "",
                                entry->d_name) < sizeof(child))
                        r = child_read(n, mount, child, level + 1);
        return r;
}

static int tree_read(UnitNames *n)
{
        _cleanup_close_ int mount = open(n->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (mount < 0)
                return 0;
        if (n->n >= NAMES_MAX)
                names_clear(n);
        return folder_read(n, mount, "", 0);
}

int unit_names_new(const char *mount, UnitNames **ret)
{
        _cleanup_(unit_names_free_p) UnitNames *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        n->inotify = -1;
        n->watched = calloc(WATCHES_MAX, sizeof(WatchedFolder));
        r = n->watched ? strdup_null(mount, &n->mount) : -ENOMEM;
        if (r >= 0 && mount) {
                n->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
                r = tree_read(n);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(n);
        return 0;
}

/* ---- what is made ---- */

int unit_names_fd(const UnitNames *n)
{
        return n->inotify;
}

static unsigned path_level(const char *path)
{
        unsigned level = 1;

        for (; *path; path++)
                level += *path == '/';
        return level;
}

static void made(UnitNames *n, const char *folder, const char *name)
{
        _cleanup_close_ int mount = open(n->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char path[PATH_MAX];

        if (mount < 0 || n->n >= NAMES_MAX ||
                (size_t)snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] ? "/" : "",
                        name) >= sizeof(path))
                return;
        /* The cgroups that were made in it before it is watched are read too. */
        (void)child_read(n, mount, path, path_level(path));
}

static void event_follow(UnitNames *n, const struct inotify_event *e)
{
        WatchedFolder *w = watched_slot(n, e->wd);

        if (e->mask & IN_Q_OVERFLOW)
                n->looked = false;
        if (e->wd < 0 || w->descriptor != e->wd || !w->path)
                return;
        if (e->mask & IN_IGNORED)
                free(TAKE_PTR(w->path));
        else if (e->mask & IN_CREATE && e->mask & IN_ISDIR && e->len > 0)
                made(n, w->path, e->name);
}

void unit_names_follow(UnitNames *n)
{
        _Alignas(struct inotify_event) char buffer[8192];
        ssize_t size;

        while ((size = read(n->inotify, buffer, sizeof(buffer))) > 0)
                for (char *at = buffer; at < buffer + size;) {
                        const struct inotify_event *e = (const void *)at;

                        event_follow(n, e);
                        at += sizeof(*e) + e->len;
                }
}

/* ---- asking ---- */

static const SeenCgroup *names_find(UnitNames *n, uint64_t cgroup)
{
        const SeenCgroup *found = names_get(n, cgroup);

        if (found || cgroup == 0 || !n->mount || n->looked)
                return found;
        n->looked = true;
        return tree_read(n) < 0 ? NULL : names_get(n, cgroup);
}

const char *unit_names_find(UnitNames *n, uint64_t cgroup)
{
        const SeenCgroup *found = names_find(n, cgroup);

        return found ? found->unit : NULL;
}

const char *unit_names_path(UnitNames *n, uint64_t cgroup)
{
        const SeenCgroup *found = names_find(n, cgroup);

        return found ? found->path : NULL;
}

void unit_names_expire(UnitNames *n)
{
        n->looked = false;
}
