/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Whatever another process does to the table, where the kernel cannot let us own it: all is as it
 * was soon after, and the process is named. A child looks after the table as p25d does; this
 * process attacks, and looks only at the kernel.
 */

#include "tests/lib/nft_backend.h"

#include <sys/mman.h>
#include <time.h>

static const char *const policy =
        "enabled = true; logging = \"low\";"
        "default = { incoming = \"deny\"; outgoing = \"reject\"; routed = \"reject\"; };"
        "sets = { partners = { entries = [ \"198.51.100.0/24\", \"2001:db8::/32\" ]; },"
        "         one = { entries = [ \"192.0.2.1\" ]; } };"
        "rules = ("
        " { action = \"deny\"; direction = \"in\"; from = \"@one\"; },"
        " { action = \"allow\"; direction = \"in\"; from = \"@partners\"; },"
        " { action = \"limit\"; direction = \"in\"; rate = \"30/minute\"; burst = 10; max = 5; },"
        " { action = \"allow\"; direction = \"out\"; user = [ \"postfix\", \"mail\" ]; });";

#define DEADLINE_MSEC 30000

/* The report of the child. */
typedef struct Guarded {
        volatile uint64_t n, usec;
        volatile pid_t pid;
        char process[32];
        volatile uint64_t fights, peaces;
} Guarded;

static Guarded *guarded;
static pid_t guard;
static NftBackend *guard_backend; /* the child's */
static bool guard_is_quick;       /* a fight of seconds, not of minutes */

static uint64_t now_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void note_repair(void *data, uint64_t count, pid_t pid, const char *process)
{
        Guarded *g = data;
        BackendPeace peace = guard_backend->base.peace;

        /* by way of PEACE_BROKEN too, where ten tries met as many flushes */
        if (peace == PEACE_FIGHT)
                g->fights = 1;
        if (count == 0 && peace == PEACE_KEPT)
                g->peaces++;
        if (count == 0)
                return;
        g->usec = now_usec();
        g->pid = pid;
        snprintf(g->process, sizeof(g->process), "%s", process ?: "");
        __sync_synchronize();
        g->n += count;
}

static void guard_run(int ready, const Ruleset *r)
{
        sd_event *event = NULL;
        NftBackend *b;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (sd_event_new(&event) < 0 ||
                nft_backend_open(event, note_repair, guarded,
                        &(NftOptions){ .may_not_own = true, .as_script = true }, &b) < 0)
                _exit(1);
        guard_backend = b;
        if (guard_is_quick) {
                b->repairer.rate.window_usec = 6000000;
        }
        if (apply(&b->base, r) < 0 || write(ready, "", 1) != 1)
                _exit(1);
        (void)sd_event_loop(event);
        _exit(1);
}

/* A namespace and a child for each test. */
static int begin(void **state)
{
        Compiled c = compile_text(policy);
        int ready[2];
        char byte;

        (void)state;
        if (unshare(CLONE_NEWNET) < 0 || pipe2(ready, O_CLOEXEC) < 0)
                return -1;
        guarded = mmap(
                NULL, sizeof(*guarded), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (guarded == MAP_FAILED)
                return -1;
        guard = fork();
        if (guard == 0)
                guard_run(ready[1], c.ruleset);
        close(ready[1]);
        compiled_deinit(&c);
        return guard > 0 && read(ready[0], &byte, 1) == 1 && close(ready[0]) == 0 ? 0 : -1;
}

static int end(void **state)
{
        (void)state;
        kill(guard, SIGKILL);
        waitpid(guard, NULL, 0);
        munmap(guarded, sizeof(*guarded));
        return 0;
}

/* All of it but what counts, in an order of its own. */
static char *kernel_listing(void)
{
        return output_of("nft list table inet p25 2>&1 | sed -e '/^\t\tsize /d'"
                         " -e 's/packets [0-9]* bytes [0-9]*//' -e '/elements = .* limit/d'"
                         " -e '/elements = { .* counter .*}$/d'"
                         " -e '/elements = { .* counter /,/}$/d'"
                         " | awk -v RS= '{ gsub(/\\n/, \"\\001\"); print }' | LC_ALL=C sort"
                         " | tr '\\001' '\\n'");
}

static bool wait_for_listing(const char *wanted, uint64_t began)
{
        for (;;) {
                _cleanup_free_ char *found = kernel_listing();

                if (streq(found, wanted))
                        return true;
                if (now_usec() - began > DEADLINE_MSEC * 1000) {
                        print_difference(wanted, found);
                        return false;
                }
        }
}

static bool wait_for(volatile uint64_t *value, uint64_t wanted)
{
        uint64_t began = now_usec();

        while (*value < wanted && now_usec() - began < DEADLINE_MSEC * 1000)
                usleep(1000);
        return *value >= wanted;
}

/* Handles of what is there now: $rule is the first of in_25, $chain is prerouting's. */
#define HANDLES                                                                 \
        "rule=$(nft -a list chain inet p25 in_25 | sed -n 's/.*# handle //p' |" \
        " sed -n 2p); jump=$(nft -a list chain inet p25 prerouting |"           \
        " sed -n 's/.*# handle //p' | sed -n 2p);"

static const struct {
        const char *name, *command;
} attacks[] = {
        { "flush ruleset", "nft flush ruleset" },
        { "delete the table", "nft delete table inet p25" },
        { "flush the table", "nft flush table inet p25" },
        { "flush a chain", "nft flush chain inet p25 in_25" },
        { "flush a base chain", "nft flush chain inet p25 prerouting" },
        { "insert a rule", "nft insert rule inet p25 in_25 accept" },
        { "add a rule at the end", "nft add rule inet p25 prerouting accept" },
        { "delete a rule", HANDLES "nft delete rule inet p25 in_25 handle $rule" },
        { "delete the jump", HANDLES "nft delete rule inet p25 prerouting handle $jump" },
        { "replace a rule", HANDLES "nft replace rule inet p25 in_25 handle $rule accept" },
        { "add an element", "nft add element inet p25 s4p32_one '{ 192.0.2.77 }'" },
        { "delete an element", "nft delete element inet p25 s4p32_one '{ 192.0.2.1 }'" },
        { "flush a set", "nft flush set inet p25 s6p32_partners" },
        { "make it dormant", "nft add table inet p25 '{ flags dormant; }'" },
        { "a policy of drop", "nft add chain inet p25 prerouting '{ policy drop; }'" },
        { "a new chain", "nft add chain inet p25 new" },
        { "a new base chain",
                "nft add chain inet p25 new '{ type filter hook prerouting priority -300; }'" },
        { "rename a chain", "nft rename chain inet p25 in_25 in_26" },
        { "another priority",
                "nft 'flush table inet p25; delete chain inet p25 prerouting;"
                " add chain inet p25 prerouting { type filter hook prerouting priority 300; }'" },
        { "a new set", "nft add set inet p25 new '{ type ipv4_addr; }'" },
        { "a new map", "nft add map inet p25 new '{ type ipv4_addr : verdict; }'" },
        { "a new counter", "nft add counter inet p25 new" },
        { "a new quota and a rule with it",
                "nft add quota inet p25 new '{ over 1 mbytes; }';"
                " nft add rule inet p25 in_25 quota name '\"new\"' drop" },
        { "a chain to which a rule jumps",
                "nft 'add chain inet p25 new; add rule inet p25 new accept;"
                " insert rule inet p25 in_25 jump new'" },
        { "a script of another tool",
                "nft 'add table inet p25; delete table inet p25; add table inet p25;"
                " add chain inet p25 x { type filter hook input priority 0; }'" },
        { "saved and loaded again", "nft list ruleset >/tmp/p25-saved-$$; nft -f /tmp/p25-saved-$$;"
                                    " rm /tmp/p25-saved-$$" },
        { "flushed and something else loaded",
                "nft 'flush ruleset; add table inet filter;"
                " add chain inet filter input { type filter hook input priority 0; }'" },
};

/* What answers is of our own process group; nobody fights here. */
static void test_every_kind(void **state)
{
        _cleanup_free_ char *wanted = kernel_listing();
        uint64_t slowest = 0;

        (void)state;
        assert_non_null(strstr(wanted, "chain prerouting"));
        for (size_t i = 0; i < ELEMENTS(attacks); i++) {
                uint64_t before = guarded->n, began, ended, answered;
                char script[1024];

                if (i % 8 == 7) { /* a guard whose patience is whole */
                        end(NULL);
                        assert_int_equal(begin(NULL), 0);
                        before = 0;
                }
                snprintf(script, sizeof(script), "{ %s; } 2>&1 | sed 's/^/# /' >&2",
                        attacks[i].command);
                began = now_usec();
                must("%s", script);
                ended = now_usec();
                if (!wait_for(&guarded->n, before + 1))
                        fail_msg("not answered: %s", attacks[i].name);
                answered = guarded->usec > ended ? guarded->usec - ended : 0;
                if (!wait_for_listing(wanted, began))
                        fail_msg("not put back: %s", attacks[i].name);
                assert_string_equal(guarded->process, "nft");
                assert_true(guarded->pid > 0);
                slowest = answered > slowest ? answered : slowest;
                print_message("# %-36s answered %4.1f ms after it ended, seen after %3.0f ms\n",
                        attacks[i].name, (double)answered / 1000,
                        (double)(now_usec() - ended) / 1000);
        }
        print_message("# the slowest answer: %.1f ms\n", (double)slowest / 1000);
}

/* Whoever does it again and again is answered after a pause; when it ends, all is as before. */
static void test_fight(void **state)
{
        _cleanup_free_ char *wanted = kernel_listing();
        uint64_t began, n;

        (void)state;
        end(NULL);
        guard_is_quick = true;
        assert_int_equal(begin(NULL), 0);
        guard_is_quick = false;
        began = now_usec();
        for (int i = 0; guarded->fights == 0 && now_usec() - began < DEADLINE_MSEC * 1000; i++)
                must("nft flush ruleset");
        assert_int_equal(guarded->fights, 1);
        assert_string_equal(guarded->process, "nft");
        /* Ten within six seconds are a fight, which costs no more than the pause allows. */
        began = now_usec();
        n = guarded->n;
        while (now_usec() - began < 4000000)
                must("nft flush ruleset; sleep .01");
        print_message("# %d repairs in 4 s of a fight\n", (int)(guarded->n - n));
        assert_in_range(guarded->n - n, 1, (now_usec() - began) / REPAIR_PAUSE_USEC + 10);
        assert_int_equal(guarded->peaces, 0);
        assert_true(wait_for_listing(wanted, now_usec()));
        assert_true(wait_for(&guarded->peaces, 1));
        /* And at once again. */
        n = guarded->n;
        must("nft flush ruleset");
        assert_true(wait_for(&guarded->n, n + 1));
        assert_true(wait_for_listing(wanted, now_usec()));
        assert_int_equal(guarded->fights, 1);
}

/* So much goes on elsewhere while the daemon is busy that its queue overflows, and in the midst of
 * it an element of ours is exchanged for another: only the elements show it. */
static void test_lost_events(void **state)
{
        _cleanup_free_ char *wanted = kernel_listing();
        uint64_t began;

        (void)state;
        assert_int_equal(kill(guard, SIGSTOP), 0);
        must("nft 'add table inet other; add set inet other s { type ipv4_addr; }'");
        for (int i = 0; i < 8; i++)
                must("{ echo 'add element inet other s {'; for i in $(seq 0 255); do for k in"
                     " $(seq 0 255); do echo \"10.%d.$i.$k,\"; done; done; echo '}'; } |"
                     " nft -f -",
                        i);
        must("nft 'delete element inet p25 s4p32_one { 192.0.2.1 };"
             " add element inet p25 s4p32_one { 192.0.2.2 }'");
        must("nft 'delete table inet other'");
        began = now_usec();
        assert_int_equal(kill(guard, SIGCONT), 0);
        assert_true(wait_for_listing(wanted, began));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
        static const struct CMUnitTest tests[] = {
                TEST(test_every_kind),
                TEST(test_fight),
                TEST(test_lost_events),
        };

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
