/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The evaluator of other packet filters, against the kernel: random rulesets of nf_tables, and real
 * connections through each. What must pass has to be answered, what must be stopped has not;
 * at most one in twenty may stay undetermined.
 *
 *   P25_FOREIGN=N P25_SEED=N   how many rulesets, and which
 */

#include "daemon/foreign/hooks.h"
#include "daemon/foreign/read.h"
#include "daemon/foreign/walk.h"
#include "daemon/netlink/routes.h"
#include "rules/policy/direction.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "tests/kernel/foreign_rules.h"
#include "tests/lib/world.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#define RULESETS 250
#define SHORT_MSEC 40
#define LONG_MSEC 10000

static const struct Way {
        const char *name;
        Direction direction;
        Site from;
        const char *source, *to, *in, *out;
} ways[] = {
        { "out", DIRECTION_OUT, HOST, "192.0.2.1", "192.0.2.2", NULL, "wan0" },
        { "out6", DIRECTION_OUT, HOST, "2001:db8:1::1", "2001:db8:1::2", NULL, "wan0" },
        { "in", DIRECTION_IN, INTERNET, "192.0.2.2", "192.0.2.1", "wan0", NULL },
        { "in6", DIRECTION_IN, INTERNET, "2001:db8:1::2", "2001:db8:1::1", "wan0", NULL },
        { "routed", DIRECTION_ROUTED, CONTAINER, "10.9.0.2", "192.0.2.2", "cont0", "wan0" },
        { "routed6", DIRECTION_ROUTED, CONTAINER, "fd00:9::2", "2001:db8:1::2", "cont0", "wan0" },
};

static Netlink routes, entries;
static int listeners[2 * _SITES];
static size_t n_listeners;

/* Whoever was let in leaves: a full queue answers nobody. */
static void listeners_empty(void)
{
        for (size_t i = 0; i < n_listeners; i++)
                for (int fd; (fd = accept(listeners[i], NULL, NULL)) >= 0;)
                        close(fd);
}

/* Conntrack keeps what a ruleset translated: a later connection with the same ports would follow
 * that entry, and not the rules. */
static void entries_forget(void)
{
        struct {
                struct nlmsghdr header;
                struct nfgenmsg family;
        } all = { .header = { .nlmsg_len = sizeof(all),
                          .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE } };

        assert_int_equal(netlink_request(&entries, &all.header, NULL, NULL), 0);
}

static bool way_find(_unused_ void *data, const Address *to, HostWay *ret)
{
        Route route;

        if (route_find(&routes, &(RouteQuestion){ .to = to }, &route) < 0)
                return false;
        ret->local = route.local;
        snprintf(ret->interface, sizeof(ret->interface), "%s", route.interface);
        ret->index = route.ifindex;
        return true;
}

static Packet packet_of(const struct Way *w)
{
        Packet p = { .direction = w->direction, .port = 25, .has_from = true, .has_to = true };
        const char *reason;

        assert_int_equal(address_parse(w->source, strlen(w->source), &p.from, &reason), 0);
        assert_int_equal(address_parse(w->to, strlen(w->to), &p.to, &reason), 0);
        p.family = p.to.family;
        if (w->direction == DIRECTION_ROUTED) {
                p.in_interface = w->in;
                p.out_interface = w->out;
        } else {
                p.interface = w->in ?: w->out;
        }
        if (w->direction == DIRECTION_OUT) {
                p.has_uid = p.has_gid = true;
                p.uid = p.gid = 1000;
        }
        return p;
}

/* Silence ends the wait, unless an answer has to come. */
static Answer dial(const struct Way *w, bool must_answer)
{
        struct sockaddr_storage a;
        socklen_t n = endpoint(w->to, 25, &a), length = sizeof(int);
        struct pollfd p = { .events = POLLOUT };
        Answer answer = OPEN;
        int error = 0;

        world_enter(w->from);
        setfsgid(1000);
        setfsuid(1000);
        p.fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setfsuid(0);
        setfsgid(0);
        if (connect(p.fd, (void *)&a, n) < 0 && errno != EINPROGRESS)
                error = errno;
        world_enter(HOST);
        if (error == 0 && poll(&p, 1, must_answer ? LONG_MSEC : SHORT_MSEC) == 0)
                answer = SILENT;
        else if (error == 0)
                getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0)
                answer = error == ECONNREFUSED ? RESET : OTHER;
        abort_connection(p.fd);
        listeners_empty();
        return answer;
}

typedef struct Tally {
        size_t asked, undetermined, passed, stopped, wrong, refused;
} Tally;

static void show_wrong(const struct Way *w, const Passage *p, Answer answer, const char *rules)
{
        print_message("# %s: outcome %u, seen %d\n", w->name, p->outcome, answer);
        for (size_t i = 0; i < p->n; i++)
                print_message("#   %s %d %s %s: outcome %u, rule %llu\n", p->hops[i].hook,
                        p->hops[i].priority, p->hops[i].table, p->hops[i].chain, p->hops[i].outcome,
                        (unsigned long long)p->hops[i].rule);
        for (; *rules; rules += strnlen(rules, 500))
                print_message("%.500s", rules);
        print_message("\n");
}

static void try_way(const struct Way *w, const Filters *f, const char *rules, Tally *t)
{
        static const HostView host = { way_find, NULL };
        _cleanup_passage_ Passage p = { 0 };
        Packet packet = packet_of(w);
        PassageQuestion q = { .packet = &packet, .own = OWN_NOWHERE, .host = &host };
        Answer answer;
        bool right;

        q.in_index = w->in ? if_nametoindex(w->in) : 0;
        q.out_index = w->out ? if_nametoindex(w->out) : 0;
        assert_int_equal(passage_find(f, &q, &p), 0);
        t->asked++;
        if (p.outcome & OUT_ACCEPT && p.outcome != OUT_ACCEPT) {
                t->undetermined++;
                return;
        }
        /* nobody answers on another port, or to a packet that comes back to its sender */
        if (p.outcome == OUT_ACCEPT && p.redirected &&
                ((p.port != 25 && p.port != 2525) || !p.has_to ||
                        address_compare(&p.to, &packet.from) == 0))
                return;
        answer = dial(w, p.outcome == OUT_ACCEPT);
        right = (answer == OPEN) == (p.outcome == OUT_ACCEPT) &&
                !(p.outcome == OUT_DROP && answer == RESET);
        t->passed += answer == OPEN;
        t->stopped += answer != OPEN;
        t->wrong += !right;
        if (!right)
                show_wrong(w, &p, answer, rules);
}

static void try_ruleset(uint64_t seed, Tally *t)
{
        _cleanup_filters_ Filters f = { 0 };
        Random random = { seed };
        _cleanup_free_ char *rules = foreign_rules(&random);
        FILE *nft = popen("nft -f - 2>/dev/null", "we");

        assert_non_null(nft);
        fputs(rules, nft);
        if (pclose(nft) != 0) {
                t->refused++;
                return;
        }
        assert_int_equal(filters_read(&f), 0);
        assert_null(f.unread);
        for (size_t i = 0; i < ELEMENTS(ways) && t->wrong == 0; i++)
                try_way(&ways[i], &f, rules, t);
        must("nft flush ruleset");
        entries_forget();
}

static void test_rulesets(void **state)
{
        const char *count = getenv("P25_FOREIGN"), *first = getenv("P25_SEED");
        size_t n = count ? strtoul(count, NULL, 10) : RULESETS;
        uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
        Tally t = { 0 };

        (void)state;
        for (size_t i = 0; i < n && t.wrong == 0; i++) {
                try_ruleset(seed + i, &t);
                if (t.wrong > 0)
                        print_message("# seed %llu\n", (unsigned long long)(seed + i));
        }
        print_message("# %zu rulesets (%zu refused by nft), %zu connections: %zu passed, %zu "
                      "stopped, %zu undetermined, %zu wrong\n",
                n, t.refused, t.asked, t.passed, t.stopped, t.undetermined, t.wrong);
        assert_int_equal(t.wrong, 0);
        assert_true(t.undetermined * 20 <= t.asked);
        assert_true(t.refused * 4 <= n);
        /* a test that never sees one of them would prove nothing */
        assert_true(t.passed * 10 >= t.asked && t.stopped * 10 >= t.asked);
}

static int setup(void **state)
{
        (void)state;
        world_build();
        for (Site s = HOST; s < _SITES; s++) {
                listeners[n_listeners++] = listen_at(s, 25);
                listeners[n_listeners++] = listen_at(s, 2525);
                /* few ports, so that each is used again at once */
                world_enter(s);
                must("echo 40000 40063 >/proc/sys/net/ipv4/ip_local_port_range");
                world_enter(HOST);
        }
        if (netlink_open(NETLINK_NETFILTER, &entries) < 0)
                return -1;
        return netlink_open(NETLINK_ROUTE, &routes);
}

static int teardown(void **state)
{
        (void)state;
        world_end();
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rulesets),
        };

        if (!world_begin())
                return 77;
        return cmocka_run_group_tests(tests, setup, teardown);
}
