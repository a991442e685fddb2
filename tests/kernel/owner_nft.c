/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The owner of the table: it is owned and persistent; on kernels that know no persistent tables
 * (before 6.9) owned while its socket is kept elsewhere, as by the service manager; else nobody's.
 * The effects of each on others, on a p25d that dies, on the next one, and on one that is stopped.
 */

#include "daemon/backend/rule_counter.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/nft_backend.h"

#include <linux/netfilter/nf_tables.h>
#include <sys/syscall.h>

static const char *const full =
        "enabled = true; default = { incoming = \"deny\"; outgoing = \"reject\"; };"
        "sets = { partners = { entries = [ \"198.51.100.0/24\", \"2001:db8::/32\" ]; },"
        "         one = { entries = [ \"192.0.2.1\" ]; } };"
        "rules = ( { action = \"deny\"; direction = \"in\"; from = \"@one\"; },"
        "          { action = \"allow\"; direction = \"in\"; from = \"@partners\"; },"
        "          { action = \"limit\"; direction = \"in\"; ports = [ 587 ]; } );";
static const char *const small = "default = { incoming = \"reject\"; };";

/* ---- an older kernel ---- */

static bool without_persistence, without_owners;

/* Other flags than no kernel knows are not touched: the table is the first message of a batch,
 * behind it other things look the same. */
static void flags_spoil(char *data, size_t n, uint8_t flags)
{
        const uint8_t attribute[] = { 8, 0, NFTA_TABLE_FLAGS, 0, 0, 0, 0, flags };
        char *at = memmem(data, n < 128 ? n : 128, attribute, sizeof(attribute));

        if (at)
                at[sizeof(attribute) - 1] |= 0x40;
}

/* In the place of the C library's, for this program. */
ssize_t send(int fd, const void *data, size_t n, int flags)
{
        if (without_persistence || without_owners)
                flags_spoil((char *)data, n, NFT_TABLE_OWNER | NFT_TABLE_PERSIST);
        if (without_owners)
                flags_spoil((char *)data, n, NFT_TABLE_OWNER);
        return syscall(SYS_sendto, fd, data, n, flags, NULL, 0);
}

static int kept = -1;

static int keep(int fd)
{
        kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return 1;
}

static int keep_nothing(int fd)
{
        assert_true(fd >= 0);
        return 0;
}

static bool someone_follows(void)
{
        return true;
}
static bool nobody_follows(void)
{
        return false;
}

static int begin(void **state)
{
        (void)state;
        without_persistence = without_owners = false;
        if (kept >= 0)
                close(kept);
        kept = -1;
        return unshare(CLONE_NEWNET);
}

static NftBackend *open_kept(const int *fds, size_t n_fds)
{
        NftBackend *b;

        assert_int_equal(
                nft_backend_open(NULL, NULL, NULL,
                        &(NftOptions){
                                .fds = fds, .n_fds = n_fds, .keep = keep, .as_script = true },
                        &b),
                0);
        return b;
}

/* As the kernel has it, whoever asks. */
static uint32_t table_flags(void)
{
        _cleanup_(found_deinit) Found f = { 0 };
        Netlink n = NETLINK_CLOSED;

        assert_int_equal(netlink_open(NETLINK_NETFILTER, &n), 0);
        assert_int_equal(nft_kernel_find(&n, &f), 0);
        netlink_close(&n);
        assert_true(f.exists);
        return f.flags;
}

static bool table_exists(void)
{
        return run("nft list table inet p25 >/dev/null 2>&1") == 0;
}

/* ---- owned and persistent ---- */

/* Known once a table was sent. */
static bool can_persist(Backend *b)
{
        return ((NftBackend *)b)->persists;
}

static void expect_untouchable(const Ruleset *r)
{
        must("nft add table inet other; nft flush ruleset");
        expect_installed(r);
        assert_int_not_equal(run("nft delete table inet p25 2>/dev/null"), 0);
        assert_int_not_equal(run("nft flush chain inet p25 in_25 2>/dev/null"), 0);
        assert_int_not_equal(
                run("nft add element inet p25 s4p32_one '{ 1.2.3.4 }' 2>/dev/null"), 0);
}

static void test_owned(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_backend_ Backend *b = open_backend();
        Backend *second = NULL;

        (void)state;
        assert_int_equal(apply(b, c.ruleset), 0);
        if (!can_persist(b))
                skip();
        expect_untouchable(c.ruleset);
        assert_int_equal(backend_nft.open(NULL, NULL, NULL, NULL, 0, &second), -EBUSY);
        expect_installed(c.ruleset);
        assert_int_equal(backend_nft.detach(b, nobody_follows), 0);
        assert_int_equal(table_flags(), NFT_TABLE_OWNER | NFT_TABLE_PERSIST);
        close_backend(&b);
        expect_installed(c.ruleset);
}

/* A second backend that opened before the first had a table. */
static void test_second_owner(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);

        for (int persists = 0; persists < 2; persists++) {
                NftBackend *first, *second;
                Diagnostics d = { 0 };

                begin(state);
                without_persistence = !persists;
                first = open_kept(NULL, 0);
                second = open_kept(NULL, 0);
                assert_int_equal(apply(&first->base, c.ruleset), 0);
                assert_int_equal(backend_nft.apply(&second->base, c.ruleset, &d), -EBUSY);
                assert_int_equal(d.n, 1);
                assert_non_null(strstr(d.items[0].text, "another process owns the table inet p25"));
                assert_int_equal(backend_nft.remove(&second->base, NULL), -EBUSY);
                expect_installed(c.ruleset);
                nft_backend_close(first);
                nft_backend_close(second);
                diagnostics_deinit(&d);
        }
}

/* The socket outlives the daemon in the service manager's store: the table stays owned. What else
 * comes from there is closed. */
static void test_kept_descriptor(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);

        for (int persists = 0; persists < 2; persists++) {
                int fds[4], all[3];
                NftBackend *b;

                begin(state);
                without_persistence = !persists;
                b = open_kept(NULL, 0);
                assert_int_equal(apply(&b->base, c.ruleset), 0);
                assert_int_equal(backend_nft.keep_fds(&b->base, fds, 4), 1);
                all[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
                all[1] = dup(fds[0]);
                all[2] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                nft_backend_close(b);
                expect_untouchable(c.ruleset);
                b = open_kept(all, 3);
                assert_int_equal(fcntl(all[0], F_GETFD), -1);
                assert_int_equal(fcntl(all[2], F_GETFD), -1);
                assert_int_not_equal(fcntl(all[1], F_GETFD) & FD_CLOEXEC, 0);
                assert_int_equal(apply(&b->base, s.ruleset), 0);
                expect_installed(s.ruleset);
                assert_int_not_equal(run("nft delete table inet p25 2>/dev/null"), 0);
                nft_backend_close(b);
        }
}

/* ---- owned, and lost with its socket ---- */

/* Kept before there is a table that could be lost; with the socket it goes. */
static void test_not_persistent(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        NftBackend *b;

        (void)state;
        without_persistence = true;
        b = open_kept(NULL, 0);
        assert_int_equal(backend_nft.check(&b->base, c.ruleset, NULL), 0);
        assert_true(kept >= 0);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        assert_int_equal(table_flags(), NFT_TABLE_OWNER);
        expect_untouchable(c.ruleset);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_installed(s.ruleset);
        assert_true(b->owns);
        nft_backend_close(b);
        expect_installed(s.ruleset);
        close(kept);
        kept = -1;
        assert_false(table_exists());
}

/* Where nobody keeps the socket, or the kernel knows no owners at all, nobody owns the table. */
static void test_nobody_keeps(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);

        for (int kernel = 0; kernel < 2; kernel++) {
                const NftOptions options = { .keep = kernel ? keep : keep_nothing,
                        .as_script = true };
                NftBackend *b;

                begin(state);
                without_persistence = true;
                without_owners = kernel;
                assert_int_equal(nft_backend_open(NULL, NULL, NULL, &options, &b), 0);
                assert_int_equal(apply(&b->base, c.ruleset), 0);
                assert_false(b->owns);
                assert_int_equal(table_flags(), 0);
                assert_int_equal(backend_nft.detach(&b->base, nobody_follows), 0);
                nft_backend_close(b);
                expect_installed(c.ruleset);
        }
}

/* A stop that no start follows: the table becomes nobody's, with its counters, and the next p25d
 * owns it again. */
static void test_stopped(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);

        (void)state;
        without_persistence = true;
        must("nft 'add table inet p25; add counter inet p25 default_in { packets 7 bytes 420 }'");
        for (int i = 0; i < 3; i++) {
                NftBackend *b = open_kept(NULL, 0);

                assert_int_equal(apply(&b->base, c.ruleset), 0);
                assert_int_equal(table_flags(), NFT_TABLE_OWNER);
                assert_int_equal(counter_of(&b->base, DEFAULT_COUNTER_ID(DIRECTION_IN)).bytes, 420);
                assert_int_equal(backend_nft.detach(&b->base, nobody_follows), 0);
                assert_int_equal(table_flags(), 0);
                nft_backend_close(b);
                close(kept);
                kept = -1;
                expect_installed(c.ruleset);
        }
}

/* A restart: nothing is made again. */
static void test_restarted(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        uint32_t before, after;
        NftBackend *b;

        (void)state;
        without_persistence = true;
        b = open_kept(NULL, 0);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        assert_int_equal(nft_kernel_generation(&b->writer, &before), 0);
        assert_int_equal(backend_nft.detach(&b->base, someone_follows), 0);
        assert_int_equal(nft_kernel_generation(&b->writer, &after), 0);
        assert_int_equal(before, after);
        nft_backend_close(b);
        b = open_kept(&kept, 1);
        kept = -1;
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        assert_int_equal(table_flags(), NFT_TABLE_OWNER);
        nft_backend_close(b);
}

/* A p25d that found a table and no files does not know what is in it, and says that it may be lost.
 */
/* A policy that needs one chain more was made while no p25d ran. */
static void test_grown(void **state)
{
        static const char more[] = "attribution = \"process\"; logging = \"high\";";
        _cleanup_compiled_ Compiled c = compile_text(full), grown = compile_text(more);
        _cleanup_backend_ Backend *b = open_backend();

        (void)state;
        assert_int_equal(apply(b, c.ruleset), 0);
        assert_int_not_equal(run("nft list chain inet p25 held >/dev/null 2>&1"), 0);
        close_backend(&b);
        b = open_backend();
        assert_int_equal(apply(b, grown.ruleset), 0);
        must("nft list chain inet p25 held >/dev/null");
}

static void test_unknown_table(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        NftBackend *b;

        (void)state;
        without_persistence = true;
        b = open_kept(NULL, 0);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        nft_backend_close(b);
        b = open_kept(&kept, 1);
        kept = -1;
        assert_true(backend_nft.holds(&b->base));
        assert_int_equal(backend_nft.detach(&b->base, someone_follows), 0);
        assert_int_equal(backend_nft.detach(&b->base, nobody_follows), -ENODATA);
        expect_installed(c.ruleset);
        assert_int_equal(backend_nft.remove(&b->base, NULL), 0);
        assert_int_equal(backend_nft.detach(&b->base, nobody_follows), 0);
        assert_false(table_exists());
        nft_backend_close(b);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
        static const struct CMUnitTest tests[] = {
                TEST(test_owned),
                TEST(test_second_owner),
                TEST(test_kept_descriptor),
                TEST(test_not_persistent),
                TEST(test_nobody_keeps),
                TEST(test_stopped),
                TEST(test_restarted),
                TEST(test_grown),
                TEST(test_unknown_table),
        };

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
