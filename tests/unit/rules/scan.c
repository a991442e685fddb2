/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The tree that comes of a text is the one that libconfig would make of it: of files that are
 * there, of every escape, of odd texts, of random ones. SEED=N in the environment gives others.
 */

#include "rules/config/scan.h"
#include "tests/lib/libconfig.h"
#include "tests/lib/policy_files.h"

/* Is it taken? Then libconfig takes it in the same sense. */
static bool taken_alike(const char *text)
{
        _cleanup_(scan_deinit) Scan scan = { 0 };
        _cleanup_free_ char *copy = strdup(text);

        assert_non_null(copy);
        if (scan_text(copy, "f", NULL, &scan) < 0)
                return false;
        if (!libconfig_reads_the_same(text, scan_root(&scan)))
                fail_msg("libconfig reads otherwise: %s", text);
        return true;
}

static void test_files(_unused_ void **state)
{
        static const char *const patterns[] = { "policies/*.conf", "packaging/examples/*.conf",
                "tests/golden/policy/*.conf", "tests/golden/policy/*.canonical",
                "tests/fuzz/corpus/policy/*" };
        size_t taken = 0;

        for (size_t i = 0; i < ELEMENTS(patterns); i++) {
                glob_t g = { 0 };

                (void)glob(patterns[i], 0, NULL, &g);
                for (size_t k = 0; k < g.gl_pathc; k++) {
                        size_t n;
                        _cleanup_free_ char *text = test_read_bytes(g.gl_pathv[k], &n);

                        taken += strlen(text) == n && taken_alike(text);
                }
                globfree(&g);
        }
        assert_true(taken > 20);
}

/* A backslash and any two characters behind it. */
static void test_escapes(_unused_ void **state)
{
        static const char behind[] = "4gxn\"\\ ";
        size_t taken = 0;

        for (int c = 1; c < 128; c++)
                for (size_t i = 0; i < sizeof(behind) - 1; i++) {
                        char text[32];

                        snprintf(text, sizeof(text), "a = \"<\\%c%c1>\";", c, behind[i]);
                        taken += taken_alike(text);
                }
        assert_true(taken > 700);
}

static void test_odd_texts(_unused_ void **state)
{
        static const char *const texts[] = {
                "",
                "\n\n",
                "# nothing",
                "a = 1",
                "a : 1 b = 2, c = 3; d=\"x\"",
                "a = \"\" \"\" \"x\" # between\n /* and */ \"y\" // and\n \"z\";",
                "a = \"two\nlines\";",
                "a = \"\\\"\\\\\\n\\r\\t\\f\\x41\\X7e\\x4\\q\\\\\";",
                "a = \"caf\xc3\xa9\\xc3\\xa9\";",
                "a = true; b = FALSE; c = TrUe; tru = 1; truee = 2; false_ = 3;",
                "a = 0; b = -0; c = +7; d = 007; e = 0x1F; f = 0XfFL; g = 5L; h = 5LL; i = -12L;",
                "a = 2147483647; b = -2147483648; c = 2147483648; d = 99999999999999999999;",
                "a = 1.5; b = .5; c = 5.; d = 1e3; e = -1.5E-3; f = .; g = +.e1;",
                "a-b_c*d = 1; * = 2; A9 = 3;",
                "a = ( ); b = [ ]; c = { };",
                "a = ( 1, \"x\", true, 1.5, ( 2, [ 3 ] ), { b = ( { c = 4; } ); }, [ \"y\" ] );",
                "a = { b = { c = { d = 1; }; e = 2; }; f = 3 }; g = 4;",
                "a = [ \"x\", 1 ];",
                "a = ( \"x\" \"y\", \"z\" );",
                "a /* = 2 */ = /* 3 */ 4 /* ; */;",
                "a\n=\n# no\n(\n1\n,\n2\n)\n;\n",
                "a = ( {}, {}, () );",
        };
        size_t taken = 0;

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                bool is_taken = taken_alike(texts[i]);

                if (!is_taken)
                        print_message("refused: %s\n", texts[i]);
                taken += is_taken;
        }
        assert_int_equal(taken, ELEMENTS(texts));
}

static uint32_t chance(uint64_t *seed, size_t n)
{
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)((*seed >> 33) % n);
}

/* Pieces of the language in any order; many are refused, one in some is a text. */
static void test_random(_unused_ void **state)
{
        static const char *const pieces[] = { "a", "b-1", "*", "true", "=", "=", ":", "=", "(", ")",
                "{", "}", "[", "]", ",", ";", "\"x\"", "\"\\\"\"", "\"\\x41\"", "1", "-2", "0x1f",
                "3L", "1.5", "# c\n", "/* c */", "// c\n", "\n", " ", "c = ( 1, ", "d = { ",
                "e = \"y\" ", " ); ", " }; ", "\"z\", " };
        const char *environment = getenv("SEED");
        uint64_t seed = environment ? strtoull(environment, NULL, 10) : 25;
        size_t taken = 0;

        for (int i = 0; i < 200000; i++) {
                _cleanup_buffer_ Buffer b = { 0 };
                _cleanup_free_ char *text = NULL;

                for (size_t n = chance(&seed, 12); n > 0; n--)
                        buffer_add_string(&b, pieces[chance(&seed, ELEMENTS(pieces))]);
                assert_int_equal(buffer_take(&b, &text), 0);
                taken += taken_alike(text);
        }
        assert_true(taken > 1000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_escapes),
                cmocka_unit_test(test_odd_texts),
                cmocka_unit_test(test_random),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
