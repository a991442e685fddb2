/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The number of distinct destinations: exact while it is small, then an estimate without bias whose
 * error is as small as distinct.h says. The keys are fixed, so each run sees the same hashes.
 */

#include "daemon/stats/distinct.h"

#include "rules/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define KEYS 200
#define NOW UINT32_C(1000000)

/* The count of 0 … n - 1 with the key; each comes twice. */
static uint64_t counted(uint64_t key, uint32_t n, bool *ret_estimated)
{
        Distinct d = { 0 };
        DistinctFound found;
        uint64_t count;

        for (uint32_t i = 0; i < 2 * n; i++) {
                uint64_t hash = hash_finish(hash_number(hash_number(HASH_BEGIN, key), i / 2));

                assert_int_equal(distinct_add(&d, hash, NOW, NOW, &found), 0);
                assert_true(d.n <= DISTINCT_MAX);
        }
        count = distinct_count(&d, NOW, 3600, ret_estimated);
        distinct_deinit(&d);
        return count;
}

static void test_exact(void **state)
{
        bool estimated;

        (void)state;
        for (uint64_t key = 1; key <= KEYS; key++) {
                assert_int_equal(counted(key, DISTINCT_MAX, &estimated), DISTINCT_MAX);
                assert_false(estimated);
        }
}

/* At least DISTINCT_MAX / 2 are kept, so the standard deviation of the relative error is at most
 * 1 / sqrt(DISTINCT_MAX / 2), and the mean of KEYS errors is within five of its own. */
static void test_estimate(void **state)
{
        static const uint32_t sizes[] = { DISTINCT_MAX + 100, 1000, 20000 };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(sizes); i++) {
                double n = sizes[i], sum = 0, squares = 0;

                for (uint64_t key = 1; key <= KEYS; key++) {
                        bool estimated;
                        double error = ((double)counted(key, sizes[i], &estimated) - n) / n;

                        assert_true(estimated);
                        sum += error;
                        squares += error * error;
                }
                assert_true(sum * sum / KEYS < 25.0 / (DISTINCT_MAX / 2));
                assert_true(squares / KEYS < 1.0 / (DISTINCT_MAX / 2));
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exact),
                cmocka_unit_test(test_estimate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
