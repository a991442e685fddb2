/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Documents. tests/golden/policy/KIND-NAME.conf is read, and what is printed of it must be
 * KIND-NAME.canonical, which read again prints itself. KIND is host, fragment, role or state.
 * The documents of tests/golden-fail/policy/KIND-TOPIC.txt must be refused, each with the messages
 * below it:
 *
 *   == NAME
 *   TEXT…
 *   -- NAME:LINE: MESSAGE
 *
 * What is not lines of text is KIND-NAME.conf there, and its messages KIND-NAME.expected.
 * GOLDEN_UPDATE=1 writes what is found.
 */

#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/config/print.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/state.h"
#include "tests/lib/golden.h"

#define GOOD "tests/golden/policy/"
#define BAD "tests/golden-fail/policy/"
#define BAD_MIN 15
#define BAD_CASES_MIN 170
#define CASE "== "
#define MESSAGE "-- "

static DocumentKind kind_of(const char *name)
{
        static const char *const kinds[_DOCUMENT_MAX] = { "host-", "fragment-", "role-", "state-" };

        for (int i = 0; i < _DOCUMENT_MAX; i++)
                if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
                        return (DocumentKind)i;
        fail_msg("%s: what kind of document?", name);
        return _DOCUMENT_INVALID;
}

static int print_state_document(const StateDocument *doc, char **ret)
{
        _cleanup_strv_ char **fragments = NULL, **sets = NULL;
        State *s = doc->state;

        for (size_t i = 0; i < doc->n_fragments; i++) {
                Fragment *f = fragment_new();

                assert_non_null(f);
                f->name = strdup(doc->fragments[i].name);
                assert_int_equal(array_grow(&s->fragments, s->n_fragments, sizeof(f)), 0);
                s->fragments[s->n_fragments++] = f;
                assert_int_equal(strv_append(&fragments, doc->fragments[i].file), 0);
        }
        for (size_t i = 0; i < doc->n_sets; i++) {
                assert_int_equal(array_grow(&s->sets, s->n_sets, sizeof(StoredSet)), 0);
                s->sets[s->n_sets++] = (StoredSet){ .name = strdup(doc->sets[i].name) };
                assert_int_equal(strv_append(&sets, doc->sets[i].file), 0);
        }
        return print_state(s, fragments, sets, ret);
}

/* Parses and, if that is possible, prints. */
static int document_print(
        DocumentKind kind, const char *name, const char *text, size_t n, Diagnostics *d, char **ret)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        _cleanup_(fragment_unref_p) Fragment *fragment = NULL;
        _cleanup_(role_unref_p) Role *role = NULL;
        _cleanup_(state_document_deinit) StateDocument state = { 0 };
        int r = -EINVAL;

        switch (kind) {
        case DOCUMENT_HOST:
                r = parse_host(text, n, name, d, &host);
                return r < 0 ? r : print_host(host, ret);
        case DOCUMENT_FRAGMENT:
                r = parse_fragment(text, n, "x", name, d, &fragment);
                return r < 0 ? r : print_fragment(fragment, ret);
        case DOCUMENT_ROLE:
                r = parse_role(text, n, name, d, &role);
                return r < 0 ? r : print_role(role, ret);
        case DOCUMENT_STATE:
                r = parse_state(text, n, name, d, &state);
                return r < 0 ? r : print_state_document(&state, ret);
        case _DOCUMENT_MAX:
        case _DOCUMENT_INVALID:
                break;
        }
        return r;
}

static void tell(const Diagnostics *d, bool severity, Buffer *b)
{
        for (size_t i = 0; i < d->n; i++) {
                _cleanup_free_ char *line = NULL;

                assert_int_equal(diagnostic_format(&d->items[i], &line), 0);
                if (severity || d->items[i].severity != SEVERITY_ERROR)
                        buffer_printf(b, "%s: ", severity_to_string(d->items[i].severity));
                buffer_printf(b, "%s\n", line);
        }
}

static void expect_canonical(const char *folder, const char *path)
{
        const char *name = path + strlen(folder);
        _cleanup_free_ char *base = test_base_name(path);
        _cleanup_free_ char *golden = format_path(folder, base, ".canonical");
        _cleanup_free_ char *text = NULL, *canonical = NULL, *again = NULL, *all = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        DocumentKind kind = kind_of(name);
        size_t n;

        text = test_read_bytes(path, &n);
        if (document_print(kind, name, text, n, &d, &canonical) < 0)
                fail_msg("%s:%u: %s", name, d.items[0].line, d.items[0].text);
        assert_int_equal(document_kind(text, n), kind);
        /* warnings stand above, as comments */
        for (size_t i = 0; i < d.n; i++)
                buffer_printf(&b, "# %s:%u: %s\n", name, d.items[i].line, d.items[i].text);
        diagnostics_deinit(&d);
        assert_int_equal(document_print(kind, name, canonical, strlen(canonical), &d, &again), 0);
        assert_string_equal(canonical, again);
        assert_int_equal(d.n, 0);
        buffer_add_string(&b, canonical);
        assert_int_equal(buffer_take(&b, &all), 0);
        file_expect(golden, all);
}

static void test_good(_unused_ void **state)
{
        golden_each(GOOD, 1, expect_canonical);
}

/* Appends what is wrong with a text that must be refused, each line behind the mark. */
static void refused_print(Buffer *b, const char *mark, DocumentKind kind, const char *name,
        const char *text, size_t n)
{
        _cleanup_free_ char *printed = NULL, *lines = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_buffer_ Buffer messages = { 0 };
        char *save = NULL;

        if (document_print(kind, name, text, n, &d, &printed) != -EINVAL)
                fail_msg("%s: taken", name);
        assert_true(d.n_errors > 0);
        tell(&d, false, &messages);
        assert_int_equal(buffer_take(&messages, &lines), 0);
        for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                buffer_printf(b, "%s%s\n", mark, line);
}

static void expect_refused(const char *folder, const char *path)
{
        const char *name = path + strlen(folder);
        _cleanup_free_ char *base = test_base_name(path), *text = NULL, *lines = NULL;
        _cleanup_free_ char *golden = format_path(folder, base, ".expected");
        _cleanup_buffer_ Buffer b = { 0 };
        size_t n;

        text = test_read_bytes(path, &n);
        refused_print(&b, "", kind_of(name), name, text, n);
        assert_int_equal(buffer_take(&b, &lines), 0);
        file_expect(golden, lines);
}

static bool starts(const char *text, const char *with)
{
        return strncmp(text, with, strlen(with)) == 0;
}

static const char *line_end(const char *text)
{
        const char *end = strchr(text, '\n');

        assert_non_null(end);
        return end + 1;
}

/* One case: its name and its text are copied, what stands below is skipped and printed again.
 * Returns where the next one begins. */
static const char *expect_case(Buffer *b, DocumentKind kind, const char *at)
{
        const char *text = line_end(at), *end = text;
        _cleanup_free_ char *name = NULL;

        if (!starts(at, CASE))
                fail_msg("\"%sNAME\" is expected before \"%.60s\"", CASE, at);
        name = strndup(at + strlen(CASE), (size_t)(text - at) - strlen(CASE) - 1);
        assert_non_null(name);
        while (*end && !starts(end, CASE) && !starts(end, MESSAGE))
                end = line_end(end);
        buffer_add(b, at, (size_t)(end - at));
        refused_print(b, MESSAGE, kind, name, text, (size_t)(end - text));
        while (starts(end, MESSAGE))
                end = line_end(end);
        return end;
}

static size_t expect_cases(const char *path)
{
        _cleanup_free_ char *text = test_read_file(path), *found = NULL;
        DocumentKind kind = kind_of(path + strlen(BAD));
        _cleanup_buffer_ Buffer b = { 0 };
        size_t n = 0;

        for (const char *at = text; *at; n++)
                at = expect_case(&b, kind, at);
        assert_int_equal(buffer_take(&b, &found), 0);
        file_expect(path, found);
        return n;
}

static void test_bad(_unused_ void **state)
{
        glob_t g = { 0 };
        size_t n = 0;

        golden_each(BAD, BAD_MIN, expect_refused);
        assert_int_equal(glob(BAD "*.txt", 0, NULL, &g), 0);
        for (size_t i = 0; i < g.gl_pathc; i++)
                n += expect_cases(g.gl_pathv[i]);
        assert_true(n >= BAD_CASES_MIN);
        globfree(&g);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
