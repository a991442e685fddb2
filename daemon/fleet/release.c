/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/release.h"

#include "daemon/fleet/delta.h"
#include "daemon/fleet/gzip.h"
#include "daemon/fleet/source.h"
#include "daemon/io/file.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Release {
        const ReleaseOptions *options;
        Diagnostics *d;
        char *www;
        Source source;
        Manifest *former[RELEASE_KEPT]; /* the newest first */
        uint64_t former_serials[RELEASE_KEPT];
        size_t n_former;
} Release;

static void release_deinit(Release *r)
{
        for (size_t i = 0; i < r->n_former; i++)
                manifest_free(r->former[i]);
        source_deinit(&r->source);
        free(r->www);
}

static int fail_path(const Release *r, const char *path, int q)
{
        if (q != -ENOMEM)
                diagnostics_error(r->d, ((Place){ path, 0 }), NULL, "%s", strerror(-q));
        return q;
}

static int path_of(const Release *r, const char *name, char **ret)
{
        if (asprintf(ret, "%s/%s", r->www, name) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

/* ---- files below www ---- */

static int write_file(const Release *r, const char *name, const void *data, size_t n)
{
        _cleanup_free_ char *path = NULL;
        int q = path_of(r, name, &path);

        if (q >= 0)
                q = file_replace(path, data, n, 0644, FILE_SYNC_ALL);
        return q < 0 ? fail_path(r, path ?: name, q) : 0;
}

/* The content, compressed, under a name that follows from it; one that is there stays. */
static int write_packed(const Release *r, const char *name, const char *content, ManifestFile *f)
{
        _cleanup_free_ char *packed = NULL, *path = NULL;
        struct stat st;
        int q = path_of(r, name, &path);

        if (q < 0)
                return q;
        if (stat(path, &st) == 0 && st.st_size > 0) {
                f->packed = (size_t)st.st_size;
                return 0;
        }
        q = gzip_pack(content, f->size, &packed, &f->packed);
        return q < 0 ? q : write_file(r, name, packed, f->packed);
}

/* The content of a set that was published before. -ENOENT and others: there is no delta then. */
static int read_former_part(const Release *r, const ManifestFile *f, char **ret)
{
        _cleanup_free_ char *packed = NULL, *path = NULL;
        char name[FLEET_FILE_MAX];
        size_t n;
        int q;

        manifest_part_name(f->sha256, name);
        q = path_of(r, name, &path);
        if (q >= 0)
                q = file_read(path, 0, FLEET_SET_BYTES_MAX, &packed, &n);
        if (q >= 0)
                q = gzip_unpack(packed, n, f->size, ret);
        if (q >= 0 && strlen(*ret) != f->size)
                q = -EBADMSG;
        return q;
}

/* ---- what was published ---- */

static int read_current(const Release *r, uint64_t *ret)
{
        _cleanup_free_ char *text = NULL, *path = NULL;
        size_t n;
        int q = path_of(r, FLEET_CURRENT, &path);

        if (q >= 0)
                q = file_read(path, 0, 64, &text, &n);
        *ret = 0;
        if (q == -ENOENT)
                return 0;
        if (q < 0)
                return fail_path(r, path, q);
        if (manifest_current_parse(text, n, ret) < 0)
                return diagnostics_error(r->d, ((Place){ path, 0 }), NULL,
                        "it is not a serial; remove it and give the next one with --serial");
        return 0;
}

/* Manifests that are there, downwards; what is missing or damaged has no deltas. */
static int read_former(Release *r, uint64_t serial)
{
        for (size_t i = 0; i < RELEASE_KEPT - 1 && serial > i; i++) {
                _cleanup_free_ char *text = NULL, *path = NULL, *reason = NULL;
                char name[FLEET_FILE_MAX];
                Manifest *m;
                size_t n;
                int q;

                manifest_file_name(serial - i, name);
                q = path_of(r, name, &path);
                if (q >= 0)
                        q = file_read(path, 0, MANIFEST_BYTES_MAX, &text, &n);
                if (q >= 0)
                        q = manifest_parse(text, &m, &reason);
                if (q == -ENOMEM)
                        return q;
                if (q < 0)
                        continue;
                r->former_serials[r->n_former] = serial - i;
                r->former[r->n_former++] = m;
        }
        return 0;
}

static const ManifestPart *find_part(const Manifest *m, const ManifestPart *like)
{
        for (size_t i = 0; i < m->n_parts; i++)
                if (m->parts[i].is_set == like->is_set && streq(m->parts[i].name, like->name) &&
                        streq(m->parts[i].group, like->group))
                        return &m->parts[i];
        return NULL;
}

static bool same_groups(const Manifest *a, const Manifest *b)
{
        if (a->n_groups != b->n_groups)
                return false;
        for (size_t i = 0; i < a->n_groups; i++)
                if (!streq(a->groups[i].name, b->groups[i].name) ||
                        !strv_equal(a->groups[i].hosts, b->groups[i].hosts))
                        return false;
        return true;
}

/* Would the new one say the same, while the last one is valid for half of its time at least? */
static bool is_needless(const Release *r)
{
        const Manifest *new = r->source.manifest, *last = r->n_former > 0 ? r->former[0] : NULL;

        if (!last || last->n_parts != new->n_parts || !same_groups(last, new) ||
                last->valid_until_usec < r->options->now_usec + r->options->valid_usec / 2)
                return false;
        for (size_t i = 0; i < new->n_parts; i++) {
                const ManifestPart *before = find_part(last, &new->parts[i]);

                if (!before ||
                        memcmp(before->file.sha256, new->parts[i].file.sha256, SHA256_BYTES) != 0)
                        return false;
        }
        return true;
}

/* ---- deltas ---- */

static bool has_delta_from(const ManifestPart *p, const uint8_t sha[static SHA256_BYTES])
{
        for (size_t i = 0; i < p->n_deltas; i++)
                if (memcmp(p->deltas[i].from, sha, SHA256_BYTES) == 0)
                        return true;
        return memcmp(p->file.sha256, sha, SHA256_BYTES) == 0;
}

/* From what a former serial had; only if it is much shorter than the whole. */
static int add_delta(Release *r, size_t i, const ManifestPart *before, uint64_t serial)
{
        _cleanup_free_ char *base = NULL, *delta = NULL, *packed = NULL;
        ManifestPart *p = &r->source.manifest->parts[i];
        ManifestDelta made = { .serial = serial };
        char name[FLEET_FILE_MAX];
        int q;

        if (has_delta_from(p, before->file.sha256))
                return 0;
        q = read_former_part(r, &before->file, &base);
        if (q >= 0)
                q = set_delta_make(base, r->source.contents[i], &delta, &made.file.size);
        if (q >= 0)
                q = gzip_pack(delta, made.file.size, &packed, &made.file.packed);
        if (q < 0)
                return q == -ENOMEM ? q : 0;
        if (made.file.packed > p->file.packed / 2 || made.file.size > FLEET_SET_BYTES_MAX)
                return 0;
        memcpy(made.from, before->file.sha256, SHA256_BYTES);
        sha256(delta, made.file.size, made.file.sha256);
        if (array_grow(&p->deltas, p->n_deltas, sizeof(*p->deltas)) < 0)
                return -ENOMEM;
        p->deltas[p->n_deltas++] = made;
        manifest_delta_name(&made, name);
        return write_file(r, name, packed, made.file.packed);
}

static int add_deltas(Release *r, size_t i)
{
        const ManifestPart *p = &r->source.manifest->parts[i];
        int q = 0;

        for (size_t k = 0; q >= 0 && p->is_set && k < r->n_former && k < RELEASE_DELTAS; k++) {
                const ManifestPart *before = find_part(r->former[k], p);

                if (before)
                        q = add_delta(r, i, before, r->former_serials[k]);
        }
        return q;
}

/* ---- the whole ---- */

static int write_parts(Release *r)
{
        Manifest *m = r->source.manifest;
        int q = 0;

        for (size_t i = 0; q >= 0 && i < m->n_parts; i++) {
                char name[FLEET_FILE_MAX];

                manifest_part_name(m->parts[i].file.sha256, name);
                q = write_packed(r, name, r->source.contents[i], &m->parts[i].file);
                if (q >= 0)
                        q = add_deltas(r, i);
        }
        return q;
}

static int write_signatures(const Release *r, const char *text)
{
        const Manifest *m = r->source.manifest;
        char comment[128];

        (void)snprintf(comment, sizeof(comment), "p25-fleet serial:%" PRIu64 " timestamp:%" PRIu64,
                m->serial, r->options->now_usec / USEC_PER_SEC);
        for (size_t i = 0; i < r->options->n_keys; i++) {
                _cleanup_free_ char *signature = NULL;
                char name[FLEET_FILE_MAX];
                PublicKey key;
                int q = signature_make(
                        &r->options->keys[i], (Signed){ text, strlen(text) }, comment, &signature);

                secret_key_public(&r->options->keys[i], &key);
                manifest_signature_name(m->serial, &key, name);
                if (q >= 0)
                        q = write_file(r, name, signature, strlen(signature));
                if (q < 0)
                        return q;
        }
        return 0;
}

/* With a time at least a second after the former one's: nginx's ETag is made of seconds and length.
 */
static int write_current(const Release *r)
{
        _cleanup_free_ char *path = NULL;
        struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
        struct stat before = { 0 };
        char text[32];
        int q = path_of(r, FLEET_CURRENT, &path);

        if (q < 0)
                return q;
        if (stat(path, &before) == 0 &&
                before.st_mtim.tv_sec >= (time_t)(r->options->now_usec / USEC_PER_SEC))
                times[1] = (struct timespec){ .tv_sec = before.st_mtim.tv_sec + 1 };
        (void)snprintf(text, sizeof(text), "%" PRIu64 "\n", r->source.manifest->serial);
        q = write_file(r, FLEET_CURRENT, text, strlen(text));
        if (q >= 0 && utimensat(AT_FDCWD, path, times, 0) < 0)
                q = fail_path(r, path, -errno);
        return q;
}

static int write_manifest(const Release *r)
{
        _cleanup_free_ char *text = NULL;
        const Manifest *m = r->source.manifest;
        char name[FLEET_FILE_MAX];
        int q = manifest_print(m, &text);

        if (q < 0)
                return q;
        if (strlen(text) > MANIFEST_BYTES_MAX)
                return diagnostics_error(r->d, ((Place){ r->options->folder, 0 }), NULL,
                        "the manifest would be longer than %u bytes: list fewer hosts in groups, "
                        "and set groups in their fleet.conf",
                        MANIFEST_BYTES_MAX);
        manifest_file_name(m->serial, name);
        q = write_file(r, name, text, strlen(text));
        if (q >= 0)
                q = write_signatures(r, text);
        return q < 0 ? q : write_current(r);
}

/* ---- what nobody needs any more ---- */

static bool names_file(const Manifest *m, const char *file)
{
        char name[FLEET_FILE_MAX];

        for (size_t i = 0; i < m->n_parts; i++) {
                manifest_part_name(m->parts[i].file.sha256, name);
                if (streq(name, file))
                        return true;
                for (size_t k = 0; k < m->parts[i].n_deltas; k++) {
                        manifest_delta_name(&m->parts[i].deltas[k], name);
                        if (streq(name, file))
                                return true;
                }
        }
        return false;
}

static bool is_old(const Release *r, const char *file)
{
        uint64_t serial;
        char end;

        if (sscanf(file, "manifest-%" SCNu64 ".jso%c", &serial, &end) == 2 && end == 'n')
                return serial + RELEASE_KEPT <= r->source.manifest->serial;
        if (strncmp(file, "part-", 5) != 0 && strncmp(file, "delta-", 6) != 0)
                return false;
        if (names_file(r->source.manifest, file))
                return false;
        for (size_t i = 0; i < r->n_former; i++)
                if (names_file(r->former[i], file))
                        return false;
        return true;
}

static void remove_old(const Release *r)
{
        _cleanup_closedir_ DIR *folder = opendir(r->www);
        struct dirent *e;

        while (folder && (e = readdir(folder)))
                if (is_old(r, e->d_name))
                        (void)unlinkat(dirfd(folder), e->d_name, 0);
}

static int find_serial(Release *r, uint64_t *ret)
{
        uint64_t last;
        int q = read_current(r, &last);

        if (q < 0)
                return q;
        *ret = r->options->serial > 0 ? r->options->serial : last + 1;
        if (*ret <= last)
                return diagnostics_error(r->d, ((Place){ r->www, 0 }), NULL,
                        "serial %" PRIu64 " is published; the next one must be greater", last);
        return read_former(r, last);
}

int release_make(const ReleaseOptions *o, Diagnostics *d, ReleaseResult *ret)
{
        _cleanup_(release_deinit) Release r = { .options = o, .d = d };
        uint64_t serial = 0;
        int q = source_read(o->folder, d, &r.source);

        if (q >= 0 && asprintf(&r.www, "%s/www", o->folder) < 0) {
                r.www = NULL;
                q = -ENOMEM;
        }
        if (q >= 0 && mkdir(r.www, 0755) < 0 && errno != EEXIST)
                q = fail_path(&r, r.www, -errno);
        if (q >= 0)
                q = find_serial(&r, &serial);
        if (q < 0)
                return q;
        if (!o->force && o->serial == 0 && is_needless(&r)) {
                *ret = (ReleaseResult){ .serial = serial - 1, .nothing = true };
                return 0;
        }
        r.source.manifest->serial = serial;
        r.source.manifest->made_usec = o->now_usec;
        r.source.manifest->valid_until_usec = o->now_usec + o->valid_usec;
        q = write_parts(&r);
        if (q >= 0)
                q = write_manifest(&r);
        if (q < 0)
                return q;
        remove_old(&r);
        *ret = (ReleaseResult){ .serial = serial, .n_parts = r.source.manifest->n_parts };
        for (size_t i = 0; i < ret->n_parts; i++)
                ret->n_deltas += r.source.manifest->parts[i].n_deltas;
        return 0;
}
