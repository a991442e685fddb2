/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns libconfig: text in, tree of nodes out, and the four kinds of document. What libconfig would
 * get wrong has been refused by the scan before (scan.h); what the settings mean is said in the
 * vocabulary. Opens no files: libconfig is left no way to.
 */

#include "rules/parse.h"

#include "rules/lexer.h"
#include "rules/node.h"
#include "rules/reader.h"
#include "rules/scan.h"
#include "rules/vocabulary.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>

/* ---- nodes: libconfig's settings, and where the scan saw them ---- */

static config_setting_t *setting_of(const Node *n)
{
        return (config_setting_t *)n;
}

static const Node *node_of(const config_setting_t *s)
{
        return (const Node *)s;
}

/* The hook of a plain value is its place in the text, that of the document is the scan. */
static const ScanScalar *node_scalar(const Node *n)
{
        return config_setting_get_hook(setting_of(n));
}

NodeKind node_kind(const Node *n)
{
        switch (config_setting_type(setting_of(n))) {
        case CONFIG_TYPE_GROUP:
                return NODE_GROUP;
        case CONFIG_TYPE_ARRAY:
        case CONFIG_TYPE_LIST:
                return NODE_LIST;
        case CONFIG_TYPE_STRING:
                return NODE_STRING;
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                return NODE_INTEGER;
        case CONFIG_TYPE_BOOL:
                return NODE_BOOL;
        }
        return NODE_FLOAT;
}

const char *node_name(const Node *n)
{
        return config_setting_name(setting_of(n));
}

unsigned node_line(const Node *n)
{
        NodeKind kind = node_kind(n);

        /* libconfig gives the last string of a list the line of what follows it */
        if (kind != NODE_GROUP && kind != NODE_LIST && node_scalar(n))
                return node_scalar(n)->line;
        return setting_of(n)->line;
}

size_t node_length(const Node *n)
{
        return (size_t)config_setting_length(setting_of(n));
}

const Node *node_child(const Node *n, size_t i)
{
        return node_of(config_setting_get_elem(setting_of(n), (unsigned)i));
}

const Node *node_find(const Node *group, const char *name)
{
        return node_of(config_setting_get_member(setting_of(group), name));
}

const char *node_string(const Node *n)
{
        const char *s = config_setting_get_string(setting_of(n));

        return s ? s : "";
}

bool node_bool(const Node *n)
{
        return config_setting_get_bool(setting_of(n));
}

NodeInteger node_integer(const Node *n)
{
        const Scan *scan = config_setting_get_hook(config_root_setting(setting_of(n)->config));
        const char *token = scan->text + node_scalar(n)->offset;
        LexerInteger i = lexer_integer(token);
        NodeInteger ret = { .value = i.value, .overflow = i.overflow, .has_suffix = i.has_suffix };
        bool is_float;

        snprintf(ret.text, sizeof(ret.text), "%.*s", (int)lexer_number_length(token, &is_float),
                token);
        return ret;
}

static void path_add(config_setting_t *s, Buffer *b)
{
        if (config_setting_is_root(s))
                return;
        path_add(config_setting_parent(s), b);
        if (!config_setting_name(s))
                buffer_printf(b, "[%d]", config_setting_index(s));
        else
                buffer_printf(b, "%s%s", b->length > 0 ? "." : "", config_setting_name(s));
}

int node_path(const Node *n, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        path_add(setting_of(n), &b);
        return buffer_take(&b, ret);
}

/* ---- documents ---- */

typedef struct Document {
        char *text;
        Scan scan;
        config_t config;
        bool is_open;
} Document;

static void document_close(Document *doc)
{
        if (doc->is_open)
                config_destroy(&doc->config);
        scan_deinit(&doc->scan);
        free(doc->text);
}

/* Gives every plain value its place in the text; false: libconfig saw other values than we. */
static bool attach_places(config_setting_t *s, const Scan *scan, size_t *at)
{
        int length = config_setting_length(s);
        bool is_string;

        if (config_setting_is_aggregate(s)) {
                for (int i = 0; i < length; i++)
                        if (!attach_places(config_setting_get_elem(s, (unsigned)i), scan, at))
                                return false;
                return true;
        }
        if (*at == scan->n)
                return false;
        is_string = scan->text[scan->scalars[*at].offset] == '"';
        if (is_string != (config_setting_type(s) == CONFIG_TYPE_STRING))
                return false;
        config_setting_set_hook(s, &scan->scalars[*at]);
        (*at)++;
        return true;
}

static int syntax_error(const Document *doc, const char *file, Diagnostics *d)
{
        unsigned line = (unsigned)config_error_line(&doc->config);
        size_t n;
        const char *name = scan_name_before(doc->text, line, &n);

        if (n == 0)
                return diagnostics_error(
                        d, ((Place){ file, line }), NULL, "%s", config_error_text(&doc->config));
        return diagnostics_error(d, ((Place){ file, line }), NULL, "%s at or after \"%.*s\"",
                config_error_text(&doc->config), (int)n, name);
}

/* doc is zeroed before and closed by the caller, also after a failure; it must not move, since
 * libconfig's settings point to their config_t. */
static int document_open(
        Document *doc, const char *text, size_t n, const char *file, Diagnostics *d)
{
        size_t at = 0;
        int r;

        r = scan_bytes(text, n, file, d);
        if (r < 0)
                return r;
        doc->text = malloc(n + 2);
        if (!doc->text)
                return -ENOMEM;
        if (n > 0)
                memcpy(doc->text, text, n);
        /* libconfig's comments end with a line, not with a text */
        memcpy(doc->text + n, "\n", 2);
        r = scan_text(doc->text, file, d, &doc->scan);
        if (r < 0)
                return r;
        config_init(&doc->config);
        doc->is_open = true;
        /* the scan refuses @include; should it ever miss one, there is nothing below this */
        config_set_include_dir(&doc->config, "/dev/null");
        if (!config_read_string(&doc->config, doc->text))
                return syntax_error(doc, file, d);
        if (!attach_places(config_root_setting(&doc->config), &doc->scan, &at) || at != doc->scan.n)
                return diagnostics_error(
                        d, ((Place){ file, 1 }), NULL, "the text can be read in two ways");
        config_setting_set_hook(config_root_setting(&doc->config), &doc->scan);
        return 0;
}

/* Reads a whole document into the structs given; r->kind, file, name and d are set. */
static int document_read(Reader *r, const char *text, size_t n, const ReadInto *into, size_t n_into)
{
        _cleanup_(document_close) Document doc = { 0 };
        int k, finish;

        k = document_open(&doc, text, n, r->file, r->d);
        if (k < 0)
                return k;
        k = read_group(r, node_of(config_root_setting(&doc.config)), into, n_into);
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
