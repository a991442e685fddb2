/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Addresses and prefixes: every form that is taken, every form that is refused and why. */

#include "rules/address/address.h"
#include "rules/address/family.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>

/* A text and its canonical form. */
static const struct Good {
        const char *text, *canonical;
        bool host_bits;
} good[] = {
        { "0.0.0.0", "0.0.0.0", false },
        { "255.255.255.255", "255.255.255.255", false },
        { "192.0.2.1", "192.0.2.1", false },
        { "192.0.2.1/32", "192.0.2.1", false },
        { "192.0.2.0/24", "192.0.2.0/24", false },
        { "192.0.2.1/24", "192.0.2.0/24", true },
        { "192.0.2.1/0", "0.0.0.0/0", true },
        { "0.0.0.0/0", "0.0.0.0/0", false },
        { "128.0.0.0/1", "128.0.0.0/1", false },
        { "10.255.255.255/9", "10.128.0.0/9", true },
        { "100.99.10.9", "100.99.10.9", false },
        { "::", "::", false },
        { "::/0", "::/0", false },
        { "::1", "::1", false },
        { "::1/128", "::1", false },
        { "1::", "1::", false },
        { "0:0:0:0:0:0:0:0", "::", false },
        { "2001:DB8::1", "2001:db8::1", false },
        { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", false },
        { "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", false },
        { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", false },
        { "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1", false },
        { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", false },
        { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", false },
        { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", false },
        { "2001:db8::1/64", "2001:db8::/64", true },
        { "2001:db8::/127", "2001:db8::/127", false },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/1", "8000::/1", true },
        { "fe80::1", "fe80::1", false },
        { "64:ff9b::192.0.2.1", "64:ff9b::c000:201", false },
        { "::192.0.2.1", "::c000:201", false },
        { "1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201", false },
        { "::fffe:192.0.2.1", "::fffe:c000:201", false },
        { "::ffff:0:192.0.2.1", "::ffff:0:c000:201", false },
};

static void test_good(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(good); i++) {
                char buffer[ADDRESS_TEXT_MAX];
                const char *reason = NULL;
                bool host_bits;
                Prefix p, again;

                if (prefix_parse(good[i].text, strlen(good[i].text), &p, &host_bits, &reason) < 0)
                        fail_msg("%s: %s", good[i].text, reason);
                assert_string_equal(prefix_format(&p, buffer), good[i].canonical);
                assert_int_equal(host_bits, good[i].host_bits);
                assert_int_equal(
                        prefix_parse(buffer, strlen(buffer), &again, &host_bits, &reason), 0);
                assert_int_equal(prefix_compare(&p, &again), 0);
                assert_false(host_bits);
        }
}

/* A text and the beginning of the reason. */
#define BAD(text, reason)                      \
        {                                      \
                text, sizeof(text) - 1, reason \
        }
static const struct Bad {
        const char *text;
        size_t n;
        const char *reason;
} bad[] = {
        BAD("", "an address is missing"),
        BAD("/24", "an address is missing"),
        BAD(" ", "an address cannot contain white space"),
        BAD(" 192.0.2.1", "an address cannot contain white space"),
        BAD("192.0.2.1 ", "an address cannot contain white space"),
        BAD("192.0.2.1\n", "an address cannot contain white space"),
        BAD("192.0.2.1\0", "an address cannot contain white space"),
        BAD("2001:db8::1\0", "an address cannot contain white space"),
        BAD("192.0.2.1 /24", "an address cannot contain white space"),
        BAD("192.0.2", "not a valid address (IPv4"),
        BAD("192.0.2.", "not a valid address (IPv4"),
        BAD("192.0.2.1.", "not a valid address (IPv4"),
        BAD("192.0.2.1.1", "not a valid address (IPv4"),
        BAD("192..2.1", "not a valid address (IPv4"),
        BAD(".192.0.2.1", "not a valid address (IPv4"),
        BAD("192.0.2.256", "not a valid address (IPv4"),
        BAD("192.0.2.1000", "not a valid address (IPv4"),
        BAD("192.0.2.4294967297", "not a valid address (IPv4"),
        BAD("3221225985", "not a valid address (IPv4"),
        BAD("192.0.2.+1", "not a valid address (IPv4"),
        BAD("192.0.2.*", "not a valid address (IPv4"),
        BAD("192,0,2,1", "not a valid address (IPv4"),
        BAD("192.0.02.1", "leading zeros are not accepted"),
        BAD("192.0.2.01", "leading zeros are not accepted"),
        BAD("010.0.0.1", "leading zeros are not accepted"),
        BAD("192.0.2.00", "leading zeros are not accepted"),
        BAD("000.0.0.0", "leading zeros are not accepted"),
        BAD("0xc0.0.2.1", "host names are not accepted"),
        BAD("mail.example.org", "host names are not accepted"),
        BAD("localhost", "host names are not accepted"),
        BAD("cafe", "host names are not accepted"),
        BAD("mail-1.example.org/24", "host names are not accepted"),
        BAD("192.0.2.1-192.0.2.9", "ranges are not accepted"),
        BAD("192.0.2.1:25", "write an address without a port"),
        BAD("[2001:db8::1]", "write an IPv6 address without brackets"),
        BAD("[2001:db8::1]:25", "write an IPv6 address without brackets"),
        BAD("fe80::1%eth0", "zone ids are not accepted; leave it out and name the "
                            "interface with `on IFACE`"),
        BAD("fe80::1%eth0/64", "zone ids are not accepted"),
        BAD("192.0.2.1%eth0", "zone ids are not accepted"),
        BAD("::ffff:192.0.2.1", "IPv4-mapped addresses are not accepted; write the IPv4 address"),
        BAD("::FFFF:c000:201", "IPv4-mapped addresses are not accepted"),
        BAD("0:0:0:0:0:ffff:192.0.2.1", "IPv4-mapped addresses are not accepted"),
        BAD("::ffff:0:0/96", "IPv4-mapped addresses are not accepted"),
        BAD("::ffff:192.0.2.1/120", "IPv4-mapped addresses are not accepted"),
        BAD(":", "not a valid "),
        BAD(":::", "not a valid IPv6 address"),
        BAD("1:::2", "not a valid IPv6 address"),
        BAD("1::2::3", "not a valid IPv6 address"),
        BAD(":1::2", "not a valid IPv6 address"),
        BAD("1::2:", "not a valid IPv6 address"),
        BAD("1:2:3:4:5:6:7", "not a valid IPv6 address"),
        BAD("1:2:3:4:5:6:7:8:9", "not a valid IPv6 address"),
        BAD("1:2:3:4:5:6:7:8::", "not a valid IPv6 address"),
        BAD("::1:2:3:4:5:6:7:8", "not a valid IPv6 address"),
        BAD("1:2:3:4::5:6:7:8", "not a valid IPv6 address"),
        BAD("12345::", "not a valid IPv6 address"),
        BAD("00001::", "not a valid IPv6 address"),
        BAD("g::1", "not a valid IPv6 address"),
        BAD("1:2:3:4:5:6:7:192.0.2.1", "not a valid IPv6 address"),
        BAD("1::192.0.2.1:2", "not a valid IPv6 address"),
        BAD("1::192.0.2.01", "not a valid IPv6 address"),
        BAD("1::192.0.2", "not a valid IPv6 address"),
        BAD("192.0.2.1/", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("192.0.2.1/33", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("192.0.2.1/024", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("192.0.2.1/00", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("192.0.2.1/-1", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("192.0.2.1/+8", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("192.0.2.1/8/8", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("192.0.2.1/4294967304", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("192.0.2.1/ 8", "the length of an IPv4 prefix must be 0 to 32"),
        BAD("2001:db8::/129", "the length of an IPv6 prefix must be 0 to 128"),
        BAD("2001:db8::/1280", "the length of an IPv6 prefix must be 0 to 128"),
        BAD("2001:db8::/", "the length of an IPv6 prefix must be 0 to 128"),
        BAD("10.0.0.0/255.0.0.0", "netmasks are not accepted; write the prefix length"),
        BAD("2001:db8::/ffff:ffff::", "netmasks are not accepted"),
};

static void test_bad(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                const char *reason = NULL;
                bool host_bits = true;
                Prefix p = { .bits = 77 };

                if (prefix_parse(bad[i].text, bad[i].n, &p, &host_bits, &reason) != -EINVAL)
                        fail_msg("%s is taken", bad[i].text);
                assert_non_null(reason);
                if (strncmp(reason, bad[i].reason, strlen(bad[i].reason)) != 0)
                        fail_msg("%s: %s", bad[i].text, reason);
                assert_int_equal(p.bits, 77);
                assert_true(host_bits);
        }
}

/* Nothing is read beyond n bytes: every beginning of a text is judged as a text of its own. */
static void test_length(void **state _unused_)
{
        const char *reason;
        bool host_bits;
        Prefix p;

        assert_int_equal(prefix_parse("192.0.2.12", 9, &p, &host_bits, &reason), 0);
        assert_int_equal(p.address.bytes[3], 1);
        assert_int_equal(prefix_parse("192.0.2.0/24", 11, &p, &host_bits, &reason), 0);
        assert_int_equal(p.bits, 2);
        assert_int_equal(prefix_parse("2001:db8::12", 11, &p, &host_bits, &reason), 0);
        assert_int_equal(p.address.bytes[15], 1);
        assert_int_equal(prefix_parse(NULL, 0, &p, &host_bits, &reason), -EINVAL);
        for (size_t i = 0; i < ELEMENTS(good); i++)
                for (size_t n = 0; n < strlen(good[i].text); n++) {
                        _cleanup_free_ char *exact = malloc(n ?: 1);

                        assert_non_null(exact);
                        memcpy(exact, good[i].text, n);
                        (void)prefix_parse(exact, n, &p, &host_bits, &reason);
                }
}

static void test_address_alone(void **state _unused_)
{
        const char *reason;
        Address a;

        assert_int_equal(address_parse("192.0.2.1", 9, &a, &reason), 0);
        assert_int_equal(address_parse("192.0.2.0/24", 12, &a, &reason), -EINVAL);
        assert_string_equal(reason, "must be an address, not a prefix");
        assert_int_equal(address_parse("2001:db8::/32", 13, &a, &reason), -EINVAL);
        assert_string_equal(reason, "must be an address, not a prefix");
}

static uint64_t seed = 1;

static unsigned pick(unsigned below)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (unsigned)(seed >> 11) % below;
}

/* Random addresses with many zeros: what the C library writes is read, and the other way round. */
static void test_as_libc(void **state _unused_)
{
        for (unsigned round = 0; round < 100000; round++) {
                char ours[ADDRESS_TEXT_MAX], theirs[INET6_ADDRSTRLEN];
                int af = pick(2) ? AF_INET : AF_INET6;
                const char *reason = NULL;
                uint8_t bytes[16] = { 0 };
                Address a;

                for (size_t i = 0; i < (af == AF_INET ? 4 : 16); i++)
                        bytes[i] = pick(3) ? 0 : (uint8_t)pick(256);
                bytes[0] |= 0x20; /* not mapped */
                assert_non_null(inet_ntop(af, bytes, theirs, sizeof(theirs)));
                assert_int_equal(address_parse(theirs, strlen(theirs), &a, &reason), 0);
                assert_memory_equal(a.bytes, bytes, 16);
                assert_string_equal(address_format(&a, ours), theirs);
        }
}

/* Every length of both families, against a bit by bit comparison. */
static void test_contains(void **state _unused_)
{
        for (unsigned round = 0; round < 20000; round++) {
                Family family = pick(2) ? FAMILY_IPV4 : FAMILY_IPV6;
                unsigned bits = pick(family_bits(family) + 1), same = 0;
                Address a = { .family = family };
                Prefix p = { .address.family = family, .bits = (uint8_t)bits };

                for (unsigned i = 0; i < family_bits(family) / 8; i++)
                        a.bytes[i] = p.address.bytes[i] = (uint8_t)pick(256);
                if (pick(4))
                        a.bytes[pick(family_bits(family) / 8)] ^= (uint8_t)(1u << pick(8));
                while (same < family_bits(family) &&
                        ((a.bytes[same / 8] ^ p.address.bytes[same / 8]) & 0x80 >> same % 8) == 0)
                        same++;
                ipv6_mask(p.address.bytes, bits);
                assert_int_equal(prefix_contains(&p, &a), same >= bits);
                a.family = family == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4;
                assert_false(prefix_contains(&p, &a));
        }
}

static void test_compare(void **state _unused_)
{
        static const char *const ascending[] = { "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9",
                "10.0.0.1", "128.0.0.0", "255.255.255.255", "::/0", "::1", "2001:db8::/32",
                "ff00::/8" };
        Prefix p[ELEMENTS(ascending)];
        const char *reason;
        bool host_bits;

        for (size_t i = 0; i < ELEMENTS(ascending); i++)
                assert_int_equal(prefix_parse(ascending[i], strlen(ascending[i]), &p[i], &host_bits,
                                         &reason),
                        0);
        for (size_t i = 0; i < ELEMENTS(ascending); i++)
                for (size_t j = 0; j < ELEMENTS(ascending); j++) {
                        int r = prefix_compare(&p[i], &p[j]);

                        assert_int_equal((r > 0) - (r < 0), (i > j) - (i < j));
                }
}

static void test_numbers(void **state _unused_)
{
        Address a = address_from_ipv4(0xc0000201);
        char buffer[ADDRESS_TEXT_MAX];

        assert_string_equal(address_format(&a, buffer), "192.0.2.1");
        assert_int_equal(address_to_ipv4(&a), 0xc0000201);
        assert_int_equal(family_bits(FAMILY_IPV4), 32);
        assert_int_equal(family_bits(FAMILY_IPV6), 128);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_length),
                cmocka_unit_test(test_address_alone),
                cmocka_unit_test(test_as_libc),
                cmocka_unit_test(test_contains),
                cmocka_unit_test(test_compare),
                cmocka_unit_test(test_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
