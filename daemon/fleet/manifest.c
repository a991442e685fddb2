/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the form of a manifest. A value of another type, a number beyond its bounds, a name that is
 * none and a member that is missing refuse the whole; members that are not known are passed over.
 */

#include "daemon/fleet/manifest.h"

#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

Manifest *manifest_free(Manifest *m)
{
        if (!m)
                return NULL;
        for (size_t i = 0; i < m->n_parts; i++) {
                free(m->parts[i].name);
                free(m->parts[i].group);
                free(m->parts[i].deltas);
        }
        for (size_t i = 0; i < m->n_groups; i++) {
                free(m->groups[i].name);
                strv_free(m->groups[i].hosts);
        }
        free(m->parts);
        free(m->groups);
        free(m);
        return NULL;
}

/* ---- reading ---- */

static int refuse(char **ret_reason, const char *format, ...) _printf_(2, 3);
static int refuse(char **ret_reason, const char *format, ...)
{
        va_list ap;
        int r;

        free(*ret_reason);
        va_start(ap, format);
        r = text_vprintf(ret_reason, format, ap);
        va_end(ap);
        return r < 0 ? r : -EINVAL;
}

static bool read_number(const Json *object, const char *key, int64_t min, int64_t max, int64_t *ret)
{
        return json_number(json_get(object, key), ret) && *ret >= min && *ret <= max;
}

static bool read_hash(const Json *object, const char *key, uint8_t ret[static SHA256_BYTES])
{
        const char *text = json_get_string(object, key);

        return text && sha256_parse(text, ret) == 0;
}

/* A compressed text may be a little longer than the text. */
static bool read_file(const Json *object, size_t max, ManifestFile *ret)
{
        int64_t size, packed;

        if (!read_hash(object, "sha256", ret->sha256) ||
                !read_number(object, "size", 0, (int64_t)max, &size) ||
                !read_number(object, "packed", 1, (int64_t)max + 4096, &packed))
                return false;
        ret->size = (size_t)size;
        ret->packed = (size_t)packed;
        return true;
}

static int read_delta(const Json *object, ManifestDelta *ret)
{
        int64_t serial;

        if (!read_hash(object, "from", ret->from) ||
                !read_number(object, "serial", 1, MANIFEST_SERIAL_MAX, &serial) ||
                !read_file(object, FLEET_SET_BYTES_MAX, &ret->file))
                return -EINVAL;
        ret->serial = (uint64_t)serial;
        return 0;
}

static int read_deltas(const Json *object, ManifestPart *p)
{
        const Json *list = json_get(object, "deltas");
        size_t n = json_array_length(list);

        if (json_is_null_or_missing(list))
                return 0;
        if (!json_is_list(list) || n > MANIFEST_DELTAS_MAX || (n > 0 && !p->is_set))
                return -EINVAL;
        p->deltas = calloc(n + 1, sizeof(*p->deltas));
        if (!p->deltas)
                return -ENOMEM;
        for (; p->n_deltas < n; p->n_deltas++)
                if (read_delta(json_array_item(list, p->n_deltas), &p->deltas[p->n_deltas]) < 0)
                        return -EINVAL;
        return 0;
}

static int read_name(const Json *object, const char *key, char **ret)
{
        const char *name = json_get_string(object, key);

        if (!name || !fleet_name_is_valid(name))
                return -EINVAL;
        *ret = strdup(name);
        return *ret ? 0 : -ENOMEM;
}

static int read_part(const Json *object, ManifestPart *p)
{
        const char *kind = json_get_string(object, "kind");
        int r;

        if (!kind || (!streq(kind, "set") && !streq(kind, "fragment")))
                return -EINVAL;
        p->is_set = streq(kind, "set");
        r = read_name(object, "name", &p->name);
        if (r >= 0)
                r = read_name(object, "group", &p->group);
        if (r >= 0 && !read_file(object, p->is_set ? FLEET_SET_BYTES_MAX : FLEET_FRAGMENT_BYTES_MAX,
                              &p->file))
                r = -EINVAL;
        return r < 0 ? r : read_deltas(object, p);
}

static bool same_part(const ManifestPart *a, const ManifestPart *b)
{
        return a->is_set == b->is_set && streq(a->name, b->name);
}

static int read_parts(const Json *root, Manifest *m, char **ret_reason)
{
        const Json *list = json_get(root, "parts");
        size_t n = json_array_length(list);

        if (!json_is_list(list) || n > MANIFEST_PARTS_MAX)
                return refuse(ret_reason, "parts must be a list of at most %d", MANIFEST_PARTS_MAX);
        m->parts = calloc(n + 1, sizeof(*m->parts));
        if (!m->parts)
                return -ENOMEM;
        while (m->n_parts < n) {
                ManifestPart *p = &m->parts[m->n_parts++];
                int r = read_part(json_array_item(list, m->n_parts - 1), p);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        return refuse(ret_reason, "part %zu is not valid", m->n_parts);
                for (size_t i = 0; i + 1 < m->n_parts; i++)
                        if (same_part(p, &m->parts[i]) && streq(p->group, m->parts[i].group))
                                return refuse(ret_reason, "part %zu is there twice", m->n_parts);
        }
        return 0;
}

static int read_group(const Json *object, ManifestGroup *g)
{
        int r = read_name(object, "name", &g->name);

        return r < 0 ? r : json_get_strv(object, "hosts", &g->hosts);
}

static int read_groups(const Json *root, Manifest *m, char **ret_reason)
{
        const Json *list = json_get(root, "groups");
        size_t n = json_array_length(list);

        if (json_is_null_or_missing(list))
                return 0;
        if (!json_is_list(list) || n > MANIFEST_GROUPS_MAX)
                return refuse(
                        ret_reason, "groups must be a list of at most %d", MANIFEST_GROUPS_MAX);
        m->groups = calloc(n + 1, sizeof(*m->groups));
        if (!m->groups)
                return -ENOMEM;
        while (m->n_groups < n) {
                int r = read_group(json_array_item(list, m->n_groups), &m->groups[m->n_groups]);

                m->n_groups++;
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        return refuse(ret_reason, "group %zu is not valid", m->n_groups);
        }
        return 0;
}

static int read_head(const Json *root, Manifest *m, char **ret_reason)
{
        const char *format = json_get_string(root, "format");
        int64_t serial;

        if (!format || !streq(format, MANIFEST_FORMAT))
                return refuse(ret_reason, "its format is not %s", MANIFEST_FORMAT);
        if (!read_number(root, "serial", 1, MANIFEST_SERIAL_MAX, &serial))
                return refuse(ret_reason, "its serial is not a number from 1");
        m->serial = (uint64_t)serial;
        m->made_usec = json_get_time(root, "made");
        m->valid_until_usec = json_get_time(root, "valid_until");
        if (m->made_usec == 0 || m->valid_until_usec == 0)
                return refuse(ret_reason, "made and valid_until must be times of RFC 3339 in UTC");
        return 0;
}

int manifest_parse(const char *text, Manifest **ret, char **ret_reason)
{
        _cleanup_(manifest_free_p) Manifest *m = calloc(1, sizeof(*m));
        _cleanup_(json_free_p) Json *root = NULL;
        int r;

        if (!m)
                return -ENOMEM;
        if (strlen(text) > MANIFEST_BYTES_MAX)
                return refuse(ret_reason, "it is longer than %u bytes", MANIFEST_BYTES_MAX);
        r = json_parse(text, &root);
        if (r == -EINVAL)
                return refuse(ret_reason, "it is not a JSON document");
        if (r >= 0)
                r = read_head(root, m, ret_reason);
        if (r >= 0)
                r = read_groups(root, m, ret_reason);
        if (r >= 0)
                r = read_parts(root, m, ret_reason);
        if (r >= 0)
                *ret = TAKE_PTR(m);
        return r;
}

/* ---- printing ---- */

static void print_file(Json *object, const ManifestFile *f)
{
        char hash[SHA256_TEXT_MAX];

        json_set(object, "size", json_new_integer((int64_t)f->size));
        json_set(object, "sha256", json_new_string(sha256_format(f->sha256, hash)));
        json_set(object, "packed", json_new_integer((int64_t)f->packed));
}

static Json *print_part(const ManifestPart *p)
{
        Json *object = json_new_object(), *deltas = json_new_array();
        char hash[SHA256_TEXT_MAX];

        json_set(object, "kind", json_new_string(p->is_set ? "set" : "fragment"));
        json_set(object, "name", json_new_string(p->name));
        json_set(object, "group", json_new_string(p->group));
        print_file(object, &p->file);
        for (size_t i = 0; i < p->n_deltas; i++) {
                Json *d = json_new_object();

                json_set(d, "serial", json_new_integer((int64_t)p->deltas[i].serial));
                json_set(d, "from", json_new_string(sha256_format(p->deltas[i].from, hash)));
                print_file(d, &p->deltas[i].file);
                json_append(deltas, d);
        }
        if (p->n_deltas > 0)
                json_set(object, "deltas", deltas);
        else
                json_free(deltas);
        return object;
}

int manifest_print(const Manifest *m, char **ret)
{
        _cleanup_(json_free_p) Json *root = json_new_object();
        Json *groups = json_new_array(), *parts = json_new_array();

        for (size_t i = 0; i < m->n_groups; i++) {
                Json *g = json_new_object();

                json_set(g, "name", json_new_string(m->groups[i].name));
                json_set(g, "hosts", json_new_strv(m->groups[i].hosts));
                json_append(groups, g);
        }
        for (size_t i = 0; i < m->n_parts; i++)
                json_append(parts, print_part(&m->parts[i]));
        json_set(root, "format", json_new_string(MANIFEST_FORMAT));
        json_set(root, "serial", json_new_integer((int64_t)m->serial));
        json_set(root, "made", json_new_time(m->made_usec));
        json_set(root, "valid_until", json_new_time(m->valid_until_usec));
        json_set(root, "groups", groups);
        json_set(root, "parts", parts);
        return json_print(root, ret);
}

/* ---- for a host ---- */

bool manifest_has_host(const Manifest *m, const char *group, const FleetConfig *c)
{
        if (streq(group, GROUP_OF_ALL) || strv_contains(c->documents.groups, group))
                return true;
        for (size_t i = 0; i < m->n_groups; i++)
                if (streq(m->groups[i].name, group) && strv_contains(m->groups[i].hosts, c->host))
                        return true;
        return false;
}

int manifest_select(const Manifest *m, const FleetConfig *c, const ManifestPart **ret,
        size_t *ret_n, char **ret_reason)
{
        size_t n = 0;

        for (size_t i = 0; i < m->n_parts; i++) {
                const ManifestPart *p = &m->parts[i];
                const char *kind = p->is_set ? "set" : "fragment";

                if (!manifest_has_host(m, p->group, c))
                        continue;
                if (!strv_contains(p->is_set ? c->documents.sets : c->documents.fragments, p->name))
                        return refuse(ret_reason,
                                "%s %s (group %s) is not among the %ss that fleet.conf lists", kind,
                                p->name, p->group, kind);
                for (size_t k = 0; k < n; k++)
                        if (same_part(p, ret[k]))
                                return refuse(ret_reason,
                                        "%s %s comes twice for this host: by groups %s and %s",
                                        kind, p->name, ret[k]->group, p->group);
                ret[n++] = p;
        }
        *ret_n = n;
        return 0;
}

/* ---- names of files ---- */

void manifest_file_name(uint64_t serial, char ret[static FLEET_FILE_MAX])
{
        (void)snprintf(ret, FLEET_FILE_MAX, "manifest-%" PRIu64 ".json", serial);
}

void manifest_signature_name(uint64_t serial, const PublicKey *k, char ret[static FLEET_FILE_MAX])
{
        char id[KEY_ID_TEXT_MAX];

        (void)snprintf(ret, FLEET_FILE_MAX, "manifest-%" PRIu64 ".json.%s.minisig", serial,
                key_id_format(k->id, id));
}

void manifest_part_name(const uint8_t sha[static SHA256_BYTES], char ret[static FLEET_FILE_MAX])
{
        char hash[SHA256_TEXT_MAX];

        (void)snprintf(ret, FLEET_FILE_MAX, "part-%s.gz", sha256_format(sha, hash));
}

void manifest_delta_name(const ManifestDelta *d, char ret[static FLEET_FILE_MAX])
{
        char hash[SHA256_TEXT_MAX];

        (void)snprintf(ret, FLEET_FILE_MAX, "delta-%s.gz", sha256_format(d->file.sha256, hash));
}

int manifest_current_parse(const char *text, size_t n, uint64_t *ret)
{
        uint64_t serial = 0;
        size_t i = 0;

        for (; i < n && i < 17 && text[i] >= '0' && text[i] <= '9'; i++)
                serial = serial * 10 + (uint64_t)(text[i] - '0');
        if (i == 0 || text[0] == '0' || i + 1 != n || text[i] != '\n' ||
                serial > (uint64_t)MANIFEST_SERIAL_MAX)
                return -EINVAL;
        *ret = serial;
        return 0;
}
