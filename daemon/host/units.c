/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which units the system's service manager knows, by their files. Asks the service manager nothing:
 * p25d comes before it answers.
 */

#include "daemon/host/internal.h"

#include "rules/base/nearest.h"

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

bool host_unit_is_unknown(const char *root, const char *unit)
{
        _cleanup_free_ char *name = NULL;
        _cleanup_buffer_ Buffer template = { 0 };
        const char *at, *type;

        if (!is_booted(root) || host_unit_full_name(unit, &name) < 0 || file_exists(root, name))
                return false;
        at = strchr(name, '@');
        type = strrchr(name, '.');
        if (!at || !type || type < at)
                return true;
        buffer_printf(&template, "%.*s@%s", (int)(at - name), name, type);
        return !template.failed && !file_exists(root, template.data);
}

/* ---- what was meant ---- */

/* "postfix" of postfix.service, and "postfix@*" of its template. */
static bool short_name(const char *file, char ret[static NAME_MAX + 2])
{
        size_t n = strlen(file), type = strlen(".service");

        if (n <= type || !streq(file + n - type, ".service"))
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
