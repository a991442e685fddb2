/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A limit whose memory is full, or was to be: 66,000 spoofed sources, a second of packets, must not
 * open it for anybody else.
 */

#include "rules/ruleset/ruleset.h"
#include "tests/adversary/attack.h"

#include <poll.h>

static int listeners[3];

static int setup(void **state)
{
        (void)state;
        world_build();
        listeners[0] = listen_at(HOST, 25);
        listeners[1] = listen_at(CONTAINER, 25);
        listeners[2] = listen_at(INTERNET, 25);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        close(listeners[0]);
        close(listeners[1]);
        close(listeners[2]);
        world_end();
        return 0;
}

/* SYNs from so many sources: addresses of 64.0.0.0/8, or networks below 2a00::/16. */
static void flood_to(const char *target, bool v6, uint32_t n)
{
        struct sockaddr_ll to;
        int fd = attack_open(CONTAINER, v6, &to);
        char from[INET6_ADDRSTRLEN];
        uint8_t frame[128];

        for (uint32_t i = 0; i < n; i++) {
                Segment s = { .from = from,
                        .to = target,
                        .source = (uint16_t)(1024 + i % 60000),
                        .port = 25,
                        .flags = TH_SYN };
                size_t length;

                if (v6)
                        snprintf(from, sizeof(from), "2a00:0:%x:%x::1", i >> 16, i & 0xffff);
                else
                        snprintf(from, sizeof(from), "64.%u.%u.%u", i >> 16 & 255, i >> 8 & 255,
                                i & 255);
                length = segment_build(&s, frame);
                assert_int_equal(sendto(fd, frame, length, 0, (void *)&to, sizeof(to)), length);
        }
        close(fd);
}

static void flood(bool v6, uint32_t n)
{
        flood_to(v6 ? HOST6 : HOST4, v6, n);
}

static void expect_burst(const char *to, int open)
{
        for (int i = 0; i < open; i++)
                assert_int_equal(connect_to(INTERNET, to, 25), OPEN);
        assert_int_equal(connect_to(INTERNET, to, 25), RESET);
}

#define UNTRACK                                                                 \
        "nft -f - <<'E'\n"                                                      \
        "table inet raw {\n"                                                    \
        "  chain pre { type filter hook prerouting priority -300; notrack; }\n" \
        "  chain out { type filter hook output priority -300; notrack; }\n"     \
        "}\nE"

/* Conntrack has no room for that many: what it drops proves nothing. */
static void test_sources(void **state)
{
        (void)state;
        skip_without_backend();
        must(UNTRACK);
        attack_must_apply("default = { incoming = \"reject\"; };"
                          "rules = ({ action = \"limit\"; direction = \"in\";"
                          "  rate = \"2/hour\"; burst = 3; });");
        flood(false, 66000);
        flood(true, 66000);
        expect_burst(HOST4, 3);
        expect_burst(HOST6, 3);
}

/* The same through conntrack, with a bound on open connections. */
static void test_sources_tracked(void **state)
{
        (void)state;
        skip_without_backend();
        must("sysctl -qw net.netfilter.nf_conntrack_max=400000 2>/dev/null || true");
        attack_must_apply("default = { incoming = \"reject\"; };"
                          "rules = ({ action = \"limit\"; direction = \"in\";"
                          "  rate = \"2/hour\"; burst = 3; max = 20; });");
        flood(false, 66000);
        expect_burst(HOST4, 3);
        expect_burst(HOST6, 3);
}

/* What conntrack does not follow cannot be counted, and is not let through uncounted. */
static void test_uncounted(void **state)
{
        (void)state;
        skip_without_backend();
        must(UNTRACK);
        attack_must_apply("default = { incoming = \"reject\"; };"
                          "rules = ({ action = \"limit\"; direction = \"in\"; max = 2; });");
        assert_int_equal(connect_to(INTERNET, HOST4, 25), RESET);
        assert_int_equal(connect_to(INTERNET, HOST6, 25), RESET);
}

/* Sources that find no room share one bucket; who has one is not disturbed. */
static void test_full(void **state)
{
        int fd;

        (void)state;
        skip_without_backend();
        if (!streq(attacked_ops->name, "nftables"))
                skip(); /* the kernel drops what hashlimit has no room for */
        attack_apply_small("default = { incoming = \"reject\"; };"
                           "rules = ({ action = \"limit\"; direction = \"in\";"
                           "  rate = \"2/hour\"; burst = 3; });",
                50);
        assert_int_equal(connect_to(CONTAINER, HOST4, 25), OPEN);
        flood(false, 49);
        expect_burst(HOST4, 3); /* from the shared bucket, which is full */
        assert_int_equal(connect_to(CONTAINER, HOST4, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, HOST4, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, HOST4, 25), RESET);
        attack_apply_small("default = { incoming = \"reject\"; };"
                           "rules = ({ action = \"limit\"; direction = \"in\"; max = 1; });",
                50);
        flood(false, 50);
        assert_int_equal(connect_as(0, 0, INTERNET, HOST4, 25, &fd), OPEN);
        assert_int_equal(connect_to(INTERNET, HOST4, 25), RESET);
        abort_connection(fd);
}

static bool is_reset(int fd)
{
        struct pollfd p = { .fd = fd };

        return poll(&p, 1, 10000) == 1 && p.revents & POLLERR;
}

/* More connections through the host than are known of those that conntrack does not follow: they
 * pass as the policy says, and what was known before is cut. */
static void test_untracked(void **state)
{
        _cleanup_(ruleset_free_p) Ruleset *r = NULL;
        uint64_t n = 0;
        int v4, v6;

        (void)state;
        skip_without_backend();
        if (!streq(attacked_ops->name, "nftables"))
                skip(); /* iptables knows nothing of them */
        must(UNTRACK);
        attack_must_apply("default = { routed = \"allow\"; };");
        assert_int_equal(connect_as(0, 0, CONTAINER, INTERNET4, 25, &v4), OPEN);
        assert_int_equal(connect_as(0, 0, CONTAINER, INTERNET6, 25, &v6), OPEN);
        flood_to(INTERNET4, false, 20000);
        flood_to(INTERNET6, true, 20000);
        assert_int_equal(connect_to(CONTAINER, INTERNET4, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, INTERNET6, 25), OPEN);
        assert_int_equal(attack_apply("default = { routed = \"reject\"; };", &r), 0);
        assert_int_equal(attacked_ops->cut(attacked, r, &n), 0);
        assert_in_range(n, 2 * 16000, 2 * 16384);
        assert_int_equal(send(v4, "x", 1, MSG_NOSIGNAL), 1);
        assert_int_equal(send(v6, "x", 1, MSG_NOSIGNAL), 1);
        assert_true(is_reset(v4) && is_reset(v6));
        abort_connection(v4);
        abort_connection(v6);
        assert_int_equal(attack_apply("default = { routed = \"allow\"; };", NULL), 0);
        assert_int_equal(connect_to(CONTAINER, INTERNET4, 25), OPEN);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sources),
                cmocka_unit_test(test_sources_tracked),
                cmocka_unit_test(test_uncounted),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_untracked),
        };

        return attack_main(tests, ELEMENTS(tests), setup, teardown);
}
