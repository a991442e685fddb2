/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Set files: what is taken, what is refused and at which line, and how many errors are reported. */

#include "rules/address/prefixset.h"
#include "rules/base/diagnostic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

/* Texts and the canonical text of what they say. */
static const struct Good {
        const char *text, *canonical;
} good[] = {
        { "", "" },
        { "\n\n\r\n", "" },
        { "# nothing\n; nothing\n   # nothing", "" },
        { "192.0.2.1", "192.0.2.1\n" },
        { "192.0.2.1\r\n192.0.2.2\r\n", "192.0.2.1\n192.0.2.2\n" },
        { "  192.0.2.1\t\n\t192.0.2.2  # a comment\n192.0.2.3;a comment\n",
                "192.0.2.1\n192.0.2.2\n192.0.2.3\n" },
        { "1.10.16.0/20 ; SBL256894\n1.19.0.0/16 ; SBL434604", "1.10.16.0/20\n1.19.0.0/16\n" },
        { "192.0.2.2\n192.0.2.1\n192.0.2.2\n", "192.0.2.1\n192.0.2.2\n" },
        { "192.0.2.1/32\n192.0.2.1\n", "192.0.2.1\n" },
        { "10.0.0.1\n10.0.0.0/8\n10.0.0.0/9\n", "10.0.0.0/8\n10.0.0.0/9\n10.0.0.1\n" },
        { "2001:DB8::1\n::/0\n192.0.2.1\n", "192.0.2.1\n::/0\n2001:db8::1\n" },
        { "2001:db8::/32\n2001:db8::/31", "2001:db8::/31\n2001:db8::/32\n" },
        { "0.0.0.0/0\n255.255.255.255\n255.255.255.254/31\n0.0.0.0/5",
                "0.0.0.0/0\n0.0.0.0/5\n255.255.255.254/31\n255.255.255.255\n" },
};

static void test_good(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(good); i++) {
                _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL;
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_free_ char *text = NULL;
                size_t n;

                assert_int_equal(
                        prefix_set_parse(good[i].text, strlen(good[i].text), "f", &d, &set), 0);
                assert_int_equal(d.n, 0);
                assert_int_equal(prefix_set_print(set, &text, &n), 0);
                assert_string_equal(text, good[i].canonical);
        }
}

/* Bad texts, with their length, because some hold NUL; and the lines that are reported. */
#define BAD(text, message)                      \
        {                                       \
                text, sizeof(text) - 1, message \
        }
static const struct Bad {
        const char *text;
        size_t n;
        const char *message;
} bad[] = {
        BAD("192.0.2.1\n192.0.2.0/33\n", "f:2: \"192.0.2.0/33\": the length of an IPv4"),
        BAD("\n\n# x\n192.0.2.256", "f:4: \"192.0.2.256\": not a valid address"),
        BAD("192.0.2.1/\n", "f:1: \"192.0.2.1/\": the length of"),
        BAD("192.0.2.1/032\n", "f:1: \"192.0.2.1/032\": the length of"),
        BAD("10.0.0.0/08\n", "f:1: \"10.0.0.0/08\": the length of"),
        BAD("192.0.2.1/321\n", "f:1: \"192.0.2.1/321\": the length of"),
        BAD("192.0.2.1 192.0.2.2\n", "f:1: \"192.0.2.1 192.0.2.2\" looks like several values;"),
        BAD("192.0.2.1\0\n", "f:1: \"192.0.2.1\": an address cannot contain white"),
        BAD("\0", "f:1: \"\": an address cannot contain white"),
        BAD("192.0.2.1\v\n", "f:1: \"192.0.2.1?\": an address cannot contain white"),
        BAD("\xff\xfe\n", "f:1: \"??\": not a valid address"),
        BAD("\357\273\277192.0.2.1\n", "f:1: the list begins with a byte order mark: save"),
        BAD("{ \"ips\": [ \"192.0.2.1\" ] }\n",
                "f:1: \"{ \"ips\": [ \"192.0.2.1\" ] }\" looks like JSON"),
        BAD("[\n", "f:1: \"[\" looks like JSON; a list has one address or prefix a line"),
        BAD("  \"192.0.2.1\",\n", "f:1: \"\"192.0.2.1\",\" looks like JSON"),
        BAD("<!DOCTYPE html>\n", "f:1: \"<!DOCTYPE html>\" looks like HTML"),
        BAD("192.0.2.1,2024-01-01,spam\n", "f:1: \"192.0.2.1,2024-01-01,spam\" looks like CSV"),
        BAD("192.0.2.0/24 REJECT\n",
                "f:1: \"192.0.2.0/24 REJECT\" looks like a lookup table, ADDRESS ACTION;"),
        BAD("2001:db8::/32\tOK\n", "f:1: \"2001:db8::/32?OK\" looks like a lookup table"),
        BAD("mynetworks = 127.0.0.0/8\n",
                "f:1: \"mynetworks = 127.0.0.0/8\" looks like a setting, NAME = VALUE"),
        BAD("tcp|in|d=25|s=192.0.2.1\n",
                "f:1: \"tcp|in|d=25|s=192.0.2.1\" looks like a rule of CSF;"),
        BAD("[2001:db8::1]\n", "f:1: \"[2001:db8::1]\": write an IPv6 address without"),
        BAD("::ffff:192.0.2.1\n", "f:1: \"::ffff:192.0.2.1\": IPv4-mapped"),
        BAD("2001:db8::/129\n", "f:1: \"2001:db8::/129\": the length of an IPv6"),
        BAD("mail.example.org\n", "f:1: \"mail.example.org\": host names are not accepted"),
        BAD("@other\n", "f:1: \"@other\": host names are not accepted"),
        BAD("192.0.2.1, 192.0.2.2\n", "f:1: \"192.0.2.1, 192.0.2.2\" looks like CSV"),
};

static void test_bad(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_free_ char *text = NULL;
                PrefixSet *set = NULL;

                assert_int_equal(prefix_set_parse(bad[i].text, bad[i].n, "f", &d, &set), -EINVAL);
                assert_null(set);
                assert_int_equal(d.n, 1);
                assert_int_equal(diagnostic_format(&d.items[0], &text), 0);
                if (strncmp(text, bad[i].message, strlen(bad[i].message)) != 0)
                        fail_msg("%zu: %s", i, text);
                assert_int_equal(
                        prefix_set_parse(bad[i].text, bad[i].n, NULL, NULL, &set), -EINVAL);
        }
}

static void test_host_bits(void **state _unused_)
{
        static const char text[] = "192.0.2.1/24\n2001:db8::1/64\n10.0.0.1/0\n";
        static const char *const messages[] = {
                "f:1: \"192.0.2.1/24\" has host bits; using 192.0.2.0/24",
                "f:2: \"2001:db8::1/64\" has host bits; using 2001:db8::/64",
                "f:3: \"10.0.0.1/0\" has host bits; using 0.0.0.0/0",
        };
        _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        assert_int_equal(prefix_set_parse(text, sizeof(text) - 1, "f", &d, &set), 0);
        assert_int_equal(prefix_set_size(set), 3);
        assert_int_equal(d.n, ELEMENTS(messages));
        assert_int_equal(d.n_errors, 0);
        for (size_t i = 0; i < d.n; i++) {
                _cleanup_free_ char *message = NULL;

                assert_int_equal(d.items[i].severity, SEVERITY_WARNING);
                assert_int_equal(diagnostic_format(&d.items[i], &message), 0);
                assert_string_equal(message, messages[i]);
        }
}

/* n times the same line. */
static char *repeat(const char *line, size_t n, size_t *ret_length)
{
        size_t length = strlen(line);
        char *text = malloc(n * length + 1), *p = text;

        assert_non_null(text);
        for (size_t i = 0; i < n; i++, p += length)
                memcpy(p, line, length);
        *p = '\0';
        *ret_length = n * length;
        return text;
}

static void test_many_bad_lines(void **state _unused_)
{
        size_t n;
        _cleanup_free_ char *text = repeat("x\n10.0.0.1/8\n", 50, &n), *bits = NULL, *lines = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        PrefixSet *set = NULL;

        assert_int_equal(prefix_set_parse(text, n, "f", &d, &set), -EINVAL);
        assert_int_equal(d.n, 42);
        assert_int_equal(diagnostic_format(&d.items[40], &bits), 0);
        assert_string_equal(bits, "f: 30 more lines with host bits");
        assert_int_equal(diagnostic_format(&d.items[41], &lines), 0);
        assert_string_equal(lines, "f: 30 more bad lines");
}

/* A million lines and one bad one, whose line is reported. */
static void test_one_bad_in_a_million(void **state _unused_)
{
        size_t n;
        _cleanup_free_ char *text = repeat("10.20.30.40\n", 1000000, &n);
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        PrefixSet *set = NULL;

        text[777777 * 12] = 'x';
        assert_int_equal(prefix_set_parse(text, n, "f", &d, &set), -EINVAL);
        assert_int_equal(d.n, 1);
        assert_int_equal(d.items[0].line, 777778);
}

static void test_too_many(void **state _unused_)
{
        size_t n;
        _cleanup_free_ char *text = repeat("10.0.0.1\n", PREFIX_SET_MAX + 1, &n);
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        PrefixSet *set = NULL;

        assert_int_equal(prefix_set_parse(text, n, "f", &d, &set), -EINVAL);
        assert_int_equal(d.n, 1);
        assert_string_equal(d.items[0].text, "too many entries: a set can hold at most 2000000");
        assert_int_equal(prefix_set_parse(text, n - 9, "f", &d, &set), 0);
        assert_int_equal(prefix_set_size(set), 1);
        prefix_set_unref(set);
}

static void test_update_too_many(void **state _unused_)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *full = NULL, *one = NULL, *result = NULL;
        Prefix4 *v4 = reallocarray(NULL, PREFIX_SET_MAX, sizeof(*v4));
        size_t added, removed;

        assert_non_null(v4);
        for (uint32_t i = 0; i < PREFIX_SET_MAX; i++)
                v4[i] = (Prefix4){ i * 2654435761u, 32 };
        assert_int_equal(prefix_set_adopt(v4, PREFIX_SET_MAX, NULL, 0, &full), 0);
        assert_int_equal(prefix_set_size(full), PREFIX_SET_MAX);
        for (uint32_t i = 1; i < PREFIX_SET_MAX; i++)
                assert_true(prefix4_at(full, i - 1)->address < prefix4_at(full, i)->address);
        assert_int_equal(prefix_set_parse("::1", 3, NULL, NULL, &one), 0);
        assert_int_equal(prefix_set_update(full, one, NULL, &result, &added, &removed), -E2BIG);
        assert_null(result);
}

/* One line without an end must not become one message without an end. */
static void test_long_line(void **state _unused_)
{
        size_t n;
        _cleanup_free_ char *text = repeat("0123456789", 200000, &n);
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        PrefixSet *set = NULL;

        assert_int_equal(prefix_set_parse(text, n, "f", &d, &set), -EINVAL);
        assert_int_equal(d.n, 1);
        assert_true(strlen(d.items[0].text) < 200);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_host_bits),
                cmocka_unit_test(test_many_bad_lines),
                cmocka_unit_test(test_one_bad_in_a_million),
                cmocka_unit_test(test_too_many),
                cmocka_unit_test(test_update_too_many),
                cmocka_unit_test(test_long_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
