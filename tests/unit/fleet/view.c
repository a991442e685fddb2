/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The senders as text: those that are alike are one row, and a minute has a bound. */

#include "daemon/fleet/view.h"

#include "rules/base/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void add(ViewRows *l, const char *user, const char *destination, uint64_t count)
{
        ViewRow row = { strdup(user), strdup("a.service"), strdup(destination), strdup("reject"),
                count };

        assert_int_equal(view_rows_add(l, &row), 0);
}

static Json *print(ViewRows *l, size_t max)
{
        _cleanup_free_ char *text = NULL;
        Json *j;

        assert_int_equal(view_rows_print(l, 1000000, max, &text), 0);
        assert_true(strlen(text) <= max);
        assert_int_equal(json_parse(text, &j), 0);
        return j;
}

static void test_alike(void **state)
{
        _cleanup_(view_rows_deinit) ViewRows l = { 0 };
        _cleanup_(json_free_p) Json *j = NULL;
        const Json *rows;

        (void)state;
        add(&l, "alice", "192.0.2.1", 1);
        add(&l, "bob", "192.0.2.1", 3);
        add(&l, "", "192.0.2.1", 2);
        add(&l, "alice", "192.0.2.1", 4);
        j = print(&l, 4096);
        rows = json_get(j, "rows");
        assert_int_equal(json_array_length(rows), 3);
        assert_string_equal(json_get_string(json_array_item(rows, 0), "user"), "alice");
        assert_int_equal(json_get_integer(json_array_item(rows, 0), "count"), 5);
        assert_string_equal(json_get_string(json_array_item(rows, 1), "user"), "bob");
        assert_null(json_get_string(json_array_item(rows, 2), "user"));
        assert_int_equal(json_get_integer(j, "others"), 0);
        assert_int_equal(json_get_integer(j, "seconds"), VIEW_SECONDS);
}

static void test_bounded(void **state)
{
        _cleanup_(view_rows_deinit) ViewRows l = { 0 };
        _cleanup_(json_free_p) Json *all = NULL, *few = NULL, *none = NULL;
        char user[32];

        (void)state;
        for (unsigned i = 0; i < 1000; i++) {
                snprintf(user, sizeof(user), "user%u", i);
                add(&l, user, "2001:db8::1", i + 1);
        }
        all = print(&l, 131072);
        assert_int_equal(json_array_length(json_get(all, "rows")), VIEW_ROWS_MAX);
        assert_string_equal(
                json_get_string(json_array_item(json_get(all, "rows"), 0), "user"), "user999");
        assert_int_equal(json_get_integer(all, "others"), 800 * 801 / 2);
        few = print(&l, 4096);
        assert_in_range(json_array_length(json_get(few, "rows")), 10, 50);
        none = print(&l, 100);
        assert_int_equal(json_array_length(json_get(none, "rows")), 0);
        assert_int_equal(json_get_integer(none, "others"), 1000 * 1001 / 2);
}

static void test_memory(void **state)
{
        ViewRow row = { strdup("alice"), NULL, strdup("192.0.2.1"), strdup("deny"), 1 };
        ViewRows l = { 0 };

        (void)state;
        assert_int_equal(view_rows_add(&l, &row), -ENOMEM);
        assert_int_equal(l.n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_alike),
                cmocka_unit_test(test_bounded),
                cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
