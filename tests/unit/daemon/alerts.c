/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The alerts that were reported and the quarantines that wait: over a restart, a clock that is set,
 * and damage to the file. */

#include "daemon/alerts/told.h"

#include "daemon/loop/clock.h"
#include "rules/policy/hostconf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_told(void **state)
{
        char folder[] = "/tmp/p25-alerts-XXXXXX";
        Told *t = calloc(1, sizeof(*t));
        uint64_t now = clock_now_usec(CLOCK_REALTIME);
        FILE *f;

        (void)state;
        assert_non_null(mkdtemp(folder));
        assert_int_equal(told_init(t, folder), 0);
        assert_false(told_has(t, ALERT_BLOCKED, 33));
        assert_int_equal(told_add(t, ALERT_BLOCKED, 33, 3600 * USEC_PER_SEC), 0);
        assert_int_equal(told_add(t, ALERT_CONNECTIONS, 34, 0), 0);
        assert_true(told_has(t, ALERT_BLOCKED, 33));
        assert_false(told_has(t, ALERT_CONNECTIONS, 33));
        assert_false(told_has(t, ALERT_CONNECTIONS, 34));
        for (uint32_t uid = 1000; uid < 1000 + 2 * TOLD_MAX; uid++)
                assert_int_equal(told_add(t, ALERT_BLOCKED, uid, 60 * USEC_PER_SEC), 0);
        assert_true(t->n <= TOLD_MAX);
        assert_true(told_has(t, ALERT_BLOCKED, 33));
        f = fopen(t->path, "ae");
        assert_non_null(f);
        /* the clock was set back by a year; an alert that has ended; lines that are none */
        fprintf(f, "blocked 7 %llu 1000000\nblocked 8 5 1000000\nblocked\n\nlost 9 %llu 1\n",
                (unsigned long long)(now + 31536000 * USEC_PER_SEC),
                (unsigned long long)(now + 5 * USEC_PER_SEC));
        assert_int_equal(fclose(f), 0);
        told_deinit(t);
        assert_int_equal(told_init(t, folder), 0);
        assert_true(told_has(t, ALERT_BLOCKED, 33));
        assert_false(told_has(t, ALERT_BLOCKED, 8));
        for (size_t i = 0; i < t->n; i++)
                assert_true(
                        t->items[i].uid != 7 ||
                        t->items[i].until_usec <= clock_now_usec(CLOCK_BOOTTIME) + USEC_PER_SEC);
        assert_int_equal(unlink(t->path), 0);
        told_deinit(t);
        assert_int_equal(rmdir(folder), 0);
        free(t);
}

/* A quarantine that waits is known again after a restart, until it no longer waits. */
static void test_waits(void **state)
{
        char folder[] = "/tmp/p25-alerts-XXXXXX";
        Told *t = calloc(1, sizeof(*t));
        FILE *f;

        (void)state;
        assert_non_null(t);
        assert_non_null(mkdtemp(folder));
        assert_int_equal(told_init(t, folder), 0);
        assert_int_equal(told_wait(t, 33, 4102444800 * USEC_PER_SEC, "quarantine: 20 of them"), 0);
        assert_int_equal(told_wait(t, 34, 4102444801 * USEC_PER_SEC, "quarantine: 30"), 0);
        assert_int_equal(told_add(t, ALERT_BLOCKED, 33, 60 * USEC_PER_SEC), 0);
        told_deinit(t);
        assert_int_equal(told_init(t, folder), 0);
        assert_true(told_has(t, ALERT_BLOCKED, 33));
        assert_int_equal(t->n_waits, 2);
        assert_int_equal(t->waits[0].uid, 33);
        assert_true(t->waits[0].end_usec == 4102444800 * USEC_PER_SEC);
        assert_string_equal(t->waits[0].comment, "quarantine: 20 of them");
        assert_int_equal(told_wait_end(t, 0), 0);
        f = fopen(t->path, "ae");
        assert_non_null(f);
        /* lines that say nothing: no end, a control character, too long, an end beyond all clocks
         */
        fprintf(f, "quarantine 35\nquarantine 36 5 a\tb\nquarantine 37 5 %0*d\n", COMMENT_MAX + 1,
                0);
        fprintf(f, "quarantine 38 18446744073709551615 x\n");
        assert_int_equal(fclose(f), 0);
        told_deinit(t);
        assert_int_equal(told_init(t, folder), 0);
        assert_int_equal(t->n_waits, 1);
        assert_int_equal(t->waits[0].uid, 34);
        for (uint32_t uid = 0; uid < TOLD_WAITS_MAX - 1; uid++)
                assert_int_equal(told_wait(t, uid, 5, "quarantine: many"), 0);
        assert_int_equal(told_wait(t, 7, 5, "quarantine: one too many"), -ENOSPC);
        assert_int_equal(unlink(t->path), 0);
        told_deinit(t);
        assert_int_equal(rmdir(folder), 0);
        free(t);
}

/* Nobody ever writes to the one or reads from the other: opening them must not wait. */
static void test_no_files(void **state)
{
        char folder[] = "/tmp/p25-alerts-XXXXXX", path[64], new[64];
        Told *t = calloc(1, sizeof(*t));

        (void)state;
        assert_non_null(t);
        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/alerts", folder);
        (void)snprintf(new, sizeof(new), "%s/alerts.new", folder);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(mkfifo(new, 0600), 0);
        (void)alarm(60);
        assert_int_equal(told_init(t, folder), 0);
        assert_int_equal(t->n, 0);
        assert_int_equal(told_add(t, ALERT_BLOCKED, 33, USEC_PER_SEC), 0);
        assert_true(told_has(t, ALERT_BLOCKED, 33));
        (void)alarm(0);
        told_deinit(t);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(folder), 0);
        free(t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_told),
                cmocka_unit_test(test_waits),
                cmocka_unit_test(test_no_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
