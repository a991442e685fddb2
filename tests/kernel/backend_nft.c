/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The nftables backend and the kernel's state: what is installed is what the script says, whoever
 * had the table before; who else may touch it, and what happens then; changes that send only
 * themselves; large sets; what goes wrong.
 */

#include "tests/lib/nft_backend.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <time.h>

static const char *const full =
        "enabled = true; logging = \"low\";"
        "default = { incoming = \"deny\"; outgoing = \"reject\"; routed = \"reject\"; };"
        "sets = { partners = { entries = [ \"198.51.100.0/24\", \"2001:db8::/32\" ]; },"
        "         one = { entries = [ \"192.0.2.1\" ]; }, none = { entries = [ ]; },"
        "         all = { entries = [ \"0.0.0.0/0\", \"::/0\" ]; },"
        "         last = { entries = [ \"255.255.255.0/24\", \"ffff::/16\" ]; } };"
        "rules = ("
        " { action = \"deny\"; direction = \"in\"; from = \"@one\"; },"
        " { action = \"allow\"; direction = \"in\"; from = [ \"@partners\", \"10.0.0.0/8\","
        "   \"172.16.0.1\" ]; to = [ \"192.0.2.0/25\", \"@one\", \"@last\" ];"
        "   ports = [ \"smtp\", \"submission\" ]; },"
        " { action = \"limit\"; direction = \"in\"; rate = \"30/minute\"; burst = 10; max = 5; },"
        " { action = \"reject\"; direction = \"in\"; from = \"@none\"; },"
        " { action = \"reject\"; direction = \"in\"; from = \"@all\"; ports = [ 465 ]; },"
        " { action = \"limit\"; direction = \"out\"; rate = \"30/hour\"; user = \"alice\"; },"
        " { action = \"limit\"; direction = \"out\"; rate = \"1000000/day\"; burst = 65535;"
        "   max = 65535; user = \"bob\"; log = true; },"
        " { action = \"allow\"; direction = \"out\"; to = \"203.0.113.7\";"
        "   user = [ \"postfix\", \"mail\" ]; comment = \"a \\\"quote\\\"\"; },"
        " { action = \"allow\"; direction = \"out\"; group = [ \"mail\", \"users\" ]; log = true;"
        "   ports = [ \"submission\", \"submissions\" ]; },"
        " { action = \"allow\"; direction = \"routed\"; in_interface = \"eth0\";"
        "   out_interface = \"eth1\"; from = [ \"10.0.0.0/9\", \"fd00::/9\" ]; },"
        " { action = \"reject\"; direction = \"in\"; from = \"0.0.0.0/0\"; ports = [ 2525 ];"
        "   interface = \"wan0\"; });";

static const char *const small = "default = { incoming = \"reject\"; };";

static bool can_own(Backend *b)
{
        return ((NftBackend *)b)->owns;
}

/* A namespace for each test: what a failed one leaves open is not in the way of the next. */
static int begin(void **state)
{
        (void)state;
        return unshare(CLONE_NEWNET);
}

/* ---- installing ---- */

static void test_install(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        assert_int_equal(apply(b, c.ruleset), 0);
        expect_installed(c.ruleset);
        assert_int_equal(apply(b, s.ruleset), 0);
        expect_installed(s.ruleset);
        assert_int_equal(apply(b, c.ruleset), 0);
        expect_installed(c.ruleset);
        assert_int_equal(backend_nft.remove(b, NULL), 0);
        assert_int_not_equal(run("nft list table inet p25 2>/dev/null"), 0);
        assert_int_equal(backend_nft.remove(b, NULL), 0);
        assert_int_equal(apply(b, s.ruleset), 0);
        expect_installed(s.ruleset);
}

/* The same policy again is not even sent: its generation stays. */
static void test_nothing_to_do(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), again = compile_text(full);
        _cleanup_backend_ Backend *b = open_backend();
        uint32_t before, after;

        (void)state;
        assert_int_equal(apply(b, c.ruleset), 0);
        assert_int_equal(nft_kernel_generation(&((NftBackend *)b)->writer, &before), 0);
        assert_int_equal(apply(b, again.ruleset), 0);
        assert_int_equal(nft_kernel_generation(&((NftBackend *)b)->writer, &after), 0);
        assert_int_equal(before, after);
}

static void test_check(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        assert_int_equal(backend_nft.check(b, c.ruleset, NULL), 0);
        assert_int_not_equal(run("nft list table inet p25 2>/dev/null"), 0);
        assert_int_equal(apply(b, s.ruleset), 0);
        assert_int_equal(backend_nft.check(b, c.ruleset, NULL), 0);
        expect_installed(s.ruleset);
}

static void test_counters(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_backend_ Backend *b = open_backend();
        _cleanup_free_ RuleCounter *counters = NULL;
        size_t n;

        (void)state;
        assert_int_equal(apply(b, c.ruleset), 0);
        assert_int_equal(backend_nft.counters(b, &counters, &n), 0);
        assert_int_equal(n, 11 + 3);
        for (size_t i = 1; i < n; i++)
                assert_true(counters[i - 1].id < counters[i].id);
        assert_true(counters[n - 1].id == DEFAULT_COUNTER_ID(DIRECTION_ROUTED));
}

/* ---- whose table it is ---- */

static void test_adopt(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        assert_int_equal(apply(b, c.ruleset), 0);
        close_backend(&b);
        expect_installed(c.ruleset);
        b = open_backend();
        expect_installed(c.ruleset);
        assert_int_equal(apply(b, s.ruleset), 0);
        expect_installed(s.ruleset);
        close_backend(&b);
        b = open_backend();
        assert_int_equal(apply(b, c.ruleset), 0);
        expect_installed(c.ruleset);
}

/* What others may have left under the name: counters of ours are kept where they stood. */
static void test_replace_foreign(void **state)
{
        static const char *const tables[] = {
                "add table inet p25",
                "add table inet p25 { flags dormant; }",
                "add table inet p25; add chain inet p25 in_25;"
                "add counter inet p25 default_in { packets 7 bytes 420 }",
                "add table inet p25; add chain inet p25 prerouting "
                "{ type filter hook prerouting priority 5; policy drop; };"
                "add counter inet p25 default_in { packets 7 bytes 420 };"
                "add counter inet p25 mine; add quota inet p25 q { 25 mbytes };"
                "add chain inet p25 x; add chain inet p25 y;"
                "add map inet p25 m { type inet_service : verdict; elements = { 1 : goto x }; };"
                "add rule inet p25 x tcp dport { 5, 6 } accept;"
                "add rule inet p25 y tcp dport vmap @m;"
                "add set inet p25 ports_in { type ipv4_addr; flags interval; }",
        };
        _cleanup_compiled_ Compiled c = compile_text(full);

        (void)state;
        for (int may_own = 0; may_own < 2; may_own++)
                for (size_t i = 0; i < ELEMENTS(tables); i++) {
                        NftBackend *b;

                        must("nft flush ruleset; nft '%s'", tables[i]);
                        assert_int_equal(
                                nft_backend_open(NULL, NULL, NULL, NULL, 0, may_own, &b), 0);
                        assert_int_equal(apply(&b->base, c.ruleset), 0);
                        expect_installed(c.ruleset);
                        assert_int_equal(
                                counter_of(&b->base, DEFAULT_COUNTER_ID(DIRECTION_IN)).bytes,
                                i >= 2 ? 420 : 0);
                        backend_nft.remove(&b->base, NULL);
                        backend_nft.close(&b->base);
                }
}

static void test_owned(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_backend_ Backend *b = open_backend();
        Backend *second = NULL;

        (void)state;
        if (!can_own(b))
                skip();
        assert_int_equal(apply(b, c.ruleset), 0);
        must("nft add table inet other; nft flush ruleset");
        expect_installed(c.ruleset);
        assert_int_not_equal(run("nft delete table inet p25 2>/dev/null"), 0);
        assert_int_not_equal(run("nft flush chain inet p25 in_25 2>/dev/null"), 0);
        assert_int_not_equal(run("nft add element inet p25 s4_one '{ 1.2.3.4 }' 2>/dev/null"), 0);
        assert_int_equal(backend_nft.open(NULL, NULL, NULL, NULL, 0, &second), -EBUSY);
        expect_installed(c.ruleset);
}

/* A second backend that opened before the first had a table. */
static void test_second_owner(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_backend_ Backend *first = open_backend();
        _cleanup_backend_ Backend *second = open_backend();
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        (void)state;
        if (!can_own(first))
                skip();
        assert_int_equal(apply(first, c.ruleset), 0);
        assert_int_equal(backend_nft.apply(second, c.ruleset, &d), -EBUSY);
        assert_int_equal(d.n, 1);
        assert_non_null(strstr(d.items[0].text, "another process owns the table inet p25"));
        assert_int_equal(backend_nft.remove(second, NULL), -EBUSY);
        expect_installed(c.ruleset);
}

/* The socket outlives the daemon in the service manager's store: the table stays owned. */
static void test_kept_descriptor(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        Backend *b = open_backend();
        int fds[4], kept[3];

        (void)state;
        if (!can_own(b)) {
                backend_nft.close(b);
                skip();
        }
        assert_int_equal(apply(b, c.ruleset), 0);
        assert_int_equal(backend_nft.keep_fds(b, fds, 4), 1);
        kept[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        kept[1] = dup(fds[0]);
        kept[2] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        backend_nft.close(b);
        must("nft flush ruleset");
        expect_installed(c.ruleset);
        assert_int_equal(backend_nft.open(NULL, NULL, NULL, kept, 3, &b), 0);
        assert_int_equal(fcntl(kept[0], F_GETFD), -1);
        assert_int_equal(fcntl(kept[2], F_GETFD), -1);
        assert_int_not_equal(fcntl(kept[1], F_GETFD) & FD_CLOEXEC, 0);
        assert_int_equal(apply(b, s.ruleset), 0);
        expect_installed(s.ruleset);
        backend_nft.close(b);
}

/* ---- repair ---- */

typedef struct Repairs {
        uint64_t n;
        pid_t pid;
        char process[32];
} Repairs;

static void note_repair(void *data, uint64_t count, pid_t pid, const char *process)
{
        Repairs *r = data;

        r->n += count;
        r->pid = pid;
        snprintf(r->process, sizeof(r->process), "%s", process ?: "");
}

static void run_loop(sd_event *event, unsigned msec)
{
        for (unsigned i = 0; i < msec / 10; i++)
                assert_true(sd_event_run(event, 10000) >= 0);
}

/* By hand: a table that cannot be owned is put back, whatever was done to it. */
static void test_repair(void **state)
{
        static const char *const attacks[] = {
                "flush ruleset",
                "delete table inet p25",
                "flush chain inet p25 in_25",
                "insert rule inet p25 in_25 accept",
                "add element inet p25 s4_one { 192.0.2.77 }",
                "add table inet p25 { flags dormant; }",
                "add chain inet p25 new",
                "flush set inet p25 s6_partners",
        };
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        NftBackend *b;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(nft_backend_open(event, note_repair, &repairs, NULL, 0, false, &b), 0);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("nft add table inet other; nft add chain inet other p25; nft delete table inet other");
        run_loop(event, 100);
        assert_int_equal(repairs.n, 0);
        for (size_t i = 0; i < ELEMENTS(attacks); i++) {
                must("nft '%s'", attacks[i]);
                run_loop(event, 100);
                assert_int_equal(repairs.n, i + 1);
                assert_string_equal(repairs.process, "nft");
                assert_true(repairs.pid > 0);
                expect_installed(c.ruleset);
        }
        /* And goes on as before. */
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_installed(s.ruleset);
        run_loop(event, 50);
        assert_int_equal(repairs.n, ELEMENTS(attacks));
        nft_backend_close(b);
        sd_event_unref(event);
}

/* Who repairs for ever loses: after ten a minute the answers come slowly. */
static void test_fight(void **state)
{
        _cleanup_compiled_ Compiled s = compile_text(small);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        NftBackend *b;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(nft_backend_open(event, note_repair, &repairs, NULL, 0, false, &b), 0);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        for (int i = 0; i < 15; i++) {
                must("nft flush ruleset");
                run_loop(event, 30);
        }
        assert_int_equal(repairs.n, 10);
        nft_backend_close(b);
        sd_event_unref(event);
}

/* A change by others that nobody saw is found when the next policy comes. */
static void test_changed_unseen(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        NftBackend *b;

        (void)state;
        assert_int_equal(nft_backend_open(NULL, NULL, NULL, NULL, 0, false, &b), 0);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("nft flush ruleset");
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_installed(s.ruleset);
        nft_backend_close(b);
}

/* ---- what goes wrong ---- */

/* ---- faults ---- */

/* The next `count` calls after `after` good ones fail. */
typedef struct Fault {
        int error, after, count;
} Fault;

static Fault send_fault, receive_fault, socket_fault;

static bool fault_strikes(Fault *f)
{
        if (f->count == 0 || f->after-- > 0)
                return false;
        f->count--;
        errno = f->error;
        return true;
}

/* In the place of the C library's, for this program. */
ssize_t sendto(int fd, const void *data, size_t n, int flags, const struct sockaddr *to,
        socklen_t to_length)
{
        if (fault_strikes(&send_fault))
                return -1;
        return syscall(SYS_sendto, fd, data, n, flags, to, to_length);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
        if (fault_strikes(&receive_fault))
                return -1;
        return syscall(SYS_recvmsg, fd, message, flags);
}

int socket(int domain, int type, int protocol)
{
        if (fault_strikes(&socket_fault))
                return -1;
        return (int)syscall(SYS_socket, domain, type, protocol);
}

static void try_fault(Fault *where, Fault fault, bool passes, bool may_own, const Ruleset *before,
        const Ruleset *after)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        NftBackend *b;
        int r;

        assert_int_equal(nft_backend_open(NULL, NULL, NULL, NULL, 0, may_own, &b), 0);
        assert_int_equal(apply(&b->base, before), 0);
        *where = fault;
        r = backend_nft.apply(&b->base, after, &d);
        *where = (Fault){ 0 };
        if (passes)
                assert_int_equal(r, 0);
        assert_int_equal(r<0, d.n> 0);
        expect_installed(r < 0 && !is_installed(after) ? before : after);
        assert_int_equal(apply(&b->base, after), 0);
        expect_installed(after);
        assert_int_equal(backend_nft.remove(&b->base, NULL), 0);
        nft_backend_close(b);
}

/* Whatever fails, and at whichever call: the old policy is in force, or the new one; never a
 * mixture, and never the old one with a success. A passing fault is none. */
static void test_faults(void **state)
{
        static const struct {
                Fault *fault;
                int error, count;
                bool passes;
        } cases[] = {
                { &send_fault, ENOBUFS, 1, true },
                { &send_fault, EINTR, 3, true },
                { &send_fault, EPERM, 1, false },
                { &send_fault, ENOMEM, 1, false },
                { &send_fault, EMSGSIZE, 100, false },
                { &receive_fault, EINTR, 2, true },
                { &receive_fault, ENOBUFS, 1, true },
                { &receive_fault, ENOMEM, 100, false },
        };
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);

        (void)state;
        for (size_t i = 0; i < 2 * ELEMENTS(cases); i++)
                for (int after = 0; after < 4; after++)
                        try_fault(cases[i / 2].fault,
                                (Fault){ cases[i / 2].error, after, cases[i / 2].count },
                                cases[i / 2].passes, i % 2 == 0, s.ruleset, c.ruleset);
}

static void test_no_sockets(void **state)
{
        Backend *b = NULL;

        (void)state;
        socket_fault = (Fault){ EMFILE, 0, 2 };
        assert_int_equal(backend_nft.open(NULL, NULL, NULL, NULL, 0, &b), -EMFILE);
        assert_int_equal(backend_nft.probe(), -EMFILE);
        assert_null(b);
        socket_fault = (Fault){ EPROTONOSUPPORT, 0, 1 };
        assert_int_equal(backend_nft.probe(), -EOPNOTSUPP);
        assert_int_equal(backend_nft.probe(), 0);
}

/* What the kernel says is lost: it is looked up what it has, and the policy is in force. */
static void test_lost_answer(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_backend_ Backend *b = open_backend();
        int fd = ((NftBackend *)b)->writer.fd, queue = 1;
        struct {
                struct nlmsghdr header;
                uint32_t rest;
        } noop = { .header = { .nlmsg_len = sizeof(noop),
                           .nlmsg_type = 0xa10,
                           .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };

        (void)state;
        assert_int_equal(apply(b, s.ruleset), 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue, sizeof(queue));
        for (int i = 0; i < 1000; i++)
                assert_int_equal(send(fd, &noop, sizeof(noop), 0), sizeof(noop));
        assert_int_equal(apply(b, c.ruleset), 0);
        expect_installed(c.ruleset);
}

/* Runs f in a child without CAP_NET_ADMIN; its exit status. */
static int without_capability(int (*f)(void))
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
                struct __user_cap_data_struct data[2] = { { 0 } };

                if (syscall(SYS_capset, &h, data) < 0)
                        _exit(99);
                _exit(f());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int open_fails(void)
{
        Backend *b;

        return backend_nft.open(NULL, NULL, NULL, NULL, 0, &b) == -EPERM &&
                               backend_nft.probe() == -EPERM
                       ? 42
                       : 0;
}

static Backend *inherited;
static Ruleset *inherited_ruleset;

static int apply_fails(void)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        return backend_nft.apply(inherited, inherited_ruleset, &d) == -EPERM && d.n == 1 &&
                               strstr(d.items[0].text, "CAP_NET_ADMIN")
                       ? 42
                       : 0;
}

static void test_no_capability(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        assert_int_equal(without_capability(open_fails), 42);
        inherited = b;
        inherited_ruleset = c.ruleset;
        assert_int_equal(without_capability(apply_fails), 42);
        assert_int_not_equal(run("nft list table inet p25 2>/dev/null"), 0);
}

/* What the kernel refuses is told with the rule's place, and the old policy stays. */
static void test_refused_rule(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_backend_ Backend *b = open_backend();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        CompiledRule *rule = &c.ruleset->directions[DIRECTION_IN].rules[0];
        static const char *const unit = "x.service";

        (void)state;
        assert_int_equal(apply(b, s.ruleset), 0);
        /* No compiler makes this: a cgroup deeper than the kernel counts. */
        rule->has_units = true;
        rule->units = calloc(1, sizeof(CompiledUnit));
        rule->n_units = 1;
        rule->units[0] = (CompiledUnit){ .name = unit, .cgroup = 1, .level = 4711 };
        assert_true(backend_nft.check(b, c.ruleset, &d) < 0);
        assert_int_equal(d.n, 1);
        assert_string_equal(d.items[0].file, "p25.conf");
        assert_int_equal(d.items[0].line, rule->rule->line);
        assert_true(apply(b, c.ruleset) < 0);
        expect_installed(s.ruleset);
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

static bool has_hash_sets(const NftBackend *b)
{
        for (size_t i = 0; i < b->wanted->n_sets; i++)
                if (b->wanted->sets[i].key.bits > 0)
                        return true;
        return false;
}

static void test_changing_sets(void **state)
{
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        change_at_random(b, 25, 2, 60, 25);
        change_at_random(b, 465, 2, 400, 10);
        if (!may_send_large())
                return;
        /* Beyond what an interval set takes, and back. */
        change_at_random(b, 587, 256, 4096, 9);
        assert_true(has_hash_sets((NftBackend *)b));
        change_at_random(b, 25, 2, 60, 3);
}

/* Rules that come, go and move; sets that grow out of their room. */
static void test_changing_rules(void **state)
{
        _cleanup_backend_ Backend *b = open_backend();
        Random random = { 587 };

        (void)state;
        for (int i = 0; i < 30; i++) {
                _cleanup_buffer_ Buffer text = { 0 };
                size_t n = random_below(&random, i % 3 == 0 ? 5 : 80);

                buffer_add_string(&text, "rules = (");
                for (size_t k = 0; k < n; k++) {
                        /* Most rules stay what they are from round to round. */
                        unsigned x = random_below(&random, 10) ? (unsigned)k
                                                               : random_below(&random, 250);

                        buffer_printf(&text,
                                "%s{ action = \"%s\"; direction = \"in\"; from = [ \"10.0.%u.0/24\""
                                "%s ]; ports = [ %s ]; %s }",
                                k > 0 ? "," : "", x % 5 == 0 ? "limit" : "deny", x,
                                x % 4 == 0 ? ", \"2001:db8::/33\", \"2001:db9::1\"" : "",
                                x % 7 == 0 ? "25, 587" : "25", x % 3 == 0 ? "log = true;" : "");
                }
                buffer_add_string(&text, "); logging = \"off\";");
                _cleanup_compiled_ Compiled c = compile_text(text.data);
                assert_int_equal(apply(b, c.ruleset), 0);
                expect_installed(c.ruleset);
        }
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
        Prefix *prefixes = calloc(s->n_v4, sizeof(Prefix));
        PrefixSet *set = NULL;

        assert_non_null(prefixes);
        for (size_t i = 0; i < s->n_v4; i++) {
                uint32_t address = i < 100 ? s->v4[i].address : s->v4[i].address ^ 0x40000000;

                prefixes[i] =
                        (Prefix){ .address = address_from_ipv4(address), .bits = s->v4[i].bits };
        }
        assert_int_equal(prefix_set_new(prefixes, s->n_v4, &set), 0);
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

/* Nearly all of it is another: the sets are made anew under their names. */
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
                TEST(test_install),
                TEST(test_nothing_to_do),
                TEST(test_check),
                TEST(test_counters),
                TEST(test_adopt),
                TEST(test_replace_foreign),
                TEST(test_owned),
                TEST(test_second_owner),
                TEST(test_kept_descriptor),
                TEST(test_repair),
                TEST(test_fight),
                TEST(test_changed_unseen),
                TEST(test_faults),
                TEST(test_no_sockets),
                TEST(test_lost_answer),
                TEST(test_no_capability),
                TEST(test_refused_rule),
                TEST(test_changing_sets),
                TEST(test_changing_rules),
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
