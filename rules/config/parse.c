/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The four kinds of document, from text to model. libconfig reads the language (node.h); the
 * vocabulary says what the settings mean. Opens no files.
 */

#include "rules/config/parse.h"

#include "rules/base/diagnostic.h"
#include "rules/config/lexer.h"
#include "rules/config/node.h"
#include "rules/config/reader.h"
#include "rules/config/vocabulary.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <stdio.h>

/* ---- documents ---- */

/* Reads a whole document into the structs given; r->kind, file, name and d are set. */
static int document_read(Reader *r, const char *text, size_t n, const ReadInto *into, size_t n_into)
{
        _cleanup_(tree_free_p) Tree *tree = NULL;
        int k, finish;

        k = tree_read(text, n, r->file, r->d, &tree);
        if (k < 0)
                return k;
        k = read_group(r, tree_root(tree), into, n_into);
        if (k == -ENOMEM)
                return k;
        finish = reader_finish(r);
        return k < 0 ? k : finish;
}

int parse_host(const char *text, size_t n, const char *file, Diagnostics *d, HostConf **ret)
{
        _cleanup_(host_conf_unref_p) HostConf *h = host_conf_new();
        Reader r = { .vocabulary = vocabulary, .kind = DOCUMENT_HOST, .file = file, .d = d };
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
        Reader r = { .vocabulary = vocabulary,
                .kind = DOCUMENT_FRAGMENT,
                .file = file,
                .name = name,
                .d = d };
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
        Reader r = { .vocabulary = vocabulary, .kind = DOCUMENT_ROLE, .file = file, .d = d };
        int k;

        if (!role)
                return -ENOMEM;
        k = document_read(&r, text, n, &(ReadInto){ GROUP_ROLE_FILE, role }, 1);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(role);
        return 0;
}

int parse_state(const char *text, size_t n, const char *file, Diagnostics *d, StateDocument *ret)
{
        _cleanup_(state_document_deinit) StateDocument doc = { .state = state_new() };
        Reader r = { .vocabulary = vocabulary, .kind = DOCUMENT_STATE, .file = file, .d = d };
        int k;

        if (!doc.state)
                return -ENOMEM;
        k = document_read(&r, text, n, &(ReadInto){ GROUP_STATE_FILE, &doc }, 1);
        if (k < 0)
                return k;
        *ret = TAKE_STRUCT(doc);
        return 0;
}

/* ---- kinds ---- */

/* One setting outside of any group, with the first character of its value (NUL: unknown). */
static void note_setting(const char *name, char value, DocumentKind *kind)
{
        static const struct {
                const char *name;
                DocumentKind kind;
        } names[] = { { "role", DOCUMENT_ROLE }, { "state", DOCUMENT_STATE } };

        /* role = ( "mx" ); is meant to be roles */
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (streq(name, names[i].name) && (value == '{' || value == '\0'))
                        *kind = names[i].kind;
        if (*kind == DOCUMENT_ROLE || *kind == DOCUMENT_STATE)
                return;
        if (setting_find(vocabulary, DOCUMENT_HOST, GROUP_HOST, name))
                *kind = DOCUMENT_HOST;
        else if (*kind == _DOCUMENT_INVALID &&
                 setting_find(vocabulary, DOCUMENT_FRAGMENT, GROUP_COMMON, name))
                *kind = DOCUMENT_FRAGMENT;
}

/* Until the text ends or breaks off. */
static DocumentKind kind_by_settings(const char *text)
{
        DocumentKind kind = _DOCUMENT_INVALID;
        char name[NAME_MAX_LENGTH + 1] = "";
        size_t depth = 0;
        Lexer l;

        lexer_init(&l, text);
        for (Token t = lexer_next(&l); t != TOKEN_END && t != TOKEN_ERROR; t = lexer_next(&l)) {
                if (*name && t != TOKEN_ASSIGN) {
                        note_setting(name, text[l.start], &kind);
                        *name = '\0';
                }
                if (t == TOKEN_OPEN)
                        depth++;
                else if (t == TOKEN_CLOSE)
                        depth -= depth > 0;
                else if (t == TOKEN_NAME && depth == 0 && l.at - l.start <= NAME_MAX_LENGTH)
                        snprintf(name, sizeof(name), "%.*s", (int)(l.at - l.start), text + l.start);
        }
        if (*name)
                note_setting(name, '\0', &kind);
        return kind;
}

DocumentKind document_kind(const char *text, size_t n)
{
        _cleanup_free_ char *copy = NULL;
        DocumentKind kind;

        if (n == 0 || n > POLICY_TEXT_MAX || !(copy = strndup(text, n)))
                return DOCUMENT_HOST;
        kind = kind_by_settings(copy);
        return kind == _DOCUMENT_INVALID ? DOCUMENT_HOST : kind;
}
