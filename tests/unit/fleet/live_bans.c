/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The union of all hosts' bans: ends, versions, what is taken back, bounds.
 */

#include "daemon/fleet/live_bans.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants setjmp.h and stdarg.h first */
#include <cmocka.h>

#define SECOND USEC_PER_SEC
#define NOW (UINT64_C(1000000) * SECOND)

static Prefix address(unsigned n)
{
        Prefix p = { .bits = 32 };

        p.address = address_from_ipv4(0x0a000000 + n);
        return p;
}

/* A page with n bans from `first` on, the last of them taken back if `gone`. */
static LivePage page(uint64_t version, unsigned first, size_t n, bool gone)
{
        LivePage p = { .version = version, .who = strdup(""), .why = strdup("") };

        p.entries = calloc(n + 1, sizeof(*p.entries));
        assert_non_null(p.entries);
        for (size_t i = 0; i < n; i++)
                p.entries[p.n++] = (LiveEntry){ .address = address(first + (unsigned)i) };
        if (gone)
                p.entries[n - 1].gone = true;
        return p;
}

static int put(
        LiveBans *b, const char *host, uint64_t id, uint64_t until, LivePage p, BanChanges *c)
{
        LiveTopic t = { .kind = LIVE_TOPIC_BAN, .id = id };
        BanPage *found;
        int r;

        snprintf(t.host, sizeof(t.host), "%s", host);
        r = live_bans_put(b, &t, until, &p, c, &found);
        live_page_deinit(&p);
        return r;
}

static void test_union(void **state)
{
        LiveBans b = { 0 };
        BanChanges c = { 0 };

        (void)state;
        assert_int_equal(put(&b, "a", 1, NOW + 60 * SECOND, page(1, 1, 2, false), &c), 1);
        assert_int_equal(put(&b, "b", 1, NOW + 90 * SECOND, page(1, 2, 2, false), &c), 1);
        assert_int_equal(put(&b, "me", 1, NOW + 99 * SECOND, page(1, 1, 3, false), NULL), 1);
        assert_int_equal(c.n, 4);
        assert_int_equal(live_bans_settle(&b, "me", NOW, &c), 0);
        assert_int_equal(c.n, 3);
        assert_int_equal(c.items[0].until_usec, NOW + 60 * SECOND);
        assert_int_equal(c.items[1].until_usec, NOW + 90 * SECOND);
        assert_string_equal(c.items[1].page->host, "b");
        assert_int_equal(c.items[2].until_usec, NOW + 90 * SECOND);
        c.n = 0;
        /* what one host takes back, another may still ban */
        assert_int_equal(put(&b, "b", 1, NOW + 90 * SECOND, page(2, 2, 1, true), &c), 1);
        assert_int_equal(live_bans_settle(&b, "me", NOW, &c), 0);
        assert_int_equal(c.n, 2);
        assert_int_equal(c.items[0].until_usec, NOW + 60 * SECOND);
        assert_int_equal(c.items[1].until_usec, 0);
        free(c.items);
        live_bans_deinit(&b);
}

static void test_versions(void **state)
{
        LiveBans b = { 0 };
        BanChanges c = { 0 };

        (void)state;
        assert_int_equal(put(&b, "a", 1, NOW + SECOND, page(5, 1, 1, true), &c), 1);
        c.n = 0;
        /* of a broker that was away */
        assert_int_equal(put(&b, "a", 1, NOW + SECOND, page(4, 1, 1, false), &c), 0);
        assert_int_equal(put(&b, "a", 1, NOW + SECOND, page(5, 1, 1, false), &c), 0);
        assert_int_equal(c.n, 0);
        assert_int_equal(put(&b, "a", 1, NOW + SECOND, page(6, 1, 1, false), &c), 1);
        assert_int_equal(c.n, 1);
        free(c.items);
        live_bans_deinit(&b);
}

static void test_ends(void **state)
{
        LiveBans b = { 0 };
        BanChanges c = { 0 };

        (void)state;
        assert_int_equal(put(&b, "a", 1, NOW + SECOND, page(1, 1, 2, false), &c), 1);
        assert_int_equal(put(&b, "a", 2, NOW + 9 * SECOND, page(2, 3, 1, false), &c), 1);
        assert_int_equal(live_bans_settle(&b, "me", NOW + SECOND, &c), 0);
        assert_int_equal(c.items[0].until_usec, 0);
        assert_int_equal(c.items[2].until_usec, NOW + 9 * SECOND);
        live_bans_expire(&b, NOW + SECOND);
        assert_int_equal(b.n_entries, 1);
        c.n = 0;
        assert_int_equal(live_bans_all(&b, "me", NOW, &c), 0);
        assert_int_equal(c.n, 1);
        live_bans_expire(&b, NOW + 9 * SECOND);
        assert_int_equal(b.n_entries, 0);
        free(c.items);
        live_bans_deinit(&b);
}

static void test_bounds(void **state)
{
        unsigned n;
        LiveBans b = { 0 };
        int r = 1;

        (void)state;
        for (n = 0; r > 0;) {
                n++;
                r = put(&b, "a", n, NOW + SECOND, page(1, n * 1000, 1000, false), NULL);
        }
        assert_int_equal(r, -ENOBUFS);
        assert_int_equal(n, LIVE_HOST_BANS_MAX / 1000 + 1);
        assert_int_equal(b.n_entries, LIVE_HOST_BANS_MAX);
        /* one that has too many leaves room for others */
        assert_int_equal(put(&b, "b", 1, NOW + SECOND, page(1, 1, 1, false), NULL), 1);
        live_bans_expire(&b, NOW + SECOND);
        assert_int_equal(put(&b, "a", n, NOW + 2 * SECOND, page(1, 1, 1, false), NULL), 1);
        live_bans_deinit(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_union),
                cmocka_unit_test(test_versions),
                cmocka_unit_test(test_ends),
                cmocka_unit_test(test_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
