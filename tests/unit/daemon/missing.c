/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The decisions that rules counted and the log did not bring: exact in the end, whatever the order
 * in which both come, and never more than was counted.
 */

#include "daemon/events/missing.h"
#include "rules/address/family.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define _cleanup_missing_ _cleanup_(missing_deinit)
#define USERS 8

typedef struct Reported {
        uint64_t all, of_users[USERS], of_nobody;
} Reported;

static void on_missing(void *data, const Event *e)
{
        Reported *r = data;

        assert_true(e->count > 0);
        assert_int_equal(e->rule, 7);
        assert_int_equal(e->source.family, 0);
        r->all += e->count;
        *(e->has_uid ? &r->of_users[e->uid % USERS] : &r->of_nobody) += e->count;
}

static Event of(int uid, uint64_t count)
{
        return (Event){ .direction = DIRECTION_OUT,
                .action = ACTION_REJECT,
                .rule = 7,
                .has_uid = uid >= 0,
                .uid = uid >= 0 ? (uint32_t)uid : 0,
                .count = count,
                .destination = { .family = FAMILY_IPV4, .bytes = { 192, 0, 2, 1 } } };
}

static void logged(Missing *m, int uid, uint64_t count)
{
        Event e = of(uid, count);

        missing_log(m, &e);
}

static void counted(Missing *m, int uid, uint64_t count)
{
        Event e = of(uid, count);

        missing_count(m, &e);
}

static void test_down(void **state)
{
        _cleanup_missing_ Missing m = { 0 };
        Reported r = { 0 };

        (void)state;
        counted(&m, 3, 400);
        counted(&m, -1, 20);
        assert_true(missing_settle(&m, false, on_missing, &r));
        assert_int_equal(r.all, 0);
        assert_false(missing_settle(&m, false, on_missing, &r));
        assert_int_equal(r.of_users[3], 400);
        assert_int_equal(r.of_nobody, 20);
        assert_int_equal(m.n, 0);
}

/* What comes before it is counted, or after, is not missing. */
static void test_late(void **state)
{
        _cleanup_missing_ Missing m = { 0 };
        Reported r = { 0 };

        (void)state;
        logged(&m, 3, 5);
        assert_true(missing_settle(&m, false, on_missing, &r));
        counted(&m, 3, 9);
        assert_true(missing_settle(&m, false, on_missing, &r));
        logged(&m, 3, 4);
        assert_false(missing_settle(&m, false, on_missing, &r));
        assert_int_equal(r.all, 0);
}

/* Users who are not counted apart belong to the others. */
static void test_others(void **state)
{
        _cleanup_missing_ Missing m = { 0 };
        Reported r = { 0 };

        (void)state;
        counted(&m, -1, 100);
        for (int uid = 0; uid < 5; uid++)
                logged(&m, uid, 10);
        for (unsigned i = 0; i < 5; i++)
                (void)missing_settle(&m, false, on_missing, &r);
        assert_int_equal(r.of_nobody, 50);
        assert_int_equal(r.all, 50);
        assert_int_equal(m.n, 0);
}

/* The log has more than was counted: by a p25d that ended. It is forgotten. */
static void test_surplus(void **state)
{
        _cleanup_missing_ Missing m = { 0 };
        Reported r = { 0 };

        (void)state;
        logged(&m, -1, 100);
        for (unsigned i = 0; i < 5; i++)
                (void)missing_settle(&m, false, on_missing, &r);
        assert_int_equal(m.n, 0);
        counted(&m, -1, 7);
        (void)missing_settle(&m, true, on_missing, &r);
        assert_int_equal(r.of_nobody, 7);
}

/* 100,000 users, bounded. */
static void test_many(void **state)
{
        _cleanup_missing_ Missing m = { 0 };
        Reported r = { 0 };

        (void)state;
        for (int uid = 0; uid < 100000; uid++)
                logged(&m, uid, 1);
        assert_true(m.n <= MISSING_MAX + 1);
        counted(&m, -1, 100003);
        for (unsigned i = 0; i < 5; i++)
                (void)missing_settle(&m, false, on_missing, &r);
        assert_int_equal(r.all, 3);
        assert_int_equal(m.n, 0);
}

/* Connections at random, of which some reach the log at once, some later and some not. The first
 * half of the users is counted apart. */
static void test_random(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed <= 300; seed++) {
                _cleanup_missing_ Missing m = { 0 };
                uint64_t late[USERS] = { 0 }, lost[USERS] = { 0 }, counts[USERS] = { 0 }, all = 0;
                Reported r = { 0 };

                srand(seed);
                for (unsigned second = 0; second < 20; second++) {
                        for (int uid = 0; uid < USERS; uid++) {
                                uint64_t n = (uint64_t)(rand() % 50), at_once, later;

                                if (late[uid] > 0)
                                        logged(&m, uid, late[uid]);
                                at_once = n > 0 ? (uint64_t)rand() % (n + 1) : 0;
                                later = n > at_once ? (uint64_t)rand() % (n - at_once + 1) : 0;
                                if (at_once > 0)
                                        logged(&m, uid, at_once);
                                late[uid] = later;
                                lost[uid] += n - at_once - later;
                                all += n - at_once - later;
                                counts[uid] += n;
                        }
                        for (int uid = 0; uid < USERS; uid++) {
                                if (counts[uid] > 0)
                                        counted(&m, uid < USERS / 2 ? uid : -1, counts[uid]);
                                counts[uid] = 0;
                        }
                        (void)missing_settle(&m, false, on_missing, &r);
                        assert_true(r.all <= all);
                }
                for (int uid = 0; uid < USERS; uid++) {
                        if (late[uid] > 0)
                                logged(&m, uid, late[uid]);
                        if (counts[uid] > 0)
                                counted(&m, uid < USERS / 2 ? uid : -1, counts[uid]);
                }
                for (unsigned i = 0; i < 6; i++)
                        (void)missing_settle(&m, false, on_missing, &r);
                assert_int_equal(r.all, all);
                for (int uid = 0; uid < USERS / 2; uid++)
                        assert_int_equal(r.of_users[uid], lost[uid]);
                assert_int_equal(m.n, 0);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_down),
                cmocka_unit_test(test_late),
                cmocka_unit_test(test_others),
                cmocka_unit_test(test_surplus),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_random),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
