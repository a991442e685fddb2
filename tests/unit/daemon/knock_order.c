/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The orders that p25d-knocker takes from p25d: ends of connections that pass, and nothing else. */

#include "daemon/connections/knock_order.h"
#include "rules/address/family.h"

#include "daemon/netlink/conntrack.h"
#include "rules/address/address.h"
#include "rules/base/util.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static Address address(const char *text)
{
        const char *why;
        Address a;

        assert_int_equal(address_parse(text, strlen(text), &a, &why), 0);
        return a;
}

static Tuple tuple(const char *from, const char *to)
{
        return (Tuple){ address(from), address(to), 40000, 25 };
}

static void test_round_trip(void **state)
{
        Tuple v4 = tuple("192.0.2.1", "198.51.100.2"), v6 = tuple("2001:db8::1", "fd00::2"), t;
        KnockOrder o = { 0 };
        uint32_t mark;

        (void)state;
        assert_true(knock_order_add(&o, &v4, 7));
        assert_true(knock_order_add(&o, &v6, 0));
        assert_true(knock_order_read(&o, 0, &t, &mark));
        assert_true(tuple_equal(&t, &v4));
        assert_int_equal(mark, 7);
        assert_true(knock_order_read(&o, 1, &t, &mark));
        assert_true(tuple_equal(&t, &v6));
        assert_int_equal(mark, 0);
        assert_false(knock_order_read(&o, 2, &t, &mark));
}

static void test_full(void **state)
{
        Tuple any = tuple("192.0.2.1", "198.51.100.2"), t;
        KnockOrder o = { 0 };
        uint32_t mark;

        (void)state;
        for (size_t i = 0; i < KNOCKS_MAX; i++)
                assert_true(knock_order_add(&o, &any, 0));
        assert_false(knock_order_add(&o, &any, 0));
        assert_int_equal(o.n, KNOCKS_MAX);
        /* whoever sends it may say anything */
        o.n = UINT32_MAX;
        assert_true(knock_order_read(&o, KNOCKS_MAX - 1, &t, &mark));
        assert_false(knock_order_read(&o, KNOCKS_MAX, &t, &mark));
}

static void test_addresses(void **state)
{
        static const char *const no_host[] = { "0.0.0.0", "0.1.2.3", "127.0.0.1", "169.254.1.1",
                "224.0.0.1", "239.1.1.1", "255.255.255.255", "::", "::1", "fe80::1", "febf::1",
                "ff02::1" };
        Tuple t, host4 = tuple("192.0.2.1", "198.51.100.2"), host6 = tuple("fd00::1", "fd00::2");
        uint32_t mark;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(no_host); i++) {
                Tuple from = address(no_host[i]).family == FAMILY_IPV4 ? host4 : host6, to = from;
                KnockOrder o = { 0 };

                from.from = address(no_host[i]);
                to.to = address(no_host[i]);
                assert_true(knock_order_add(&o, &from, 0) && knock_order_add(&o, &to, 0));
                if (knock_order_read(&o, 0, &t, &mark) || knock_order_read(&o, 1, &t, &mark))
                        fail_msg("%s", no_host[i]);
        }
}

static void test_fields(void **state)
{
        Tuple any = tuple("192.0.2.1", "198.51.100.2"), t;
        KnockOrder good = { 0 }, o;
        uint32_t mark;

        (void)state;
        assert_true(knock_order_add(&good, &any, 0));
        o = good;
        o.items[0].version = 5;
        assert_false(knock_order_read(&o, 0, &t, &mark));
        o = good;
        o.items[0].from_port = 0;
        assert_false(knock_order_read(&o, 0, &t, &mark));
        o = good;
        o.items[0].to_port = 0;
        assert_false(knock_order_read(&o, 0, &t, &mark));
        o = good;
        o.items[0].unused = 1;
        assert_false(knock_order_read(&o, 0, &t, &mark));
        assert_true(knock_order_read(&good, 0, &t, &mark));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_fields),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
