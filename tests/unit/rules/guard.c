/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the guard accepts, libconfig accepts and reads as it is written, whichever version is
 * installed: files, every escape, odd texts, integers, random texts. SEED=N in the environment
 * gives others. And libconfig is never called without memory.
 */

#include "rules/config/guard.h"
#include "rules/base/buffer.h"
#include "rules/config/bytes.h"
#include "tests/lib/policy_files.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/tokens.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Is it accepted? Then libconfig reads it as it is written. */
static bool accepted(const char *text)
{
        _cleanup_(tree_free_p) Tree *tree = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *copy = strdup(text);
        GuardCounts counts;
        bool guarded;

        assert_non_null(copy);
        guarded = guard_text(copy, "f", NULL, &counts) == 0;
        if ((tree_read(text, strlen(text), "f", &d, &tree) == 0) != guarded)
                fail_msg("guard and libconfig disagree: %s: %s", text,
                        d.n > 0 ? d.items[0].text : "accepted");
        if (tree && !tree_says_the_same(tree_root(tree), text))
                fail_msg("libconfig reads it differently: %s", text);
        return guarded;
}

static void test_files(_unused_ void **state)
{
        static const char *const patterns[] = { "policies/*.conf", "packaging/examples/*.conf",
                "tests/golden/policy/*.conf", "tests/golden/policy/*.canonical",
                "tests/fuzz/corpus/policy/*" };
        size_t n_accepted = 0;

        for (size_t i = 0; i < ELEMENTS(patterns); i++) {
                glob_t g = { 0 };

                (void)glob(patterns[i], 0, NULL, &g);
                for (size_t k = 0; k < g.gl_pathc; k++) {
                        size_t n;
                        _cleanup_free_ char *text = test_read_bytes(g.gl_pathv[k], &n);

                        if (strlen(text) == n && characters_check(text, NULL, NULL) == 0)
                                n_accepted += accepted(text);
                }
                globfree(&g);
        }
        assert_true(n_accepted > 20);
}

/* A backslash and any two characters behind it. */
static void test_escapes(_unused_ void **state)
{
        static const char behind[] = "4gxn\"\\ ";
        size_t n_accepted = 0;

        for (int c = ' '; c < 127; c++)
                for (size_t i = 0; i < sizeof(behind) - 1; i++) {
                        char text[32];

                        snprintf(text, sizeof(text), "a = \"<\\%c%c1>\";", c, behind[i]);
                        n_accepted += accepted(text);
                }
        assert_true(n_accepted > 500);
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
                "a = \"\\\"\\\\\\n\\r\\t\\f\\x41\\X7e\\x4\\q\\\\\";",
                "a = \"caf\xc3\xa9\\xc3\\xa9\";",
                "a = true; b = FALSE; c = TrUe; tru = 1; truee = 2; false_ = 3;",
                "a = 0; b = -0; c = +7; e = 0x1F; f = 0XfFL; g = 5L; h = 5LL; i = -12L;",
                "a-b_c*d = 1; * = 2; A9 = 3;",
                "a = ( ); b = [ ]; c = { };",
                "a = ( 1, \"x\", true, ( 2, [ 3 ] ), { b = ( { c = 4; } ); }, [ \"y\" ] );",
                "a = { b = { c = { d = 1; }; e = 2; }; f = 3 }; g = 4;",
                "a = [ \"x\", 1, 2L, true ];",
                "a /* = 2 */ = /* 3 */ 4 /* ; */;",
                "a\n=\n# no\n(\n1\n,\n2\n)\n;\n",
                "a = ( {}, {}, () );",
                /* libconfig notes the line of the token behind a string */
                "a = [\n\"x\",\n\"y\" # comment \"\n\n];\nb = [ \"z\"\n ];",
                "a = ( { y = \"q\"\n }, \"x\"\n, \"z\"\n, [ \"u\" ]\n );",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (!accepted(texts[i]))
                        fail_msg("refused: %s", texts[i]);
}

/* libconfig 1.5 and 1.7 read these differently than they are written, or each in its own way. */
static void test_integers(_unused_ void **state)
{
        static const struct {
                const char *integer;
                bool good;
        } tests[] = {
                { "2147483647", true },
                { "2147483648", false },
                { "-2147483648", true },
                { "-2147483649", false },
                { "4294967321", false },
                { "4294967321L", true },
                { "99999999999999999999", false },
                { "9223372036854775807L", true },
                { "9223372036854775808L", false },
                { "-9223372036854775808L", true },
                { "-9223372036854775809LL", false },
                { "0x7fffffff", true },
                { "0x80000000", false },
                { "0xffffffff", false },
                { "0x100000019", false },
                { "0x100000019L", true },
                { "0x7fffffffffffffffL", true },
                { "0x8000000000000000L", false },
                { "0x10000000000000019L", false },
                { "007", false },
                { "010", false },
                { "-08", false },
                { "00", false },
                { "0", true },
                { "0x0010", true },
                { "1.5", false },
                { ".5", false },
                { "1e3", false },
                { "25.", false },
        };
        static const char *const formats[] = { "a = %s;", "a = ( %s );", "a = [ 1, %s ];",
                "a = { b = ( { c = [ %s ] } ) };", "a = %s", "a = -1;\nb = %s // x" };

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                for (size_t k = 0; k < ELEMENTS(formats); k++) {
                        char text[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                        snprintf(text, sizeof(text), formats[k], tests[i].integer);
#pragma GCC diagnostic pop
                        if (accepted(text) != tests[i].good)
                                fail_msg("%s", text);
                }
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
        size_t n_accepted = 0;

        for (int i = 0; i < 200000; i++) {
                _cleanup_buffer_ Buffer b = { 0 };
                _cleanup_free_ char *text = NULL;

                for (size_t n = chance(&seed, 12); n > 0; n--)
                        buffer_add_string(&b, pieces[chance(&seed, ELEMENTS(pieces))]);
                assert_int_equal(buffer_take(&b, &text), 0);
                n_accepted += accepted(text);
        }
        assert_true(n_accepted > 1000);
}

/* ---- memory ---- */

static size_t address_space(void)
{
        _cleanup_free_ char *text = NULL;
        size_t n;

        text = test_read_bytes("/proc/self/statm", &n);
        return strtoull(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

/* Reads a text with so much memory more and nothing else; true: it was read. */
static bool read_within(const char *text, size_t n, size_t bytes)
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                struct rlimit limit = { 0, RLIM_INFINITY };
                Tree *tree = NULL;
                int r;

                limit.rlim_cur = address_space() + bytes;
                if (setrlimit(RLIMIT_AS, &limit) < 0)
                        _exit(3);
                r = tree_read(text, n, "f", NULL, &tree);
                _exit(r == 0 ? 0 : r == -ENOMEM ? 1 : 2);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
                fail_msg("with %zu bytes: status %d", bytes, status);
        return WEXITSTATUS(status) == 0;
}

static void memory_expect(const char *before, const char *item, size_t n, const char *after)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t length, n_read = 0, n_tries = 40;

        buffer_add_string(&b, before);
        for (size_t i = 0; i < n; i++)
                buffer_add_string(&b, item);
        buffer_add_string(&b, after);
        assert_int_equal(buffer_take(&b, &text), 0);
        length = strlen(text);
        for (size_t i = 0; i < n_tries; i++)
                n_read += read_within(text, length, i * (16 << 20) / n_tries);
        /* with little it was -ENOMEM, with much it was read */
        assert_in_range(n_read, 1, n_tries - 1);
}

static void test_memory(_unused_ void **state)
{
        if (SANITIZED)
                skip();
        memory_expect("a = (0", ",1", 30000, " );");
        memory_expect("a = [ \"x\"", ", \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", 20000, " ];");
        memory_expect("a = ( ( )", ", ( { b = { c = \"\" } } )", 10000, " );");
        memory_expect("a = \"x\"", " \"xxxxxxxxxxx\"", 4000, ";");
        memory_expect("a = 1; # ", "x", 2000000, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_escapes),
                cmocka_unit_test(test_odd_texts),
                cmocka_unit_test(test_integers),
                cmocka_unit_test(test_random),
                cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
