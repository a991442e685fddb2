/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/source.h"

#include "daemon/fleet/delta.h"
#include "daemon/io/file.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/config/node.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#define HOSTS_BYTES_MAX (1u << 20)

static const struct {
        const char *folder, *ending;
        bool is_set;
        size_t max;
} kinds[] = {
        { "fragments", ".conf", false, FLEET_FRAGMENT_BYTES_MAX },
        { "sets", ".txt", true, FLEET_SET_BYTES_MAX },
};

void source_deinit(Source *s)
{
        for (size_t i = 0; s->manifest && i < s->manifest->n_parts; i++)
                free(s->contents[i]);
        free(s->contents);
        manifest_free(s->manifest);
        *s = (Source){ 0 };
}

static int join(const char *folder, const char *name, char **ret)
{
        if (asprintf(ret, "%s/%s", folder, name) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int fail_file(Diagnostics *d, const char *path, int r)
{
        if (r != -ENOMEM)
                diagnostics_error(d, ((Place){ path, 0 }), NULL, "%s",
                        r == -EFBIG ? "it is too long" : strerror(-r));
        return r;
}

/* Names in a folder in their order, without those that begin with a dot. A folder that is not there
 * is empty. */
static int list_folder(const char *path, Diagnostics *d, char ***ret)
{
        _cleanup_closedir_ DIR *folder = opendir(path);
        _cleanup_strv_ char **names = NULL;
        struct dirent *e;
        int r = 0;

        if (!folder)
                return errno == ENOENT ? 0 : fail_file(d, path, -errno);
        while (r >= 0 && (e = readdir(folder)))
                if (e->d_name[0] != '.')
                        r = strv_append(&names, e->d_name);
        if (r < 0)
                return r;
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

/* ---- parts ---- */

/* "NAME.conf" → NAME */
static int name_of(
        const char *path, const char *file, const char *ending, Diagnostics *d, char **ret)
{
        size_t n = strlen(file), n_ending = strlen(ending);
        char *name;

        if (n > n_ending && streq(file + n - n_ending, ending)) {
                name = strndup(file, n - n_ending);
                if (!name)
                        return -ENOMEM;
                if (fleet_name_is_valid(name)) {
                        *ret = name;
                        return 0;
                }
                free(name);
        }
        return diagnostics_error(d, ((Place){ path, 0 }), NULL,
                "the name must be NAME%s, NAME of A-Z a-z 0-9 . _ -", ending);
}

/* A fragment as it is, if libconfig can read it; a set in its published form. */
static int read_content(const char *path, size_t kind, Diagnostics *d, char **ret, size_t *ret_n)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_(tree_free_p) Tree *tree = NULL;
        size_t n;
        int r = file_read(path, 0, kinds[kind].max, &text, &n);

        if (r < 0)
                return fail_file(d, path, r);
        if (kinds[kind].is_set)
                return set_text_normalise(text, n, path, d, ret, ret_n);
        if (n > 0)
                r = tree_read(text, n, path, d, &tree);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(text);
        *ret_n = n;
        return 0;
}

static int add_part(Source *s, const ManifestPart *p, char *content)
{
        Manifest *m = s->manifest;

        if (array_grow(&m->parts, m->n_parts, sizeof(*m->parts)) < 0 ||
                array_grow(&s->contents, m->n_parts, sizeof(*s->contents)) < 0)
                return -ENOMEM;
        s->contents[m->n_parts] = content;
        m->parts[m->n_parts++] = *p;
        return 0;
}

static int read_part(Source *s, const char *group, const char *path, size_t kind, Diagnostics *d)
{
        _cleanup_free_ char *name = NULL, *content = NULL, *group_copy = NULL;
        ManifestPart p = { .is_set = kinds[kind].is_set };
        int r = name_of(path, strrchr(path, '/') + 1, kinds[kind].ending, d, &name);

        if (r >= 0)
                r = read_content(path, kind, d, &content, &p.file.size);
        if (r < 0)
                return r;
        if (s->manifest->n_parts == MANIFEST_PARTS_MAX)
                return diagnostics_error(d, ((Place){ path, 0 }), NULL,
                        "a release has at most %d parts", MANIFEST_PARTS_MAX);
        group_copy = strdup(group);
        if (!group_copy)
                return -ENOMEM;
        sha256(content, p.file.size, p.file.sha256);
        p.name = name;
        p.group = group_copy;
        r = add_part(s, &p, content);
        if (r >= 0)
                name = group_copy = content = NULL;
        return r;
}

static int read_kind(Source *s, const char *group, const char *folder, size_t kind, Diagnostics *d)
{
        _cleanup_free_ char *below = NULL;
        _cleanup_strv_ char **names = NULL;
        int r = join(folder, kinds[kind].folder, &below), result = 0;

        if (r >= 0)
                r = list_folder(below, d, &names);
        if (r < 0)
                return r;
        STRV_FOREACH (name, names) {
                _cleanup_free_ char *path = NULL;

                r = join(below, *name, &path);
                if (r >= 0)
                        r = read_part(s, group, path, kind, d);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
        }
        return result;
}

/* ---- groups ---- */

static int read_hosts(Source *s, const char *group, const char *folder, Diagnostics *d)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        Manifest *m = s->manifest;
        ManifestGroup *g;
        size_t n;
        int r = join(folder, "hosts", &path);

        if (r >= 0)
                r = file_read(path, 0, HOSTS_BYTES_MAX, &text, &n);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return fail_file(d, path, r);
        if (m->n_groups == MANIFEST_GROUPS_MAX)
                return diagnostics_error(d, ((Place){ path, 0 }), NULL,
                        "at most %d groups list their hosts", MANIFEST_GROUPS_MAX);
        if (array_grow(&m->groups, m->n_groups, sizeof(*m->groups)) < 0)
                return -ENOMEM;
        g = &m->groups[m->n_groups++];
        *g = (ManifestGroup){ .name = strdup(group) };
        if (!g->name)
                return -ENOMEM;
        for (char *save, *word = strtok_r(text, " \t\r\n", &save); word;
                word = strtok_r(NULL, " \t\r\n", &save))
                if (strv_append(&g->hosts, word) < 0)
                        return -ENOMEM;
        return 0;
}

static int read_group(Source *s, const char *groups, const char *group, Diagnostics *d)
{
        _cleanup_free_ char *folder = NULL;
        int r = join(groups, group, &folder);

        if (r < 0)
                return r;
        if (!fleet_name_is_valid(group))
                return diagnostics_error(d, ((Place){ folder, 0 }), NULL,
                        "the name of a group must be of A-Z a-z 0-9 . _ -");
        r = read_hosts(s, group, folder, d);
        for (size_t kind = 0; r != -ENOMEM && kind < ELEMENTS(kinds); kind++) {
                int q = read_kind(s, group, folder, kind, d);

                r = q < 0 ? q : r;
        }
        return r;
}

int source_read(const char *folder, Diagnostics *d, Source *ret)
{
        _cleanup_(source_deinit) Source s = { .manifest = calloc(1, sizeof(Manifest)) };
        _cleanup_free_ char *groups = NULL;
        _cleanup_strv_ char **names = NULL;
        int r = s.manifest ? join(folder, "groups", &groups) : -ENOMEM;

        if (r >= 0)
                r = list_folder(groups, d, &names);
        if (r >= 0 && !names)
                r = diagnostics_error(d, ((Place){ groups, 0 }), NULL,
                        "there is no group: make %s/" GROUP_OF_ALL "/sets or …/fragments", groups);
        if (r < 0)
                return r;
        STRV_FOREACH (name, names) {
                int q = read_group(&s, groups, *name, d);

                if (q == -ENOMEM)
                        return q;
                r = q < 0 ? q : r;
        }
        if (r < 0)
                return r;
        *ret = s;
        s = (Source){ 0 };
        return 0;
}
