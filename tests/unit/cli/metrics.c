/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * OpenMetrics of an answer: hostile names stay within their labels, and series are bounded.
 */

#include "cli/commands/metrics.h"
#include "rules/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char *print(const char *text)
{
        _cleanup_(json_free_p) Json *j = NULL;
        Buffer b = { 0 };
        char *result = NULL;

        assert_int_equal(json_parse(text, &j), 0);
        metrics_print(&b, j);
        assert_int_equal(buffer_take(&b, &result), 0);
        return result;
}

static size_t count(const char *text, const char *what)
{
        size_t n = 0;

        while ((text = strstr(text, what))) {
                n++;
                text += strlen(what);
        }
        return n;
}

static void test_hostile(void **state)
{
        _cleanup_free_ char *text = print(
                "{\"connections\":[{\"direction\":\"out\",\"verdict\":\"reject\","
                "\"user\":\"a\\\"} 9\\n# EOF\\n\\\\\",\"unit\":\"\\u001b[2J\",\"count\":3}]}");

        (void)state;
        assert_non_null(strstr(text, "\np25_connections_total{direction=\"out\",verdict=\"reject\","
                                     "user=\"a\\\"} 9?# EOF?\\\\\",unit=\"?[2J\"} 3\n"));
        assert_int_equal(count(text, "\n# EOF\n"), 1);
        assert_null(strchr(text, '\x1b'));
}

/* Names of containers are their engines' words. */
static void test_containers(void **state)
{
        _cleanup_free_ char *text = print(
                "{\"containers\":[{\"id\":\"0123456789ab\",\"container\":\"a\\\"b\",\"image\":"
                "\"x\\n\"},{\"id\":\"cd\",\"container\":\"cd\",\"image\":null},"
                "{\"id\":null,\"container\":null,\"others\":true}]}");

        (void)state;
        assert_int_equal(count(text, "\np25_container_info{"), 2);
        assert_non_null(strstr(text, "\np25_container_info{id=\"0123456789ab\",container="
                                     "\"a\\\"b\",image=\"x?\"} 1\n"));
        assert_non_null(strstr(text, "{id=\"cd\",container=\"cd\",image=\"\"} 1\n"));
}

static void test_empty(void **state)
{
        _cleanup_free_ char *text = print("{}");

        (void)state;
        assert_int_equal(count(text, "# TYPE "), 12);
        assert_int_equal(count(text, "# HELP "), 12);
        assert_non_null(strstr(text, "\np25_repairs_total 0\n"));
        assert_string_equal(text + strlen(text) - 6, "# EOF\n");
}

/* Two users with one name, or names that look alike, are two series. */
static void test_one_name(void **state)
{
        _cleanup_free_ char *text =
                print("{\"connections\":[{\"user\":\"web\",\"uid\":7,\"count\":1},"
                      "{\"user\":\"web\",\"uid\":7,\"unit\":\"a.service\",\"count\":2},"
                      "{\"user\":\"j\\u0001rg\",\"uid\":8,\"count\":3},"
                      "{\"user\":\"j\\u0002rg\",\"uid\":9,\"count\":4},"
                      "{\"user\":\"web\",\"uid\":10,\"count\":5},"
                      "{\"user\":\"mail\",\"uid\":11,\"count\":6}]}");

        (void)state;
        assert_int_equal(count(text, "user=\"7\",unit=\"\"} 1\n"), 1);
        assert_int_equal(count(text, "user=\"7\",unit=\"a.service\"} 2\n"), 1);
        assert_int_equal(count(text, "user=\"8\""), 1);
        assert_int_equal(count(text, "user=\"9\""), 1);
        assert_int_equal(count(text, "user=\"10\""), 1);
        assert_int_equal(count(text, "user=\"mail\""), 1);
}

static void test_bounds(void **state)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *text = NULL;

        (void)state;
        buffer_add_string(&b, "{\"rules\":[");
        for (unsigned i = 1; i <= 10000; i++)
                buffer_printf(&b, "{\"id\":%u,\"packets\":2},", i);
        buffer_add_string(&b, "{\"id\":0,\"packets\":7,\"direction\":\"in\"}],\"users\":[");
        for (unsigned i = 0; i < 10000; i++)
                buffer_printf(&b, "%s{\"uid\":%u}", i > 0 ? "," : "", i);
        buffer_add_string(&b, "]}");
        text = print(b.data);
        assert_int_equal(count(text, "\np25_rule_packets_total{"), 502);
        assert_non_null(
                strstr(text, "rule=\"others\",source=\"\",direction=\"\",action=\"\"} 19000"));
        assert_non_null(
                strstr(text, "rule=\"default\",source=\"\",direction=\"in\",action=\"\"} 7"));
        assert_int_equal(count(text, "\np25_destinations{"), 400);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hostile),
                cmocka_unit_test(test_containers),
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_one_name),
                cmocka_unit_test(test_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
