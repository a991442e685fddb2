/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The record of a change that waits to be confirmed: its text, and the arithmetic of its deadline.
 */

#include "daemon/store/pending_record.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SEC UINT64_C(1000000)

static PendingRecord record_make(uint64_t revision)
{
        PendingRecord r = { .revision = revision,
                .base = 7,
                .seconds = 60,
                .deadline_usec = 1769860800 * SEC,
                .boottime_usec = 5 * SEC,
                .keeps_lockdown = true };

        r.boot = strdup("2cf4991a52714b268d9bc4e3c8afef85");
        r.connection = strdup("0123/:1.42");
        r.files = strdup("0123456789abcdef");
        assert_int_equal(strv_append(&r.changed_sets, "drop"), 0);
        assert_int_equal(strv_append(&r.kept_sets, "bans"), 0);
        assert_int_equal(strv_append(&r.kept_sets, "more"), 0);
        return r;
}

static void test_copy(void **state)
{
        _cleanup_pending_ PendingRecord r = record_make(8), copy = { 0 };

        (void)state;
        assert_int_equal(pending_record_copy(&r, &copy), 0);
        assert_true(pending_record_equal(&r, &copy));
        copy.keeps_lockdown = false;
        assert_false(pending_record_equal(&r, &copy));
}

/* What is printed is read again, with a record of either kind or without. */
static void test_text(void **state)
{
        (void)state;
        for (unsigned i = 0; i < 4; i++) {
                _cleanup_(pending_file_deinit) PendingFile f = { .from = i > 0 ? 9 : 0 },
                                                           read = { 0 };
                _cleanup_free_ char *text = NULL;

                if (i & 1)
                        f.then = record_make(9);
                if (i & 2)
                        f.otherwise = record_make(8);
                assert_int_equal(pending_file_print(&f, &text), 0);
                assert_int_equal(i == 0, text[0] == '\0');
                assert_int_equal(pending_file_parse(text, &read), 0);
                assert_int_equal(read.from, f.from);
                assert_true(pending_record_equal(&read.then, &f.then));
                assert_true(pending_record_equal(&read.otherwise, &f.otherwise));
        }
}

static void test_text_refused(void **state)
{
        static const char *const texts[] = { "revision 8", "revision 8\nbase 7\n",
                "revision 8\nbase 8\nseconds 60\n", "revision x\nbase 7\nseconds 60\n",
                "revision 8\nbase 7\nseconds 0\n", "revision 8\nbase 7\nseconds 31622401\n",
                "revision 8\nbase 7\nseconds 60\nnosuch 1\n",
                "revision 8\nbase 7\nseconds 60\nkept-set a/b\n",
                "revision 8\nbase 7\nseconds 60\nkept-lockdown no\n",
                "revision 8\nbase 7\nseconds 60\nboot a b\n",
                "revision 8\nbase 7\nseconds 60\nboot a\nboot b\n",
                "revision 8\nbase 7\nseconds 60\nboot\n", "revision 99999999999999999999\n",
                "seconds 60\nbase 7\n", "from x\n", "otherwise\nrevision 8\n",
                "otherwise\notherwise\n", "kept-set a\n" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_(pending_file_deinit) PendingFile f = { 0 };

                if (pending_file_parse(texts[i], &f) != -EINVAL)
                        fail_msg("%s", texts[i]);
        }
}

static PendingClock at(const char *boot, uint64_t boottime_sec, uint64_t realtime_sec)
{
        PendingClock now = { .boottime_usec = boottime_sec * SEC,
                .realtime_usec = realtime_sec * SEC };

        (void)snprintf(now.boot, sizeof(now.boot), "%s", boot);
        return now;
}

static uint64_t left_sec(const PendingRecord *r, PendingClock now)
{
        return pending_left_usec(r, &now) / SEC;
}

static void test_clocks(void **state)
{
        _cleanup_pending_ PendingRecord r = { .revision = 8, .base = 7 };
        PendingClock now = at("a", 100, 5000);

        (void)state;
        assert_int_equal(pending_record_begin(&r, 60, &now), 0);
        /* as long as the kernel runs, the wall clock does not matter */
        assert_int_equal(left_sec(&r, at("a", 100, 5000)), 60);
        assert_int_equal(left_sec(&r, at("a", 130, 5030)), 30);
        assert_int_equal(left_sec(&r, at("a", 130, 1)), 30);
        assert_int_equal(left_sec(&r, at("a", 130, 9999999)), 30);
        assert_int_equal(left_sec(&r, at("a", 160, 1)), 0);
        assert_int_equal(left_sec(&r, at("a", 9999, 5000)), 0);
        /* after a reboot, or without knowing whether there was one, it does */
        assert_int_equal(left_sec(&r, at("b", 10, 5020)), 40);
        assert_int_equal(left_sec(&r, at("b", 1000, 5060)), 0);
        assert_int_equal(left_sec(&r, at("", 110, 5050)), 10);
        /* set back, it makes it no longer than it was */
        assert_int_equal(left_sec(&r, at("b", 10, 1)), 60);
}

static void test_anchor(void **state)
{
        _cleanup_pending_ PendingRecord r = { .revision = 8, .base = 7 };
        PendingClock now = at("a", 100, 5000);

        (void)state;
        assert_int_equal(pending_record_begin(&r, 60, &now), 0);
        now = at("a", 130, 5030);
        assert_int_equal(pending_record_anchor(&r, &now), 0);
        /* the clock was set: the deadline is given in its time */
        now = at("a", 130, 9000);
        assert_int_equal(pending_record_anchor(&r, &now), 1);
        assert_int_equal(r.deadline_usec, 9030 * SEC);
        assert_int_equal(pending_record_anchor(&r, &now), 0);
        /* rebooted: from now on the new kernel's clock counts */
        now = at("b", 5, 9010);
        assert_int_equal(pending_record_anchor(&r, &now), 1);
        assert_int_equal(r.deadline_usec, 9030 * SEC);
        assert_string_equal(r.boot, "b");
        assert_int_equal(left_sec(&r, at("b", 15, 1)), 10);
        /* a deadline that has passed stays what it was */
        now = at("b", 500, 9999);
        assert_int_equal(pending_record_anchor(&r, &now), 0);
        assert_int_equal(r.deadline_usec, 9030 * SEC);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copy),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_text_refused),
                cmocka_unit_test(test_clocks),
                cmocka_unit_test(test_anchor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
