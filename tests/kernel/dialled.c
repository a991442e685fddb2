/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Cutting where it is not plain who dialled, by which way, and whose the connection is.
 */

#include "rules/policy/state.h"
#include "tests/lib/two_hosts.h"

#include <sys/socket.h>

static void track_connections(void)
{
        run("nft 'table inet track { chain c { type filter hook output priority 0;"
            " ct state new accept; }; }'");
}

/* Whoever dials from a mail port, with a listener on it, dialled all the same. */
static void test_dialled_from_mail_port(void **state)
{
        static const char *const here[] = { "10.9.0.1", "fd09::1" }, *const there[] = { "10.9.0.2",
                "fd09::2" };
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int listeners[2], fds[2], accepted[2], incoming[2], one = 1;

        (void)state;
        track_connections();
        add_rule(&p->state->rules, .id = 1, .ports = "2525");
        r = compile_now(p);
        for (size_t i = 0; i < 2; i++) {
                struct sockaddr_storage a, own;
                socklen_t n = address_make(there[i], 25, &a);
                socklen_t k = address_make(here[i], 2525, &own);

                listeners[i] = socket_make(HOST, a.ss_family);
                fds[i] = socket_make(HOST, a.ss_family);
                setsockopt(listeners[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
                setsockopt(fds[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
                assert_int_equal(bind(fds[i], (struct sockaddr *)&own, k), 0);
                assert_int_equal(bind(listeners[i], (struct sockaddr *)&own, k), 0);
                assert_int_equal(connect(fds[i], (struct sockaddr *)&a, n), 0);
                assert_int_equal(listen(listeners[i], 10), 0);
                incoming[i] = connect_from(REMOTE, there[i], 0, here[i], 2525);
                accepted[i] = accept(listeners[i], NULL, NULL);
        }
        assert_int_equal(cut(r), 2);
        for (size_t i = 0; i < 2; i++) {
                assert_cut(fds[i]);
                assert_open(incoming[i]);
        }
        close_all(fds, 2);
        close_all(incoming, 2);
        close_all(accepted, 2);
        close_all(listeners, 2);
        run("nft delete table inet track");
}

static void park(int in, int fd)
{
        char control[CMSG_SPACE(sizeof(fd))] = { 0 }, byte = 0;
        struct iovec part = { &byte, 1 };
        struct msghdr m = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control) };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);

        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
        assert_int_equal(sendmsg(in, &m, 0), 1);
}

static int fetch(int from)
{
        char control[CMSG_SPACE(sizeof(int))], byte;
        struct iovec part = { &byte, 1 };
        struct msghdr m = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control) };
        int fd;

        assert_int_equal(recvmsg(from, &m, 0), 1);
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
        return fd;
}

/* A descriptor on its way through a Unix socket belongs to no process, so its connection has no
 * group. */
static void test_parked(void **state)
{
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int fds[] = { connect_to(HOST, "10.9.0.2", 25), connect_to(HOST, "fd09::2", 25) };
        int pair[2];

        (void)state;
        if (access("/proc/1/fd", R_OK) < 0)
                skip();
        add_rule(&p->state->rules, .id = 1, .direction = DIRECTION_OUT, .group = "mail");
        r = compile_now(p);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        for (size_t i = 0; i < 2; i++) {
                park(pair[0], fds[i]);
                close(fds[i]);
        }
        assert_int_equal(cut(r), 2);
        for (size_t i = 0; i < 2; i++) {
                fds[i] = fetch(pair[1]);
                assert_cut(fds[i]);
        }
        close_all(fds, 2);
        close_all(pair, 2);
}

/* Uplinks by mark: the interface is that of the connection's own route. */
static void test_uplinks(void **state)
{
        static const char *const by[] = { "p25a", "p25b" };
        int server = listen_at(HOST, "0.0.0.0", 25), six = listen_at(HOST, "::", 25);

        (void)state;
        run("nft 'table inet uplinks { chain pre { type filter hook prerouting priority -150;"
            " iifname p25b ct mark set 2; };"
            " chain out { type route hook output priority -150; meta mark set ct mark; }; }'");
        run("ip address add fd08::1/64 dev p25b nodad; ip route add 10.7.0.0/24 dev p25a;"
            " ip route add 10.7.0.0/24 dev p25b table 2; ip rule add fwmark 2 lookup 2;"
            " ip -6 route add fd07::/64 via fd09::2; ip -6 route add fd07::/64 via fd08::2 table 2;"
            " ip -6 rule add fwmark 2 lookup 2; sysctl -qw net.ipv4.conf.all.rp_filter=0"
            " net.ipv4.conf.p25b.rp_filter=0");
        enter(remote);
        run("ip address add 10.7.0.2/32 dev lo; ip address add fd07::2/128 dev lo nodad;"
            " ip address add fd08::2/64 dev p25b nodad; sleep .1");
        enter(host);
        for (size_t i = 0; i < 2; i++) {
                _cleanup_policy_ Policy *p = make_policy();
                _cleanup_ruleset_ Ruleset *r = NULL;
                int fds[] = {
                        connect_from(REMOTE, "10.7.0.2", 0, "10.9.0.1", 25),
                        connect_from(REMOTE, "10.7.0.2", 0, "10.8.0.1", 25),
                        connect_from(REMOTE, "fd07::2", 0, "fd09::1", 25),
                        connect_from(REMOTE, "fd07::2", 0, "fd08::1", 25),
                };

                add_rule(&p->state->rules, .id = 1, .action = ACTION_DENY, .interface = by[i]);
                r = compile_now(p);
                assert_int_equal(cut(r), 2);
                for (size_t k = 0; k < ELEMENTS(fds); k++)
                        assert_ends(&fds[k], &(bool){ k % 2 == i }, 1);
                close_all(fds, ELEMENTS(fds));
        }
        run("nft delete table inet uplinks; ip rule del fwmark 2; ip -6 rule del fwmark 2");
        close_all((int[]){ server, six }, 2);
}

/* In a zone of conntrack too, what was dialled decides. */
static void test_zone(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int servers[] = { listen_at(HOST, "0.0.0.0", 2525), listen_at(HOST, "::", 2525) };
        int fds[4];

        (void)state;
        run("nft 'table inet t { chain raw { type filter hook prerouting priority -300; ct zone set"
            " 5; }; chain out { type filter hook output priority -300; ct zone set 5; };"
            " chain c { type nat hook prerouting priority -100; tcp dport 25 redirect to :2525; };"
            " }'");
        fds[0] = connect_from(REMOTE, "10.9.0.2", 0, "10.9.0.1", 25);
        fds[1] = connect_from(REMOTE, "fd09::2", 0, "fd09::1", 25);
        fds[2] = connect_from(REMOTE, "10.9.0.3", 0, "10.9.0.1", 25);
        fds[3] = connect_from(REMOTE, "fd09::3", 0, "fd09::1", 25);
        add_rule(&p->state->rules, .id = 1, .ports = "2525", .action = ACTION_DENY);
        add_rule(&p->state->rules, .id = 2, .action = ACTION_DENY, .from = "10.9.0.3,fd09::3");
        r = compile_now(p);
        assert_int_equal(cut(r), 2);
        assert_ends(fds, (bool[]){ false, false, true, true }, ELEMENTS(fds));
        close_all(fds, ELEMENTS(fds));
        close_all(servers, 2);
        run("nft delete table inet t");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_dialled_from_mail_port),
                cmocka_unit_test(test_parked),
                cmocka_unit_test(test_uplinks),
                cmocka_unit_test(test_zone),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
