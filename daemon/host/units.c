/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The units that the system's service manager knows, by their files. Does not ask the service
 * manager, because p25d starts before it answers.
 */

#include "daemon/host/internal.h"

#include "rules/base/nearest.h"
#include "rules/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

/* systemd.unit(5), without those that only root's own tools write at run time and never read. */
static const char *const folders[] = { "/etc/systemd/system.control", "/run/systemd/system.control",
        "/run/systemd/transient", "/run/systemd/generator.early", "/etc/systemd/system",
        "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached",
        "/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system", "/run/systemd/generator.late" };

/* sd_booted(3) */
static bool is_booted(const char *root)
{
        char path[PATH_MAX];
        struct stat st;

        return (size_t)snprintf(path, sizeof(path), "%s/run/systemd/system", root) < sizeof(path) &&
               lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A link to /dev/null is a masked unit, which exists. */
static bool file_exists(const char *root, const char *name)
{
        char path[PATH_MAX];
        struct stat st;

        for (size_t i = 0; i < ELEMENTS(folders); i++)
                if ((size_t)snprintf(path, sizeof(path), "%s%s/%s", root, folders[i], name) <
                                sizeof(path) &&
                        lstat(path, &st) == 0)
                        return true;
        return false;
}

/* "postfix@.service" of "postfix@-.service", in *ret; false: no instance. */
static bool template_of(const char *name, char ret[static NAME_MAX + 1])
{
        const char *at = strchr(name, '@'), *type = strrchr(name, '.');

        if (!at || !type || type < at || type == at + 1)
                return false;
        return snprintf(ret, NAME_MAX + 1, "%.*s@%s", (int)(at - name), name, type) <= NAME_MAX;
}

/* ---- aliases ---- */

#define ALIASES_MAX 8 /* links that lead to links */

/* The file that the first folder with this name links to, if that is another unit's. */
static bool linked_unit(const char *root, const char *name, char ret[static NAME_MAX + 1])
{
        _cleanup_free_ char *full = NULL;
        char path[PATH_MAX], target[PATH_MAX];
        const char *slash, *file;
        ssize_t n = -1;

        for (size_t i = 0; i < ELEMENTS(folders) && n < 0; i++) {
                struct stat st;

                if ((size_t)snprintf(path, sizeof(path), "%s%s/%s", root, folders[i], name) >=
                                sizeof(path) ||
                        lstat(path, &st) < 0)
                        continue;
                n = readlink(path, target, sizeof(target) - 1);
                if (n < 0)
                        return false;
        }
        if (n <= 0)
                return false;
        target[n] = '\0';
        slash = strrchr(target, '/');
        file = slash ? slash + 1 : target;
        /* a masked unit links to /dev/null */
        if (streq(file, name) || host_unit_full_name(file, &full) < 0 || !streq(full, file))
                return false;
        return snprintf(ret, NAME_MAX + 1, "%s", file) <= NAME_MAX;
}

/* One step from an alias to the unit; of an instance, from its template's alias. */
static bool alias_follow(const char *root, const char *name, char ret[static NAME_MAX + 1])
{
        char template[NAME_MAX + 1], target[NAME_MAX + 1];
        const char *instance = strchr(name, '@'), *at;

        if (linked_unit(root, name, ret))
                return true;
        if (file_exists(root, name) || !template_of(name, template) ||
                !linked_unit(root, template, target) || !(at = strchr(target, '@')))
                return false;
        return snprintf(ret, NAME_MAX + 1, "%.*s%s", (int)(at - target), target, instance) <=
               NAME_MAX;
}

int host_unit_real_name(const char *root, const char *unit, char **ret)
{
        char name[NAME_MAX + 1], real[NAME_MAX + 1];
        _cleanup_free_ char *full = NULL;
        int r = host_unit_full_name(unit, &full);

        if (r < 0)
                return r;
        if (snprintf(name, sizeof(name), "%s", full) > NAME_MAX)
                return -ENOENT;
        for (int i = 0; i < ALIASES_MAX && alias_follow(root, name, real); i++)
                memcpy(name, real, sizeof(name));
        *ret = strdup(name);
        return *ret ? 0 : -ENOMEM;
}

bool host_unit_is_unknown(const char *root, const char *unit)
{
        _cleanup_free_ char *name = NULL;
        char template[NAME_MAX + 1];

        if (!is_booted(root) || host_unit_full_name(unit, &name) < 0 || file_exists(root, name))
                return false;
        return !template_of(name, template) || !file_exists(root, template);
}

/* ---- what was meant ---- */

/* "postfix" of postfix.service, and "postfix@*" of its template. */
static bool short_name(const char *file, char ret[static NAME_MAX + 2])
{
        size_t n = strlen(file), type = strlen(".service");

        if (n == type || !text_ends_with(file, ".service"))
                return false;
        n -= type;
        memcpy(ret, file, n);
        ret[n] = '\0';
        if (ret[n - 1] == '@')
                memcpy(ret + n, "*", 2);
        return true;
}

static void folder_try(const char *path, Nearest *n, char best[static NAME_MAX + 2])
{
        _cleanup_(closedir_p) DIR *dir = opendir(path);
        char name[NAME_MAX + 2];
        struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                if (short_name(entry->d_name, name) && nearest_try(n, name))
                        memcpy(best, name, sizeof(name));
}

bool host_unit_nearest(const char *root, const char *unit, char *ret, size_t size)
{
        char word[NAME_MAX + 2], best[NAME_MAX + 2] = "", path[PATH_MAX];
        Nearest n;

        if (!short_name(unit, word))
                (void)snprintf(word, sizeof(word), "%s", unit);
        n = nearest_begin(word);
        for (size_t i = 0; i < ELEMENTS(folders); i++)
                if ((size_t)snprintf(path, sizeof(path), "%s%s", root, folders[i]) < sizeof(path))
                        folder_try(path, &n, best);
        return best[0] && (size_t)snprintf(ret, size, "%s", best) < size;
}
