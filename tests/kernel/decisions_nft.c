/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The decisions of rules, read from the sets that they count in: each once and with all that is
 * known of it, whatever finds room, and no set that is full changes a verdict.
 */

#include "daemon/backend/decision_count.h"
#include "daemon/backend/rule_counter.h"
#include "rules/address/family.h"
#include "rules/nftables/table.h"
#include "tests/lib/nft_backend.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define OUT_REJECT "default = { outgoing = \"reject\"; routed = \"reject\"; };"
#define ROOM 40u
#define KNOWN 1001u

typedef struct Sums {
        uint64_t all, with_user, with_destination, audited, groups;
        uint64_t of_actions[_ACTION_MAX], of_directions[_DIRECTION_MAX];
        uint64_t of_known; /* of the user KNOWN */
        uint32_t uid;
        Address source;
        uint16_t port;
} Sums;

static void on_decision(void *data, const DecisionCount *c)
{
        Sums *s = data;

        s->all += c->count;
        s->groups++;
        s->with_user += c->has_uid ? c->count : 0;
        s->of_known += c->has_uid && c->uid == KNOWN ? c->count : 0;
        s->with_destination += c->destination.family ? c->count : 0;
        s->audited += c->audit ? c->count : 0;
        s->of_actions[c->action] += c->count;
        s->of_directions[c->direction] += c->count;
        s->uid = c->uid;
        s->source = c->source;
        s->port = c->port;
}

static Sums taken(NftBackend *b)
{
        Sums s = { 0 };

        assert_int_equal(backend_nft.take_decisions(&b->base, on_decision, &s), 0);
        return s;
}

static NftBackend *open_with(const char *text, NftOptions o, uint32_t room)
{
        _cleanup_compiled_ Compiled c = compile_text(text);
        NftBackend *b;
        NftTable *t;

        assert_int_equal(nft_backend_open(NULL, NULL, NULL, &o, &b), 0);
        assert_int_equal(nft_table_new(c.ruleset, NULL, NFT_TABLE_COUNTS, &t), 0);
        for (size_t i = 0; i < t->n_sets && room > 0; i++) {
                if (t->sets[i].key.kind == SET_SENT || t->sets[i].key.kind == SET_SENDERS)
                        t->sets[i].size = room;
                if (t->sets[i].key.kind == SET_NUMBERS)
                        t->sets[i].size = (uint32_t)t->sets[i].n;
        }
        assert_int_equal(nft_apply(b, t, true, NULL), 0);
        return b;
}

/* By the rules' own counters. */
static uint64_t packets_counted(NftBackend *b)
{
        _cleanup_free_ RuleCounter *counters = NULL;
        uint64_t sum = 0;
        size_t n;

        assert_int_equal(backend_nft.counters(&b->base, &counters, &n), 0);
        for (size_t i = 0; i < n; i++)
                sum += counters[i].packets;
        return sum;
}

static void close_table(NftBackend *b)
{
        assert_int_equal(backend_nft.remove(&b->base, NULL), 0);
        backend_nft.close(&b->base);
}

/* n destinations, each refused. */
static void dial(unsigned n, unsigned first)
{
        char address[32];

        for (unsigned i = first; i < first + n; i++) {
                snprintf(address, sizeof(address), "198.18.%u.%u", i / 250, i % 250 + 1);
                assert_int_equal(connect_to(HOST, address, 25), RESET);
        }
}

static void test_groups(void **state)
{
        NftBackend *b = open_with(OUT_REJECT
                "rules = ({ action = \"allow\"; direction = \"out\"; to = "
                "[ \"192.0.2.2\", \"2001:db8:1::2\" ]; ports = [ 25, 587 ]; });",
                (NftOptions){ 0 }, 0);
        int listeners[] = { listen_at(INTERNET, 25), listen_at(INTERNET, 587) };
        Sums s;

        (void)state;
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(connect_as(1234, 1234, HOST, "198.18.0.9", 25, NULL), RESET);
        s = taken(b);
        assert_int_equal(s.groups, 1);
        assert_int_equal(s.all, 5);
        assert_int_equal(s.uid, 1234);
        assert_int_equal(s.port, 25);
        assert_int_equal(s.of_actions[ACTION_REJECT], 5);
        assert_int_equal(taken(b).groups, 0);
        assert_int_equal(connect_to(HOST, "192.0.2.2", 25), OPEN);
        assert_int_equal(connect_to(HOST, "2001:db8:1::2", 587), OPEN);
        s = taken(b);
        assert_int_equal(s.groups, 2);
        assert_int_equal(s.of_actions[ACTION_ALLOW], 2);
        assert_int_equal(s.with_user, 2);
        assert_int_equal(connect_to(CONTAINER, "192.0.2.2", 25), RESET);
        s = taken(b);
        assert_int_equal(s.of_directions[DIRECTION_ROUTED], 1);
        assert_int_equal(s.source.family, FAMILY_IPV4);
        close(listeners[0]);
        close(listeners[1]);
        close_table(b);
}

#define NOTRACK                                                               \
        "nft 'table inet t {"                                                 \
        " chain pre { type filter hook prerouting priority -300; notrack; };" \
        " chain out { type filter hook output priority -300; notrack; }; }'"

/* A limit with `max` refuses what conntrack does not follow; that counts as what is beyond it. */
static void expect_untracked(const char *audit, Answer answer, uint64_t audited)
{
        _cleanup_free_ char *text = NULL;
        NftBackend *b;
        Sums s;

        assert_true(asprintf(&text,
                            "%s rules = ({ action = \"limit\"; direction = \"out\"; max = 5; },"
                            "{ action = \"limit\"; direction = \"routed\"; max = 5; });",
                            audit) > 0);
        b = open_with(text, (NftOptions){ 0 }, 0);
        must(NOTRACK);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(connect_as(1234, 1234, HOST, "192.0.2.2", 25, NULL), answer);
        assert_int_equal(connect_to(CONTAINER, "192.0.2.2", 25), answer);
        s = taken(b);
        must("nft delete table inet t");
        assert_int_equal(s.all, 4);
        assert_int_equal(s.of_actions[ACTION_REJECT], 4);
        assert_int_equal(s.of_directions[DIRECTION_OUT], 3);
        assert_int_equal(s.of_directions[DIRECTION_ROUTED], 1);
        assert_int_equal(s.with_user, 3);
        assert_int_equal(s.audited, audited);
        close_table(b);
}

static void test_untracked(void **state)
{
        int listener = listen_at(INTERNET, 25);

        (void)state;
        expect_untracked("", RESET, 0);
        expect_untracked("audit = ( \"all\" );", OPEN, 4);
        close(listener);
}

/* Whoever finds no room is counted with less detail; all are refused. */
static void test_full(void **state)
{
        NftBackend *b = open_with(OUT_REJECT, (NftOptions){ 0 }, ROOM);
        Sums s;

        (void)state;
        dial(100, 0);
        s = taken(b);
        assert_int_equal(s.all, 100);
        assert_int_equal(s.with_user, 100);
        assert_int_equal(s.with_destination, ROOM);
        for (unsigned uid = 1; uid <= 100; uid++)
                assert_int_equal(connect_as(uid, uid, HOST, "198.18.3.1", 25, NULL), RESET);
        s = taken(b);
        assert_int_equal(s.all, 100);
        /* where the first hundred could not be reset they were removed */
        assert_in_range(s.with_user, ROOM - 1, b->cannot_reset ? 2 * ROOM : ROOM);
        close_table(b);
}

static void dial_as(unsigned uid, unsigned n, unsigned first)
{
        char address[32];

        for (unsigned i = first; i < first + n; i++) {
                snprintf(address, sizeof(address), "198.18.4.%u", i % 250 + 1);
                assert_int_equal(connect_as(uid, uid, HOST, address, 25, NULL), RESET);
        }
}

static size_t numbers_there(void)
{
        _cleanup_free_ char *listing = output_of("nft list set inet p25 numbers 2>&1");
        size_t n = 0;

        for (const char *p = listing; (p = strstr(p, "counter packets")); p++)
                n++;
        return n;
}

/* Who has been counted is known afterwards too, whoever took the room meanwhile; what makes room
 * are never the numbers, for which packets make no element: their set has room for none. */
static void expect_known(NftOptions o)
{
        NftBackend *b = open_with(OUT_REJECT, o, 2);
        size_t n = numbers_there();
        Sums s;

        assert_true(n >= 2);
        dial_as(KNOWN, 2, 0);
        assert_int_equal(taken(b).with_destination, 2);
        dial_as(1002, 3, 10);
        dial_as(1003, 3, 20);
        dial_as(KNOWN, 3, 30);
        s = taken(b);
        assert_int_equal(s.all, 9);
        assert_int_equal(s.of_known, 3);
        for (unsigned i = 0; i < 130; i++)
                assert_int_equal(taken(b).all, 0);
        assert_int_equal(numbers_there(), n);
        dial_as(1004, 3, 40);
        assert_int_equal(connect_to(CONTAINER, "198.18.3.1", 25), RESET);
        s = taken(b);
        assert_int_equal(s.all, 4);
        assert_int_equal(s.of_directions[DIRECTION_ROUTED], 1);
        close_table(b);
}

static void test_known(void **state)
{
        (void)state;
        expect_known((NftOptions){ 0 });
        expect_known((NftOptions){ .may_not_reset = true });
}

/* Idle elements make room. */
static void test_room(void **state)
{
        NftBackend *b = open_with(OUT_REJECT, (NftOptions){ 0 }, 2 * ROOM);

        (void)state;
        dial(2 * ROOM, 0);
        assert_int_equal(taken(b).with_destination, 2 * ROOM);
        for (unsigned i = 0; i < 64; i++)
                assert_int_equal(taken(b).all, 0);
        dial(2 * ROOM, 1000);
        assert_int_equal(taken(b).with_destination, 2 * ROOM);
        close_table(b);
}

#define DIALLERS 2u
#define DIALS 15000u

/* Ahead of everything else, such as the worker that brings the kernel memory for new counters. */
static pid_t dial_ahead(unsigned part)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        if (setpriority(PRIO_PROCESS, 0, -20) < 0)
                _exit(1);
        for (unsigned i = 0; i < DIALS; i++) {
                char address[32];

                snprintf(address, sizeof(address), "198.18.%u.%u", part * 100 + i / 250,
                        i % 250 + 1);
                if (connect_to(HOST, address, 25) != RESET)
                        _exit(1);
        }
        _exit(0);
}

/* Whatever is read while packets fill the sets, and whatever finds no room: each decision once. */
static void expect_all(NftOptions o)
{
        NftBackend *b = open_with(OUT_REJECT, o, 0);
        uint64_t sum = 0;
        pid_t pids[DIALLERS];

        for (unsigned i = 0; i < DIALLERS; i++)
                pids[i] = dial_ahead(i);
        for (unsigned i = 0; i < DIALLERS; i++) {
                int status;

                while (waitpid(pids[i], &status, WNOHANG) == 0) {
                        sum += taken(b).all;
                        usleep(20000);
                }
                assert_int_equal(status, 0);
        }
        for (unsigned i = 0; i < 3; i++)
                sum += taken(b).all;
        assert_int_equal(packets_counted(b), DIALLERS * DIALS);
        assert_int_equal(sum, DIALLERS * DIALS);
        close_table(b);
}

static void test_meanwhile(void **state)
{
        (void)state;
        expect_all((NftOptions){ 0 });
        expect_all((NftOptions){ .may_not_reset = true });
}

/* A kernel that cannot reset, and a table that is not owned. */
static void test_old_kernel(void **state)
{
        NftBackend *b = open_with(
                OUT_REJECT, (NftOptions){ .may_not_reset = true, .may_not_own = true }, 0);

        (void)state;
        for (unsigned i = 0; i < 3; i++) {
                dial(20, 0);
                assert_int_equal(taken(b).all, 20);
                assert_int_equal(taken(b).all, 0);
        }
        close_table(b);
}

/* Another daemon goes on with the same table; a table that is removed is read before. */
static void test_later(void **state)
{
        NftBackend *b = open_with(OUT_REJECT, (NftOptions){ 0 }, 0);
        Sums s;

        (void)state;
        dial(20, 0);
        backend_nft.close(&b->base);
        dial(5, 10);
        b = open_with(OUT_REJECT, (NftOptions){ 0 }, 0);
        dial(1, 0);
        assert_int_equal(taken(b).all, 26);
        dial(7, 0);
        assert_int_equal(backend_nft.remove(&b->base, NULL), 0);
        s = taken(b);
        assert_int_equal(s.all, 7);
        assert_int_equal(taken(b).all, 0);
        backend_nft.close(&b->base);
}

static bool nobody_follows(void)
{
        return false;
}

static int keep(int fd)
{
        return fd >= 0;
}

static bool dialling;

/* In the place of the C library's, for this program: packets come whenever p25d looks for the
 * table. */
ssize_t send(int fd, const void *data, size_t n, int flags)
{
        const struct nlmsghdr *h = data;
        bool dials = dialling && n >= sizeof(*h) &&
                     h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE);

        if (dials) {
                dialling = false;
                dial(1, 0);
                dialling = true;
        }
        return syscall(SYS_sendto, fd, data, n, flags, NULL, 0);
}

/* A table that goes with its socket (before Linux 6.9) is replaced when p25d is stopped, and again
 * when it is started: what is counted meanwhile is in nobody's way, and what was counted is not
 * lost. */
static void test_stopped(void **state)
{
        const NftOptions options = { .may_not_reset = true, .keep = keep };
        _cleanup_compiled_ Compiled c = compile_text(OUT_REJECT);
        NftBackend *b;

        (void)state;
        for (int i = 0; i < 3; i++) {
                assert_int_equal(nft_backend_open(NULL, NULL, NULL, &options, &b), 0);
                b->persists = false;
                dialling = i > 0;
                assert_int_equal(backend_nft.apply(&b->base, c.ruleset, NULL), 0);
                dialling = false;
                assert_true(b->owns);
                assert_in_range(taken(b).all, i > 0 ? 100 : 0, 110);
                dialling = true;
                assert_int_equal(backend_nft.detach(&b->base, nobody_follows), 0);
                dialling = false;
                backend_nft.close(&b->base);
                dial(100, 0);
        }
        assert_int_equal(nft_backend_open(NULL, NULL, NULL, &options, &b), 0);
        close_table(b);
}

/* nft can list what is counted. */
static void test_listing(void **state)
{
        NftBackend *b = open_with(OUT_REJECT, (NftOptions){ 0 }, 0);
        _cleanup_free_ char *listing = NULL;

        (void)state;
        dial(1, 0);
        listing = output_of("nft list ruleset 2>&1");
        assert_non_null(strstr(listing, "198.18.0.1"));
        assert_null(strstr(listing, "rror"));
        close_table(b);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_groups),
                cmocka_unit_test(test_meanwhile),
                cmocka_unit_test(test_untracked),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_known),
                cmocka_unit_test(test_room),
                cmocka_unit_test(test_old_kernel),
                cmocka_unit_test(test_later),
                cmocka_unit_test(test_stopped),
                cmocka_unit_test(test_listing),
        };
        int r;

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        world_build();
        must("ip route add 198.18.0.0/15 via 192.0.2.2");
        r = cmocka_run_group_tests(tests, NULL, NULL);
        world_end();
        return r;
}
