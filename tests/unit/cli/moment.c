/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Moments in the past, in all their forms. */

#include "cli/console/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <errno.h>

#define NOW UINT64_C(1800000000000000)
#define SECOND UINT64_C(1000000)

static uint64_t moment(const char *text)
{
        uint64_t usec = 1;

        if (moment_parse(text, NOW, &usec) < 0)
                fail_msg("%s", text);
        return usec;
}

static void test_ages(void **state)
{
        (void)state;
        assert_int_equal(moment("90s"), NOW - 90 * SECOND);
        assert_int_equal(moment("2h"), NOW - 7200 * SECOND);
        assert_int_equal(moment("7d"), NOW - 7 * 86400 * SECOND);
        assert_int_equal(moment("yesterday"), NOW - 86400 * SECOND);
        assert_int_equal(moment("Yesterday"), NOW - 86400 * SECOND);
}

static void test_dates(void **state)
{
        (void)state;
        assert_int_equal(moment("2026-11-29T20:15:00Z"), 1795983300 * SECOND);
        assert_int_equal(moment("2026-11-29t20:15:00z"), 1795983300 * SECOND);
        assert_int_equal(moment("2026-11-29T21:15:00+01:00"), 1795983300 * SECOND);
        assert_int_equal(moment("2026-11-29T16:45:00-03:30"), 1795983300 * SECOND);
        assert_int_equal(moment("2026-11-29T20:15Z"), 1795983300 * SECOND);
        assert_int_equal(moment("2026-11-29 20:15:07Z"), 1795983307 * SECOND);
        assert_int_equal(moment("2026-11-29T20:15:00.25Z"), 1795983300 * SECOND + 250000);
        assert_int_equal(moment("2026-11-29T20:15:00.1234567Z"), 1795983300 * SECOND + 123456);
        assert_int_equal(moment("1970-01-01T00:00:00Z"), 0);
}

/* Without a zone it is the host's. */
static void test_local(void **state)
{
        (void)state;
        setenv("TZ", "UTC-2", 1);
        tzset();
        assert_int_equal(moment("2026-11-29 22:15"), 1795983300 * SECOND);
        assert_int_equal(moment("2026-11-29T22:15:00"), 1795983300 * SECOND);
        setenv("TZ", "UTC0", 1);
        tzset();
        assert_int_equal(moment("2026-11-29T20:15:00"), 1795983300 * SECOND);
}

static void test_refused(void **state)
{
        static const char *const bad[] = { "", "now", "tomorrow", "2", "2x", "-2h", "0s", "400d",
                "2026-11-29", "20:15", "2026-11-31T20:15:00Z", "2026-13-01T00:00:00Z",
                "2026-02-29T00:00:00Z", "2026-11-29T24:00:00Z", "2026-11-29T20:60:00Z",
                "2026-11-29T20:15:61Z", "2026-11-29T20:15:00X", "2026-11-29T20:15:00+1:00",
                "2026-11-29T20:15:00+01:00x", "2026-11-29T20:15:00+24:00", "2026-11-29T20:15:00Z ",
                " 2026-11-29T20:15:00Z", "2026-11-29T20:15:0Z", "2026-1-29T20:15:00Z",
                "+026-11-29T20:15:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00",
                "2026-11-29T20:15:00.Z" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                uint64_t usec;

                if (moment_parse(bad[i], NOW, &usec) != -EINVAL)
                        fail_msg("%s", bad[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ages),
                cmocka_unit_test(test_dates),
                cmocka_unit_test(test_local),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
