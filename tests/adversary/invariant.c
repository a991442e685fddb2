/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Random packets against the invariant: every SYN without ACK to a managed port meets exactly one
 * verdict of the policy, whatever conntrack says of it. Addresses and ports come from small pools,
 * so that packets lie in both directions of each other's entries; flags are all there are; marks,
 * zones, missing conntrack, redirections, foreign addresses and the policy change between them.
 * Earlier SYNs, of former policies too, are answered late: by a SYN-ACK, by what follows it, by a
 * reset; and sent again, in both directions. (Connections that late answers would open: late.c.)
 *
 * Chains behind those of p25 count what has passed. Of each packet: it is counted by the policy at
 * most once; what has passed was counted; under a policy that refuses everything nothing passes;
 * and only a SYN to a managed port is counted. Under a limit more sources come than there is room
 * for: no more passes than those that have room, and the one bucket of all others, may open. Of a
 * set whose entries end in the midst nothing passes before that, or nothing behind it.
 *
 *   P25_SECONDS=N P25_SEED=N   for how long with each backend, and which packets
 */

#include "daemon/loop/clock.h"
#include "tests/adversary/attack.h"
#include "tests/lib/random.h"

#include <sched.h>

#define FOREIGN4 "203.0.113.99"
#define FOREIGN6 "2001:db8:99::99"
#define SYNC_PORT 7000

static int listeners[2], sync_sockets[_SITES], sync_receiver;

/* ---- the world ---- */

/* What neighbours receive they do not answer: entries stay half open. */
static void make_deaf(Site site)
{
        must("nsenter -t %d -n nft -f - <<'E'\n"
             "table inet deaf {\n"
             "  chain pre { type filter hook prerouting priority -400; meta l4proto tcp drop; }\n"
             "}\nE",
                (int)world.pid[site]);
}

#define DIALLED(port)                                                            \
        "    ct direction original meta l4proto tcp ct original proto-dst " port \
        " counter name passed return\n"

/* Behind p25: SYNs to managed ports, by what was dialled where there is a connection. */
static void observe(void)
{
        must("nft -f - <<'E'\n"
             "table inet seen {\n"
             "  counter passed { }\n"
             "  chain syn {\n" DIALLED("25") DIALLED("465") DIALLED(
                     "587") "    ct direction reply tcp dport { 25, 465, 587 } counter name passed "
                            "return\n"
                            "    ct state invalid,untracked tcp dport { 25, 465, 587 } counter "
                            "name passed\n"
                            "  }\n"
                            "  chain arriving { type filter hook input priority 300;\n"
                            "    iif != lo tcp flags & (syn | ack) == syn jump syn\n  }\n"
                            "  chain passing { type filter hook forward priority 300;\n"
                            "    tcp flags & (syn | ack) == syn jump syn\n  }\n"
                            "  chain leaving { type filter hook output priority 300;\n"
                            "    oif != lo tcp flags & (syn | ack) == syn jump syn\n  }\n"
                            "}\nE");
}

static int setup(void **state)
{
        cpu_set_t one;

        (void)state;
        /* a packet is done with before the next one of the same processor */
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu() < 0 ? 0 : (size_t)sched_getcpu(), &one);
        (void)sched_setaffinity(0, sizeof(one), &one);
        world_build();
        must("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.cont0.rp_filter=0"
             " net.ipv4.conf.wan0.rp_filter=0");
        must("ip rule add to " FOREIGN4 " lookup 100; ip -6 rule add to " FOREIGN6 " lookup 100;"
             "ip route add local " FOREIGN4 " dev lo table 100;"
             "ip -6 route add local " FOREIGN6 " dev lo table 100");
        listeners[0] = listen_at(HOST, 25);
        listeners[1] = listen_at(HOST, 4001);
        for (Site s = INTERNET; s < _SITES; s++)
                make_deaf(s);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        close(listeners[0]);
        close(listeners[1]);
        world_end();
        return 0;
}

/* A datagram after a packet: when it is here, the packet has met all rules. */
static void sync_open(void)
{
        struct timeval patience = { .tv_sec = 20 };
        struct sockaddr_storage a;
        socklen_t n = endpoint("0.0.0.0", SYNC_PORT, &a);

        sync_receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(sync_receiver, (void *)&a, n), 0);
        setsockopt(sync_receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        for (Site s = INTERNET; s < _SITES; s++) {
                n = endpoint(s == INTERNET ? HOST4 : HOST_INSIDE4, SYNC_PORT, &a);
                world_enter(s);
                sync_sockets[s] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
                assert_int_equal(connect(sync_sockets[s], (void *)&a, n), 0);
                world_enter(HOST);
        }
}

static void sync_close(void)
{
        for (Site s = INTERNET; s < _SITES; s++)
                close(sync_sockets[s]);
        close(sync_receiver);
}

static void sync_wait(Site site)
{
        char byte;

        assert_int_equal(send(sync_sockets[site], "x", 1, 0), 1);
        assert_int_equal(recv(sync_receiver, &byte, 1, 0), 1);
}

/* ---- what may change ---- */

#define ON_ALL(action, direction) \
        "{ action = \"" action "\"; direction = \"" direction "\"; ports = [ 25, 465, 587 ]; }"

/* The first N_CLOSED refuse everything. */
static const char *const policies[] = {
        "rules = (" ON_ALL("reject", "in") "," ON_ALL("reject", "out") "," ON_ALL(
                "reject", "routed") ");",
        "rules = (" ON_ALL("deny", "in") "," ON_ALL("reject", "out") "," ON_ALL(
                "deny", "routed") ");",
        "rules = (" ON_ALL("allow", "in") "," ON_ALL("allow", "out") "," ON_ALL(
                "allow", "routed") ");",
        "rules = ("
        " { action = \"allow\"; direction = \"routed\"; to = [ \"192.0.2.2\", \"fd00:9::2\" ];"
        "   ports = [ 25, 587 ]; },"
        " { action = \"limit\"; direction = \"in\"; rate = \"1000000/second\"; burst = 65535; },"
        " { action = \"allow\"; direction = \"out\"; to = \"192.0.2.2\"; }," ON_ALL(
                "allow", "in") "," ON_ALL("allow", "out") "," ON_ALL("allow", "routed") ");",
};
#define N_CLOSED 2

/* Sources come in crowds, and each may open one connection. */
static const char *const limits[] = {
        "default = { incoming = \"reject\"; outgoing = \"reject\"; routed = \"reject\"; };"
        "rules = ( { action = \"limit\"; direction = \"in\"; ports = [ 25, 465, 587 ];"
        "  rate = \"1/day\"; burst = 1; }," ON_ALL("reject", "out") "," ON_ALL(
                "reject", "routed") ");",
        "default = { incoming = \"reject\"; outgoing = \"reject\"; routed = \"reject\"; };"
        "rules = ( { action = \"limit\"; direction = \"in\"; ports = [ 25, 465, 587 ];"
        "  rate = \"1/day\"; burst = 1; max = 1; }," ON_ALL("reject", "out") "," ON_ALL(
                "reject", "routed") ");",
};
#define ROOM 3

/* Every address is in the set, until its entries end in the midst: the first allows what it names,
 * the second refuses that. */
static const char *const endings[] = {
        "default = { incoming = \"reject\"; outgoing = \"reject\"; routed = \"reject\"; };"
        "rules = ( { action = \"allow\"; direction = \"in\"; ports = [ 25, 465, 587 ];"
        "  from = \"@ending\"; }," ON_ALL("reject", "in") "," ON_ALL("reject", "out") "," ON_ALL(
                "reject", "routed") ");",
        "rules = ( { action = \"reject\"; direction = \"in\"; ports = [ 25, 465, 587 ];"
        "  from = \"@ending\"; }," ON_ALL("allow", "in") "," ON_ALL("reject", "out") "," ON_ALL(
                "reject", "routed") ");",
};
/* A set of ipset ends by the second, and looks later. */
#define ENDING_USEC UINT64_C(1500000)
#define MARGIN_USEC UINT64_C(1100000)

/* Tables of others, which change packets before p25 sees them. */
static const char *const disturbances[] = {
        "",
        "notrack",
        "tcp sport 4001 notrack",
        "iifname cont0 ct zone set 7",
        "meta mark set 5",
        "tcp flags & (syn | ack) == syn meta mark set 1",
};

static const char *const redirections[] = {
        "",
        "iifname cont0 tcp dport 25 redirect to :4001",
        "iifname cont0 ip daddr 192.0.2.1 tcp dport 587 dnat ip to 192.0.2.2:4002",
        "iifname wan0 tcp dport 4002 dnat ip6 to [fd00:9::2]:25",
};

static void disturb(Random *r)
{
        run("nft delete table inet raw 2>/dev/null; nft delete table inet nat 2>/dev/null");
        must("nft -f - <<'E'\n"
             "table inet raw { chain pre { type filter hook prerouting priority -300;\n %s\n }\n}\n"
             "table inet nat { chain pre { type nat hook prerouting priority -100;\n %s\n }\n}\nE",
                random_of(r, disturbances), random_of(r, redirections));
}

/* ---- packets ---- */

static const char *const addresses4[] = { HOST4, HOST_INSIDE4, INTERNET4, CONTAINER4, FOREIGN4 };
static const char *const addresses6[] = { HOST6, HOST_INSIDE6, INTERNET6, CONTAINER6, FOREIGN6 };
static const uint16_t ports[] = { 25, 25, 587, 465, 4001, 4002, 80 };

typedef struct Try {
        Site site; /* HOST: a socket of the host's dials */
        Segment segment;
        bool is_syn, managed;
        char from[INET6_ADDRSTRLEN]; /* of a crowd */
} Try;

static bool port_is_managed(uint16_t port)
{
        return port == 25 || port == 587 || port == 465;
}

static Try try_draw(Random *r)
{
        const char *const *pool = random_once(r, 2) ? addresses4 : addresses6;
        Try t = { .site = random_once(r, 6)   ? HOST
                          : random_once(r, 2) ? INTERNET
                                              : CONTAINER,
                .segment = { .from = pool[random_below(r, 5)],
                        .to = pool[random_below(r, 5)],
                        .source = random_of(r, ports),
                        .port = random_of(r, ports),
                        .flags = TH_SYN } };

        if (random_once(r, 3))
                t.segment.flags = (uint8_t)random_below(r, 256);
        if (t.site == HOST) {
                t.segment.flags = TH_SYN;
                t.segment.to = pool[2 + random_below(r, 2)];
        }
        t.is_syn = (t.segment.flags & (TH_SYN | TH_ACK)) == TH_SYN;
        t.managed = port_is_managed(t.segment.port);
        return t;
}

/* ---- late answers ---- */

#define SENT_MAX 24

/* The last SYNs that neighbours sent, over all policies. */
typedef struct Sent {
        Try items[SENT_MAX];
        size_t n;
} Sent;

static void sent_add(Sent *sent, const Try *t)
{
        if (t->site != HOST && t->is_syn && t->from[0] == '\0')
                sent->items[sent->n++ % SENT_MAX] = *t;
}

/* The site that has the address; a neighbour may claim any other. */
static Site site_of(Random *r, const char *address)
{
        if (streq(address, INTERNET4) || streq(address, INTERNET6))
                return INTERNET;
        if (streq(address, CONTAINER4) || streq(address, CONTAINER6))
                return CONTAINER;
        return random_once(r, 2) ? INTERNET : CONTAINER;
}

/* A packet of a connection that an earlier SYN began. */
static void try_late(Random *r, const Sent *sent, Try *ret)
{
        static const struct {
                bool back;
                uint8_t flags;
                uint32_t seq, ack;
        } kinds[] = {
                { true, TH_SYN | TH_ACK, 5000, 1001 }, { true, TH_SYN | TH_ACK, 5000, 1001 },
                { false, TH_ACK, 1001, 5001 }, { false, TH_ACK | TH_PUSH, 1001, 5001 },
                { true, TH_ACK, 5001, 1001 }, { true, TH_RST | TH_ACK, 0, 1001 },
                { false, TH_RST, 1001, 0 }, { false, TH_SYN, 1000, 0 }, /* again */
                { false, TH_SYN, 9000, 0 }, { true, TH_SYN, 5000, 0 },  /* both at once */
        };
        size_t kind = random_below(r, ELEMENTS(kinds));
        const Try *t =
                &sent->items[random_below(r, (uint32_t)(sent->n < SENT_MAX ? sent->n : SENT_MAX))];
        Segment s = t->segment;

        *ret = *t;
        if (kinds[kind].back) {
                ret->segment.from = s.to;
                ret->segment.to = s.from;
                ret->segment.source = s.port;
                ret->segment.port = s.source;
                ret->site = site_of(r, s.to);
        }
        ret->segment.flags = kinds[kind].flags;
        ret->segment.seq = kinds[kind].seq;
        ret->segment.ack = kinds[kind].ack;
        ret->is_syn = (kinds[kind].flags & (TH_SYN | TH_ACK)) == TH_SYN;
        ret->managed = port_is_managed(ret->segment.port);
}

/* Nearly always a SYN to the host, from one of a thousand sources. */
static void try_crowd(Random *r, Try *t)
{
        bool v6 = random_once(r, 2);
        uint32_t n = random_below(r, 1000);

        snprintf(t->from, sizeof(t->from), v6 ? "2a00:0:0:%x::1" : "64.0.%u.%u", v6 ? n : n / 256,
                n % 256);
        if (t->site == HOST)
                t->site = CONTAINER;
        t->segment.from = t->from;
        t->segment.to = v6 ? HOST6 : HOST4;
        if (random_once(r, 8))
                t->segment.to = v6 ? FOREIGN6 : FOREIGN4;
        t->is_syn = (t->segment.flags & (TH_SYN | TH_ACK)) == TH_SYN;
}

static void try_send(const Try *t)
{
        struct sockaddr_storage a;
        socklen_t n;
        int fd;

        if (t->site != HOST) {
                attack_send(t->site, &t->segment);
                sync_wait(t->site);
                return;
        }
        fd = attack_socket(HOST, 0, strchr(t->segment.to, ':') != NULL, 20000 + t->segment.source);
        n = endpoint(t->segment.to, t->segment.port, &a);
        (void)connect(fd, (void *)&a, n);
        close(fd);
}

/* ---- what became of one ---- */

static uint64_t passed(void)
{
        _cleanup_free_ char *text = output_of("nft reset counter inet seen passed");
        const char *at = strstr(text, "packets ");

        assert_non_null(at);
        return strtoull(at + 8, NULL, 10);
}

/* Asking what has passed takes a process: once for so many packets. */
#define BATCH 10

typedef struct Run {
        Random random;
        size_t policy;
        bool limited, ending;
        uint64_t ends_usec, n_closed; /* packets that an entry refused, or an end */
        uint64_t n, n_counted, n_passed;
        uint64_t n_sources, n_opened; /* since the limit came */
        Sent sent;
        uint64_t n_late;
        Try batch[BATCH];
        uint64_t counted[BATCH];
} Run;

static void batch_print(const Run *all, uint64_t seen)
{
        print_message("# packet %llu, policy %zu: passed %llu\n", (unsigned long long)all->n,
                all->policy, (unsigned long long)seen);
        for (size_t i = 0; i < BATCH; i++) {
                const Segment *s = &all->batch[i].segment;

                print_message("#   site %d, %s:%u -> %s:%u flags %02x: counted %llu\n",
                        all->batch[i].site, s->from, s->source, s->to, s->port, s->flags,
                        (unsigned long long)all->counted[i]);
        }
        run("nft list table inet raw | sed 's/^/# /' >&2;"
            "nft list table inet nat | sed 's/^/# /' >&2");
}

/* Each family has its room, and its one bucket for those that find none. */
static bool limit_holds(const Run *all)
{
        uint64_t most = attacked_ops == &backend_nft ? 2 * (ROOM + 1) : all->n_sources;

        return all->n_opened <= most;
}

static void policy_draw(Run *all)
{
        all->limited = random_once(&all->random, 3);
        all->ending = !all->limited && random_once(&all->random, 3);
        all->n_sources = all->n_opened = 0;
        attack_stateless(random_once(&all->random, 2));
        if (all->ending) {
                all->policy = N_CLOSED + random_below(&all->random, ELEMENTS(endings));
                all->ends_usec = clock_now_usec(CLOCK_REALTIME) + ENDING_USEC;
                attack_apply_timed(endings[all->policy - N_CLOSED], all->ends_usec);
        } else if (all->limited) {
                all->policy = N_CLOSED; /* something may pass */
                attack_apply_small(random_of(&all->random, limits), ROOM);
        } else {
                all->policy = random_below(&all->random, ELEMENTS(policies));
                attack_must_apply(policies[all->policy]);
        }
}

/* Of the packets since then: must all have been refused? */
static bool is_shut(const Run *all, uint64_t began_usec)
{
        if (!all->ending)
                return all->policy < N_CLOSED;
        return all->policy == N_CLOSED
                       ? began_usec > all->ends_usec + MARGIN_USEC
                       : clock_now_usec(CLOCK_REALTIME) + MARGIN_USEC / 2 < all->ends_usec;
}

static void try_next(Run *all, Try *ret)
{
        bool crowd = all->limited || all->ending;

        if (!crowd && all->sent.n > 0 && random_once(&all->random, 3)) {
                try_late(&all->random, &all->sent, ret);
                all->n_late++;
                return;
        }
        *ret = try_draw(&all->random);
        if (crowd)
                try_crowd(&all->random, ret);
        sent_add(&all->sent, ret);
}

static void try_batch(Run *all)
{
        uint64_t sum = 0, seen, began_usec = clock_now_usec(CLOCK_REALTIME);
        bool shut;
        bool good = true;

        for (size_t i = 0; i < BATCH; i++) {
                Try *t = &all->batch[i];
                uint64_t before = attack_count();

                try_next(all, t);
                all->n_sources++;
                try_send(t);
                all->counted[i] = attack_count() - before;
                sum += all->counted[i];
                good = good && all->counted[i] <= 1 &&
                       (all->counted[i] == 0 || (t->is_syn && t->managed));
        }
        shut = is_shut(all, began_usec);
        seen = passed();
        good = good && seen <= sum && (!shut || seen == 0);
        if (all->ending && shut)
                all->n_closed += sum;
        all->n += BATCH;
        all->n_counted += sum;
        all->n_passed += seen;
        all->n_opened += seen;
        good = good && (!all->limited || limit_holds(all));
        if (!good)
                batch_print(all, seen);
        assert_true(good);
}

static uint64_t now_msec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t environment_number(const char *name, uint64_t otherwise)
{
        const char *text = getenv(name);

        return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void wait_for(uint64_t usec)
{
        while (clock_now_usec(CLOCK_REALTIME) <= usec)
                usleep(10000);
}

static void test_packets(void **state)
{
        uint64_t end = now_msec() + 1000 * environment_number("P25_SECONDS", 25);
        Run all = { .random = { environment_number("P25_SEED", 1) } };

        (void)state;
        skip_without_backend();
        observe();
        sync_open();
        while (now_msec() < end || all.n < 400) {
                if (all.n % 40 == 0) {
                        policy_draw(&all);
                        disturb(&all.random);
                        (void)passed();
                }
                if (all.ending && all.n % 40 == 20)
                        wait_for(all.ends_usec + MARGIN_USEC);
                try_batch(&all);
        }
        sync_close();
        run("nft delete table inet seen");
        printf("#: %s: %llu packets, %llu late, %llu counted, %llu passed, %llu refused by an "
               "end\n",
                attacked_ops->name, (unsigned long long)all.n, (unsigned long long)all.n_late,
                (unsigned long long)all.n_counted, (unsigned long long)all.n_passed,
                (unsigned long long)all.n_closed);
        assert_true(all.n_counted > all.n / 8 && all.n_passed > all.n / 40);
}

int main(void)
{
        static const struct CMUnitTest tests[] = { cmocka_unit_test(test_packets) };

        return attack_main(tests, ELEMENTS(tests), setup, teardown);
}
