/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Late answers. Connections of every direction and both families are half open when the policy
 * changes: the SYN is lost on the way to its answer, or the answer, or the answer to that, with SYN
 * cookies and without. Later all is let through, and what was lost is sent again. Under a policy
 * that refuses them no connection stands, if connections are looked at as p25d does it: twice, and
 * on while some are half open. Under one that allows them all stand.
 *
 *   P25_SECONDS=N P25_SEED=N   for how long with each backend, and which
 */

#include "daemon/connections/connections.h"
#include "daemon/loop/clock.h"
#include "rules/ruleset/ruleset.h"
#include "tests/adversary/attack.h"
#include "tests/lib/random.h"

#define MANY 8
#define LOOK_USEC (200 * UINT64_C(1000))
/* What is lost is sent again after one second, and after three. */
#define PATIENCE_USEC (4 * UINT64_C(1000000))
/* Looks until what was said then has been answered. */
#define SETTLING 15

static int listeners[_SITES];

static int setup(void **state)
{
        (void)state;
        world_build();
        for (Site s = HOST; s < _SITES; s++)
                listeners[s] = listen_at(s, 25);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        for (Site s = HOST; s < _SITES; s++)
                close(listeners[s]);
        world_end();
        return 0;
}

/* ---- what is lost, at the neighbours ---- */

static const char *const losses[] = {
        "tcp dport 25 tcp flags & (syn | ack) == syn",
        "tcp sport 25 tcp flags & (syn | ack) == (syn | ack)",
        "tcp dport 25 tcp flags & (syn | ack) == ack",
};

static void lose(const char *what)
{
        for (Site s = INTERNET; s < _SITES; s++)
                must("nsenter -t %d -n nft -f - <<'E'\n"
                     "table inet late {\n"
                     "  chain pre { type filter hook prerouting priority -400; %s drop; }\n"
                     "  chain out { type filter hook output priority 400; %s drop; }\n"
                     "}\nE",
                        (int)world.pid[s], what, what);
}

static void lose_nothing(void)
{
        for (Site s = INTERNET; s < _SITES; s++)
                must("nsenter -t %d -n nft delete table inet late", (int)world.pid[s]);
}

/* ---- connections ---- */

typedef struct Way {
        Site from;
        const char *to;
} Way;

static const Way ways[] = {
        { HOST, INTERNET4 },
        { HOST, INTERNET6 },
        { HOST, CONTAINER4 },
        { INTERNET, HOST4 },
        { INTERNET, HOST6 },
        { CONTAINER, HOST_INSIDE6 },
        { CONTAINER, INTERNET4 },
        { CONTAINER, INTERNET6 },
        { INTERNET, CONTAINER4 },
        { INTERNET, CONTAINER6 },
};

static int dial(const Way *way)
{
        struct sockaddr_storage a;
        socklen_t n = endpoint(way->to, 25, &a);
        int fd;

        world_enter(way->from);
        fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        assert_true(connect(fd, (void *)&a, n) == 0 || errno == EINPROGRESS);
        world_enter(HOST);
        return fd;
}

static bool stands(int fd)
{
        struct tcp_info info = { 0 };
        socklen_t n = sizeof(info);

        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
        return info.tcpi_state == TCP_ESTABLISHED;
}

static void servers_clear(void)
{
        for (Site s = HOST; s < _SITES; s++) {
                int fd;

                (void)fcntl(listeners[s], F_SETFL, O_NONBLOCK);
                while ((fd = accept(listeners[s], NULL, NULL)) >= 0)
                        abort_connection(fd);
        }
}

/* ---- a round ---- */

#define ON_ALL(action)                                               \
        "rules = ({ action = \"" action "\"; direction = \"in\"; }," \
        " { action = \"" action "\"; direction = \"routed\"; },"     \
        " { action = \"" action "\"; direction = \"out\"; });"

static const char *const policies[] = { ON_ALL("reject"), ON_ALL("deny"),
        "default = { incoming = \"deny\"; outgoing = \"reject\"; routed = \"reject\"; };",
        ON_ALL("allow") };
#define IS_OPEN(policy) ((policy) == ELEMENTS(policies) - 1)

typedef struct Round {
        size_t policy, loss;
        unsigned cookies;
        const Way *ways[MANY];
        int fds[MANY];
        Ruleset *ruleset;
        unsigned looks;
        bool half_open;
} Round;

/* As the daemon's manager: later.c. */
static void look(Round *r)
{
        CutResult result = { 0 };
        uint64_t n;

        if (r->looks >= 2 && !r->half_open)
                return;
        assert_int_equal(connections_cut(r->ruleset, &result), 0);
        if (r->looks++ < 2)
                assert_int_equal(attacked_ops->cut(attacked, r->ruleset, &n), 0);
        r->half_open = result.half_open;
}

/* All as it must be in the end. What is silent says something: else nobody sends again. */
static bool settled(Round *r)
{
        unsigned standing = 0;

        for (size_t i = 0; i < MANY; i++) {
                (void)!send(r->fds[i], "x", 1, MSG_NOSIGNAL);
                standing += stands(r->fds[i]);
        }
        return standing == (IS_OPEN(r->policy) ? MANY : 0);
}

static void round_fail(const Round *r)
{
        print_message("# policy %zu, loss %zu, cookies %u, half open %d\n", r->policy, r->loss,
                r->cookies, r->half_open);
        for (size_t i = 0; i < MANY; i++)
                print_message("#   site %d -> %s: %s\n", r->ways[i]->from, r->ways[i]->to,
                        stands(r->fds[i]) ? "stands" : "does not stand");
        fail();
}

static void round_run(Random *random, Round *r)
{
        uint64_t end;

        must("for s in '' %d %d; do ${s:+nsenter -t $s -n} sysctl -qw net.ipv4.tcp_syncookies=%u; "
             "done",
                (int)world.pid[INTERNET], (int)world.pid[CONTAINER], r->cookies);
        attack_must_apply(ON_ALL("allow"));
        lose(losses[r->loss]);
        for (size_t i = 0; i < MANY; i++) {
                r->ways[i] = &random_of(random, ways);
                r->fds[i] = dial(r->ways[i]);
        }
        usleep(50000);
        assert_int_equal(attack_apply(policies[r->policy], &r->ruleset), 0);
        for (unsigned i = random_below(random, 4); i > 0; i--) {
                look(r);
                usleep(LOOK_USEC);
        }
        lose_nothing();
        end = clock_now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;
        do {
                usleep(LOOK_USEC);
                look(r);
        } while (clock_now_usec(CLOCK_MONOTONIC) < end);
        for (unsigned i = 0; !settled(r); i++) {
                if (i == SETTLING)
                        round_fail(r);
                usleep(LOOK_USEC);
                look(r);
        }
}

static void round_end(Round *r)
{
        for (size_t i = 0; i < MANY; i++)
                abort_connection(r->fds[i]);
        servers_clear();
        ruleset_free(r->ruleset);
}

static uint64_t environment_number(const char *name, uint64_t otherwise)
{
        const char *text = getenv(name);

        return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_late(void **state)
{
        uint64_t end = clock_now_usec(CLOCK_MONOTONIC) +
                       UINT64_C(1000000) * environment_number("P25_SECONDS", 60);
        Random random = { environment_number("P25_SEED", 1) };
        unsigned n = 0;

        (void)state;
        skip_without_backend();
        /* each of the policies with each of the losses first, then what comes */
        for (; clock_now_usec(CLOCK_MONOTONIC) < end; n++) {
                Round r = { .policy = n % ELEMENTS(policies),
                        .loss = n / ELEMENTS(policies) % ELEMENTS(losses),
                        .cookies = random_below(&random, 3) };

                round_run(&random, &r);
                round_end(&r);
        }
        printf("#: %s: %u rounds of %u connections\n", attacked_ops->name, n, MANY);
        assert_true(n > 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = { cmocka_unit_test(test_late) };

        return attack_main(tests, ELEMENTS(tests), setup, teardown);
}
