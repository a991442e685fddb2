/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The nftables backend and the kernel's state: what is installed is what the script says, whoever
 * had the table before; repairs, and what goes wrong. Who owns the table is in owner_nft.c, changes
 * and large sets are in changes_nft.c.
 */

#include "daemon/backend/rule_counter.h"
#include "rules/nftables/message.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/table.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/nft_backend.h"

#include <linux/capability.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/syscall.h>
#include <time.h>

static const NftOptions not_owned = { .may_not_own = true, .as_script = true };

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

/* Known once a table was sent. */
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

/* As p25d left them, or a former one. */
static void put_many_counters(Netlink *n, uint64_t many)
{
        const uint32_t no_flags = 0;
        NftBatch batch;
        NetlinkOutcome outcome;

        nft_batch_init(&batch, n->seq + 1, NULL);
        nft_put_table(&batch, NFT_ADD, NFT_TABLE_NAME, &no_flags);
        for (uint64_t id = 1; id <= many; id++)
                nft_put_counter(&batch, id, id * 3, id * 100);
        assert_int_equal(nft_batch_finish(&batch, true), 0);
        assert_int_equal(netlink_batch(n,
                                 &(NetlinkBatch){ .data = batch.data,
                                         .length = batch.length,
                                         .first = batch.seq,
                                         .last = batch.seq + (uint32_t)batch.n - 2 },
                                 &outcome),
                0);
        assert_int_equal(outcome.error, 0);
        nft_batch_deinit(&batch);
}

static void assert_many_counters(Netlink *n, const uint64_t *known, size_t n_known, uint64_t many)
{
        _cleanup_free_ RuleCounter *counters = NULL;
        size_t n_counters;

        assert_int_equal(nft_kernel_counters(n, known, n_known, &counters, &n_counters), 0);
        assert_int_equal(n_counters, many);
        for (size_t i = 0; i < many; i++) {
                assert_int_equal(counters[i].id, i + 1);
                assert_int_equal(counters[i].packets, (i + 1) * 3);
                assert_int_equal(counters[i].bytes, (i + 1) * 100);
        }
}

/* One by one, in a dump, and where one that was thought to be there is missing. */
static void test_many_counters(void **state)
{
        _cleanup_free_ uint64_t *known = calloc(NFT_COUNTERS_MANY + 1, sizeof(uint64_t));
        Netlink n = NETLINK_CLOSED;

        (void)state;
        assert_non_null(known);
        for (size_t i = 0; i <= NFT_COUNTERS_MANY; i++)
                known[i] = i + 1;
        assert_int_equal(netlink_open(NETLINK_NETFILTER, &n), 0);
        put_many_counters(&n, NFT_COUNTERS_MANY);
        assert_many_counters(&n, known, NFT_COUNTERS_MANY, NFT_COUNTERS_MANY);
        assert_many_counters(&n, NULL, 0, NFT_COUNTERS_MANY);
        assert_many_counters(&n, known, NFT_COUNTERS_MANY + 1, NFT_COUNTERS_MANY);
        netlink_close(&n);
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

/* Objects that others may have left under the name: counters of ours are kept where they stood. */
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
                                nft_backend_open(NULL, NULL, NULL,
                                        &(NftOptions){ .may_not_own = !may_own, .as_script = true },
                                        &b),
                                0);
                        assert_int_equal(apply(&b->base, c.ruleset), 0);
                        expect_installed(c.ruleset);
                        assert_int_equal(
                                counter_of(&b->base, DEFAULT_COUNTER_ID(DIRECTION_IN)).bytes,
                                i >= 2 ? 420 : 0);
                        backend_nft.remove(&b->base, NULL);
                        backend_nft.close(&b->base);
                }
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

/* Until nothing has come for so long: a transaction is reported in one piece per object. */
static void run_loop(sd_event *event, unsigned msec)
{
        int r;

        do {
                r = sd_event_run(event, msec * 1000);
                assert_true(r >= 0);
        } while (r > 0);
}

/* By hand: a table that cannot be owned is put back, whatever was done to it. */
static void test_repair(void **state)
{
        static const char *const attacks[] = {
                "flush ruleset",
                "delete table inet p25",
                "flush chain inet p25 in_25",
                "insert rule inet p25 in_25 accept",
                "add element inet p25 s4p32_one { 192.0.2.77 }",
                "add table inet p25 { flags dormant; }",
                "add chain inet p25 new",
                "flush set inet p25 s6p32_partners",
        };
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        NftBackend *b;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(nft_backend_open(event, note_repair, &repairs, &not_owned, &b), 0);
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

/* In a fight too it is put back, after a pause. */
static void test_fight(void **state)
{
        _cleanup_compiled_ Compiled s = compile_text(small);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        NftBackend *b;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(nft_backend_open(event, note_repair, &repairs, &not_owned, &b), 0);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        for (uint64_t i = 1; i <= 2 * REPAIR_AT_ONCE; i++) {
                must("nft flush ruleset");
                for (int k = 0; k < 1000 && repairs.n < i; k++)
                        run_loop(event, 10);
                assert_int_equal(repairs.n, i);
        }
        assert_int_equal(b->base.peace, PEACE_FIGHT);
        expect_installed(s.ruleset);
        nft_backend_close(b);
        sd_event_unref(event);
}

/* A change by others that went unnoticed is found when the next policy comes. */
static void test_changed_unseen(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        NftBackend *b;

        (void)state;
        assert_int_equal(nft_backend_open(NULL, NULL, NULL, &not_owned, &b), 0);
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
static size_t flags_spoiled;
static bool spoil_flags;

/* A kernel that does not know the flags of an owned table: none knows these. The table is the first
 * message of a batch, behind it other things look the same. */
static void flags_spoil(char *data, size_t n)
{
        static const struct {
                uint16_t length, type;
                uint8_t value[4];
        } owned = { sizeof(owned), NFTA_TABLE_FLAGS,
                { 0, 0, 0, NFT_TABLE_OWNER | NFT_TABLE_PERSIST } };
        char *at = memmem(data, n < 128 ? n : 128, &owned, sizeof(owned));

        if (!spoil_flags || !at)
                return;
        at[sizeof(owned) - 1] |= 0x40;
        flags_spoiled++;
}

static bool without_tproxy;

/* A kernel without nft_tproxy. */
static void tproxy_spoil(char *data, size_t n)
{
        char *at = data, *end = data + n;

        while (without_tproxy && (at = memmem(at, (size_t)(end - at), "tproxy", 6)))
                *at++ = 'T';
}

static bool fault_strikes(Fault *f)
{
        if (f->count == 0 || f->after-- > 0)
                return false;
        f->count--;
        errno = f->error;
        return true;
}

/* In the place of the C library's, for this program. */
ssize_t send(int fd, const void *data, size_t n, int flags)
{
        if (fault_strikes(&send_fault))
                return -1;
        flags_spoil((char *)data, n);
        tproxy_spoil((char *)data, n);
        return syscall(SYS_sendto, fd, data, n, flags, NULL, 0);
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

        assert_int_equal(nft_backend_open(NULL, NULL, NULL,
                                 &(NftOptions){ .may_not_own = !may_own, .as_script = true }, &b),
                0);
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

/* An older kernel: found out by the first table, or the first dry run, and only once. From then on
 * the table is watched. */
static void test_no_ownership(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);

        (void)state;
        for (int dry = 0; dry < 2; dry++) {
                Repairs repairs = { 0 };
                sd_event *event = NULL;
                NftBackend *nft;
                Backend *b;

                assert_int_equal(sd_event_new(&event), 0);
                assert_int_equal(nft_backend_open(event, note_repair, &repairs,
                                         &(NftOptions){ .as_script = true }, &nft),
                        0);
                b = &nft->base;
                spoil_flags = true;
                flags_spoiled = 0;
                if (dry)
                        assert_int_equal(backend_nft.check(b, c.ruleset, NULL), 0);
                assert_int_equal(apply(b, c.ruleset), 0);
                assert_int_equal(apply(b, s.ruleset), 0);
                spoil_flags = false;
                assert_int_equal(flags_spoiled, 1);
                assert_false(can_own(b));
                expect_installed(s.ruleset);
                must("nft delete table inet p25");
                run_loop(event, 100);
                assert_int_equal(repairs.n, 1);
                expect_installed(s.ruleset);
                backend_nft.remove(b, NULL);
                backend_nft.close(b);
                sd_event_unref(event);
        }
}

static bool asks_conntrack(void)
{
        return run("nft list table inet p25 | grep -qw ct") == 0;
}

/* A host through which nothing passes: the table does without conntrack, if the kernel puts
 * fragments together without it. */
static void test_stateless(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text("default = { incoming = \"deny\"; };");

        (void)state;
        must("sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0");
        for (int without = 0; without < 2; without++) {
                Backend *b = NULL;

                without_tproxy = without;
                assert_int_equal(backend_nft.open(NULL, NULL, NULL, NULL, 0, &b), 0);
                assert_int_equal(backend_nft.check(b, c.ruleset, NULL), 0);
                assert_int_equal(apply(b, c.ruleset), 0);
                assert_int_equal(asks_conntrack(), without);
                assert_int_equal(apply(b, c.ruleset), 0);
                backend_nft.remove(b, NULL);
                backend_nft.close(b);
        }
        without_tproxy = false;
}

static void test_no_sockets(void **state)
{
        Backend *b = NULL;

        (void)state;
        socket_fault = (Fault){ EMFILE, 0, 2 };
        assert_int_equal(backend_nft.open(NULL, NULL, NULL, NULL, 0, &b), -EMFILE);
        assert_int_equal(backend_nft.probe(), -EMFILE);
        assert_null(b);
        socket_fault = (Fault){ EPROTONOSUPPORT, 0, 2 };
        assert_int_equal(backend_nft.open(NULL, NULL, NULL, NULL, 0, &b), -EOPNOTSUPP);
        assert_int_equal(backend_nft.probe(), -EOPNOTSUPP);
        assert_int_equal(backend_nft.probe(), 0);
}

/* An answer of the kernel is lost, to the batch or to a question before it: p25d asks what the
 * kernel has, and the policy is in force. */
static void lose_answer(bool may_own, const Ruleset *before, const Ruleset *after)
{
        int fd, queue = 1;
        struct {
                struct nlmsghdr header;
                uint32_t rest;
        } noop = { .header = { .nlmsg_len = sizeof(noop),
                           .nlmsg_type = 0xa10,
                           .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
        NftBackend *b;

        assert_int_equal(nft_backend_open(NULL, NULL, NULL,
                                 &(NftOptions){ .may_not_own = !may_own, .as_script = true }, &b),
                0);
        assert_int_equal(apply(&b->base, before), 0);
        fd = b->writer.fd;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue, sizeof(queue));
        for (int i = 0; i < 1000; i++)
                assert_int_equal(send(fd, &noop, sizeof(noop), 0), sizeof(noop));
        assert_int_equal(apply(&b->base, after), 0);
        expect_installed(after);
        assert_int_equal(backend_nft.remove(&b->base, NULL), 0);
        nft_backend_close(b);
}

static void test_lost_answer(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);

        (void)state;
        lose_answer(true, s.ruleset, c.ruleset);
        lose_answer(false, s.ruleset, c.ruleset);
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

/* A rule that the kernel refuses is reported with its place, and the old policy stays. */
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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
        static const struct CMUnitTest tests[] = {
                TEST(test_install),
                TEST(test_nothing_to_do),
                TEST(test_check),
                TEST(test_counters),
                TEST(test_many_counters),
                TEST(test_adopt),
                TEST(test_replace_foreign),
                TEST(test_repair),
                TEST(test_fight),
                TEST(test_changed_unseen),
                TEST(test_faults),
                TEST(test_no_ownership),
                TEST(test_stateless),
                TEST(test_no_sockets),
                TEST(test_lost_answer),
                TEST(test_no_capability),
                TEST(test_refused_rule),
        };

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
