/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memory is given back after work, neither in the midst of it nor after looks at something. */

#include "daemon/loop/rest.h"
#include "daemon/loop/clock.h"
#include "rules/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Longer than a busy machine lets a process wait. */
#define AFTER_USEC (UINT64_C(200) * 1000)
#define EVENTS_MIN 4

typedef struct World {
        sd_event *event;
        sd_event_source *work;
        Rest *rest;
        unsigned n_events; /* still to come */
        unsigned n_asked;  /* is_busy() */
        unsigned n_busy;   /* so often the answer is yes */
} World;

static int on_work(_unused_ sd_event_source *s, void *data)
{
        World *w = data;

        w->n_events--;
        return sd_event_source_set_enabled(
                w->work, w->n_events > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static bool is_busy(void *data)
{
        World *w = data;

        w->n_asked++;
        return w->n_asked <= w->n_busy;
}

static int setup(void **state)
{
        static World w;

        w = (World){ 0 };
        assert_int_equal(sd_event_new(&w.event), 0);
        assert_int_equal(sd_event_add_defer(w.event, &w.work, on_work, &w), 0);
        assert_int_equal(sd_event_source_set_enabled(w.work, SD_EVENT_OFF), 0);
        assert_int_equal(rest_new(w.event,
                                 &(RestOptions){ .after_usec = AFTER_USEC,
                                         .events_min = EVENTS_MIN,
                                         .is_busy = is_busy,
                                         .data = &w },
                                 &w.rest),
                0);
        *state = &w;
        return 0;
}

static int teardown(void **state)
{
        World *w = *state;

        rest_free(w->rest);
        sd_event_source_disable_unref(w->work);
        sd_event_unref(w->event);
        return 0;
}

static void run(World *w, uint64_t usec)
{
        uint64_t now = clock_now_usec(CLOCK_MONOTONIC), end = now + usec;

        for (; now < end; now = clock_now_usec(CLOCK_MONOTONIC))
                assert_true(sd_event_run(w->event, end - now) >= 0);
}

static void run_events(World *w, unsigned n)
{
        w->n_events = n;
        assert_int_equal(sd_event_source_set_enabled(w->work, SD_EVENT_ONESHOT), 0);
        while (w->n_events > 0)
                assert_true(sd_event_run(w->event, 0) >= 0);
}

static void run_until_asked(World *w, unsigned n)
{
        uint64_t end = clock_now_usec(CLOCK_MONOTONIC) + 60 * USEC_PER_SEC;

        while (w->n_asked < n && clock_now_usec(CLOCK_MONOTONIC) < end)
                assert_true(sd_event_run(w->event, AFTER_USEC) >= 0);
        assert_int_equal(w->n_asked, n);
}

/* proc_pid_statm(5): the third number is that of the pages of files in memory. */
static unsigned long pages_of_files(void)
{
        FILE *f = fopen("/proc/self/statm", "re");
        unsigned long n = 0;

        assert_non_null(f);
        assert_int_equal(fscanf(f, "%*u %*u %lu", &n), 1);
        (void)fclose(f);
        return n;
}

static void test_work(void **state)
{
        World *w = *state;
        unsigned long before = pages_of_files();

        run_events(w, EVENTS_MIN);
        run_until_asked(w, 1);
        assert_true(pages_of_files() < before / 2);
        /* its own event is no work */
        run(w, 3 * AFTER_USEC);
        assert_int_equal(w->n_asked, 1);
        run_events(w, EVENTS_MIN);
        run_until_asked(w, 2);
}

static void test_looks(void **state)
{
        World *w = *state;

        for (unsigned i = 0; i < 3; i++) {
                run_events(w, EVENTS_MIN - 1);
                run(w, 2 * AFTER_USEC);
        }
        assert_int_equal(w->n_asked, 0);
}

/* Looks while it waits do not keep it from resting. */
static void test_looks_after_work(void **state)
{
        World *w = *state;

        run_events(w, EVENTS_MIN);
        run_events(w, EVENTS_MIN - 1);
        run_until_asked(w, 1);
}

static void test_more_work(void **state)
{
        World *w = *state;
        uint64_t end = clock_now_usec(CLOCK_MONOTONIC) + 3 * AFTER_USEC;

        while (clock_now_usec(CLOCK_MONOTONIC) < end)
                run_events(w, 100);
        assert_int_equal(w->n_asked, 0);
        run_until_asked(w, 1);
}

static void test_busy(void **state)
{
        World *w = *state;
        unsigned long before = pages_of_files();

        w->n_busy = 2;
        run_events(w, EVENTS_MIN);
        run_until_asked(w, 2);
        assert_true(pages_of_files() >= before);
        run_until_asked(w, 3);
        assert_true(pages_of_files() < before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_work, setup, teardown),
                cmocka_unit_test_setup_teardown(test_looks, setup, teardown),
                cmocka_unit_test_setup_teardown(test_looks_after_work, setup, teardown),
                cmocka_unit_test_setup_teardown(test_more_work, setup, teardown),
                cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
