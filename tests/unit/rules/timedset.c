/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sets of entries that end, against a table of what each entry should be. */

#include "rules/address/timedset.h"
#include "rules/address/address.h"
#include "rules/address/itemlist.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedentry.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#define SEC UINT64_C(1000000)

static const char *const words[] = { "10.0.0.0/8", "10.0.0.0/9", "10.0.0.1", "10.0.0.2",
        "10.128.0.0/9", "192.0.2.0/24", "192.0.2.255", "255.255.255.255", "2001:db8::/32",
        "2001:db8::", "2001:db8::1", "2001:db8:8000::/33", "8000::/1", "ffff::ffff" };
#define N ELEMENTS(words)

static Prefix pool[N];

static int setup(void **state)
{
        (void)state;
        for (size_t i = 0; i < N; i++) {
                const char *reason;
                bool host_bits;

                assert_int_equal(
                        prefix_parse(words[i], strlen(words[i]), &pool[i], &host_bits, &reason), 0);
        }
        return 0;
}

/* Some of the pool, by the bits of a mask. */
static PrefixSet *some(unsigned mask)
{
        Prefix chosen[N];
        PrefixSet *s;
        size_t n = 0;

        for (size_t i = 0; i < N; i++)
                if (mask >> i & 1)
                        chosen[n++] = pool[i];
        assert_int_equal(prefix_set_new(chosen, n, &s), 0);
        return s;
}

static void expect(const TimedSet *s, const uint64_t until[static N])
{
        uint64_t next = 0;
        size_t n = 0;

        for (size_t i = 0; i < N; i++) {
                uint64_t end = 0;

                assert_int_equal(timed_set_find(s, &pool[i], &end), until[i] != 0);
                assert_true(end == until[i]);
                n += until[i] != 0;
                if (until[i] != 0 && (next == 0 || until[i] < next))
                        next = until[i];
        }
        assert_int_equal(timed_set_size(s), n);
        assert_true(!s == (n == 0));
        assert_true((s ? s->next_usec : 0) == next);
}

static void expect_contains(const TimedSet *s, const uint64_t until[static N], uint64_t now)
{
        for (size_t a = 0; a < N; a++) {
                bool in = false;

                for (size_t i = 0; i < N; i++)
                        in = in || (until[i] > now && prefix_contains(&pool[i], &pool[a].address));
                assert_int_equal(timed_set_contains(s, &pool[a].address, now), in);
        }
}

static void expect_text(const TimedSet *s)
{
        _cleanup_(timed_set_unref_p) TimedSet *again = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        size_t begin;

        buffer_add_string(&b, "192.0.2.1\n2001:db8::9\n");
        timed_set_print(&b, s);
        begin = timed_set_text_begin(b.data, b.length);
        assert_int_equal(begin, strlen("192.0.2.1\n2001:db8::9\n"));
        assert_int_equal(
                timed_set_parse(b.data + begin, b.length - begin, "test", NULL, &again), 0);
        assert_true(timed_set_equal(s, again));
}

typedef struct Seen {
        size_t gone, came;
} Seen;

static void count_gone(const TimedEntry *e, void *data)
{
        (void)e;
        ((Seen *)data)->gone++;
}

static void count_came(const TimedEntry *e, void *data)
{
        (void)e;
        ((Seen *)data)->came++;
}

static void test_random(void **state)
{
        _cleanup_(timed_set_unref_p) TimedSet *s = NULL;
        uint64_t until[N] = { 0 };
        Random random = { 25 };

        (void)state;
        for (unsigned round = 0; round < 3000; round++) {
                unsigned put = (unsigned)random_next(&random) & (unsigned)random_next(&random);
                unsigned out = (unsigned)random_next(&random) & (unsigned)random_next(&random);
                uint64_t end = SEC * (1 + random_below(&random, 20));
                _cleanup_(prefix_set_unref_p) PrefixSet *plus = some(put), *minus = some(out);
                _cleanup_(timed_set_unref_p) TimedSet *timed = NULL;
                TimedSet *next;
                TimedChanges c, wanted = { 0 };
                Seen seen = { 0 };

                for (size_t i = 0; i < N; i++) {
                        bool was = until[i] != 0, in = put >> i & 1, no = out >> i & 1;

                        wanted.added += in && !was && !no;
                        wanted.removed += was && no;
                        wanted.renewed += was && in && !no && until[i] != end;
                        until[i] = no ? 0 : in ? end : until[i];
                }
                assert_int_equal(timed_set_new(plus, end, &timed), 0);
                assert_int_equal(timed_set_update(s, timed, minus, &next, &c), 0);
                assert_memory_equal(&c, &wanted, sizeof(c));
                timed_set_compare(s, next, count_gone, count_came, &seen);
                assert_int_equal(seen.gone, c.removed + c.renewed);
                assert_int_equal(seen.came, c.added + c.renewed);
                assert_int_equal(timed_set_equal(s, next), c.added + c.removed + c.renewed == 0);
                timed_set_unref(s);
                s = next;
                expect(s, until);
                expect_contains(s, until, SEC * random_below(&random, 22));
                expect_text(s);
        }
}

static void test_drop(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *a = some(0x0f), *b = some(0xf0);
        _cleanup_(timed_set_unref_p) TimedSet *early = NULL, *late = NULL, *both = NULL;
        TimedSet *left;
        TimedChanges c;
        size_t n;

        (void)state;
        assert_int_equal(timed_set_new(a, 10 * SEC, &early), 0);
        assert_int_equal(timed_set_new(b, 20 * SEC, &late), 0);
        assert_int_equal(timed_set_update(early, late, NULL, &both, &c), 0);
        assert_int_equal(timed_set_drop(both, 10 * SEC - 1, &left, &n), 0);
        assert_int_equal(n, 0);
        assert_true(timed_set_equal(left, both));
        timed_set_unref(left);
        assert_int_equal(timed_set_drop(both, 10 * SEC, &left, &n), 0);
        assert_int_equal(n, 4);
        assert_true(timed_set_equal(left, late));
        timed_set_unref(left);
        assert_int_equal(timed_set_drop(both, 20 * SEC, &left, &n), 0);
        assert_null(left);
        assert_int_equal(timed_set_drop(NULL, 1, &left, &n), 0);
        assert_null(left);
}

/* ---- long lists, which are in pieces after a few changes ---- */

#define LONG 100000
#define STEPS 40

static Prefix long_prefix(size_t i)
{
        Prefix p = { .address.family = i < LONG / 2 ? FAMILY_IPV4 : FAMILY_IPV6, .bits = 128 };

        if (i < LONG / 2)
                return (Prefix){ address_from_ipv4(0x0a000000 + 2 * (uint32_t)i), 32 };
        p.address.bytes[0] = 0x20;
        for (unsigned k = 0; k < 4; k++)
                p.address.bytes[15 - k] = (uint8_t)(i >> 8 * k);
        return p;
}

/* Made of an array at once; until[i] 0: not in it. */
static TimedSet *long_set(const uint64_t until[static LONG])
{
        TimedEntry *items = calloc(LONG, sizeof(*items));
        TimedSet *s = NULL;
        size_t n = 0;

        assert_non_null(items);
        for (size_t i = 0; i < LONG; i++)
                if (until[i] != 0)
                        items[n++] = (TimedEntry){ long_prefix(i), until[i] };
        assert_int_equal(timed_set_adopt(items, n, &s), 0);
        return s;
}

static void expect_same(TimedSet *s, TimedSet *wanted)
{
        RangeSet *ranges, *wanted_ranges;
        Seen seen = { 0 };

        assert_true(timed_set_equal(s, wanted));
        assert_true(timed_set_equal(wanted, s));
        assert_true(s->next_usec == wanted->next_usec);
        assert_memory_equal(s->lengths, wanted->lengths, sizeof(s->lengths));
        assert_int_equal(timed_set_ranges(s, &ranges), 0);
        assert_int_equal(timed_set_ranges(wanted, &wanted_ranges), 0);
        assert_true(range_set_equal(ranges, wanted_ranges));
        timed_set_compare(s, wanted, count_gone, count_came, &seen);
        assert_int_equal(seen.gone + seen.came, 0);
}

/* A few entries come, get another end or go; sometimes all that have ended go. */
static TimedSet *long_step(TimedSet *s, uint64_t until[static LONG], Random *random)
{
        uint64_t end = SEC * (1 + random_below(random, 1000));
        Prefix put[2], out[2];
        size_t n_put = random_below(random, 3), n_out = random_below(random, 3);
        _cleanup_(prefix_set_unref_p) PrefixSet *plus = NULL, *minus = NULL;
        _cleanup_(timed_set_unref_p) TimedSet *timed = NULL;
        TimedSet *next = NULL;
        TimedChanges c;

        if (random_below(random, 20) == 0) {
                size_t n, n_ended = 0;

                for (size_t i = 0; i < LONG; i++)
                        if (until[i] != 0 && until[i] <= end / 100) {
                                until[i] = 0;
                                n_ended++;
                        }
                assert_int_equal(timed_set_drop(s, end / 100, &next, &n), 0);
                assert_int_equal(n, n_ended);
                return next;
        }
        for (size_t k = 0; k < n_put; k++) {
                size_t i = random_below(random, LONG);

                put[k] = long_prefix(i);
                until[i] = end;
        }
        for (size_t k = 0; k < n_out; k++) {
                size_t i = random_below(random, LONG);

                out[k] = long_prefix(i);
                until[i] = 0;
        }
        assert_int_equal(prefix_set_new(put, n_put, &plus), 0);
        assert_int_equal(prefix_set_new(out, n_out, &minus), 0);
        assert_int_equal(timed_set_new(plus, end, &timed), 0);
        assert_int_equal(timed_set_update(s, timed, minus, &next, &c), 0);
        return next;
}

static void test_long(void **state)
{
        _cleanup_free_ uint64_t *until = calloc(LONG, sizeof(*until));
        Random random = { 7 };
        size_t n_pieces = 0;
        TimedSet *s;

        (void)state;
        assert_non_null(until);
        for (size_t i = 0; i < LONG; i++)
                until[i] = SEC * (1 + random_below(&random, 1000));
        s = long_set(until);
        for (unsigned step = 0; step < STEPS; step++) {
                TimedSet *next = long_step(s, until, &random);
                _cleanup_(timed_set_unref_p) TimedSet *wanted = long_set(until);
                _cleanup_(timed_set_unref_p) TimedSet *old = s;
                Seen seen = { 0 };

                s = next;
                timed_set_compare(old, s, count_gone, count_came, &seen);
                assert_int_equal(timed_set_size(old) - seen.gone + seen.came, timed_set_size(s));
                expect_same(s, wanted);
                n_pieces += s->ends->base && s->prefixes->v4->base;
        }
        assert_true(n_pieces > STEPS / 4); /* else this is a test of arrays */
        timed_set_unref(s);
}

static void test_bad_text(void **state)
{
        static const char *const bad[] = { "10.0.0.1\n", "10.0.0.1 until \n", "10.0.0.1 until x\n",
                "10.0.0.1 until 1x\n", "10.0.0.400 until 1\n", "0.0.0.0/0 until 1\n",
                "10.0.0.2 until 1\n10.0.0.1 until 1\n", "10.0.0.1 until 1\n10.0.0.1 until 1\n",
                "10.0.0.1 until 1\n\n", "10.0.0.1 until 1234567890123\n" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                TimedSet *s;

                assert_int_equal(timed_set_parse(bad[i], strlen(bad[i]), "f", &d, &s), -EINVAL);
                assert_int_equal(d.n_errors, 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_random),
                cmocka_unit_test(test_drop),
                cmocka_unit_test(test_long),
                cmocka_unit_test(test_bad_text),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
