/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Walks a group against the vocabulary and words its errors. Writes to the model only where the
 * vocabulary says.
 */

#include "rules/config/reader.h"

#include "rules/base/buffer.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int reader_report(
        Reader *r, Severity severity, const Node *n, const char *format, va_list ap) _printf_(4, 0);
static int reader_report(
        Reader *r, Severity severity, const Node *n, const char *format, va_list ap)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        /* the document as a whole begins in its first line */
        Place place = { r->file, node_line(n) > 0 ? node_line(n) : 1 };

        if (node_path(n, &path) < 0 || text_vprintf(&text, format, ap) < 0)
                return -ENOMEM;
        if (*path == '\0')
                return diagnostics_add(r->d, severity, place, NULL, "%s", text);
        return diagnostics_add(r->d, severity, place, path, "%s: %s", path, text);
}

int reader_error(Reader *r, const Node *n, const char *format, ...)
{
        va_list ap;
        int k;

        r->n_errors++;
        va_start(ap, format);
        k = reader_report(r, SEVERITY_ERROR, n, format, ap);
        va_end(ap);
        return k;
}

int reader_warning(Reader *r, const Node *n, const char *format, ...)
{
        va_list ap;
        int k;

        va_start(ap, format);
        k = reader_report(r, SEVERITY_WARNING, n, format, ap);
        va_end(ap);
        return k;
}

int reader_go_on(const Reader *r, int result)
{
        return result == -EINVAL && r->n_errors < READER_ERRORS_MAX ? 0 : result;
}

int reader_finish(Reader *r)
{
        Place place = { r->file, 1 };

        if (r->n_errors >= READER_ERRORS_MAX)
                return diagnostics_error(r->d, place, NULL,
                        "%d errors; the rest of the file was not read", READER_ERRORS_MAX);
        if (r->n_host_bits > READER_HOST_BITS_MAX)
                return diagnostics_warning(r->d, place, NULL,
                        "%zu more prefixes have host bits; their networks are used",
                        r->n_host_bits - READER_HOST_BITS_MAX);
        return r->n_errors > 0 ? -EINVAL : 0;
}

size_t list_length(const Node *n)
{
        return node_kind(n) == NODE_LIST ? node_length(n) : 1;
}

const Node *list_item(const Node *n, size_t i)
{
        return node_kind(n) == NODE_LIST ? node_child(n, i) : n;
}

int read_items(Reader *r, const Node *n, NodeReader *read, void *place)
{
        size_t before = r->n_errors;

        for (size_t i = 0; i < list_length(n); i++) {
                int k = reader_go_on(r, read(r, list_item(n, i), place));

                if (k < 0)
                        return k;
        }
        return r->n_errors > before ? -EINVAL : 0;
}

int read_members(Reader *r, const Node *n, NodeReader *read, void *place)
{
        size_t before = r->n_errors;

        for (size_t i = 0; i < node_length(n); i++) {
                int k = reader_go_on(r, read(r, node_child(n, i), place));

                if (k < 0)
                        return k;
        }
        return r->n_errors > before ? -EINVAL : 0;
}

/* ---- what is wrong with a setting ---- */

static const char *kind_to_string(NodeKind kind)
{
        switch (kind) {
        case NODE_GROUP:
                return "a group";
        case NODE_LIST:
                return "a list";
        case NODE_STRING:
                return "a string";
        case NODE_INTEGER:
                return "a number";
        case NODE_BOOL:
                return "true or false";
        }
        return "something else";
}

/* The setting of this name that another kind of document has outside of any group, or NULL. */
static const Setting *elsewhere(
        const Reader *r, SettingGroup group, const char *name, DocumentKind *ret_kind)
{
        static const struct {
                SettingGroup group;
                DocumentKind kind;
        } roots[] = {
                { GROUP_HOST, DOCUMENT_HOST },
                { GROUP_ROLE_FILE, DOCUMENT_ROLE },
                { GROUP_STATE_FILE, DOCUMENT_STATE },
                { GROUP_COMMON, DOCUMENT_FRAGMENT },
        };
        bool is_root = false;

        for (size_t i = 0; i < ELEMENTS(roots); i++)
                is_root = is_root || roots[i].group == group;
        for (size_t i = 0; is_root && i < ELEMENTS(roots); i++) {
                const Setting *s = setting_find(r->vocabulary, roots[i].kind, roots[i].group, name);

                *ret_kind = roots[i].kind;
                if (s && roots[i].kind != r->kind)
                        return s;
        }
        return NULL;
}

static int unknown_setting(Reader *r, const Node *n, const ReadInto *into, size_t n_into)
{
        const char *name = node_name(n);
        const Setting *near, *other;
        DocumentKind kind;
        unsigned groups = 0;

        for (size_t i = 0; i < n_into; i++)
                groups |= 1u << into[i].group;
        near = setting_nearest(r->vocabulary, r->kind, groups, name);
        other = elsewhere(r, (SettingGroup)into[0].group, name, &kind);
        /* role = ( "mx" ); does not say what a role is */
        if (near && other && !setting_type_takes(other->type, node_kind(n)) &&
                setting_type_takes(near->type, node_kind(n)))
                other = NULL;
        if (other && kind == DOCUMENT_FRAGMENT)
                return reader_error(r, n, "only p25.conf and fragments have this setting");
        if (other)
                return reader_error(r, n, "only %s has this setting", document_to_string(kind));
        if (near)
                return reader_error(r, n, "unknown setting; did you mean \"%s\"?", near->name);
        return reader_error(r, n, "unknown setting");
}

static int wrong_type(Reader *r, const Node *n, const Setting *s)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *words = NULL;

        if (s->words)
                words_print(s->words, &b);
        if (buffer_take(&b, &words) < 0)
                return -ENOMEM;
        return reader_error(r, n, "must be %s, not %s%s%s", setting_type_to_string(s->type),
                kind_to_string(node_kind(n)), s->words ? "; the words are " : "", words);
}

static int read_setting(Reader *r, const Node *n, const ReadInto *into, size_t n_into)
{
        const Setting *s = NULL;
        size_t i;

        for (i = 0; i < n_into; i++) {
                s = setting_find(r->vocabulary, r->kind, into[i].group, node_name(n));
                if (s)
                        break;
        }
        if (!s)
                return unknown_setting(r, n, into, n_into);
        if (!setting_type_takes(s->type, node_kind(n)))
                return wrong_type(r, n, s);
        return s->read(r, n, s, (char *)into[i].object + s->offset);
}

static int check_required(Reader *r, const Node *n, SettingGroup group)
{
        for (const Setting *s = r->vocabulary; s->name; s++) {
                int k;

                if (s->group != group || !s->required || !(s->documents & 1u << r->kind) ||
                        node_find(n, s->name))
                        continue;
                k = reader_go_on(r, reader_error(r, n, "\"%s\" is missing", s->name));
                if (k < 0)
                        return k;
        }
        return 0;
}

int read_group(Reader *r, const Node *n, const ReadInto *into, size_t n_into)
{
        size_t before = r->n_errors;
        int k;

        for (size_t i = 0; i < node_length(n); i++) {
                k = reader_go_on(r, read_setting(r, node_child(n, i), into, n_into));
                if (k < 0)
                        return k;
        }
        for (size_t i = 0; i < n_into; i++) {
                k = check_required(r, n, (SettingGroup)into[i].group);
                if (k < 0)
                        return k;
        }
        return r->n_errors > before ? -EINVAL : 0;
}
