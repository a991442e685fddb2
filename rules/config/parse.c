/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the four kinds of document, text in, model out. The language is the scan's (scan.h), what
 * the settings mean is said in the vocabulary. Opens no files.
 */

#include "rules/config/parse.h"

#include "rules/config/reader.h"
#include "rules/config/scan.h"
#include "rules/config/vocabulary.h"

#include <errno.h>

/* ---- documents ---- */

typedef struct Document {
        char *text;
        Scan scan;
} Document;

static void document_close(Document *doc)
{
        scan_deinit(&doc->scan);
        free(doc->text);
}

/* doc is zeroed before and closed by the caller, also after a failure. */
static int document_open(
        Document *doc, const char *text, size_t n, const char *file, Diagnostics *d)
{
        int r = scan_bytes(text, n, file, d);

        if (r < 0)
                return r;
        doc->text = malloc(n + 1);
        if (!doc->text)
                return -ENOMEM;
        if (n > 0)
                memcpy(doc->text, text, n);
        doc->text[n] = '\0';
        return scan_text(doc->text, file, d, &doc->scan);
}

/* Reads a whole document into the structs given; r->kind, file, name and d are set. */
static int document_read(Reader *r, const char *text, size_t n, const ReadInto *into, size_t n_into)
{
        _cleanup_(document_close) Document doc = { 0 };
        int k, finish;

        k = document_open(&doc, text, n, r->file, r->d);
        if (k < 0)
                return k;
        k = read_group(r, scan_root(&doc.scan), into, n_into);
        if (k == -ENOMEM)
                return k;
        finish = reader_finish(r);
        return k < 0 ? k : finish;
}

int parse_host(const char *text, size_t n, const char *file, Diagnostics *d, HostConf **ret)
{
        _cleanup_(host_conf_unref_p) HostConf *h = host_conf_new();
        Reader r = { .kind = DOCUMENT_HOST, .file = file, .d = d };
        int k;

        if (!h)
                return -ENOMEM;
        if (file && !(h->common->file = strdup(file)))
                return -ENOMEM;
        k = document_read(
                &r, text, n, (ReadInto[]){ { GROUP_HOST, h }, { GROUP_COMMON, h->common } }, 2);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(h);
        return 0;
}

int parse_fragment(const char *text, size_t n, const char *name, const char *file, Diagnostics *d,
        Fragment **ret)
{
        _cleanup_(fragment_unref_p) Fragment *f = fragment_new();
        Reader r = { .kind = DOCUMENT_FRAGMENT, .file = file, .name = name, .d = d };
        int k;

        if (!f)
                return -ENOMEM;
        if (file && !(f->file = strdup(file)))
                return -ENOMEM;
        if (name && !(f->name = strdup(name)))
                return -ENOMEM;
        k = document_read(&r, text, n, &(ReadInto){ GROUP_COMMON, f }, 1);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(f);
        return 0;
}

int parse_role(const char *text, size_t n, const char *file, Diagnostics *d, Role **ret)
{
        _cleanup_(role_unref_p) Role *role = role_new();
        Reader r = { .kind = DOCUMENT_ROLE, .file = file, .d = d };
        int k;

        if (!role)
                return -ENOMEM;
        k = document_read(&r, text, n, &(ReadInto){ GROUP_ROLE_FILE, role }, 1);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(role);
        return 0;
}

static void state_files_free(StateFile *files, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(files[i].name);
                free(files[i].file);
        }
        free(files);
}

void state_document_deinit(StateDocument *s)
{
        state_free(s->state);
        state_files_free(s->fragments, s->n_fragments);
        state_files_free(s->sets, s->n_sets);
        *s = (StateDocument){ 0 };
}

int parse_state(const char *text, size_t n, const char *file, Diagnostics *d, StateDocument *ret)
{
        _cleanup_(state_document_deinit) StateDocument doc = { .state = state_new() };
        Reader r = { .kind = DOCUMENT_STATE, .file = file, .d = d };
        int k;

        if (!doc.state)
                return -ENOMEM;
        k = document_read(&r, text, n, &(ReadInto){ GROUP_STATE_FILE, &doc }, 1);
        if (k < 0)
                return k;
        *ret = doc;
        doc = (StateDocument){ 0 };
        return 0;
}

/* ---- kinds ---- */

static void note_kind(const char *name, size_t n, void *data)
{
        static const struct {
                const char *name;
                DocumentKind kind;
        } names[] = { { "role", DOCUMENT_ROLE }, { "state", DOCUMENT_STATE } };
        _cleanup_free_ char *key = strndup(name, n);
        DocumentKind *kind = data;

        if (!key)
                return;
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (streq(key, names[i].name))
                        *kind = names[i].kind;
        if (*kind == DOCUMENT_ROLE || *kind == DOCUMENT_STATE)
                return;
        if (vocabulary_find(DOCUMENT_HOST, GROUP_HOST, key))
                *kind = DOCUMENT_HOST;
        else if (*kind == _DOCUMENT_INVALID &&
                 vocabulary_find(DOCUMENT_FRAGMENT, GROUP_COMMON, key))
                *kind = DOCUMENT_FRAGMENT;
}

DocumentKind document_kind(const char *text, size_t n)
{
        DocumentKind kind = _DOCUMENT_INVALID;
        _cleanup_free_ char *copy = NULL;

        if (n == 0 || n > POLICY_TEXT_MAX || !(copy = strndup(text, n)))
                return DOCUMENT_HOST;
        scan_top_names(copy, note_kind, &kind);
        return kind == _DOCUMENT_INVALID ? DOCUMENT_HOST : kind;
}
