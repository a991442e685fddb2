/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/keep.h"

#include "daemon/io/file.h"
#include "rules/base/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A manifest as a JSON string, each byte escaped at worst. */
#define STATE_BYTES_MAX (6u * MANIFEST_BYTES_MAX + 4096u)

static int path_of(const Keep *k, const char *name, char **ret)
{
        if (asprintf(ret, "%s/%s", k->folder, name) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int part_path(const Keep *k, const ManifestFile *f, char **ret)
{
        char hash[SHA256_TEXT_MAX];

        if (asprintf(ret, "%s/parts/%s", k->folder, sha256_format(f->sha256, hash)) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int make_folder(const char *path)
{
        return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* ---- reading ---- */

static int parse_state(Keep *k, const char *text)
{
        _cleanup_(manifest_free_p) Manifest *m = NULL;
        _cleanup_(json_free_p) Json *root = NULL;
        _cleanup_free_ char *reason = NULL;
        const char *manifest;
        int r = json_parse(text, &root);

        if (r < 0)
                return r;
        manifest = json_get_string(root, "manifest");
        if (!manifest)
                return -EINVAL;
        r = manifest_parse(manifest, &m, &reason);
        if (r < 0)
                return r;
        k->text = strdup(manifest);
        if (!k->text)
                return -ENOMEM;
        k->manifest = TAKE_PTR(m);
        k->since_usec = json_get_time(root, "since");
        return 0;
}

int keep_open(Keep *k, const char *folder)
{
        _cleanup_free_ char *parts = NULL, *path = NULL, *text = NULL;
        size_t n;
        int r;

        *k = (Keep){ .folder = strdup(folder) };
        if (!k->folder || path_of(k, "parts", &parts) < 0 || path_of(k, "state.json", &path) < 0)
                return -ENOMEM;
        r = make_folder(folder);
        if (r >= 0)
                r = make_folder(parts);
        if (r < 0)
                return r;
        r = file_read(path, 0, STATE_BYTES_MAX, &text, &n);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = strlen(text) == n ? parse_state(k, text) : -EINVAL;
        return r == -EINVAL || r == -EFBIG ? -EBADMSG : r;
}

void keep_deinit(Keep *k)
{
        free(k->folder);
        free(k->text);
        manifest_free(k->manifest);
        *k = (Keep){ 0 };
}

/* ---- parts ---- */

int keep_open_part(const Keep *k, const ManifestFile *f)
{
        _cleanup_free_ char *path = NULL;
        int fd;

        if (part_path(k, f, &path) < 0)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

bool keep_has_part(const Keep *k, const ManifestFile *f)
{
        _cleanup_free_ char *path = NULL;
        struct stat st;

        return part_path(k, f, &path) >= 0 && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
               (uint64_t)st.st_size == f->size;
}

int keep_read_part(const Keep *k, const ManifestFile *f, char **ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n;
        int r = part_path(k, f, &path);

        if (r >= 0)
                r = file_read(path, 0, f->size, &text, &n);
        if (r < 0)
                return r;
        if (n != f->size || strlen(text) != n)
                return -EBADMSG;
        *ret = TAKE_PTR(text);
        return 0;
}

int keep_write_part(const Keep *k, const ManifestFile *f, const char *content)
{
        _cleanup_free_ char *path = NULL;
        int r = part_path(k, f, &path);

        return r < 0 ? r : file_replace(path, content, f->size, 0600, FILE_SYNC_ALL);
}

/* ---- the commit ---- */

static bool is_used(const Manifest *m, const FleetConfig *c, const char *name)
{
        for (size_t i = 0; i < m->n_parts; i++) {
                char hash[SHA256_TEXT_MAX];

                if (manifest_has_host(m, m->parts[i].group, c) &&
                        streq(sha256_format(m->parts[i].file.sha256, hash), name))
                        return true;
        }
        return false;
}

/* A file that cannot be removed now is removed the next time. */
static void remove_unused(const Keep *k, const FleetConfig *c)
{
        _cleanup_free_ char *path = NULL;
        _cleanup_closedir_ DIR *folder = NULL;
        struct dirent *e;

        if (path_of(k, "parts", &path) < 0)
                return;
        folder = opendir(path);
        while (folder && (e = readdir(folder)))
                if (e->d_name[0] != '.' && !is_used(k->manifest, c, e->d_name))
                        (void)unlinkat(dirfd(folder), e->d_name, 0);
}

int keep_commit(Keep *k, const FleetConfig *c, char **text, Manifest **m, uint64_t now_usec)
{
        _cleanup_(json_free_p) Json *root = json_new_object();
        _cleanup_free_ char *path = NULL, *state = NULL;
        int r;

        json_set(root, "serial", json_new_integer((int64_t)(*m)->serial));
        json_set(root, "since", json_new_time(now_usec));
        json_set(root, "manifest", json_new_string(*text));
        r = json_print(root, &state);
        if (r >= 0)
                r = path_of(k, "state.json", &path);
        if (r >= 0)
                r = file_replace(path, state, strlen(state), 0600, FILE_SYNC_ALL);
        if (r < 0)
                return r;
        free(k->text);
        k->text = TAKE_PTR(*text);
        manifest_free(k->manifest);
        k->manifest = TAKE_PTR(*m);
        k->since_usec = now_usec;
        remove_unused(k, c);
        return 0;
}
