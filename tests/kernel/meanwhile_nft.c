/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Another process takes everything out of nf_tables in the midst of what the backend does: before
 * each message that is sent to the kernel, and before and after each that is received from it, one
 * after the other. Where the table
 * cannot be owned, it is back soon after. A flush that is not noticed would never be: the next one
 * finds nothing of ours.
 */

#include "daemon/loop/clock.h"
#include "daemon/nftables/elements.h"
#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "tests/lib/nft_backend.h"

#include <linux/netfilter/nf_tables.h>
#include <sys/syscall.h>

static const char *const policy =
        "enabled = true;"
        "default = { incoming = \"deny\"; outgoing = \"reject\"; routed = \"reject\"; };"
        "sets = { partners = { entries = [ \"198.51.100.0/24\", \"2001:db8::/32\" ]; } };"
        "rules = ( { action = \"allow\"; direction = \"in\"; from = \"@partners\"; } );";

static const NftOptions not_owned = { .may_not_own = true, .as_script = true };

/* ---- in the midst ---- */

/* Messages until it happens; 0: no more. */
static size_t flush_in;

static void count_message(void)
{
        if (flush_in > 0 && --flush_in == 0)
                must("nft flush ruleset");
}

/* In the place of the C library's, for this program. */
ssize_t send(int fd, const void *data, size_t n, int flags)
{
        count_message();
        return syscall(SYS_sendto, fd, data, n, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
        ssize_t n;

        count_message();
        n = syscall(SYS_recvmsg, fd, message, flags);
        count_message();
        return n;
}

/* ---- tests ---- */

static int begin(void **state)
{
        (void)state;
        return unshare(CLONE_NEWNET);
}

/* Until it is there again, 30 s at most. */
static bool comes_back(sd_event *event, const Ruleset *r)
{
        uint64_t began = clock_now_usec(CLOCK_MONOTONIC);

        while (clock_now_usec(CLOCK_MONOTONIC) - began < 30 * USEC_PER_SEC) {
                assert_true(sd_event_run(event, 10000) >= 0);
                if (is_installed(r))
                        return true;
        }
        return false;
}

/* A step of the backend, with everything in the kernel as it left it. */
typedef void (*Step)(NftBackend *b, const Ruleset *r);

static void put_back(NftBackend *b, const Ruleset *r)
{
        (void)r;
        (void)nft_apply_again(b);
}

static void apply_same(NftBackend *b, const Ruleset *r)
{
        (void)apply(&b->base, r);
}

/* A change of what no rule is about, that is undone by itself. */
static void change_elements(NftBackend *b, const Ruleset *r)
{
        _cleanup_nft_batch_ NftBatch batch = { 0 };
        char name[NFT_NAME_TEXT_MAX];

        (void)r;
        if (elements_begin(b, &batch) < 0)
                return;
        nft_put_counter(&batch, 77, 0, 0);
        nft_put_delete_object(&batch, nft_counter_name(77, name), NFT_OBJECT_COUNTER);
        (void)elements_send(b, &batch, NULL);
}

/* A fight can be lost for a moment: the step may fail. */
static void flush_at_each_message(Step step, size_t least)
{
        _cleanup_compiled_ Compiled c = compile_text(policy);
        sd_event *event = NULL;
        NftBackend *b;
        size_t i = 0;

        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(nft_backend_open(event, NULL, NULL, &not_owned, &b), 0);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        do {
                assert_true(comes_back(event, c.ruleset));
                flush_in = ++i;
                step(b, c.ruleset);
                if (!comes_back(event, c.ruleset))
                        fail_msg("flushed before message %zu, and not put back", i);
        } while (flush_in == 0);
        print_message("# %zu messages\n", i - 1);
        assert_true(i > least); /* and it was in the midst */
        flush_in = 0;
        nft_backend_close(b);
        sd_event_unref(event);
}

static void test_put_back(void **state)
{
        (void)state;
        flush_at_each_message(put_back, 20);
}

static void test_apply(void **state)
{
        (void)state;
        flush_at_each_message(apply_same, 5);
}

static void test_elements(void **state)
{
        (void)state;
        flush_at_each_message(change_elements, 10);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_put_back, begin),
                cmocka_unit_test_setup(test_apply, begin),
                cmocka_unit_test_setup(test_elements, begin),
        };

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
