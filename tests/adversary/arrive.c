/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Traffic for a foreign address that the host takes in: redirected, taken by TPROXY, or local by a
 * route of a table of its own. It is judged where it arrives: as routed where it is intercepted,
 * as incoming where a route makes the address the host's.
 */

#include "rules/base/buffer.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"
#include "tests/adversary/attack.h"

#define FOREIGN4 "203.0.113.99"
#define FOREIGN6 "2001:db8:99::99"
#define PORT 10025

static int listeners[8];
static size_t n_listeners;

/* A listener that takes connections to foreign addresses. */
static int listen_transparent(uint16_t port)
{
        static const int one = 1;
        struct sockaddr_storage a;
        socklen_t n = endpoint("::", port, &a);
        int fd;

        world_enter(HOST);
        fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        assert_int_equal(setsockopt(fd, SOL_IP, IP_TRANSPARENT, &one, sizeof(one)), 0);
        assert_int_equal(bind(fd, (void *)&a, n), 0);
        assert_int_equal(listen(fd, 64), 0);
        return fd;
}

static int setup(void **state)
{
        (void)state;
        world_build();
        /* IPv4 answers from an address that is not in the local table only for such a socket */
        listeners[n_listeners++] = listen_transparent(25);
        listeners[n_listeners++] = listen_at(HOST, PORT);
        listeners[n_listeners++] = listen_at(INTERNET, 25);
        listeners[n_listeners++] = listen_transparent(PORT + 1);
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

#define DEFAULTS(in, routed) \
        "default = { incoming = \"" in "\"; outgoing = \"reject\"; routed = \"" routed "\"; };"

static void lock_down(void)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = make_policy();
        _cleanup_(ruleset_free_p) Ruleset *r = NULL;

        p->state->lockdown = true;
        r = compile_good(p, &d);
        assert_int_equal(attacked_ops->apply(attacked, r, &d), 0);
}

/* Who dials is judged in the direction, once, and in no other. */
static void expect_direction(Direction direction, const char *to)
{
        uint64_t before[_DIRECTION_MAX];

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                before[d] = attack_count_of(DEFAULT_COUNTER_ID(d));
        attack_must_apply(direction == DIRECTION_IN ? DEFAULTS("reject", "allow")
                                                    : DEFAULTS("allow", "reject"));
        assert_int_equal(connect_to(CONTAINER, to, 25), RESET);
        attack_must_apply(direction == DIRECTION_IN ? DEFAULTS("allow", "reject")
                                                    : DEFAULTS("reject", "allow"));
        assert_int_equal(connect_to(CONTAINER, to, 25), OPEN);
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                uint64_t by = attack_count_of(DEFAULT_COUNTER_ID(d)) - before[d];

                if (by != (d == direction ? 2 : 0))
                        print_message("# to %s: %s counts %llu\n", to, direction_to_string(d),
                                (unsigned long long)by);
                assert_int_equal(by, d == direction ? 2 : 0);
        }
        lock_down();
        assert_int_equal(connect_to(CONTAINER, to, 25), direction == DIRECTION_IN ? SILENT : RESET);
}

static void untrack(void)
{
        must("nft -f - <<'E'\n"
             "table inet raw {\n"
             "  chain pre { type filter hook prerouting priority -300; notrack; }\n"
             "  chain out { type filter hook output priority -300; notrack; }\n"
             "}\nE");
}

static void track(void)
{
        must("nft delete table inet raw");
}

static void test_redirected(void **state)
{
        (void)state;
        skip_without_backend();
        must("nft -f - <<'E'\n"
             "table inet nat {\n"
             "  chain pre { type nat hook prerouting priority -100;\n"
             "    iifname cont0 tcp dport 25 redirect to :10025\n  }\n"
             "}\nE");
        expect_direction(DIRECTION_ROUTED, INTERNET4);
        expect_direction(DIRECTION_ROUTED, INTERNET6);
        expect_direction(DIRECTION_ROUTED, FOREIGN4);
        /* what dialled the host itself is incoming, wherever it is sent */
        expect_direction(DIRECTION_IN, HOST4);
        expect_direction(DIRECTION_IN, HOST6);
        must("nft delete table inet nat");
}

/* `to` is what was dialled. */
static void test_redirected_to(void **state)
{
        (void)state;
        skip_without_backend();
        must("nft -f - <<'E'\n"
             "table inet nat {\n"
             "  chain pre { type nat hook prerouting priority -100;\n"
             "    iifname cont0 tcp dport 25 redirect to :10025\n  }\n"
             "}\nE");
        attack_must_apply(
                DEFAULTS("allow", "reject") "rules = ({ action = \"allow\"; direction = \"routed\";"
                                            "   to = [ \"192.0.2.2\", \"2001:db8:1::2\" ]; });");
        assert_int_equal(connect_to(CONTAINER, INTERNET4, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, INTERNET6, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, FOREIGN4, 25), RESET);
        assert_int_equal(connect_to(CONTAINER, FOREIGN6, 25), RESET);
        attack_must_apply(
                DEFAULTS("allow", "allow") "rules = ({ action = \"deny\"; direction = \"routed\";"
                                           "   to = [ \"192.0.2.2\", \"2001:db8:1::2\" ]; });");
        assert_int_equal(connect_to(CONTAINER, INTERNET4, 25), SILENT);
        assert_int_equal(connect_to(CONTAINER, INTERNET6, 25), SILENT);
        assert_int_equal(connect_to(CONTAINER, FOREIGN4, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, FOREIGN6, 25), OPEN);
        must("nft delete table inet nat");
}

/* A published foreign address: routed, and `to` is the address that the client dialled. */
static void test_published_elsewhere(void **state)
{
        (void)state;
        skip_without_backend();
        must("nft -f - <<'E'\n"
             "table inet nat {\n"
             "  chain pre { type nat hook prerouting priority -100;\n"
             "    ip daddr " FOREIGN4 " tcp dport 25 dnat ip to 192.0.2.2:25\n"
             "    ip6 daddr " FOREIGN6 " tcp dport 25 dnat ip6 to [2001:db8:1::2]:25\n  }\n"
             "}\nE");
        for (int big = 0; big < 2; big++) {
                _cleanup_buffer_ Buffer b = { 0 };

                buffer_add_string(&b, DEFAULTS("allow", "reject"));
                buffer_add_string(&b, "rules = ({ action = \"allow\"; direction = \"routed\";"
                                      "  to = [ ");
                for (int i = 0; big && i < 100; i++)
                        buffer_printf(&b, "\"198.51.%d.7\", \"2001:db8:5:%x::/64\", ", i, i);
                buffer_add_string(&b, "\"" FOREIGN4 "\", \"" FOREIGN6 "\" ]; });");
                attack_must_apply(b.data);
                assert_int_equal(connect_to(CONTAINER, FOREIGN4, 25), OPEN);
                assert_int_equal(connect_to(CONTAINER, FOREIGN6, 25), OPEN);
                assert_int_equal(connect_to(CONTAINER, INTERNET4, 25), RESET);
                assert_int_equal(connect_to(CONTAINER, INTERNET6, 25), RESET);
        }
        attack_must_apply(
                DEFAULTS("allow", "allow") "rules = ({ action = \"deny\"; direction = \"routed\";"
                                           "  to = [ \"" FOREIGN4 "\", \"" FOREIGN6 "\" ]; });");
        assert_int_equal(connect_to(CONTAINER, FOREIGN4, 25), SILENT);
        assert_int_equal(connect_to(CONTAINER, FOREIGN6, 25), SILENT);
        assert_int_equal(connect_to(CONTAINER, INTERNET4, 25), OPEN);
        must("nft delete table inet nat");
}

#define MARKED_ROUTES(verb)                                                           \
        "ip rule " verb " fwmark 1 lookup 100 && ip -6 rule " verb                    \
        " fwmark 1 lookup 100 && ip route " verb " local default dev lo table 100 &&" \
        "ip -6 route " verb " local default dev lo table 100"

static void test_transparent(void **state)
{
        (void)state;
        skip_without_backend();
        must(MARKED_ROUTES("add"));
        for (int i = 0; i < 2; i++) {
                const char *program = i == 0 ? "iptables-legacy" : "ip6tables-legacy";

                must("%s -w -t mangle -A PREROUTING -i cont0 -p tcp --dport 25 -j TPROXY"
                     " --on-port 10026 --tproxy-mark 1",
                        program);
        }
        expect_direction(DIRECTION_ROUTED, INTERNET4);
        expect_direction(DIRECTION_ROUTED, INTERNET6);
        untrack();
        expect_direction(DIRECTION_ROUTED, INTERNET4);
        expect_direction(DIRECTION_ROUTED, INTERNET6);
        track();
        must("iptables-legacy -w -t mangle -F; ip6tables-legacy -w -t mangle -F");
        must(MARKED_ROUTES("del"));
}

#define FOREIGN_ROUTES(verb)                                                              \
        "ip rule " verb " to " FOREIGN4 " lookup 100 && ip -6 rule " verb " to " FOREIGN6 \
        " lookup 100 && ip route " verb " local " FOREIGN4 " dev lo table 100 &&"         \
        "ip -6 route " verb " local " FOREIGN6 " dev lo table 100"

static void test_routed_here(void **state)
{
        (void)state;
        skip_without_backend();
        must(FOREIGN_ROUTES("add"));
        expect_direction(DIRECTION_IN, FOREIGN4);
        expect_direction(DIRECTION_IN, FOREIGN6);
        untrack();
        expect_direction(DIRECTION_IN, FOREIGN4);
        expect_direction(DIRECTION_IN, FOREIGN6);
        track();
        must(FOREIGN_ROUTES("del"));
}

/* And in the reply direction of an entry. */
static void test_routed_here_reply(void **state)
{
        static const struct {
                const char *foreign, *own;
        } cases[] = { { FOREIGN4, CONTAINER4 }, { FOREIGN6, CONTAINER6 } };

        (void)state;
        skip_without_backend();
        must(FOREIGN_ROUTES("add"));
        attack_must_apply(DEFAULTS("reject", "allow"));
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                Segment spoofed = { .from = cases[i].foreign,
                        .to = cases[i].own,
                        .source = 25,
                        .port = 4001,
                        .flags = TH_SYN };
                bool v6 = i == 1;
                int deaf = attack_deaf(CONTAINER, 0, v6, 4001);

                attack_send(CONTAINER, &spoofed);
                usleep(20000);
                assert_int_equal(
                        attack_connect(attack_socket(CONTAINER, 0, v6, 4001), cases[i].foreign, 25),
                        RESET);
                close(deaf);
        }
        must(FOREIGN_ROUTES("del"));
}

/* A SYN that is sent again after the first policy came: its entry has no room for labels. */
static void test_older_than_labels(void **state)
{
        static const struct {
                const char *from, *to;
        } cases[] = { { CONTAINER4, HOST4 }, { CONTAINER6, HOST6 } };

        (void)state;
        skip_without_backend();
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                Segment syn = { .from = cases[i].from,
                        .to = cases[i].to,
                        .source = 4100,
                        .port = 25,
                        .flags = TH_SYN };
                int deaf = attack_deaf(CONTAINER, 0, i == 1, syn.source);
                uint64_t before;

                attacked_ops->remove(attacked, NULL);
                must("nft -f - <<'E'\n"
                     "table inet watch { chain in { type filter hook input priority 0;\n"
                     "  ct state new counter\n  }\n}\nE");
                attack_send(CONTAINER, &syn);
                attack_must_apply(DEFAULTS("allow", "reject"));
                before = attack_count();
                attack_send(CONTAINER, &syn);
                /* it may come late on a busy machine */
                for (unsigned looks = 0; attack_count() == before && looks < 500; looks++)
                        usleep(20000);
                assert_int_equal(attack_count() - before, 1);
                assert_int_equal(attack_count_of(DEFAULT_COUNTER_ID(DIRECTION_ROUTED)), 0);
                must("nft delete table inet watch");
                close(deaf);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_older_than_labels),
                cmocka_unit_test(test_redirected),
                cmocka_unit_test(test_redirected_to),
                cmocka_unit_test(test_published_elsewhere),
                cmocka_unit_test(test_transparent),
                cmocka_unit_test(test_routed_here),
                cmocka_unit_test(test_routed_here_reply),
        };

        return attack_main(tests, ELEMENTS(tests), setup, teardown);
}
