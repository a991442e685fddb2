/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Unit names to cgroups: where the system's service manager puts a unit's folder in the cgroup v2
 * tree. Reads names and inode numbers, asks the service manager nothing.
 *
 * Only slices are looked into. What lies below a service or a scope is delegated: a user's service
 * manager, or a container's, makes folders there that may have the name of any unit.
 */

#include "daemon/host/internal.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

/* The part of the tree that is searched for a unit outside of the usual places. */
#define SLICES_MAX 1024
#define SLICE_LEVEL_MAX 8
/* The number of folders that are watched for one unit. */
#define PARENTS_MAX 256

const char *host_cgroup_mount(void)
{
        static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

        for (size_t i = 0; i < ELEMENTS(mounts); i++) {
                struct statfs fs;

                if (statfs(mounts[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
                        return mounts[i];
        }
        return NULL;
}

int host_unit_full_name(const char *unit, char **ret)
{
        static const char *const suffixes[] = { ".service", ".slice", ".scope" };
        _cleanup_buffer_ Buffer name = { 0 };

        if (unit[0] == '\0' || unit[0] == '.' || strchr(unit, '/') || strlen(unit) > NAME_MAX)
                return -ENOENT;
        buffer_add_string(&name, unit);
        for (size_t i = 0; i < ELEMENTS(suffixes); i++)
                if (text_ends_with(unit, suffixes[i]))
                        return buffer_take(&name, ret);
        buffer_add_string(&name, ".service");
        return buffer_take(&name, ret);
}

static int cgroup_stat(int mount, const char *path, uint32_t level, Cgroup *ret)
{
        struct stat st;

        if (fstatat(mount, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
                return -ENOENT;
        *ret = (Cgroup){ .id = st.st_ino, .level = level };
        if (strlen(path) < sizeof(ret->path))
                memcpy(ret->path, path, strlen(path) + 1);
        return 0;
}

/* If the tree is mounted next to others, its paths begin with its name there. */
static void cgroup_complete_path(const char *mount, Cgroup *c)
{
        static const char above[] = "/sys/fs/cgroup/";
        char path[CGROUP_PATH_MAX] = "";
        int n;

        if (c->path[0] == '\0' || strncmp(mount, above, sizeof(above) - 1) != 0)
                return;
        n = snprintf(path, sizeof(path), "%s/%s", mount + sizeof(above) - 1, c->path);
        if (n < 0 || (size_t)n >= sizeof(path))
                path[0] = '\0';
        memcpy(c->path, path, sizeof(path));
}

/* folder + "/" + name, or folder + "/_" + name: systemd escapes names that the kernel could take
 * for one of its own files ("cpu.service"). */
static int cgroup_stat_unit(
        int mount, const char *folder, const char *name, uint32_t level, Cgroup *ret)
{
        char path[PATH_MAX];

        for (int escaped = 0; escaped <= 1; escaped++) {
                int n = snprintf(path, sizeof(path), "%s%s%s%s", folder, folder[0] ? "/" : "",
                        escaped ? "_" : "", name);

                if (n >= 0 && (size_t)n < sizeof(path) && cgroup_stat(mount, path, level, ret) >= 0)
                        return 0;
        }
        return -ENOENT;
}

/* "a-b.slice" lies in a.slice; the folder's path, and its level, in *ret_level. */
static int slice_parent(const char *slice, char **ret, uint32_t *ret_level)
{
        _cleanup_buffer_ Buffer path = { 0 };
        uint32_t level = 0;

        for (const char *dash = strchr(slice, '-'); dash; dash = strchr(dash + 1, '-')) {
                buffer_printf(&path, "%s%.*s.slice", level ? "/" : "", (int)(dash - slice), slice);
                level++;
        }
        *ret_level = level;
        buffer_add_string(&path, "");
        return buffer_take(&path, ret);
}

/* Instances of a template lie in a slice of their own: system.slice/system-NAME.slice, with the
 * dashes of NAME escaped. NULL: no instance. */
static int template_parent(const char *name, char **ret)
{
        _cleanup_buffer_ Buffer path = { 0 };
        const char *at = strchr(name, '@');

        if (!at || at == name) {
                *ret = NULL;
                return 0;
        }
        buffer_add_string(&path, "system.slice/system-");
        for (const char *p = name; p < at; p++)
                if (*p == '-')
                        buffer_add_string(&path, "\\x2d");
                else
                        buffer_add_char(&path, *p);
        buffer_add_string(&path, ".slice");
        return buffer_take(&path, ret);
}

/* Calls visit for every slice below the mount, the mount itself first (path ""), nearer ones before
 * deeper ones; ends with the first answer that is not 0, and gives it. */
typedef int (*SliceVisitor)(int mount, const char *path, uint32_t level, void *data);

static int slice_children(int mount, const char *path, char ***paths)
{
        _cleanup_(closedir_p) DIR *dir = folder_open(mount, path[0] ? path : ".");
        struct dirent *entry;

        /* NULL: gone meanwhile */
        while (dir && (entry = readdir(dir)))
                if (entry->d_type == DT_DIR && text_ends_with(entry->d_name, ".slice") &&
                        strv_length(*paths) < SLICES_MAX &&
                        strv_printf(paths, "%s%s%s", path, path[0] ? "/" : "", entry->d_name) < 0)
                        return -ENOMEM;
        return 0;
}

static uint32_t path_level(const char *path)
{
        uint32_t level = path[0] != '\0';

        for (; *path; path++)
                level += *path == '/';
        return level;
}

static int each_slice(int mount, SliceVisitor visit, void *data)
{
        _cleanup_strv_ char **paths = NULL;

        if (strv_append(&paths, "") < 0)
                return -ENOMEM;
        for (size_t i = 0; paths[i]; i++) {
                uint32_t level = path_level(paths[i]);
                int r = visit(mount, paths[i], level, data);

                if (r == 0 && level < SLICE_LEVEL_MAX)
                        r = slice_children(mount, paths[i], &paths);
                if (r != 0)
                        return r;
        }
        return 0;
}

typedef struct UnitSearch {
        const char *name;
        Cgroup *found;
} UnitSearch;

static int look_in_slice(int mount, const char *path, uint32_t level, void *data)
{
        UnitSearch *s = data;

        return cgroup_stat_unit(mount, path, s->name, level + 1, s->found) >= 0;
}

static int search(int mount, const char *name, Cgroup *ret)
{
        int r = each_slice(mount, look_in_slice, &(UnitSearch){ name, ret });

        return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

/* "postfix@*.service": every instance of a template. */
static bool names_all_instances(const char *name)
{
        return strstr(name, "@*.") != NULL;
}

static int find(int mount, const char *name, Cgroup *ret)
{
        _cleanup_free_ char *parent = NULL;
        uint32_t level;

        if (names_all_instances(name)) {
                if (template_parent(name, &parent) < 0)
                        return -ENOMEM;
                return parent ? cgroup_stat(mount, parent, 2, ret) : -ENOENT;
        }

        if (text_ends_with(name, ".slice")) {
                if (slice_parent(name, &parent, &level) < 0)
                        return -ENOMEM;
                return cgroup_stat_unit(mount, parent, name, level + 1, ret);
        }
        if (cgroup_stat_unit(mount, "system.slice", name, 2, ret) >= 0)
                return 0;
        if (template_parent(name, &parent) < 0)
                return -ENOMEM;
        if (parent && cgroup_stat_unit(mount, parent, name, 3, ret) >= 0)
                return 0;
        return search(mount, name, ret);
}

/* An instance that runs in the place of "postfix.service", whose template it is: its name in *ret,
 * NULL: none. */
static int find_instance(int mount, const char *name, char **ret)
{
        _cleanup_buffer_ Buffer template = { 0 };
        _cleanup_(closedir_p) DIR *dir = NULL;
        _cleanup_free_ char *parent = NULL;
        size_t n = strlen(name) - strlen(".service");
        struct dirent *entry;

        *ret = NULL;
        buffer_printf(&template, "%.*s@.service", (int)n, name);
        if (template.failed || template_parent(template.data, &parent) < 0)
                return -ENOMEM;
        dir = folder_open(mount, parent);
        while (dir && !*ret && (entry = readdir(dir)))
                if (strncmp(entry->d_name, template.data, n + 1) == 0 &&
                        text_ends_with(entry->d_name, ".service") &&
                        !(*ret = strdup(entry->d_name)))
                        return -ENOMEM;
        return 0;
}

/* A hint for a unit whose processes are in instances of a template: what to write instead. */
static int hint_instance(int mount, const char *name, Cgroup *ret)
{
        _cleanup_free_ char *instance = NULL;
        int n;

        if (strchr(name, '@') || !text_ends_with(name, ".service"))
                return 0;
        if (find_instance(mount, name, &instance) < 0)
                return -ENOMEM;
        if (!instance)
                return 0;
        n = snprintf(ret->hint, sizeof(ret->hint),
                "its instance %s is: write that, or %.*s@*.service for all instances", instance,
                (int)(strlen(name) - strlen(".service")), name);
        if (n < 0 || (size_t)n >= sizeof(ret->hint))
                ret->hint[0] = '\0';
        return 0;
}

int host_unit_find(const char *mount, const char *unit, Cgroup *ret)
{
        _cleanup_free_ char *name = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        r = host_unit_full_name(unit, &name);
        if (r < 0)
                return r;
        fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -ENOENT;
        r = find(fd, name, ret);
        if (r >= 0)
                cgroup_complete_path(mount, ret);
        else if (r == -ENOENT && hint_instance(fd, name, ret) < 0)
                r = -ENOMEM;
        return r;
}

static int parents_add(char ***l, const char *mount, const char *path)
{
        struct stat st;
        char *full;

        if (text_printf(&full, "%s%s%s", mount, path[0] ? "/" : "", path) < 0)
                return -ENOMEM;
        if (strv_contains(*l, full) || stat(full, &st) < 0 || !S_ISDIR(st.st_mode) ||
                strv_length(*l) >= PARENTS_MAX) {
                free(full);
                return 0;
        }
        return strv_consume(l, full);
}

typedef struct Parents {
        const char *mount;
        char ***list;
} Parents;

/* Sessions and service managers of users, who are many, come and go in user.slice. */
static int add_slice(_unused_ int mount, const char *path, _unused_ uint32_t level, void *data)
{
        Parents *p = data;

        return strncmp(path, "user.slice/", strlen("user.slice/")) == 0
                       ? 0
                       : parents_add(p->list, p->mount, path);
}

/* Services may be put into any slice. */
static int parents_add_slices(char ***l, const char *mount)
{
        _cleanup_close_ int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? 0 : each_slice(fd, add_slice, &(Parents){ mount, l });
}

int host_unit_parents(const char *mount, const char *unit, char ***ret)
{
        _cleanup_free_ char *name = NULL, *parent = NULL;
        _cleanup_strv_ char **l = NULL;
        uint32_t level;
        int r;

        r = host_unit_full_name(unit, &name);
        if (r < 0)
                return r;
        if (parents_add(&l, mount, "") < 0)
                return -ENOMEM;
        if (text_ends_with(name, ".slice")) {
                for (char *p = name, *dash; (dash = strchr(p, '-')); p = dash + 1) {
                        _cleanup_free_ char *part = strndup(name, (size_t)(dash - name) + 1);
                        _cleanup_free_ char *path = NULL;

                        /* the parent of "a-b-c" and, for it to appear in, that of "a-b" */
                        if (!part || slice_parent(part, &path, &level) < 0 ||
                                parents_add(&l, mount, path) < 0)
                                return -ENOMEM;
                }
        } else {
                if (parents_add(&l, mount, "system.slice") < 0 ||
                        template_parent(name, &parent) < 0 ||
                        (parent && parents_add(&l, mount, parent) < 0) ||
                        parents_add_slices(&l, mount) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(l);
        return 0;
}
