/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Growing arrays, lists of strings, texts and what is printable. */

#include "rules/base/util.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

/* A request for more memory than there is, at which a sanitizer would stop, is made on purpose. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "allocator_may_return_null=1";
}

static void test_array(void **state _unused_)
{
        _cleanup_free_ uint32_t *items = NULL;

        for (size_t n = 0; n < 5000; n++) {
                assert_int_equal(array_grow(&items, n, sizeof(*items)), 0);
                items[n] = (uint32_t)n;
        }
        for (size_t n = 0; n < 5000; n++)
                assert_int_equal(items[n], n);
        /* shorter again: the array is still good for as many as it had */
        for (size_t n = 4; n < 9; n++) {
                assert_int_equal(array_grow(&items, n, sizeof(*items)), 0);
                items[n] = 7;
        }
        assert_int_equal(items[3], 3);
}

/* Without memory the array stays as it was. */
static void test_array_too_large(void **state _unused_)
{
        char *items = malloc(4), *before = items;

        assert_non_null(items);
        assert_int_equal(array_grow(&items, (size_t)1 << 62, 64), -ENOMEM);
        assert_ptr_equal(items, before);
        free(items);
}

static void test_strv(void **state _unused_)
{
        _cleanup_strv_ char **l = NULL, **copy = NULL, **none = NULL;
        static const char *const words[] = { "c", "", "a", "b", "a" };
        static const char *const sorted[] = { "", "a", "a", "b", "c" };
        size_t n = 0;

        assert_int_equal(strv_length(NULL), 0);
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                assert_int_equal(strv_append(&l, words[i]), 0);
                assert_int_equal(strv_length(l), i + 1);
        }
        assert_int_equal(strv_copy(l, &copy), 0);
        assert_ptr_not_equal(copy[0], l[0]);
        assert_true(strv_equal(l, copy));
        strv_sort(l);
        assert_false(strv_equal(l, copy));
        STRV_FOREACH (s, l)
                assert_string_equal(*s, sorted[n++]);
        assert_int_equal(n, ELEMENTS(sorted));
        assert_true(strv_contains(l, "b"));
        assert_true(strv_contains(l, ""));
        assert_false(strv_contains(l, "d"));
        assert_false(strv_contains(NULL, "d"));
        assert_true(strv_equal(NULL, NULL));
        assert_false(strv_equal(l, NULL));
        assert_int_equal(strv_copy(NULL, &none), 0);
        assert_null(none);
        assert_int_equal(strv_consume(&l, NULL), -ENOMEM);
        assert_int_equal(strv_length(l), ELEMENTS(words));
        strv_sort(NULL);
        assert_null(strv_free(NULL));
}

static void test_buffer(void **state _unused_)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *text = NULL, *empty = NULL, *large = NULL;

        buffer_add_string(&b, "one");
        buffer_add_char(&b, ' ');
        buffer_add(&b, "two!!", 3);
        buffer_printf(&b, " %d", 3);
        assert_int_equal(b.length, 9);
        assert_string_equal(b.data, "one two 3");
        assert_int_equal(buffer_take(&b, &text), 0);
        assert_string_equal(text, "one two 3");
        assert_null(b.data);
        assert_int_equal(buffer_take(&b, &empty), 0);
        assert_string_equal(empty, "");
        for (int i = 0; i < 10000; i++)
                buffer_printf(&b, "%04d", i);
        assert_int_equal(buffer_take(&b, &large), 0);
        assert_int_equal(strlen(large), 40000);
        assert_memory_equal(large + 4 * 7777, "7777", 4);
}

static void test_buffer_clear(void **state _unused_)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char *before;

        buffer_clear(&b);
        buffer_add_string(&b, "something");
        before = b.data;
        buffer_clear(&b);
        assert_int_equal(b.length, 0);
        assert_string_equal(b.data, "");
        buffer_add_string(&b, "else");
        assert_ptr_equal(b.data, before);
        assert_string_equal(b.data, "else");
}

/* A failure sticks until the text is taken. */
static void test_buffer_failure(void **state _unused_)
{
        Buffer b = { 0 };
        char *text = NULL;

        buffer_add_string(&b, "x");
        buffer_add(&b, "y", SIZE_MAX - 1);
        assert_true(b.failed);
        buffer_add_string(&b, "z");
        assert_int_equal(b.length, 1);
        assert_int_equal(buffer_take(&b, &text), -ENOMEM);
        assert_null(text);
        assert_null(b.data);
}

/* RFC 3629: what is well-formed, what is not; and what would move a cursor. */
static const struct Text {
        const char *text, *shown;
} texts[] = {
        { "", "" },
        { "plain ~", "plain ~" },
        { "caf\xc3\xa9", "caf\xc3\xa9" },
        { "\xe2\x82\xac \xf0\x9f\x93\xa7", "\xe2\x82\xac \xf0\x9f\x93\xa7" },
        { "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
        { "\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80", "\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80" },
        { "\xc2\xa0", "\xc2\xa0" },
        { "a\nb", "a?b" },
        { "\t\r\x1b\x7f", "????" },
        { "\xc2\x80\xc2\x9f", "????" },
        { "\xe2\x80\xa8", "???" }, /* line separator */
        { "\xe2\x80\xa9", "???" }, /* paragraph separator */
        { "\x80", "?" },
        { "\xbf!", "?!" },
        { "\xc3", "?" },
        { "\xc3!", "?!" },
        { "\xe2\x82", "??" },
        { "\xf0\x9f\x93", "???" },
        { "\xc0\xaf", "??" },           /* overlong */
        { "\xc1\xbf", "??" },           /* overlong */
        { "\xe0\x9f\xbf", "???" },      /* overlong */
        { "\xf0\x8f\xbf\xbf", "????" }, /* overlong */
        { "\xed\xa0\x80", "???" },      /* surrogate */
        { "\xed\xbf\xbf", "???" },      /* surrogate */
        { "\xf4\x90\x80\x80", "????" }, /* above U+10FFFF */
        { "\xf5\x80\x80\x80", "????" },
        { "\xff\xfe", "??" },
};

static void test_printable(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_free_ char *copy = strdup(texts[i].text);

                assert_non_null(copy);
                assert_int_equal(text_is_printable(copy), streq(texts[i].text, texts[i].shown));
                text_make_printable(copy);
                assert_string_equal(copy, texts[i].shown);
                assert_true(text_is_printable(copy));
        }
}

static void test_show(void **state _unused_)
{
        char buffer[TEXT_SHOWN_MAX], text[200];

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                assert_string_equal(text_show(texts[i].text, buffer), texts[i].shown);
        for (size_t n = 0; n < sizeof(text); n++) {
                memset(text, 'x', n);
                text[n] = '\0';
                text_show(text, buffer);
                assert_int_equal(strlen(buffer), n <= 64 ? n : 67);
                assert_int_equal(strchr(buffer, '.') != NULL, n > 64);
        }
        /* a cut never falls into a character, wherever it lies */
        for (size_t n = 58; n < 70; n++) {
                memset(text, 'x', n);
                strncpy(text + n, "\xf0\x9f\x93\xa7 and more", 32);
                assert_null(strchr(text_show(text, buffer), '?'));
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_array),
                cmocka_unit_test(test_array_too_large),
                cmocka_unit_test(test_strv),
                cmocka_unit_test(test_buffer),
                cmocka_unit_test(test_buffer_clear),
                cmocka_unit_test(test_buffer_failure),
                cmocka_unit_test(test_printable),
                cmocka_unit_test(test_show),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
