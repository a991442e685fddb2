/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/golden.h"

#include "rules/base/strv.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"

void file_expect(const char *path, const char *found)
{
        _cleanup_free_ char *old = NULL;

        if (getenv("GOLDEN_UPDATE")) {
                FILE *f = fopen(path, "we");

                assert_non_null(f);
                assert_int_equal(fwrite(found, 1, strlen(found), f), strlen(found));
                assert_int_equal(fclose(f), 0);
                return;
        }
        old = test_read_file(path);
        if (!streq(old, found))
                print_error("%s is not what is found\n", path);
        assert_string_equal(found, old);
}

void golden_each(const char *folder, size_t least, void (*f)(const char *folder, const char *path))
{
        _cleanup_free_ char *pattern = NULL;
        glob_t g = { 0 };

        assert_true(asprintf(&pattern, "%s*.conf", folder) > 0);
        assert_int_equal(glob(pattern, 0, NULL, &g), 0);
        for (size_t i = 0; i < g.gl_pathc; i++)
                f(folder, g.gl_pathv[i]);
        assert_true(g.gl_pathc >= least);
        globfree(&g);
}

char *format_path(const char *folder, const char *name, const char *ending)
{
        char *path;

        assert_true(asprintf(&path, "%s%s%s", folder, name, ending) > 0);
        return path;
}

static void load_fragments(Policy *p, const char *pattern, Diagnostics *d)
{
        glob_t g = { 0 };

        if (glob(pattern, 0, NULL, &g) == 0) {
                p->files = calloc(g.gl_pathc, sizeof(*p->files));
                assert_non_null(p->files);
        }
        for (size_t i = 0; i < g.gl_pathc; i++) {
                _cleanup_free_ char *text = test_read_file(g.gl_pathv[i]);
                _cleanup_free_ char *name = test_base_name(g.gl_pathv[i]);

                test_expect_good(
                        parse_fragment(text, strlen(text), name, g.gl_pathv[i], d, p->files + i),
                        d);
                p->n_files++;
        }
        globfree(&g);
}

static void load_words(Policy *p, const char *path, Diagnostics *d)
{
        _cleanup_free_ char *text = test_read_file(path);
        char *save = NULL;

        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                _cleanup_strv_ char **words = NULL;
                RuleWords w;

                assert_int_equal(shell_words_split(line, &words), 0);
                test_expect_good(rule_words_parse(words, d, &w), d);
                for (size_t i = 0; i < w.n_rules; i++) {
                        w.rules[i]->id = p->state->next_id++;
                        if (w.duration_sec > 0)
                                w.rules[i]->expires_usec =
                                        (GOLDEN_NOW_SEC + w.duration_sec) * 1000000;
                        assert_int_equal(rule_list_append(&p->state->rules, w.rules[i]), 0);
                }
                rule_words_deinit(&w);
        }
}

Policy *golden_load_policy(const char *folder, const char *path, Diagnostics *d)
{
        _cleanup_free_ char *name = test_base_name(path), *text = test_read_file(path);
        _cleanup_free_ char *fragments = format_path(folder, name, ".d/*.conf");
        _cleanup_free_ char *words = format_path(folder, name, ".words");
        Policy *p = make_policy();

        test_load_roles(p, d);
        test_load_host(p, text, path, d);
        load_fragments(p, fragments, d);
        if (access(words, F_OK) == 0)
                load_words(p, words, d);
        return p;
}
