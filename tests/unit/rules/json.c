/* SPDX-License-Identifier: GPL-2.0-or-later */

/* JSON documents: what is printed, what is read, what is refused. */

#include "rules/base/json.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define _cleanup_json_ _cleanup_(json_free_p)

static void assert_prints(Json *j, const char *expected)
{
        _cleanup_json_ Json *owned = j;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(json_print(owned, &text), 0);
        assert_string_equal(text, expected);
}

static void test_print(void **state)
{
        char *words[] = { (char *)"a", (char *)"b", NULL };
        Json *j = json_new_object();

        (void)state;
        json_set(j, "z", json_new_integer(INT64_MAX));
        json_set(j, "a", json_new_bool(true));
        json_set(j, "s", json_new_string("x\"\n\\"));
        json_set(j, "n", json_new_string(NULL));
        json_set(j, "l", json_new_strv(words));
        json_set(j, "e", json_new_strv(NULL));
        json_set(j, "o", json_new_object());
        json_set(j, "a", json_new_bool(false));
        assert_prints(j, "{\"z\":9223372036854775807,\"a\":false,\"s\":\"x\\\"\\n\\\\\",\"n\":null,"
                         "\"l\":[\"a\",\"b\"],\"e\":[],\"o\":{}}");
        assert_prints(json_new_integer(-1), "-1");
        assert_prints(json_new_integer(0), "0");
        assert_prints(json_new_integer(INT64_MIN), "-9223372036854775808");
        assert_prints(
                json_new_string("\x01\x1f\b\f\r\t/\x7f"), "\"\\u0001\\u001F\\b\\f\\r\\t/\x7f\"");
}

static void test_strings_become_utf8(void **state)
{
        static const struct {
                const char *bytes, *expected;
        } cases[] = {
                { "", "\"\"" },
                { "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
                { "a\xff"
                  "b",
                        "\"a\xef\xbf\xbd"
                        "b\"" },
                { "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },                 /* overlong */
                { "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* surrogate */
                { "x\xe2\x82", "\"x\xef\xbf\xbd\xef\xbf\xbd\"" },               /* ends too soon */
                { "\xf0\x9f\x93\xa7", "\"\xf0\x9f\x93\xa7\"" },
                { "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                assert_prints(json_new_string(cases[i].bytes), cases[i].expected);
}

static void test_times(void **state)
{
        static const struct {
                uint64_t usec;
                const char *expected;
        } cases[] = {
                { 0, "null" },
                { 1, "\"1970-01-01T00:00:00.000001Z\"" },
                { UINT64_C(1769860800000000), "\"2026-01-31T12:00:00Z\"" },
                { UINT64_C(951782400000000), "\"2000-02-29T00:00:00Z\"" },
                { UINT64_C(1769860800123456), "\"2026-01-31T12:00:00.123456Z\"" },
                { UINT64_C(253402300799000000), "\"9999-12-31T23:59:59Z\"" },
                { UINT64_C(253402300800000000), "null" },
                { UINT64_MAX, "null" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ Json *j = json_new_object();

                assert_prints(json_new_time(cases[i].usec), cases[i].expected);
                json_set(j, "t", json_new_time(cases[i].usec));
                assert_int_equal(json_get_time(j, "t"),
                        streq(cases[i].expected, "null") ? 0 : cases[i].usec);
        }
}

static void test_times_refused(void **state)
{
        static const char *const cases[] = {
                "\"2026-01-31T12:00:00\"",
                "\"2026-01-31 12:00:00Z\"",
                "\"2026-13-31T12:00:00Z\"",
                "\"2026-01-31T12:00:00.1Z\"",
                "\"2026-01-31T12:00:00.+12345Z\"",
                "\"2026-01-31T12:00:00Zx\"",
                "\"1900-01-01T00:00:00Z\"",
                "\"\"",
                "7",
                "[]",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ Json *j = NULL;
                char text[128];

                snprintf(text, sizeof(text), "{\"t\":%s}", cases[i]);
                assert_int_equal(json_parse(text, &j), 0);
                assert_int_equal(json_get_time(j, "t"), 0);
        }
}

/* A value for which there was no memory must not be printed as if it were whole. */
static void test_poison(void **state)
{
        _cleanup_json_ Json *outer = json_new_object(), *array = json_new_array();
        Json *inner = json_new_object();
        char *text = NULL;

        (void)state;
        json_set(inner, "a", json_new_bool(true));
        json_set(inner, "b", NULL);
        json_set(inner, "c", json_new_bool(true));
        json_set(outer, "inner", inner);
        json_set(outer, "more", json_new_integer(1));
        assert_int_equal(json_print(outer, &text), -ENOMEM);

        json_append(array, json_new_integer(1));
        json_append(array, NULL);
        json_append(array, json_new_integer(2));
        assert_int_equal(json_print(array, &text), -ENOMEM);

        assert_int_equal(json_print(NULL, &text), -ENOMEM);
        json_set(NULL, "x", json_new_integer(1));
        json_append(NULL, json_new_integer(1));
        assert_null(text);
}

static void test_parse(void **state)
{
        _cleanup_json_ Json *j = NULL;
        _cleanup_strv_ char **l = NULL;
        int64_t n = 0;

        (void)state;
        assert_int_equal(json_parse("{\"i\":7,\"s\":\"x\",\"b\":true,\"l\":[\"a\",\"b\"],"
                                    "\"n\":null,\"m\":[\"a\",1],\"r\":1.5}",
                                 &j),
                0);
        assert_int_equal(json_get_integer(j, "i"), 7);
        assert_string_equal(json_get_string(j, "s"), "x");
        assert_true(json_get_bool(j, "b"));
        assert_int_equal(json_array_length(json_get(j, "l")), 2);
        assert_string_equal(json_text(json_array_item(json_get(j, "l"), 1)), "b");
        assert_int_equal(json_get_strv(j, "l", &l), 0);
        assert_int_equal(strv_length(l), 2);
        assert_true(json_is_null_or_missing(json_get(j, "n")));
        assert_true(json_is_null_or_missing(json_get(j, "nowhere")));
        assert_true(json_number(json_get(j, "i"), &n));

        /* another type, another object, nothing: the fallback */
        assert_null(json_get_string(j, "i"));
        assert_int_equal(json_get_integer(j, "s"), 0);
        assert_false(json_get_bool(j, "i"));
        assert_false(json_number(json_get(j, "r"), &n));
        assert_int_equal(json_array_length(json_get(j, "s")), 0);
        assert_null(json_array_item(json_get(j, "l"), 2));
        assert_null(json_get(json_get(j, "l"), "x"));
        assert_null(json_get(NULL, "x"));
        assert_null(json_text(NULL));
        assert_int_equal(json_get_strv(j, "m", &l), -EINVAL);
        assert_int_equal(json_get_strv(j, "s", &l), -EINVAL);
}

static void test_parse_refused(void **state)
{
        static const char *const cases[] = { "", "{", "{}x", "{\"a\":1,\"a\":2}", "\"\xff\"", "nul",
                "{\"a\":99999999999999999999}", "[1,]" };
        char deep[5001];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                Json *j = NULL;

                assert_int_equal(json_parse(cases[i], &j), -EINVAL);
                assert_null(j);
        }
        memset(deep, '[', sizeof(deep) - 1);
        deep[sizeof(deep) - 1] = '\0';
        assert_int_equal(json_parse(deep, &(Json *){ NULL }), -EINVAL);
}

static int item_note(const Json *item, void *data)
{
        Buffer *b = data;

        if (json_text(item) && streq(json_text(item), "stop"))
                return -ECANCELED;
        json_print_to(item, b);
        buffer_add_char(b, ';');
        return 0;
}

/* Whichever way the list is read, the document is the same. */
static void test_parse_items(void **state)
{
        static const struct {
                const char *text;
                int result;
                const char *items, *rest;
        } cases[] = {
                { "{\"a\":1,\"l\":[{\"x\":[2]},3 , \"]\"],\"z\":[4]}", 0, "{\"x\":[2]};3;\"]\";",
                        "{\"a\":1,\"l\":[],\"z\":[4]}" },
                { " { \"l\" : [ ] } ", 0, "", "{\"l\":[]}" },
                /* no such key, none in the outermost object, another type */
                { "{\"a\":[1]}", 0, "", "{\"a\":[1]}" },
                { "{\"a\":{\"l\":[1]},\"b\":\"l\",\"c\":[\"l\"]}", 0, "",
                        "{\"a\":{\"l\":[1]},\"b\":\"l\",\"c\":[\"l\"]}" },
                { "{\"l\":7}", 0, "", "{\"l\":7}" },
                { "{\"\\\"l\":[1],\"l\":[2]}", 0, "2;", "{\"\\\"l\":[1],\"l\":[]}" },
                /* not a document */
                { "{\"l\":[1", -EINVAL, "1;", NULL },
                { "{\"l\":[1,]}", -EINVAL, "1;", NULL },
                { "{\"l\":[,1]}", -EINVAL, "", NULL },
                { "{\"l\":[1 2]}", -EINVAL, "1;", NULL },
                { "{\"l\":[1]", -EINVAL, "1;", NULL },
                { "{\"l\":[1]}x", -EINVAL, "1;", NULL },
                { "{\"l\":[1],\"l\":[2]}", -EINVAL, "1;", NULL },
                { "{\"l", -EINVAL, "", NULL },
                { "", -EINVAL, "", NULL },
                { "{\"l\":[1,\"stop\",2]}", -ECANCELED, "1;", NULL },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_buffer_ Buffer items = { 0 };
                Json *rest = NULL;

                buffer_add_string(&items, "");
                assert_int_equal(json_parse_items(cases[i].text, "l", item_note, &items, &rest),
                        cases[i].result);
                assert_string_equal(items.data, cases[i].items);
                if (cases[i].rest)
                        assert_prints(rest, cases[i].rest);
                else
                        assert_null(rest);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_print),
                cmocka_unit_test(test_strings_become_utf8),
                cmocka_unit_test(test_times),
                cmocka_unit_test(test_times_refused),
                cmocka_unit_test(test_poison),
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_parse_refused),
                cmocka_unit_test(test_parse_items),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
