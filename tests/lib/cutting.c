/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/cutting.h"

#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

/* Does a connection still carry bytes? */
static Answer try_to_speak(int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char byte;

        if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
                return RESET;
        if (poll(&p, 1, SILENCE_MSEC) == 0)
                return OPEN; /* nobody reads, nobody refuses */
        return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET ? RESET : OTHER;
}

static uint64_t cut_text(const char *text)
{
        _cleanup_compiled_ Compiled c = compile_text(text);
        uint64_t n = 0;

        assert_int_equal(apply(backend, c.ruleset), 0);
        assert_int_equal(tested_backend->cut(backend, c.ruleset, &n), 0);
        return n;
}

static void publish(void)
{
        must("nft -f - <<'E'\n"
             "table inet nat {\n"
             "  chain pre { type nat hook prerouting priority -100;\n"
             "    iifname wan0 tcp dport 25 dnat ip to 10.9.0.2:2525\n  }\n"
             "  chain post { type nat hook postrouting priority 100;\n"
             "    oifname wan0 ip saddr 10.9.0.0/24 masquerade\n  }\n"
             "}\nE");
}

static void test_cut(void **state)
{
        int published, routed, kept, other;

        (void)state;
        publish();
        apply_text(backend, "enabled = true;");
        assert_int_equal(connect_as(0, 0, INTERNET, HOST4, 25, &published), OPEN);
        assert_int_equal(connect_as(0, 0, CONTAINER, INTERNET4, 25, &routed), OPEN);
        assert_int_equal(connect_as(0, 0, CONTAINER, INTERNET6, 25, &kept), OPEN);
        assert_int_equal(connect_as(0, 0, CONTAINER, INTERNET6, 587, &other), OPEN);
        assert_int_equal(cut_text("enabled = true;"), 0);
        assert_int_equal(cut_text("default = { routed = \"reject\"; };"
                                  "rules = ({ action = \"allow\"; direction = \"routed\";"
                                  "  to = \"2001:db8:1::2\"; });"),
                1);
        assert_int_equal(try_to_speak(routed), RESET);
        assert_int_equal(try_to_speak(published), OPEN);
        assert_int_equal(try_to_speak(kept), OPEN);
        assert_int_equal(try_to_speak(other), OPEN);
        assert_int_equal(cut_text("default = { incoming = \"deny\"; };"), 1);
        assert_int_equal(try_to_speak(published), RESET);
        assert_int_equal(try_to_speak(kept), OPEN);
        abort_connection(published);
        abort_connection(routed);
        abort_connection(kept);
        abort_connection(other);
}

/* The other end of the newest connection, in whatever site it was accepted. */
static int accept_newest(void)
{
        for (int tries = 0; tries < 1000; tries++) {
                int newest = -1, fd;

                for (size_t i = 0; i < n_listeners; i++)
                        while ((fd = accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                                if (newest >= 0)
                                        abort_connection(newest);
                                newest = fd;
                        }
                if (newest >= 0)
                        return newest;
                usleep(1000);
        }
        fail_msg("nobody was connected");
        return -1;
}

/* Of earlier tests. */
static void forget_accepted(void)
{
        int fd;

        for (size_t i = 0; i < n_listeners; i++)
                while ((fd = accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC)) >= 0)
                        abort_connection(fd);
}

static bool is_reset(int fd)
{
        struct pollfd p = { .fd = fd };

        return poll(&p, 1, 10000) == 1 && p.revents & POLLERR;
}

static bool stands(int fd)
{
        struct pollfd p = { .fd = fd };

        return poll(&p, 1, SILENCE_MSEC) == 0;
}

typedef struct Pair {
        int client, server;
} Pair;

static Pair connect_pair(Site from, const char *to, uint16_t port)
{
        Pair p;

        forget_accepted();
        assert_int_equal(connect_as(0, 0, from, to, port, &p.client), OPEN);
        p.server = accept_newest();
        return p;
}

static void pair_close(const Pair *p)
{
        abort_connection(p->client);
        abort_connection(p->server);
}

/* Nobody speaks: both ends learn all the same that it is over. */
static void test_cut_idle(void **state)
{
        Pair gone[4], kept;

        (void)state;
        publish();
        must("nft add rule inet nat pre iifname wan0 tcp dport 25 dnat ip6 to '[fd00:9::2]:2525'");
        apply_text(backend, "enabled = true;");
        gone[0] = connect_pair(INTERNET, HOST4, 25);
        gone[1] = connect_pair(INTERNET, HOST6, 25);
        gone[2] = connect_pair(CONTAINER, INTERNET4, 25);
        gone[3] = connect_pair(CONTAINER, INTERNET6, 25);
        kept = connect_pair(CONTAINER, INTERNET6, 587);
        assert_int_equal(cut_text("default = { incoming = \"deny\"; routed = \"reject\"; };"), 4);
        for (size_t i = 0; i < ELEMENTS(gone); i++) {
                assert_true(is_reset(gone[i].client));
                assert_true(is_reset(gone[i].server));
                pair_close(&gone[i]);
        }
        assert_true(stands(kept.client));
        assert_true(stands(kept.server));
        pair_close(&kept);
}

/* Where connections are tracked in a zone, theirs is the entry that is marked. */
static void test_cut_zone(void **state)
{
        Pair v4, v6;

        (void)state;
        must("nft 'table inet raw { chain pre { type filter hook prerouting priority -300;"
             " ct zone set 5; }; }'");
        apply_text(backend, "enabled = true;");
        v4 = connect_pair(CONTAINER, INTERNET4, 25);
        v6 = connect_pair(CONTAINER, INTERNET6, 25);
        assert_int_equal(cut_text("default = { routed = \"reject\"; };"), 2);
        assert_true(is_reset(v4.client) && is_reset(v4.server));
        assert_true(is_reset(v6.client) && is_reset(v6.server));
        pair_close(&v4);
        pair_close(&v6);
}

/* A rule that has ended allows nothing, also while it is still among the rules. */
static void test_cut_expired(void **state)
{
        _cleanup_compiled_ Compiled c =
                compile_text("default = { routed = \"reject\"; };"
                             "rules = ({ action = \"allow\"; direction = \"routed\"; });");
        uint64_t n = 0;
        Pair p;

        (void)state;
        apply_text(backend, "enabled = true;");
        p = connect_pair(CONTAINER, INTERNET4, 25);
        assert_int_equal(tested_backend->cut(backend, c.ruleset, &n), 0);
        assert_int_equal(n, 0);
        c.ruleset->directions[DIRECTION_ROUTED].rules[0].rule->expires_usec = 1000000;
        assert_int_equal(tested_backend->cut(backend, c.ruleset, &n), 0);
        assert_true(n >= 1); /* entries of other tests may still be there */
        assert_true(is_reset(p.client));
        pair_close(&p);
}

/* A prefix that is routed to the host itself: its connections end here, and do not pass. */
static void test_cut_local_prefix(void **state)
{
        Pair v4, v6;

        (void)state;
        must("ip route add local 203.0.113.0/24 dev lo; ip -6 route add local 2001:db8:5::/64 dev "
             "lo");
        world_enter(INTERNET);
        must("ip route add 203.0.113.0/24 via 192.0.2.1");
        world_enter(HOST);
        apply_text(backend, "enabled = true;");
        v4 = connect_pair(INTERNET, "203.0.113.9", 25);
        v6 = connect_pair(INTERNET, "2001:db8:5::9", 25);
        assert_int_equal(cut_text("default = { routed = \"reject\"; };"), 0);
        assert_true(stands(v4.client));
        assert_true(stands(v6.client));
        pair_close(&v4);
        pair_close(&v6);
        world_enter(INTERNET);
        must("ip route del 203.0.113.0/24");
        world_enter(HOST);
        must("ip route del local 203.0.113.0/24 dev lo; ip -6 route del local 2001:db8:5::/64 dev "
             "lo");
}

/* Connections from before p25 have no room for a label. */
static void test_cut_unlabelled(void **state)
{
        int published, routed;

        (void)state;
        publish();
        assert_int_equal(connect_as(0, 0, INTERNET, HOST4, 25, &published), OPEN);
        assert_int_equal(connect_as(0, 0, CONTAINER, INTERNET4, 25, &routed), OPEN);
        assert_int_equal(cut_text("default = { incoming = \"deny\"; routed = \"deny\"; };"), 2);
        assert_int_equal(try_to_speak(published), RESET);
        assert_int_equal(try_to_speak(routed), RESET);
        abort_connection(published);
        abort_connection(routed);
}

/* By which interface it came is not known later: only what no interface would allow is cut. */
static void test_cut_interfaces(void **state)
{
        int routed;

        (void)state;
        apply_text(backend, "enabled = true;");
        assert_int_equal(connect_as(0, 0, CONTAINER, INTERNET4, 25, &routed), OPEN);
        assert_int_equal(cut_text("default = { routed = \"deny\"; };"
                                  "rules = ({ action = \"allow\"; direction = \"routed\";"
                                  "  in_interface = \"cont0\"; });"),
                0);
        assert_int_equal(cut_text("rules = ({ action = \"deny\"; direction = \"routed\";"
                                  "  in_interface = \"wan0\"; });"),
                0);
        assert_int_equal(try_to_speak(routed), OPEN);
        abort_connection(routed);
}

int test_cutting(const BackendOps *ops)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
        static const struct CMUnitTest tests[] = {
                TEST(test_cut),
                TEST(test_cut_idle),
                TEST(test_cut_zone),
                TEST(test_cut_expired),
                TEST(test_cut_local_prefix),
                TEST(test_cut_unlabelled),
                TEST(test_cut_interfaces),
        };

        tested_backend = ops;
        tested_decisions = true;
        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        return cmocka_run_group_tests(tests, setup, teardown);
}
