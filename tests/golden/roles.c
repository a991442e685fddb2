/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Shipped roles and whole policies against their golden texts in tests/golden/roles:
 * ROLE.role is the canonical text of a shipped role; NAME.ir is what NAME.conf (a p25.conf), with
 * NAME.d/ (fragments) and NAME.words (p25ctl's rules, a line each), says and compiles to.
 * tests/golden-fail/roles/NAME.txt is what is wrong with NAME.conf there. GOLDEN_UPDATE=1 writes
 * what is found.
 */

#include "rules/base/buffer.h"
#include "rules/compile/assertions.h"
#include "rules/config/print.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/golden.h"

#define FOLDER "tests/golden/roles/"
#define BAD_FOLDER "tests/golden-fail/roles/"

/* ---- roles ---- */

static void test_roles(void **state)
{
        _cleanup_(policy_free_p) Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        (void)state;
        test_load_roles(p, &d);
        for (size_t i = 0; i < p->n_roles; i++) {
                _cleanup_free_ char *path = format_path(FOLDER, p->roles[i]->name, ".role");
                _cleanup_free_ char *text = NULL, *again = NULL;
                _cleanup_(role_unref_p) Role *role = NULL;

                assert_int_equal(print_role(p->roles[i], &text), 0);
                file_expect(path, text);
                test_expect_good(parse_role(text, strlen(text), path, &d, &role), &d);
                assert_int_equal(print_role(role, &again), 0);
                assert_string_equal(again, text);
        }
}

/* ---- policies ---- */

static void diagnostics_tell(Buffer *b, const Diagnostics *d)
{
        for (size_t i = 0; i < d->n; i++) {
                _cleanup_free_ char *text = NULL;

                assert_int_equal(diagnostic_format(d->items + i, &text), 0);
                buffer_printf(b, "%s: %s\n", severity_to_string(d->items[i].severity), text);
        }
        if (d->n > 0)
                buffer_add_char(b, '\n');
}

static void policy_check(const char *path)
{
        _cleanup_free_ char *name = test_base_name(path);
        _cleanup_free_ char *golden = format_path(FOLDER, name, ".ir");
        _cleanup_free_ char *ir = NULL, *found = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = golden_load_policy(FOLDER, path, &d);
        _cleanup_(ruleset_free_p) Ruleset *r = NULL;
        _cleanup_buffer_ Buffer b = { 0 };

        r = compile_good(p, &d);
        diagnostics_tell(&b, &d);
        assert_int_equal(ruleset_print(r, &ir), 0);
        buffer_add_string(&b, ir);
        assert_int_equal(buffer_take(&b, &found), 0);
        file_expect(golden, found);
}

static void test_policies(void **state)
{
        glob_t g = { 0 };

        (void)state;
        assert_int_equal(glob(FOLDER "*.conf", 0, NULL, &g), 0);
        for (size_t i = 0; i < g.gl_pathc; i++)
                policy_check(g.gl_pathv[i]);
        assert_true(g.gl_pathc >= 14);
        globfree(&g);
}

/* ---- policies that are refused ---- */

static void refusal_check(const char *path)
{
        _cleanup_free_ char *name = test_base_name(path), *text = test_read_file(path);
        _cleanup_free_ char *golden = format_path(BAD_FOLDER, name, ".txt"), *found = NULL;
        _cleanup_(policy_free_p) Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *r = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        int k;

        test_load_roles(p, &d);
        k = parse_host(text, strlen(text), "p25.conf", &d, &p->host);
        if (k == 0)
                k = compile_policy(p, &fixture_names, &d, &r);
        if (k == 0)
                k = assertions_check(p, r, &fixture_names, &d);
        if (k != -EINVAL && k != -EPERM)
                print_error("%s is not refused\n", path);
        assert_true(k == -EINVAL || k == -EPERM);
        diagnostics_tell(&b, &d);
        assert_int_equal(buffer_take(&b, &found), 0);
        file_expect(golden, found);
}

static void test_refusals(void **state)
{
        glob_t g = { 0 };

        (void)state;
        assert_int_equal(glob(BAD_FOLDER "*.conf", 0, NULL, &g), 0);
        for (size_t i = 0; i < g.gl_pathc; i++)
                refusal_check(g.gl_pathv[i]);
        assert_true(g.gl_pathc >= 15);
        globfree(&g);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_roles),
                cmocka_unit_test(test_policies),
                cmocka_unit_test(test_refusals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
