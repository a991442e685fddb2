/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Two containers on one bridge, with bridge-nf-call-iptables 1, as container engines set it: what
 * the bridge passes between its ports meets FORWARD, and is not routed. What the host routes from
 * the bridge back to it is.
 *
 *   container 10.9.0.2, fd00:9::2 ── br0 (10.9.0.1, fd00:9::1) ── internet 10.9.0.3, fd00:9::3
 */

#include "tests/adversary/attack.h"

#define NEIGHBOUR4 "10.9.0.3"
#define NEIGHBOUR6 "fd00:9::3"
#define BEYOND4 "198.51.100.7"
#define BEYOND6 "2001:db8:7::7"
#define PUBLISHED4 "203.0.113.1"
#define PUBLISHED6 "2001:db8:113::1"

static int listeners[4];
static size_t n_listeners;

static void add_port(Site site, const char *name, int number)
{
        int pid = (int)world.pid[site];

        must("ip link add %s type veth peer name eth0 netns %d", name, pid);
        must("ip link set %s master br0 up", name);
        must("nsenter -t %d -n sh -c 'ip link set lo up; ip addr add 10.9.0.%d/24 dev eth0;"
             "ip addr add fd00:9::%d/64 dev eth0 nodad; ip link set eth0 up;"
             "ip route add default via 10.9.0.1; ip route add default via fd00:9::1'",
                pid, number, number);
}

static int setup(void **state)
{
        (void)state;
        must("sysctl -qw net.ipv6.conf.default.accept_dad=0");
        world_add(INTERNET);
        world_add(CONTAINER);
        for (Site p = INTERNET; p < _SITES; p++)
                must("nsenter -t %d -n sysctl -qw net.ipv6.conf.default.accept_dad=0",
                        (int)world.pid[p]);
        must("ip link add br0 type bridge && ip link set br0 up && ip addr add 10.9.0.1/24 dev br0"
             " && ip addr add fd00:9::1/64 dev br0 nodad");
        add_port(CONTAINER, "port1", 2);
        add_port(INTERNET, "port2", 3);
        must("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
             " net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.br0.send_redirects=0"
             " net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1");
        must("nsenter -t %d -n sh -c 'ip addr add " BEYOND4 "/32 dev lo;"
             "ip addr add " BEYOND6 "/128 dev lo nodad'",
                (int)world.pid[INTERNET]);
        must("ip route add default via " NEIGHBOUR4 "; ip route add default via " NEIGHBOUR6);
        way_wait(CONTAINER, "10.9.0.1");
        way_wait(CONTAINER, "fd00:9::1");
        way_wait(CONTAINER, NEIGHBOUR4);
        way_wait(CONTAINER, NEIGHBOUR6);
        way_wait(INTERNET, "10.9.0.1");
        way_wait(INTERNET, "fd00:9::1");
        for (Site s = HOST; s < _SITES; s++)
                listeners[n_listeners++] = listen_at(s, 25);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        for (size_t i = 0; i < n_listeners; i++)
                close(listeners[i]);
        world_end();
        return 0;
}

#define IN_CLOSED "default = { incoming = \"reject\"; routed = \"allow\"; };"
#define CLOSED "default = { incoming = \"reject\"; outgoing = \"reject\"; routed = \"reject\"; };"

static void expect_passed(void)
{
        uint64_t before = attack_count();

        assert_int_equal(connect_to(CONTAINER, NEIGHBOUR4, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, NEIGHBOUR6, 25), OPEN);
        assert_int_equal(attack_count(), before);
}

static void test_bridged(void **state)
{
        (void)state;
        skip_without_backend();
        attack_must_apply(CLOSED);
        expect_passed();
        assert_int_equal(connect_to(CONTAINER, "10.9.0.1", 25), RESET);
        assert_int_equal(connect_to(CONTAINER, "fd00:9::1", 25), RESET);
}

static bool stands(int fd)
{
        struct pollfd p = { .fd = fd };

        return poll(&p, 1, SILENCE_MSEC) == 0;
}

/* Nor is it cut, when routed connections are. */
static void check_not_cut(void)
{
        _cleanup_compiled_ Compiled c = compile_text(CLOSED);
        uint64_t n;
        int fds[2];

        attack_must_apply("enabled = true;");
        assert_int_equal(connect_as(0, 0, CONTAINER, NEIGHBOUR4, 25, &fds[0]), OPEN);
        assert_int_equal(connect_as(0, 0, CONTAINER, NEIGHBOUR6, 25, &fds[1]), OPEN);
        attack_must_apply(CLOSED);
        assert_int_equal(attacked_ops->cut(attacked, c.ruleset, &n), 0);
        for (size_t i = 0; i < 2; i++) {
                assert_true(stands(fds[i]));
                abort_connection(fds[i]);
        }
}

static void test_bridged_stands(void **state)
{
        (void)state;
        skip_without_backend();
        check_not_cut();
        must("ip addr flush dev br0 scope global");
        check_not_cut();
        must("ip addr add 10.9.0.1/24 dev br0 && ip addr add fd00:9::1/64 dev br0 nodad");
        must("ip route add default via " NEIGHBOUR4 "; ip route replace default via " NEIGHBOUR6);
}

static void test_routed_back_is_cut(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(CLOSED);
        uint64_t n = 0;
        int fds[2];

        (void)state;
        skip_without_backend();
        attack_must_apply("enabled = true;");
        assert_int_equal(connect_as(0, 0, CONTAINER, BEYOND4, 25, &fds[0]), OPEN);
        assert_int_equal(connect_as(0, 0, CONTAINER, BEYOND6, 25, &fds[1]), OPEN);
        attack_must_apply(CLOSED);
        assert_int_equal(attacked_ops->cut(attacked, c.ruleset, &n), 0);
        assert_true(n >= 2);
        for (size_t i = 0; i < 2; i++) {
                assert_false(stands(fds[i]));
                abort_connection(fds[i]);
        }
}

/* A bridge on which the host has no address. */
static void test_bridge_without_address(void **state)
{
        (void)state;
        skip_without_backend();
        attack_must_apply(CLOSED);
        must("ip addr flush dev br0 scope global");
        expect_passed();
        must("ip addr add 10.9.0.1/24 dev br0 && ip addr add fd00:9::1/64 dev br0 nodad");
        must("ip route add default via " NEIGHBOUR4 "; ip route replace default via " NEIGHBOUR6);
}

/* In and out by the same bridge, but not from port to port. */
static void test_routed_back(void **state)
{
        (void)state;
        skip_without_backend();
        attack_must_apply("enabled = true;");
        assert_int_equal(connect_to(CONTAINER, BEYOND4, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, BEYOND6, 25), OPEN);
        attack_must_apply(CLOSED);
        assert_int_equal(connect_to(CONTAINER, BEYOND4, 25), RESET);
        assert_int_equal(connect_to(CONTAINER, BEYOND6, 25), RESET);
        /* dialling the neighbour first opens no way out */
        assert_int_equal(connect_to(CONTAINER, NEIGHBOUR4, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, BEYOND4, 25), RESET);
}

/* 25 of an address of the host is published as the neighbour's: who dials it from the same bridge
 * dials the host, although the bridge passes what was translated from port to port. In FORWARD the
 * kernel answers a bridged packet with a reset of the neighbour's, which nobody waits for. */
static void test_published(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(IN_CLOSED);
        Answer refused = attacked_ops == &backend_nft ? RESET : SILENT;
        uint64_t n = 0, before;
        int fds[2];

        (void)state;
        skip_without_backend();
        must("ip addr add " PUBLISHED4 "/32 dev lo && ip addr add " PUBLISHED6 "/128 dev lo nodad");
        must("nft 'table inet published {"
             "  chain pre { type nat hook prerouting priority dstnat;"
             "    ip daddr " PUBLISHED4 " tcp dport 25 dnat ip to " NEIGHBOUR4 ";"
             "    ip6 daddr " PUBLISHED6 " tcp dport 25 dnat ip6 to " NEIGHBOUR6 "; }; }'");
        attack_must_apply("default = { incoming = \"allow\"; routed = \"reject\"; };");
        assert_int_equal(connect_as(0, 0, CONTAINER, PUBLISHED4, 25, &fds[0]), OPEN);
        assert_int_equal(connect_as(0, 0, CONTAINER, PUBLISHED6, 25, &fds[1]), OPEN);
        attack_must_apply(IN_CLOSED);
        assert_int_equal(attacked_ops->cut(attacked, c.ruleset, &n), 0);
        assert_int_equal(n, 2);
        for (size_t i = 0; i < 2; i++)
                abort_connection(fds[i]);
        before = attack_count();
        assert_int_equal(connect_to(CONTAINER, PUBLISHED4, 25), refused);
        assert_int_equal(connect_to(CONTAINER, PUBLISHED6, 25), refused);
        assert_true(attack_count() >= before + 2);
        expect_passed();
        must("nft delete table inet published");
        must("ip addr del " PUBLISHED4 "/32 dev lo && ip addr del " PUBLISHED6 "/128 dev lo");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bridged),
                cmocka_unit_test(test_bridge_without_address),
                cmocka_unit_test(test_published),
                cmocka_unit_test(test_routed_back),
                cmocka_unit_test(test_bridged_stands),
                cmocka_unit_test(test_routed_back_is_cut),
        };

        return attack_main(tests, ELEMENTS(tests), setup, teardown);
}
