/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of diagnostics: what is kept, what is counted, and that each stays one line. */

#include "rules/base/diagnostic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

static void check_format(const Diagnostic *d, const char *want)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(diagnostic_format(d, &text), 0);
        assert_string_equal(text, want);
}

static void test_severities(void **state _unused_)
{
        static const char *const names[] = { "error", "warning", "note" };

        assert_int_equal(ELEMENTS(names), _SEVERITY_MAX);
        for (int i = 0; i < _SEVERITY_MAX; i++)
                assert_string_equal(severity_to_string((Severity)i), names[i]);
}

static void test_add(void **state _unused_)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Place in_file = { "p25.conf", 7 }, file_alone = { "p25.conf", 0 }, nowhere = { NULL, 0 };

        assert_int_equal(diagnostics_error(&d, in_file, "rules[2].from", "no %s", "good"), -EINVAL);
        assert_int_equal(diagnostics_warning(&d, file_alone, NULL, "hm"), 0);
        assert_int_equal(diagnostics_add(&d, SEVERITY_NOTE, nowhere, NULL, "%d", 5), 0);
        assert_int_equal(d.n, 3);
        assert_int_equal(d.n_errors, 1);
        assert_string_equal(d.items[0].setting, "rules[2].from");
        assert_null(d.items[1].setting);
        assert_null(d.items[2].file);
        check_format(&d.items[0], "p25.conf:7: no good");
        check_format(&d.items[1], "p25.conf: hm");
        check_format(&d.items[2], "5");
}

static void test_nowhere(void **state _unused_)
{
        assert_int_equal(diagnostics_error(NULL, ((Place){ 0 }), NULL, "x"), -EINVAL);
        assert_int_equal(diagnostics_warning(NULL, ((Place){ 0 }), NULL, "x"), 0);
}

/* What the user wrote must neither end the line, nor move a cursor, nor break UTF-8. */
static void test_one_line(void **state _unused_)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Place place = { "a\nb", 1 };

        diagnostics_error(
                &d, place, "x\ty", "%s", "one\ntwo\033[2J\r\x7f \xff caf\xc3\xa9 \xc2\x9b");
        check_format(&d.items[0], "a?b:1: one?two?[2J?? ? caf\xc3\xa9 ??");
        assert_string_equal(d.items[0].setting, "x?y");
}

static void test_long_text(void **state _unused_)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        diagnostics_error(&d, ((Place){ 0 }), NULL, "%*d", 100000, 1);
        assert_int_equal(strlen(d.items[0].text), 2000);
}

static void test_limit(void **state _unused_)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        for (int i = 0; i < 1500; i++)
                assert_int_equal(diagnostics_error(&d, ((Place){ 0 }), NULL, "%d", i), -EINVAL);
        assert_int_equal(d.n, 1000);
        assert_int_equal(d.n_errors, 1500);
        check_format(&d.items[999], "999");
}

static void test_move(void **state _unused_)
{
        for (int n = 0; n < 40; n++) {
                _cleanup_diagnostics_ Diagnostics to = { 0 }, from = { 0 };

                for (int i = 0; i < 7; i++)
                        diagnostics_warning(&to, ((Place){ 0 }), NULL, "%d", i);
                for (int i = 0; i < n; i++)
                        diagnostics_error(&from, ((Place){ "f", 1 }), "s", "%d", 7 + i);
                assert_int_equal(diagnostics_move(&to, &from), 0);
                assert_int_equal(from.n, 0);
                assert_int_equal(from.n_errors, 0);
                assert_null(from.items);
                assert_int_equal(to.n, 7 + n);
                assert_int_equal(to.n_errors, n);
                for (int i = 0; i < 7 + n; i++) {
                        char want[32];

                        snprintf(want, sizeof(want), i < 7 ? "%d" : "f:1: %d", i);
                        check_format(&to.items[i], want);
                }
        }
}

static void test_move_beyond_limit(void **state _unused_)
{
        _cleanup_diagnostics_ Diagnostics to = { 0 }, from = { 0 };

        for (int i = 0; i < 900; i++) {
                diagnostics_error(&to, ((Place){ 0 }), NULL, "%d", i);
                diagnostics_error(&from, ((Place){ 0 }), NULL, "%d", 900 + i);
        }
        assert_int_equal(diagnostics_move(&to, &from), 0);
        assert_int_equal(to.n, 1000);
        assert_int_equal(to.n_errors, 1800);
        check_format(&to.items[999], "999");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_severities),
                cmocka_unit_test(test_add),
                cmocka_unit_test(test_nowhere),
                cmocka_unit_test(test_one_line),
                cmocka_unit_test(test_long_text),
                cmocka_unit_test(test_limit),
                cmocka_unit_test(test_move),
                cmocka_unit_test(test_move_beyond_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
