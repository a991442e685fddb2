/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/serial.h"

#include "daemon/fleet/delta.h"
#include "daemon/fleet/gzip.h"
#include "daemon/io/log.h"
#include "daemon/loop/clock.h"
#include "rules/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

struct Serial {
        SerialContext context;
        uint64_t number;
        char *text; /* of the manifest */
        size_t n;
        Manifest *manifest;
        size_t key; /* whose signature is tried */
        const ManifestPart *parts[MANIFEST_PARTS_MAX];
        size_t n_parts, next;
        const ManifestDelta *delta; /* that is fetched for the next part; NULL: all of it */
};

int serial_new(const SerialContext *context, uint64_t number, Serial **ret)
{
        Serial *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->context = *context;
        s->number = number;
        *ret = s;
        return 0;
}

Serial *serial_free(Serial *s)
{
        if (!s)
                return NULL;
        free(s->text);
        manifest_free(s->manifest);
        free(s);
        return NULL;
}

uint64_t serial_number(const Serial *s)
{
        return s->number;
}

const ManifestPart *const *serial_parts(const Serial *s, size_t *ret_n)
{
        *ret_n = s->n_parts;
        return s->parts;
}

int serial_commit(Serial *s, Keep *k, uint64_t now_usec)
{
        return keep_commit(k, s->context.config, &s->text, &s->manifest, now_usec);
}

/* ---- ends ---- */

/* The last thing that happens with s. */
static void end(Serial *s, SerialEnd how, const char *format, ...) _printf_(3, 4);
static void end(Serial *s, SerialEnd how, const char *format, ...)
{
        SerialContext c = s->context;
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        (void)text_vprintf(&text, format, ap);
        va_end(ap);
        c.done(c.data, how, text ?: "out of memory");
}

static void fetch_failed(Serial *s, const char *name, const FetchResult *result)
{
        end(s, SERIAL_FAILED, "%s%s: %s", s->context.config->documents.url, name,
                result->r == -ENOMEM ? "out of memory" : result->reason);
}

static void fetch_next(Serial *s, const char *name, size_t max, FetchDone done)
{
        int r = fetch_begin(s->context.fetch, &(FetchWhat){ name, max, false }, done, s);

        if (r < 0)
                end(s, SERIAL_FAILED, "%s cannot be fetched: %s", name, strerror(-r));
}

/* ---- parts ---- */

static void next_part(Serial *s);

static void part_failed(Serial *s, int r, const char *name, const char *reason)
{
        const ManifestPart *p = s->parts[s->next];

        end(s, r == -EBADMSG ? SERIAL_REFUSED : SERIAL_FAILED,
                "%s %s of serial %" PRIu64 " (%s): %s", p->is_set ? "set" : "fragment", p->name,
                s->number, name, reason);
}

/* The content of a part, or of a delta, from what was fetched. 0, or negative errno with a reason:
 * -EBADMSG if it is not what the manifest says. */
static int unpack(
        const FetchResult *result, const ManifestFile *f, char **ret, const char **ret_reason)
{
        uint8_t hash[SHA256_BYTES];
        int r = gzip_unpack(result->data, result->n, f->size, ret);

        if (r == -ENOMEM)
                *ret_reason = "out of memory";
        else if (r == -EFBIG)
                *ret_reason = "it is longer than the manifest says";
        else if (r == -ENODATA)
                *ret_reason = "it is shorter than the manifest says";
        else if (r < 0)
                *ret_reason = "it is damaged";
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        sha256(*ret, f->size, hash);
        if (memcmp(hash, f->sha256, sizeof(hash)) == 0)
                return 0;
        *ret_reason = "its SHA-256 is not the one of the manifest";
        return -EBADMSG;
}

/* Keeps the content of the next part, if it is that. */
static int take_content(const Serial *s, const char *content, size_t n, const char **ret_reason)
{
        const ManifestPart *p = s->parts[s->next];
        uint8_t hash[SHA256_BYTES];
        int r;

        sha256(content, n, hash);
        *ret_reason = "its SHA-256 is not the one of the manifest";
        if (n != p->file.size || memcmp(hash, p->file.sha256, sizeof(hash)) != 0)
                return -EBADMSG;
        *ret_reason = "it has NUL bytes";
        if (strlen(content) != n)
                return -EBADMSG;
        r = keep_write_part(s->context.keep, &p->file, content);
        *ret_reason = r < 0 ? strerror(-r) : NULL;
        return r;
}

static void on_part(void *data, FetchResult *result)
{
        Serial *s = data;
        const ManifestPart *p = s->parts[s->next];
        _cleanup_free_ char *content = NULL;
        const char *reason = result->reason;
        char name[FLEET_FILE_MAX];
        int r = result->r;

        if (r >= 0)
                r = unpack(result, &p->file, &content, &reason);
        if (r >= 0)
                r = take_content(s, content, p->file.size, &reason);
        if (r < 0) {
                manifest_part_name(p->file.sha256, name);
                part_failed(s, r, name, reason);
                return;
        }
        s->next++;
        next_part(s);
}

static void fetch_whole_part(Serial *s)
{
        const ManifestPart *p = s->parts[s->next];
        char name[FLEET_FILE_MAX];

        manifest_part_name(p->file.sha256, name);
        fetch_next(s, name, p->file.packed, on_part);
}

/* The set that this host has with this content, or NULL. */
static const ManifestPart *find_base(const Serial *s, const uint8_t sha[static SHA256_BYTES])
{
        const Manifest *m = s->context.keep->manifest;

        for (size_t i = 0; m && i < m->n_parts; i++)
                if (m->parts[i].is_set && memcmp(m->parts[i].file.sha256, sha, SHA256_BYTES) == 0 &&
                        keep_has_part(s->context.keep, &m->parts[i].file))
                        return &m->parts[i];
        return NULL;
}

/* The part from its delta and the content that is there. */
static int apply_delta(const Serial *s, const FetchResult *result, const char **ret_reason)
{
        _cleanup_free_ char *delta = NULL, *base = NULL, *content = NULL;
        const ManifestPart *from = find_base(s, s->delta->from);
        size_t n;
        int r = unpack(result, &s->delta->file, &delta, ret_reason);

        if (r < 0)
                return r;
        r = from ? keep_read_part(s->context.keep, &from->file, &base) : -ENOENT;
        if (r >= 0)
                r = strlen(delta) == s->delta->file.size
                            ? set_delta_apply(base, delta, &content, &n)
                            : -EINVAL;
        if (r < 0) {
                *ret_reason = "the delta does not fit";
                return r;
        }
        return take_content(s, content, n, ret_reason);
}

/* A delta that cannot be used costs time, no more: the whole part is fetched. */
static void on_delta(void *data, FetchResult *result)
{
        Serial *s = data;
        const char *reason = result->reason;
        char name[FLEET_FILE_MAX];
        int r = result->r;

        if (r >= 0)
                r = apply_delta(s, result, &reason);
        if (r >= 0) {
                s->next++;
                next_part(s);
                return;
        }
        manifest_delta_name(s->delta, name);
        log_line(LOG_WARNING, "%s: %s; the whole part is fetched", name, reason);
        fetch_whole_part(s);
}

static void next_part(Serial *s)
{
        const ManifestPart *p;
        char name[FLEET_FILE_MAX];

        while (s->next < s->n_parts && keep_has_part(s->context.keep, &s->parts[s->next]->file))
                s->next++;
        if (s->next == s->n_parts) {
                end(s, SERIAL_READY, "%s", "");
                return;
        }
        p = s->parts[s->next];
        s->delta = NULL;
        for (size_t i = 0; i < p->n_deltas && !s->delta; i++)
                if (find_base(s, p->deltas[i].from))
                        s->delta = &p->deltas[i];
        if (!s->delta) {
                fetch_whole_part(s);
                return;
        }
        manifest_delta_name(s->delta, name);
        fetch_next(s, name, s->delta->file.packed, on_delta);
}

/* ---- manifest and signature ---- */

/* NULL, or why a signed manifest is not the one of this serial, of now. */
static const char *find_fault(const Serial *s)
{
        if (s->manifest->serial != s->number)
                return "it is the manifest of another serial";
        return s->manifest->valid_until_usec < clock_now_usec(CLOCK_REALTIME) ? "it has expired"
                                                                              : NULL;
}

static void take_manifest(Serial *s)
{
        _cleanup_free_ char *reason = NULL;
        const char *fault = NULL;
        int r = -EINVAL;

        if (strlen(s->text) != s->n)
                fault = "it has NUL bytes";
        else
                r = manifest_parse(s->text, &s->manifest, &reason);
        if (r >= 0)
                fault = find_fault(s);
        if (r >= 0 && !fault)
                r = manifest_select(s->manifest, s->context.config, s->parts, &s->n_parts, &reason);
        if (r == -ENOMEM)
                end(s, SERIAL_FAILED, "%s", "out of memory");
        else if (fault || r < 0)
                end(s, SERIAL_REFUSED, "the manifest of serial %" PRIu64 " is refused: %s",
                        s->number, fault ?: reason);
        else
                next_part(s);
}

static void fetch_signature(Serial *s);

static void on_signature(void *data, FetchResult *result)
{
        Serial *s = data;
        const SerialContext *c = &s->context;
        char name[FLEET_FILE_MAX];
        const char *reason;

        if (result->r == -ENOENT && s->key + 1 < c->n_keys) {
                s->key++;
                fetch_signature(s);
                return;
        }
        manifest_signature_name(s->number, &c->keys[s->key], name);
        if (result->r == -ENOENT)
                end(s, SERIAL_REFUSED,
                        "serial %" PRIu64 " is refused: no key of fleet.conf has signed it",
                        s->number);
        else if (result->r < 0)
                fetch_failed(s, name, result);
        else if (signature_check(result->data, result->n, (Signed){ s->text, s->n }, c->keys,
                         c->n_keys, &reason) < 0)
                end(s, SERIAL_REFUSED, "serial %" PRIu64 " is refused: its signature %s: %s",
                        s->number, name, reason);
        else
                take_manifest(s);
}

static void fetch_signature(Serial *s)
{
        char name[FLEET_FILE_MAX];

        manifest_signature_name(s->number, &s->context.keys[s->key], name);
        fetch_next(s, name, SIGNATURE_BYTES_MAX, on_signature);
}

static void on_manifest(void *data, FetchResult *result)
{
        char name[FLEET_FILE_MAX];
        Serial *s = data;

        if (result->r < 0) {
                manifest_file_name(s->number, name);
                fetch_failed(s, name, result);
                return;
        }
        s->text = TAKE_PTR(result->data);
        s->n = result->n;
        fetch_signature(s);
}

void serial_fetch(Serial *s)
{
        char name[FLEET_FILE_MAX];

        manifest_file_name(s->number, name);
        fetch_next(s, name, MANIFEST_BYTES_MAX, on_manifest);
}

void serial_complete(Serial *s)
{
        _cleanup_free_ char *reason = NULL;
        int r = manifest_parse(s->context.keep->text, &s->manifest, &reason);

        if (r >= 0)
                r = manifest_select(s->manifest, s->context.config, s->parts, &s->n_parts, &reason);
        if (r < 0)
                end(s, r == -ENOMEM ? SERIAL_FAILED : SERIAL_REFUSED,
                        "serial %" PRIu64 " of before cannot be put in force again: %s", s->number,
                        reason ?: "out of memory");
        else
                next_part(s);
}
