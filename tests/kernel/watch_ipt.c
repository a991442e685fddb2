/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The iptables backend while nobody changes the policy: what others break is repaired, the host's
 * addresses are followed, counters survive all that.
 */

#include "daemon/backend/rule_counter.h"
#include "rules/base/buffer.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/ipt_backend.h"

typedef struct Repairs {
        uint64_t n;
        char process[32]; /* whoever was last */
        uint64_t calls;
} Repairs;

static void note_repair(void *data, uint64_t count, pid_t pid, const char *process)
{
        Repairs *r = data;

        r->n += count;
        r->calls++;
        if (pid > 0)
                snprintf(r->process, sizeof(r->process), "%s", process);
}

static int loop_end(sd_event_source *s, uint64_t usec, void *data)
{
        (void)usec;
        (void)s;
        *(bool *)data = true;
        return 0;
}

static void run_loop(sd_event *event, unsigned msec)
{
        sd_event_source *end = NULL;
        bool over = false;

        assert_true(sd_event_add_time_relative(
                            event, &end, CLOCK_MONOTONIC, msec * 1000ull, 0, loop_end, &over) >= 0);
        while (!over)
                assert_true(sd_event_run(event, UINT64_MAX) >= 0);
        sd_event_source_unref(end);
}

/* A backend whose repairs are counted. */
typedef struct Watched {
        Compiled policy;
        Repairs repairs;
        sd_event *event;
        IptBackend *b;
} Watched;

static void watched_end(Watched *w)
{
        ipt_backend_close(w->b);
        sd_event_unref(w->event);
        compiled_deinit(&w->policy);
}

#define _cleanup_watched_ _cleanup_(watched_end)

static void watched_apply(Watched *w, const char *text)
{
        Compiled c = compile_text(text);

        assert_int_equal(apply(&w->b->base, c.ruleset), 0);
        compiled_deinit(&w->policy);
        w->policy = c;
}

static void watch(Watched *w, const char *text)
{
        assert_int_equal(sd_event_new(&w->event), 0);
        w->b = open_own(w->event, note_repair, &w->repairs);
        watched_apply(w, text);
}

static void test_repair(void **state)
{
        static const char *const attacks[] = {
                "iptables-legacy -F",
                "ip6tables-legacy -F; ip6tables-legacy -X",
                "iptables-legacy -F P25-IN-25",
                "iptables-legacy -D INPUT 1",
                "ip6tables-legacy -I P25-IN-25 -j RETURN",
                "iptables-legacy -R P25-FWD-25 1 -j RETURN",
                "printf '*filter\\n-A INPUT -j ACCEPT\\nCOMMIT\\n' | iptables-legacy-restore",
        };
        _cleanup_watched_ Watched w = { 0 };

        (void)state;
        watch(&w, small);
        watched_apply(&w, full);
        must("iptables-legacy -A INPUT -s 1.2.3.4; iptables-legacy -D INPUT -s 1.2.3.4");
        run_loop(w.event, 100);
        assert_int_equal(w.repairs.n, 0);
        for (size_t i = 0; i < ELEMENTS(attacks); i++) {
                must("{ %s; }" QUIET, attacks[i]);
                run_loop(w.event, 150);
                if (w.repairs.n != i + 1)
                        print_message("# not repaired: %s\n", attacks[i]);
                assert_int_equal(w.repairs.n, i + 1);
                assert_false(ipt_monitor_look(w.b));
                must("iptables-legacy -F INPUT; iptables-legacy -F FORWARD");
                run_loop(w.event, 150);
                w.repairs.n = i + 1;
                w.b->repairer.rate = (RepairRate){ 0 }; /* not a fight */
                expect_text_installed(w.b);
        }
        watched_apply(&w, small);
        expect_text_installed(w.b);
        run_loop(w.event, 50);
        assert_int_equal(w.repairs.n, ELEMENTS(attacks));
}

/* A program that does not take the lock is found by looking. */
static void test_repair_unlocked(void **state)
{
        _cleanup_watched_ Watched w = { 0 };

        (void)state;
        watch(&w, full);
        must("XTABLES_LOCKFILE=/tmp/p25-no-lock iptables-legacy -F; rm /tmp/p25-no-lock");
        run_loop(w.event, 2500);
        assert_int_equal(w.repairs.n, 1);
        expect_text_installed(w.b);
}

/* All at once, sets too, without a lock that would reveal the first step. */
static void test_sets_destroyed(void **state)
{
        _cleanup_buffer_ Buffer text = { 0 };
        _cleanup_watched_ Watched w = { 0 };

        (void)state;
        buffer_add_string(&text, "rules = ({ action = \"deny\"; direction = \"in\"; from = [ ");
        for (int i = 0; i < 100; i++)
                buffer_printf(&text, "%s\"192.0.2.%d\"", i > 0 ? ", " : "", 2 * i);
        buffer_add_string(&text, " ]; });");
        watch(&w, text.data);
        if (run("ipset list -n | grep -q p25") == 0) {
                must("export XTABLES_LOCKFILE=/tmp/p25-no-lock; iptables-legacy -F;"
                     " iptables-legacy -X; rm /tmp/p25-no-lock; ipset destroy");
                for (int i = 0; i < 100 && w.repairs.n == 0; i++)
                        run_loop(w.event, 100);
                assert_int_equal(w.repairs.n, 1);
                must("test $(ipset list | grep -c '^192.0.2.') = 100");
        }
}

/* In a fight too what is ours comes back within a tenth of a second. */
static void test_fight(void **state)
{
        _cleanup_watched_ Watched w = { 0 };

        (void)state;
        watch(&w, full);
        w.b->repairer.rate.window_usec = 3000000;
        for (uint64_t i = 1; i <= 30; i++) {
                must("iptables-legacy -F" QUIET);
                run_loop(w.event, 0);
                if (w.b->repairer.need != REPAIR_NONE)
                        assert_true(w.b->repairer.due_usec <=
                                    w.b->repairer.next_usec + REPAIR_PAUSE_USEC);
                for (int k = 0; k < 1000 && w.repairs.n < i; k++)
                        run_loop(w.event, 10);
                assert_int_equal(w.repairs.n, i);
                if (i > REPAIR_AT_ONCE)
                        assert_int_equal(w.b->base.peace, PEACE_FIGHT);
        }
        for (int i = 0; i < 200 && w.b->base.peace != PEACE_KEPT; i++)
                run_loop(w.event, 100);
        assert_int_equal(w.b->base.peace, PEACE_KEPT);
        expect_text_installed(w.b);
}

/* A neighbour that puts rules before ours, as engines do at a boot, damages nothing: ours is first
 * again, nobody is blamed, and whoever cuts connections hears of it. */
static void test_overtaken(void **state)
{
        static const char *const chains[] = { "INPUT", "FORWARD", "OUTPUT" };
        _cleanup_watched_ Watched w = { 0 };

        (void)state;
        watch(&w, full);
        for (int i = 0; i < 30; i++) {
                uint64_t calls = w.repairs.calls;

                must("%s -I %s -p tcp --dport %d -j ACCEPT", families[i % 2], chains[i % 3],
                        100 + i);
                for (int k = 0; k < 1000 && w.repairs.calls == calls; k++)
                        run_loop(w.event, 10);
                assert_true(w.repairs.calls > calls);
                must("%s -S %s | sed -n 2p | grep -q P25-", families[i % 2], chains[i % 3]);
        }
        assert_int_equal(w.repairs.n, 0);
        assert_int_equal(w.b->base.peace, PEACE_KEPT);
}

/* Who had the lock is remembered; it lives for milliseconds, and is not always seen. */
static void test_culprit(void **state)
{
        _cleanup_watched_ Watched w = { 0 };

        (void)state;
        watch(&w, full);
        for (int i = 0; i < 10 && !w.repairs.process[0]; i++) {
                must("{ iptables-legacy -F; sleep .02; } &");
                run_loop(w.event, 200);
                w.b->repairer.rate = (RepairRate){ 0 };
        }
        assert_string_equal(w.repairs.process, "iptables-legacy");
}

/* While the lock is held a repair waits, and the loop does not. */
static void test_repair_waits(void **state)
{
        _cleanup_watched_ Watched w = { 0 };
        uint64_t began;
        pid_t pid;

        (void)state;
        watch(&w, full);
        must("iptables-legacy -F");
        pid = hold_lock(800);
        began = now_msec();
        run_loop(w.event, 300);
        assert_true(now_msec() - began < 500);
        assert_int_equal(w.repairs.n, 0);
        run_loop(w.event, 1200);
        assert_int_equal(w.repairs.n, 1);
        expect_text_installed(w.b);
        waitpid(pid, NULL, 0);
}

/* The host's addresses come and go: who dials one of them and is translated is incoming. */
static void test_addresses(void **state)
{
        _cleanup_watched_ Watched w = { 0 };

        (void)state;
        watch(&w, full);
        must("ip addr add 192.0.2.77/32 dev lo; ip addr add 2001:db8::77/128 dev lo");
        run_loop(w.event, 100);
        must("iptables-legacy -S P25-FWD-DNAT | grep -q 'ctorigdst 192.0.2.77 '");
        must("ip6tables-legacy -S P25-IN-DNAT | grep -q 'ctorigdst 2001:db8::77 '");
        expect_text_installed(w.b);
        /* by the event, not by looking */
        assert_true(sd_event_source_set_enabled(w.b->timer, SD_EVENT_OFF) >= 0);
        must("ip addr del 192.0.2.77/32 dev lo; ip route add local 203.0.113.0/24 dev lo;"
             "ip -6 route add local 2001:db8:7::/64 dev lo");
        for (int i = 0; i < 100 && run("ip6tables-legacy -S P25-FWD-DNAT |"
                                       " grep -q 'ctorigdst 2001:db8:7::/64 '") != 0;
                i++)
                run_loop(w.event, 100);
        assert_int_not_equal(run("iptables-legacy -S P25-FWD-DNAT | grep -q 192.0.2.77"), 0);
        must("iptables-legacy -S P25-FWD-DNAT | grep -q 'ctorigdst 203.0.113.0/24 '");
        assert_int_equal(w.repairs.n, 0);
}

static void expect_soon(Watched *w, const char *command, bool wanted)
{
        for (int i = 0; i < 100 && (run("%s", command) == 0) != wanted; i++)
                run_loop(w->event, 100);
        assert_int_equal(run("%s", command) == 0, wanted);
}

/* Addresses are also those that a route of another table makes local, if packets without a mark are
 * sent by that table. */
static void test_other_tables(void **state)
{
        static const char
                four[] = "iptables-legacy -S P25-FWD-DNAT | grep -q 'ctorigdst 203.0.113.99 '",
                six[] = "ip6tables-legacy -S P25-IN-DNAT | grep -q 'ctorigdst 2001:db8:8::/64 '",
                all[] = "iptables-legacy -S P25-FWD-DNAT | grep -q 'ctorigdst 0.0.0.0/0 '";
        _cleanup_watched_ Watched w = { 0 };

        (void)state;
        /* as TPROXY needs it */
        must("ip rule add fwmark 1 lookup 99; ip route add local 0.0.0.0/0 dev lo table 99");
        watch(&w, full);
        assert_true(sd_event_source_set_enabled(w.b->timer, SD_EVENT_OFF) >= 0);
        must("ip route add local 203.0.113.99 dev lo table 100;"
             "ip -6 route add local 2001:db8:8::/64 dev lo table 100; sleep .2");
        run_loop(w.event, 200);
        expect_soon(&w, four, false);
        must("ip rule add lookup 100; ip -6 rule add lookup 100");
        expect_soon(&w, four, true);
        expect_soon(&w, six, true);
        expect_soon(&w, all, false);
        expect_text_installed(w.b);
        must("ip route del local 203.0.113.99 dev lo table 100; ip -6 rule del lookup 100");
        expect_soon(&w, four, false);
        expect_soon(&w, six, false);
        must("ip rule del lookup 100; ip rule del fwmark 1; ip route flush table 99");
        assert_int_equal(w.repairs.n, 0);
}

/* ---- counters ---- */

static void set_counter(size_t family, const char *comment, unsigned packets)
{
        must("%s-save -c" QUIET " | sed 's/^\\[[0-9]*:[0-9]*\\]\\(.*\"%s\"\\)/[%u:%u]\\1/'"
             " | %s-restore -c" QUIET,
                families[family], comment, packets, packets * 60, families[family]);
}

static void expect_packets(IptBackend *b, uint64_t id, uint64_t packets)
{
        RuleCounter c = counter_of(&b->base, id);

        assert_int_equal(c.packets, packets);
        assert_int_equal(c.bytes, packets * 60);
}

/* Rules with id 1 and 2, which have 6 entries a family, or 1. */
static Compiled compile_counted(const char *from, const char *rest)
{
        char text[1024];
        Compiled c;

        snprintf(text, sizeof(text),
                "logging = \"off\"; default = { incoming = \"deny\"; };"
                "rules = ({ action = \"allow\"; direction = \"in\"; from = [ %s ]; }%s);",
                from, rest);
        c = compile_text(text);
        for (size_t i = 0; i < c.ruleset->directions[DIRECTION_IN].n; i++)
                c.ruleset->directions[DIRECTION_IN].rules[i].rule->id = i + 1;
        return c;
}

static void test_counters(void **state)
{
        static const char *const many =
                "\"10.0.0.1\", \"10.0.0.3\", \"10.0.0.5\", \"10.0.0.7\", \"fd00::1\", \"fd00::3\"";
        _cleanup_compiled_ Compiled a = compile_counted(many, "");
        _cleanup_compiled_ Compiled more = compile_counted(
                many, ", { action = \"reject\"; direction = \"in\"; from = \"10.1.0.0/16\"; }");
        _cleanup_compiled_ Compiled few = compile_counted("\"10.0.0.3\", \"fd00::1\"", "");
        _cleanup_compiled_ Compiled none = compile_counted("\"192.0.2.1\"", "");
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        uint64_t deny = DEFAULT_COUNTER_ID(DIRECTION_IN);

        (void)state;
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        set_counter(0, "p25:1", 5);
        set_counter(1, "p25:1", 7);
        set_counter(0, "p25:default-in", 100);
        expect_packets(b, 1, 4 * 5 + 2 * 7);
        expect_packets(b, deny, 100);
        assert_int_equal(apply(&b->base, more.ruleset), 0);
        expect_packets(b, 1, 34);
        expect_packets(b, 2, 0);
        expect_packets(b, deny, 100);
        assert_int_equal(apply(&b->base, few.ruleset), 0);
        expect_packets(b, 1, 34);
        expect_packets(b, deny, 100);
        /* The same for a new daemon. */
        close_own(&b);
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(apply(&b->base, more.ruleset), 0);
        expect_packets(b, 1, 34);
        expect_packets(b, deny, 100);
        assert_int_equal(apply(&b->base, none.ruleset), 0);
        expect_packets(b, 1, 34);
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        expect_packets(b, 1, 34);
        /* Others set them to zero, and take all away. */
        must("iptables-legacy -Z; ip6tables-legacy -Z");
        expect_packets(b, 1, 34);
        set_counter(0, "p25:default-in", 3);
        expect_packets(b, deny, 103);
        must("iptables-legacy -F; ip6tables-legacy -F");
        assert_int_equal(ipt_apply_again(b), 0);
        expect_packets(b, deny, 103);
        expect_packets(b, 1, 34);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
        static const struct CMUnitTest tests[] = {
                TEST(test_repair),
                TEST(test_repair_unlocked),
                TEST(test_sets_destroyed),
                TEST(test_fight),
                TEST(test_overtaken),
                TEST(test_culprit),
                TEST(test_repair_waits),
                TEST(test_addresses),
                TEST(test_other_tables),
                TEST(test_counters),
        };

        tested_backend = &backend_iptables;
        if (!world_begin() || backend_iptables.probe() < 0) {
                puts("1..0 # SKIP no network namespaces, or no legacy iptables here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
