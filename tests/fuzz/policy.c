/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Documents of every kind: what is refused says why, at a line; what is taken prints to a text
 * that is taken again and prints itself. And libconfig reads what is written.
 */

#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/config/bytes.h"
#include "rules/config/guard.h"
#include "rules/config/print.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"
#include "rules/policy/state.h"
#include "tests/lib/tokens.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

static int print_state_document(const StateDocument *doc, char **ret)
{
        _cleanup_strv_ char **fragments = NULL, **sets = NULL;
        State *s = doc->state;

        for (size_t i = 0; i < doc->n_fragments; i++) {
                Fragment *f = fragment_new();

                expect(f && array_grow(&s->fragments, i, sizeof(f)) == 0, "memory");
                f->name = strdup(doc->fragments[i].name);
                s->fragments[s->n_fragments++] = f;
                expect(strv_append(&fragments, doc->fragments[i].file) == 0, "memory");
        }
        for (size_t i = 0; i < doc->n_sets; i++) {
                expect(array_grow(&s->sets, i, sizeof(StoredSet)) == 0, "memory");
                s->sets[s->n_sets++] = (StoredSet){ .name = strdup(doc->sets[i].name) };
                expect(strv_append(&sets, doc->sets[i].file) == 0, "memory");
        }
        return print_state(s, fragments, sets, ret);
}

/* Parses and prints; NULL where the text is refused. */
static char *document_print(DocumentKind kind, const char *text, size_t n, Diagnostics *d)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        _cleanup_(fragment_unref_p) Fragment *fragment = NULL;
        _cleanup_(role_unref_p) Role *role = NULL;
        _cleanup_(state_document_deinit) StateDocument state = { 0 };
        char *printed = NULL;
        int r = 0;

        switch (kind) {
        case DOCUMENT_HOST:
                if (parse_host(text, n, "f", d, &host) == 0)
                        r = print_host(host, &printed);
                break;
        case DOCUMENT_FRAGMENT:
                if (parse_fragment(text, n, "x", "f", d, &fragment) == 0)
                        r = print_fragment(fragment, &printed);
                break;
        case DOCUMENT_ROLE:
                if (parse_role(text, n, "f", d, &role) == 0)
                        r = print_role(role, &printed);
                break;
        case DOCUMENT_STATE:
                if (parse_state(text, n, "f", d, &state) == 0)
                        r = print_state_document(&state, &printed);
                break;
        case _DOCUMENT_MAX:
        case _DOCUMENT_INVALID:
                break;
        }
        expect(r == 0, "print");
        return printed;
}

static void document_expect(DocumentKind kind, const char *text, size_t n)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 }, none = { 0 };
        _cleanup_free_ char *printed = document_print(kind, text, n, &d), *again = NULL;

        for (size_t i = 0; i < d.n; i++)
                expect(d.items[i].line > 0 && !strchr(d.items[i].text, '\n'), d.items[i].text);
        if (!printed) {
                expect(d.n_errors > 0, "an error without a word");
                return;
        }
        expect(d.n_errors == 0, "a document with an error");
        again = document_print(kind, printed, strlen(printed), &none);
        if (!again)
                fprintf(stderr, "%s\n", none.items[0].text);
        expect(again && strcmp(printed, again) == 0, printed);
        expect(none.n == 0, "a warning of what was printed");
}

/* What the guard accepts, libconfig reads, as it is written. */
static void language_expect(const char *data, size_t n)
{
        _cleanup_(tree_free_p) Tree *tree = NULL;
        _cleanup_free_ char *text = strndup(data, n), *copy = strndup(data, n);
        GuardCounts counts;

        expect(text && copy, "memory");
        if (bytes_check(data, n, "f", NULL) < 0 || characters_check(text, "f", NULL) < 0 ||
                guard_text(copy, "f", NULL, &counts) < 0)
                return;
        expect(tree_read(data, n, "f", NULL, &tree) == 0, text);
        expect(tree_says_the_same(tree_root(tree), text), text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        language_expect((const char *)data, n);
        expect(document_kind((const char *)data, n) != _DOCUMENT_INVALID, "kind");
        for (int kind = 0; kind < _DOCUMENT_MAX; kind++)
                document_expect((DocumentKind)kind, (const char *)data, n);
        return 0;
}
