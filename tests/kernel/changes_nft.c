/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Changes under the nftables backend: sets and rules that change at random, layouts that change
 * with the size, a million entries. After each, what is installed is what the script says.
 */

#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "tests/lib/nft_backend.h"

static const char *const small = "default = { incoming = \"reject\"; };";

/* A namespace for each test: what a failed one leaves open is not in the way of the next. */
static int begin(void **state)
{
        (void)state;
        return unshare(CLONE_NEWNET);
}

/* ---- sets that change ---- */

/* A batch is one message to the kernel: how large it may be is for the machine's root to say. */
static bool may_send_large(void)
{
        static const int queue = 64 << 20;
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
        bool may = setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &queue, sizeof(queue)) == 0;

        close(fd);
        return may;
}

typedef struct Random {
        uint64_t state;
} Random;

static uint32_t random_below(Random *r, uint32_t n)
{
        r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(r->state >> 33) % n;
}

static Prefix random_prefix(Random *r, unsigned spread)
{
        Prefix p = { .address.family = random_below(r, 2) ? FAMILY_IPV4 : FAMILY_IPV6 };
        unsigned bits = family_bits(p.address.family);

        p.bits = (uint8_t)(bits - random_below(r, 10));
        for (unsigned i = 0; i < 2; i++)
                p.address.bytes[bits / 8 - 1 - i] = (uint8_t)random_below(r, i == 0 ? 256 : spread);
        if (spread > 2)
                p.address.bytes[bits / 8 - 3] = (uint8_t)random_below(r, spread);
        if (random_below(r, 50) == 0)
                memset(p.address.bytes, 0xff, bits / 8);
        for (unsigned i = p.bits; i < bits; i++)
                p.address.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
        return p;
}

/* A policy whose set s holds what is given. */
static Compiled compile_set(PrefixSet *entries)
{
        Compiled c = { .policy = make_policy() };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        State *s = c.policy->state;

        test_load_host(c.policy,
                "sets = { fixed = { entries = [ \"192.0.2.0/24\" ]; }; };"
                "rules = ({ action = \"deny\"; direction = \"in\"; from = [ \"@fixed\", \"@s\" ]; "
                "},"
                "         { action = \"deny\"; direction = \"routed\"; to = \"@s\"; });",
                "p25.conf", &d);
        s->sets = calloc(1, sizeof(StoredSet));
        assert_non_null(s->sets);
        s->sets[0] = (StoredSet){ .name = strdup("s"), .entries = prefix_set_ref(entries) };
        s->n_sets = 1;
        c.ruleset = compile_good(c.policy, &d);
        return c;
}

static void change_at_random(Backend *b, uint64_t seed, unsigned spread, unsigned most, int rounds)
{
        Random random = { seed };
        PrefixSet *set = NULL;

        assert_int_equal(prefix_set_new(NULL, 0, &set), 0);
        for (int i = 0; i < rounds; i++) {
                Prefix plus[4096], minus[4096];
                size_t n = random_below(&random, most), k = random_below(&random, most), a, d;
                _cleanup_(prefix_set_unref_p) PrefixSet *add = NULL, *sub = NULL;
                PrefixSet *next = NULL;

                for (size_t j = 0; j < n; j++)
                        plus[j] = random_prefix(&random, spread);
                for (size_t j = 0; j < k; j++)
                        minus[j] = random_prefix(&random, spread);
                assert_int_equal(prefix_set_new(plus, n, &add), 0);
                assert_int_equal(prefix_set_new(minus, k, &sub), 0);
                assert_int_equal(prefix_set_update(set, add, sub, &next, &a, &d), 0);
                prefix_set_unref(set);
                set = next;
                _cleanup_compiled_ Compiled c = compile_set(set);
                assert_int_equal(apply(b, c.ruleset), 0);
                expect_installed(c.ruleset);
        }
        prefix_set_unref(set);
}

static void test_changing_sets(void **state)
{
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        change_at_random(b, 25, 2, 60, 25);
        change_at_random(b, 465, 2, 400, 10);
        if (!may_send_large())
                return;
        /* Beyond the room that sets were made with, and back. */
        change_at_random(b, 587, 256, 4096, 9);
        change_at_random(b, 25, 2, 60, 3);
}

/* Rules that come, go and move, few of them and many; sets that grow out of their room. */
static void test_changing_rules(void **state)
{
        _cleanup_backend_ Backend *b = open_backend();
        Random random = { 587 };

        (void)state;
        for (int i = 0; i < 30; i++) {
                _cleanup_buffer_ Buffer text = { 0 };
                size_t n = random_below(&random, i % 3 == 0 ? 5 : i % 3 == 1 ? 80 : 400);

                buffer_add_string(&text, "rules = (");
                for (size_t k = 0; k < n; k++) {
                        /* Most rules stay what they are from round to round. */
                        unsigned x = random_below(&random, 10) ? (unsigned)k
                                                               : random_below(&random, 250);

                        buffer_printf(&text,
                                "%s{ action = \"%s\"; direction = \"in\"; from = [ "
                                "\"10.%u.%u.0/24\""
                                "%s ]; ports = [ %s ]; %s }",
                                k > 0 ? "," : "", x % 5 == 0 ? "limit" : "deny", x / 256, x % 256,
                                x % 4 == 0 ? ", \"2001:db8::/33\", \"2001:db9::1\"" : "",
                                x % 7 == 0 ? "25, 587" : "25", x % 3 == 0 ? "log = true;" : "");
                }
                buffer_add_string(&text, "); logging = \"off\";");
                _cleanup_compiled_ Compiled c = compile_text(text.data);
                assert_int_equal(apply(b, c.ruleset), 0);
                expect_installed(c.ruleset);
        }
}

/* The longest way that a table can have: what conntrack does not follow, a tree of all levels, then
 * rules with several sources and destinations and limits that log. The kernel refuses a longer one.
 */
static void test_deepest(void **state)
{
        /* near the others, and each unlike them in another pair of bits: a level each */
        static const char *const apart[] = { "74.10.10.0/24", "26.10.10.0/24", "14.10.10.0/24",
                "11.10.10.0/24", "10.138.10.0/24", "10.14.10.0/24", "10.10.138.0/24" };
        _cleanup_buffer_ Buffer text = { 0 };
        _cleanup_backend_ Backend *b = open_backend();
        _cleanup_free_ char *chains = NULL;

        (void)state;
        buffer_add_string(&text, "rules = (");
        for (int i = 0; i < 20; i++)
                buffer_printf(&text,
                        "{ action = \"limit\"; direction = \"routed\"; log = true; "
                        "from = [ \"10.10.10.%d\", \"10.10.10.%d\" ]; "
                        "to = [ \"192.0.2.1\", \"198.51.100.9\" ]; },",
                        i, 100 + 2 * i);
        for (size_t i = 0; i < ELEMENTS(apart); i++)
                buffer_printf(&text,
                        "%s{ action = \"deny\"; direction = \"routed\"; from = \"%s\"; }",
                        i > 0 ? "," : "", apart[i]);
        buffer_add_string(&text, ");");
        _cleanup_compiled_ Compiled c = compile_text(text.data);
        assert_int_equal(apply(b, c.ruleset), 0);
        expect_installed(c.ruleset);
        chains = output_of("nft list chains inet | grep -c 'chain untracked_25_0_v4_'");
        assert_int_equal(strtoul(chains, NULL, 10), ELEMENTS(apart));
}

/* ---- large sets ---- */

static PrefixSet *make_large(size_t n, bool ipv6)
{
        Prefix *prefixes = calloc(n, sizeof(Prefix));
        PrefixSet *set = NULL;

        assert_non_null(prefixes);
        for (size_t i = 0; i < n; i++) {
                prefixes[i].address.family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4;
                prefixes[i].bits = (uint8_t)((ipv6 ? 56 : 24) - i % 3);
                for (size_t k = 0; k < 4; k++)
                        prefixes[i].address.bytes[(ipv6 ? 2 : 0) + k] =
                                (uint8_t)((i << 10) >> (24 - 8 * k));
        }
        assert_int_equal(prefix_set_new(prefixes, n, &set), 0);
        free(prefixes);
        return set;
}

/* The same number of others. */
static PrefixSet *make_other(const PrefixSet *s)
{
        size_t n = prefix_set_size(s);
        Prefix *prefixes = calloc(n, sizeof(Prefix));
        PrefixSet *set = NULL;

        assert_non_null(prefixes);
        for (size_t i = 0; i < n; i++) {
                const Prefix4 *p = prefix4_at(s, i);
                uint32_t address = i < 100 ? p->address : p->address ^ 0x40000000;

                prefixes[i] = (Prefix){ .address = address_from_ipv4(address), .bits = p->bits };
        }
        assert_int_equal(prefix_set_new(prefixes, n, &set), 0);
        free(prefixes);
        return set;
}

static size_t count_elements(const char *pattern)
{
        char command[256];
        _cleanup_free_ char *text = NULL;

        snprintf(command, sizeof(command),
                "for s in $(nft list sets inet | sed -n 's/.*set \\(%s\\) {/\\1/p'); do "
                "nft list set inet p25 $s; done | grep -oE '[0-9a-f:]+::|[0-9]+(\\.[0-9]+){3}' | "
                "wc -l",
                pattern);
        text = output_of(command);
        return strtoul(text, NULL, 10);
}

static void test_large(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = make_large(20000, false);
        _cleanup_(prefix_set_unref_p) PrefixSet *more = NULL, *plus = make_set("203.0.113.77");
        _cleanup_compiled_ Compiled c = compile_set(set);
        _cleanup_backend_ Backend *b = open_backend();
        size_t added, removed;

        (void)state;
        if (!may_send_large())
                skip();
        assert_int_equal(apply(b, c.ruleset), 0);
        assert_int_equal(count_elements("s4p[0-9]*_s"), 20000);
        expect_installed(c.ruleset);
        assert_int_equal(prefix_set_update(set, plus, NULL, &more, &added, &removed), 0);
        _cleanup_compiled_ Compiled c2 = compile_set(more);
        assert_int_equal(apply(b, c2.ruleset), 0);
        must("nft get element inet p25 s4p32_s '{ 203.0.113.77 }' >/dev/null");
        expect_installed(c2.ruleset);
        assert_int_equal(apply(b, c.ruleset), 0);
        expect_installed(c.ruleset);
}

/* Nearly all of it is another: the sets are made again under their names. */
static void test_large_replaced(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = make_large(20000, false);
        _cleanup_(prefix_set_unref_p) PrefixSet *other = make_other(set);
        _cleanup_compiled_ Compiled c = compile_set(set), c2 = compile_set(other);
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        if (!may_send_large())
                skip();
        assert_int_equal(apply(b, c.ruleset), 0);
        assert_int_equal(apply(b, c2.ruleset), 0);
        expect_installed(c2.ruleset);
        assert_int_equal(apply(b, c.ruleset), 0);
        expect_installed(c.ruleset);
}

static void test_very_large(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *v4 = make_large(1000000, false);
        _cleanup_(prefix_set_unref_p) PrefixSet *v6 = make_large(100000, true);
        _cleanup_(prefix_set_unref_p) PrefixSet *both = NULL;
        _cleanup_backend_ Backend *b = open_backend();
        size_t added, removed;

        (void)state;
        if (!may_send_large())
                skip();
        assert_int_equal(prefix_set_update(v4, v6, NULL, &both, &added, &removed), 0);
        _cleanup_compiled_ Compiled c = compile_set(both), small_again = compile_text(small);
        assert_int_equal(apply(b, c.ruleset), 0);
        must("nft get element inet p25 s4p24_s '{ 5.220.132.0 }' >/dev/null");
        must("nft get element inet p25 s6p55_s '{ 0:0:1000:: }' >/dev/null ||"
             "nft get element inet p25 s6p56_s '{ 0:0:1000:: }' >/dev/null ||"
             "nft get element inet p25 s6p54_s '{ 0:0:1000:: }' >/dev/null");
        assert_int_equal(apply(b, small_again.ruleset), 0);
        expect_installed(small_again.ruleset);
}

/* 64 mail ports, every second with a rule of its own: as many classes. */
static void test_many_ports(void **state)
{
        _cleanup_buffer_ Buffer text = { 0 };
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        buffer_add_string(&text, "mail_ports = [ 3000");
        for (int i = 1; i < 60; i++)
                buffer_printf(&text, ", %d", 3000 + i);
        buffer_add_string(&text, " ]; rules = ({ action = \"deny\"; ports = [ 25, 3059 ]; }");
        for (int i = 0; i < 60; i += 2)
                buffer_printf(&text,
                        ", { action = \"reject\"; direction = \"in\"; ports = [ %d, %d ]; }",
                        3000 + i, 3000 + i * i % 60);
        buffer_add_string(&text, ");");
        _cleanup_compiled_ Compiled c = compile_text(text.data);
        assert_int_equal(apply(b, c.ruleset), 0);
        expect_installed(c.ruleset);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
        static const struct CMUnitTest tests[] = {
                TEST(test_changing_sets),
                TEST(test_changing_rules),
                TEST(test_deepest),
                TEST(test_large),
                TEST(test_large_replaced),
                TEST(test_very_large),
                TEST(test_many_ports),
        };

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
