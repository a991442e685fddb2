/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The iptables backend and the kernel's tables: what is installed is what the text says, foreign
 * rules stay as they are, the two families change together or not at all, what others break is
 * repaired; the lock; long lists; what goes wrong.
 */

#define TESTED_BACKEND backend_iptables

#include "daemon/backend_ipt.h"
#include "tests/lib/nft_backend.h"

#include <linux/capability.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>

static const char *const full =
        "enabled = true; logging = \"low\"; mail_ports = [ 26 ];"
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
        " { action = \"limit\"; direction = \"in\"; max = 5; ports = [ 26 ]; log = true; },"
        " { action = \"reject\"; direction = \"in\"; from = \"@none\"; },"
        " { action = \"reject\"; direction = \"in\"; from = \"@all\"; ports = [ 465 ]; },"
        " { action = \"allow\"; direction = \"out\"; to = \"203.0.113.7\";"
        "   user = [ \"postfix\", \"mail\" ]; comment = \"a \\\"quote\\\"\"; },"
        " { action = \"allow\"; direction = \"out\"; group = [ \"mail\", \"users\" ]; log = true;"
        "   ports = [ \"submission\", \"submissions\" ]; },"
        " { action = \"allow\"; direction = \"routed\"; in_interface = \"eth0\";"
        "   out_interface = \"eth1\"; from = [ \"10.0.0.0/9\", \"fd00::/9\" ]; },"
        " { action = \"reject\"; direction = \"in\"; from = \"0.0.0.0/0\"; ports = [ 2525 ];"
        "   interface = \"wan0\"; });";

static const char *const small = "default = { incoming = \"reject\"; };";

static const char *const families[] = { "iptables-legacy", "ip6tables-legacy" };

/* A namespace for each test, and a lock that is nobody else's. */
static int begin(void **state)
{
        (void)state;
        if (unshare(CLONE_NEWNET) < 0)
                return -1;
        return run("ip link set lo up");
}

static IptBackend *open_own(sd_event *event, BackendRepaired repaired, void *data)
{
        IptBackend *b = NULL;

        assert_int_equal(ipt_backend_open(event, repaired, data, 64, &b), 0);
        return b;
}

static void close_own(IptBackend **b)
{
        ipt_backend_close(*b);
        *b = NULL;
}
#define _cleanup_own_ _cleanup_(close_own)

/* ---- comparing ---- */

#define QUIET " 2>/dev/null"
/* Without comments of the program, and without counters. */
#define SAVED "-save" QUIET " | sed -e '/^#/d' -e 's/ \\[[0-9]*:[0-9]*\\]$//'"

static char *saved(size_t family)
{
        char command[256];

        snprintf(command, sizeof(command), "%s" SAVED, families[family]);
        return output_of(command);
}

/* What iptables-restore makes of the table's text, in a namespace that ends with it. */
static char *saved_of_text(size_t family, const IptTable *t)
{
        char path[] = "/tmp/p25-text-XXXXXX", command[512];
        _cleanup_buffer_ Buffer b = { 0 };
        FILE *f = fdopen(mkstemp(path), "w");
        char *r;

        assert_non_null(f);
        ipt_table_print(&b, t);
        assert_int_equal(fwrite(b.data, 1, b.length, f), b.length);
        assert_int_equal(fclose(f), 0);
        snprintf(command, sizeof(command),
                "unshare -n sh -c '%s-restore --test %s && %s-restore <%s && %s-save'" QUIET
                " | sed -e '/^#/d' -e 's/ \\[[0-9]*:[0-9]*\\]$//'",
                families[family], path, families[family], path, families[family]);
        r = output_of(command);
        unlink(path);
        return r;
}

/* Nothing but ours is in the tables, and ours is what the text says. */
static void expect_text_installed(const IptBackend *b)
{
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                _cleanup_free_ char *expected = saved_of_text(f, b->wanted[f]);
                _cleanup_free_ char *found = saved(f);

                assert_non_null(strstr(expected, "P25-IN-25"));
                if (streq(found, expected))
                        continue;
                print_difference(expected, found);
                fail();
        }
}

static void expect_no_trace(void)
{
        assert_int_not_equal(run("iptables-legacy-save" QUIET " | grep -q P25"), 0);
        assert_int_not_equal(run("ip6tables-legacy-save" QUIET " | grep -q P25"), 0);
        assert_int_not_equal(run("ipset list -n 2>/dev/null | grep -q ."), 0);
}

/* ---- installing ---- */

static void test_install(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_text_installed(b);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        expect_no_trace();
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_text_installed(b);
        close_own(&b);
        b = open_own(NULL, NULL, NULL);
        expect_text_installed((assert_int_equal(apply(&b->base, c.ruleset), 0), b));
        close_own(&b);
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        expect_no_trace();
}

/* The bytes that were sent are the bytes that are read back. */
static void test_nothing_to_do(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                _cleanup_image_ IptImage found = { 0 };

                assert_int_equal(ipt_kernel_read(&b->kernels[f], &found), 0);
                assert_int_equal(found.n_chains, b->installed[f].n_chains);
                assert_true(ipt_image_hash(&found) == ipt_image_hash(&b->installed[f]));
                assert_int_equal(ipt_table_install(f == 0 ? FAMILY_IPV4 : FAMILY_IPV6,
                                         &b->installed[f], NULL, false, NULL, NULL),
                        0);
        }
        assert_false(ipt_watch_is_changed(b));
}

static void test_check(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_compiled_ Compiled bad = compile_text(
                "rules = ({ action = \"limit\"; direction = \"out\"; user = \"alice\"; });");
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        assert_int_equal(backend_iptables.check(&b->base, c.ruleset, &d), 0);
        assert_int_not_equal(run("grep -q . /proc/self/net/ip_tables_names"), 0);
        assert_int_equal(backend_iptables.remove(&b->base, &d), 0);
        assert_int_not_equal(run("grep -q . /proc/self/net/ip_tables_names"), 0);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        assert_int_equal(backend_iptables.check(&b->base, bad.ruleset, &d), -EOPNOTSUPP);
        assert_non_null(strstr(d.items[0].text, "iptables"));
        assert_non_null(strstr(d.items[0].text, "limit"));
        assert_int_equal(backend_iptables.apply(&b->base, bad.ruleset, &d), -EOPNOTSUPP);
        expect_text_installed(b);
}

/* ---- what is foreign ---- */

static const char *const foreign =
        "*filter\n:INPUT DROP [7:420]\n:FORWARD ACCEPT [1:2]\n:OUTPUT ACCEPT [3:4]\n"
        ":P25 - [0:0]\n:aaa - [0:0]\n:zzz - [0:0]\n:DOCKER-USER - [0:0]\n:P25X-IN - [0:0]\n"
        "[5:500] -A INPUT -i eth0 -p tcp -m tcp --dport 22 -m comment --comment p25x -j ACCEPT\n"
        "[6:600] -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
        "[8:800] -A FORWARD -j DOCKER-USER\n"
        "[9:900] -A OUTPUT -m owner --uid-owner 7 -j zzz\n"
        "[1:1] -A DOCKER-USER -j RETURN\n[2:2] -A P25 -j LOG --log-prefix \"x y\"\n"
        "[4:4] -A P25X-IN -p tcp -m multiport --dports 1,2,3 -m limit --limit 3/min -j REJECT\n"
        "[3:3] -A zzz -s %s -g aaa\nCOMMIT\n"
        "*mangle\n[1:9] -A OUTPUT -p tcp -m tcp --dport 25 -j MARK --set-xmark 0x1/0xffffffff\n"
        "COMMIT\n";

static void load(size_t family, const char *text)
{
        char path[] = "/tmp/p25-text-XXXXXX";
        FILE *f = fdopen(mkstemp(path), "w");

        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
        must("%s-restore -c <%s && rm %s", families[family], path, path);
}

static void load_foreign(void)
{
        char text[2048];

        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                snprintf(text, sizeof(text), foreign, f == 0 ? "1.2.3.4/32" : "fd00::1/128");
                load(f, text);
        }
}

/* With counters; without ours. */
static char *foreign_saved(size_t family)
{
        char command[256];

        snprintf(command, sizeof(command),
                "%s-save -c" QUIET " | grep -v -e '^#' -e 'P25-' | LC_ALL=C sort",
                families[family]);
        return output_of(command);
}

static void expect_foreign_same(char *const *before)
{
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                _cleanup_free_ char *now = foreign_saved(f);

                if (!streq(now, before[f]))
                        print_difference(before[f], now);
                assert_string_equal(now, before[f]);
        }
}

static void test_foreign_rules(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        _cleanup_free_ char *whole = NULL, *after = NULL;
        char *before[IPT_FAMILIES];

        (void)state;
        load_foreign();
        whole = output_of("iptables-legacy-save -c" QUIET " | grep -v '^#'");
        for (size_t f = 0; f < IPT_FAMILIES; f++)
                before[f] = foreign_saved(f);
        assert_non_null(strstr(before[0], "[5:500] -A INPUT"));
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_foreign_same(before);
        must("iptables-legacy -S INPUT 1" QUIET " | grep -q -- '-j P25-IN$'");
        must("ip6tables-legacy -S OUTPUT 1" QUIET " | grep -q -- '-j P25-OUT$'");
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_foreign_same(before);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        after = output_of("iptables-legacy-save -c" QUIET " | grep -v '^#'");
        assert_string_equal(after, whole);
        expect_foreign_same(before);
        for (size_t f = 0; f < IPT_FAMILIES; f++)
                free(before[f]);
}

static void expect_refused(IptBackend *b, const Ruleset *r, int error, const char *text)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        bool found = false;

        assert_int_equal(backend_iptables.apply(&b->base, r, &d), error);
        for (size_t i = 0; i < d.n; i++)
                found = found || strstr(d.items[i].text, text);
        for (size_t i = 0; i < d.n && !found; i++)
                print_message("# %s\n", d.items[i].text);
        assert_true(found);
}

/* A chain of somebody else has the name that ours would have. */
static void test_foreign_name(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        _cleanup_free_ char *before = NULL, *after = NULL;

        (void)state;
        must("iptables-legacy -N P25-IN; iptables-legacy -A P25-IN -s 1.2.3.4 -j DROP");
        before = saved(0);
        expect_refused(b, c.ruleset, -EEXIST, "P25-IN");
        after = saved(0);
        assert_string_equal(after, before);
        /* Empty, but used. */
        must("iptables-legacy -F P25-IN; iptables-legacy -A INPUT -j P25-IN");
        expect_refused(b, c.ruleset, -EEXIST, "P25-IN");
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        must("iptables-legacy -S INPUT" QUIET " | grep -q P25-IN");
        /* Empty and unused: what a flush leaves of ours looks like that. */
        must("iptables-legacy -F INPUT");
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
}

/* A failure of the second family takes the first one back. */
static void test_second_fails(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        _cleanup_free_ char *before = NULL, *after = NULL;

        (void)state;
        must("ip6tables-legacy -N P25-IN; ip6tables-legacy -A P25-IN -j ACCEPT");
        expect_refused(b, c.ruleset, -EEXIST, "ip6tables: ");
        assert_int_not_equal(run("iptables-legacy-save" QUIET " | grep -q P25"), 0);
        must("ip6tables-legacy -F; ip6tables-legacy -X");
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        before = saved(0);
        close_own(&b);
        /* A new daemon, for which nothing in IPv6 speaks of p25. */
        must("ip6tables-legacy -F; ip6tables-legacy -X");
        must("ip6tables-legacy -N P25-IN; ip6tables-legacy -A P25-IN -j ACCEPT");
        b = open_own(NULL, NULL, NULL);
        expect_refused(b, c.ruleset, -EEXIST, "IPv4 was put back");
        after = saved(0);
        assert_string_equal(after, before);
}

/* A daemon died between the families, or with half of its chains flushed. */
static void test_half(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        close_own(&b);
        must("ip6tables-legacy -F; ip6tables-legacy -X");
        must("iptables-legacy -F P25-IN-25; iptables-legacy -D INPUT 1; iptables-legacy -F "
             "P25-OUT");
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_text_installed(b);
        close_own(&b);
        must("iptables-legacy -F");
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
        close_own(&b);
        must("iptables-legacy -F");
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        expect_no_trace();
}

static uint64_t now_msec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void test_many_foreign(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        uint64_t began;

        (void)state;
        must("{ echo '*filter'; for i in $(seq 0 49999); do"
             " echo \"-A INPUT -s 10.$((i>>16)).$((i>>8&255)).$((i&255)) -j DROP\"; done;"
             " echo COMMIT; } | iptables-legacy-restore");
        began = now_msec();
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        assert_true(now_msec() - began < 2000);
        must("test $(iptables-legacy-save" QUIET " | grep -c '^-A INPUT -s 10.') = 50000");
        assert_false(ipt_watch_is_changed(b));
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        must("test $(iptables-legacy-save" QUIET " | grep -c '^-A') = 50000");
}

/* ---- the lock ---- */

static pid_t hold_lock(unsigned msec)
{
        int ready[2];
        char byte;
        pid_t pid;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int fd = open(ipt_lock_path(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

                if (fd < 0 || flock(fd, LOCK_EX) < 0 || write(ready[1], "", 1) != 1)
                        _exit(1);
                usleep(msec * 1000);
                _exit(0);
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        return pid;
}

static void test_lock(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        uint64_t began, took;
        pid_t pid;

        (void)state;
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        pid = hold_lock(600);
        began = now_msec();
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        took = now_msec() - began;
        assert_true(took >= 500 && took < 2000);
        waitpid(pid, NULL, 0);
        pid = hold_lock(60000);
        began = now_msec();
        expect_refused(b, s.ruleset, -EBUSY, "xtables.lock");
        took = now_msec() - began;
        assert_true(took >= 4900 && took < 6000);
        expect_text_installed(b);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_text_installed(b);
}

/* ---- watching ---- */

typedef struct Repairs {
        uint64_t n;
} Repairs;

static void note_repair(void *data, uint64_t count, pid_t pid, const char *process)
{
        Repairs *r = data;

        (void)pid;
        (void)process;
        r->n += count;
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

static void test_repair(void **state)
{
        static const char *const attacks[] = {
                "iptables-legacy -F",
                "ip6tables-legacy -F; ip6tables-legacy -X",
                "iptables-legacy -F P25-IN-25",
                "iptables-legacy -D INPUT 1",
                "iptables-legacy -I FORWARD -j ACCEPT",
                "ip6tables-legacy -I P25-IN-25 -j RETURN",
                "iptables-legacy -R P25-FWD-25 1 -j RETURN",
                "printf '*filter\\n-A INPUT -j ACCEPT\\nCOMMIT\\n' | iptables-legacy-restore",
        };
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        IptBackend *b;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        b = open_own(event, note_repair, &repairs);
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("iptables-legacy -A INPUT -s 1.2.3.4; iptables-legacy -D INPUT -s 1.2.3.4");
        run_loop(event, 100);
        assert_int_equal(repairs.n, 0);
        for (size_t i = 0; i < ELEMENTS(attacks); i++) {
                must("{ %s; }" QUIET, attacks[i]);
                run_loop(event, 150);
                if (repairs.n != i + 1)
                        print_message("# not repaired: %s\n", attacks[i]);
                assert_int_equal(repairs.n, i + 1);
                assert_false(ipt_watch_is_changed(b));
                must("iptables-legacy -F INPUT; iptables-legacy -F FORWARD");
                run_loop(event, 150);
                repairs.n = i + 1;
                b->n_repairs = 0; /* it is no fight */
                expect_text_installed(b);
        }
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        expect_text_installed(b);
        run_loop(event, 50);
        assert_int_equal(repairs.n, ELEMENTS(attacks));
        ipt_backend_close(b);
        sd_event_unref(event);
}

/* A program that does not take the lock is found by looking. */
static void test_repair_unlocked(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        IptBackend *b;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        b = open_own(event, note_repair, &repairs);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("XTABLES_LOCKFILE=/tmp/p25-no-lock iptables-legacy -F; rm /tmp/p25-no-lock");
        run_loop(event, 2500);
        assert_int_equal(repairs.n, 1);
        expect_text_installed(b);
        ipt_backend_close(b);
        sd_event_unref(event);
}

/* Whoever flushes again and again is answered less and less often. */
static void test_fight(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        IptBackend *b;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        b = open_own(event, note_repair, &repairs);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        for (int i = 0; i < 15; i++) {
                must("iptables-legacy -F" QUIET);
                run_loop(event, 60);
        }
        assert_int_equal(repairs.n, 10);
        ipt_backend_close(b);
        sd_event_unref(event);
}

/* While the lock is held a repair waits, and the loop does not. */
static void test_repair_waits(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        uint64_t began;
        IptBackend *b;
        pid_t pid;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        b = open_own(event, note_repair, &repairs);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("iptables-legacy -F");
        pid = hold_lock(800);
        began = now_msec();
        run_loop(event, 300);
        assert_true(now_msec() - began < 500);
        assert_int_equal(repairs.n, 0);
        run_loop(event, 1200);
        assert_int_equal(repairs.n, 1);
        expect_text_installed(b);
        waitpid(pid, NULL, 0);
        ipt_backend_close(b);
        sd_event_unref(event);
}

/* The host's addresses come and go: who dials one of them and is translated is incoming. */
static void test_addresses(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        Repairs repairs = { 0 };
        sd_event *event = NULL;
        IptBackend *b;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        b = open_own(event, note_repair, &repairs);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("ip addr add 192.0.2.77/32 dev lo; ip addr add 2001:db8::77/128 dev lo");
        run_loop(event, 100);
        must("iptables-legacy -S P25-FWD-DNAT | grep -q 'ctorigdst 192.0.2.77 '");
        must("ip6tables-legacy -S P25-IN-DNAT | grep -q 'ctorigdst 2001:db8::77 '");
        expect_text_installed(b);
        must("ip addr del 192.0.2.77/32 dev lo; ip route add local 203.0.113.0/24 dev lo");
        run_loop(event, 2200);
        assert_int_not_equal(run("iptables-legacy -S P25-FWD-DNAT | grep -q 192.0.2.77"), 0);
        must("iptables-legacy -S P25-FWD-DNAT | grep -q 'ctorigdst 203.0.113.0/24 '");
        assert_int_equal(repairs.n, 0);
        ipt_backend_close(b);
        sd_event_unref(event);
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
        assert_int_equal(ipt_apply_again(b, 1000000), 0);
        expect_packets(b, deny, 103);
        expect_packets(b, 1, 34);
}

/* ---- long lists ---- */

/* n single addresses that do not merge, and one more. */
static RangeSet *make_ranges(size_t n, const char *more)
{
        _cleanup_free_ Prefix *p = calloc(n + 1, sizeof(Prefix));
        PrefixSet *set;
        RangeSet *r;

        for (size_t i = 0; i < n; i++)
                p[i] = (Prefix){ .address = address_from_ipv4(
                                         (uint32_t)(0x0b000000 + i * 2654435761u % 0x40000000 * 2)),
                        .bits = 32 };
        if (more) {
                bool host_bits;
                const char *reason;

                assert_int_equal(prefix_parse(more, strlen(more), &p[n], &host_bits, &reason), 0);
        }
        assert_int_equal(prefix_set_new(p, n + (more != NULL), &set), 0);
        assert_int_equal(range_set_from_prefixes(set, &r), 0);
        prefix_set_unref(set);
        return r;
}

static Compiled compile_big(RangeSet *ranges)
{
        Compiled c = compile_text("sets = { big = { entries = [ \"192.0.2.1\" ]; }; };"
                                  "rules = ({ action = \"deny\"; direction = \"in\";"
                                  "  from = \"@big\"; });");
        MatchSet *m = &c.ruleset->directions[DIRECTION_IN].rules[0].from.sets[0];

        range_set_unref(m->ranges);
        m->ranges = ranges;
        return c;
}

#define SET_NAMES "ipset list -n 2>/dev/null | grep ^p25-4-"
#define SET_SIZE "test $(ipset list $(" SET_NAMES ") | grep -c '^[0-9].*[0-9]$') = "

static void test_sets(void **state)
{
        _cleanup_compiled_ Compiled a = compile_big(make_ranges(1000, NULL));
        _cleanup_compiled_ Compiled more = compile_big(make_ranges(1000, "9.9.9.9"));
        _cleanup_compiled_ Compiled merged = compile_big(make_ranges(1000, "11.0.0.0/9"));
        _cleanup_compiled_ Compiled other = compile_big(make_ranges(2000, NULL));
        _cleanup_compiled_ Compiled s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        _cleanup_free_ char *first = NULL, *second = NULL, *third = NULL;

        (void)state;
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        if (!ipt_sets_are_there(&b->sets))
                skip();
        first = output_of(SET_NAMES);
        must("test $(" SET_NAMES " | wc -l) = 1");
        must(SET_SIZE "1000");
        /* One entry more, one that swallows others, and back: in the same set. */
        assert_int_equal(apply(&b->base, more.ruleset), 0);
        must(SET_SIZE "1001");
        must("ipset test $(" SET_NAMES ") 9.9.9.9 2>/dev/null");
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        must(SET_SIZE "1000");
        assert_int_equal(apply(&b->base, merged.ruleset), 0);
        must("ipset test $(" SET_NAMES ") 11.127.0.1 2>/dev/null");
        assert_false(ipt_watch_is_changed(b));
        second = output_of(SET_NAMES);
        /* Another list: another set. */
        assert_int_equal(apply(&b->base, other.ruleset), 0);
        third = output_of(SET_NAMES);
        must("test $(" SET_NAMES " | wc -l) = 1");
        must(SET_SIZE "2000");
        assert_string_not_equal(third, first);
        assert_false(ipt_watch_is_changed(b));
        must("ipset flush $(" SET_NAMES ")");
        assert_true(ipt_watch_is_changed(b));
        assert_int_equal(ipt_apply_again(b, 1000000), 0);
        must(SET_SIZE "2000");
        /* A new daemon leaves no set of the former behind. */
        close_own(&b);
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        must(SET_SIZE "1000");
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        assert_int_not_equal(run(SET_NAMES " >/dev/null"), 0);
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        close_own(&b);
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        expect_no_trace();
}

/* Without sets in the kernel: chains. And a failure leaves no set behind. */
static void test_sets_otherwise(void **state)
{
        _cleanup_compiled_ Compiled a = compile_big(make_ranges(1000, NULL));
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        must("iptables-legacy -N P25-IN; iptables-legacy -A P25-IN -j ACCEPT");
        expect_refused(b, a.ruleset, -EEXIST, "P25-IN");
        assert_int_not_equal(run(SET_NAMES " >/dev/null"), 0);
        must("iptables-legacy -F; iptables-legacy -X");
        netlink_close(&b->sets.netlink);
        b->sets.asked = true;
        assert_int_equal(apply(&b->base, a.ruleset), 0);
        expect_text_installed(b);
        must("test $(iptables-legacy-save" QUIET " | grep -c -- '-s [0-9.]*/32 -g P25-') = 1000");
}

/* No slower than twice `ipset restore` and one rule. */
static void test_speed(void **state)
{
        _cleanup_(range_set_unref_p) RangeSet *ranges = make_ranges(10000, NULL);
        _cleanup_compiled_ Compiled c = compile_big(range_set_ref(ranges));
        char path[] = "/tmp/p25-ipset-XXXXXX", text[ADDRESS_TEXT_MAX];
        FILE *f = fdopen(mkstemp(path), "w");
        uint64_t theirs = UINT64_MAX, ours = UINT64_MAX;

        (void)state;
        fprintf(f, "create big hash:net family inet hashsize 4096 maxelem 65536\n");
        for (size_t i = 0; i < ranges->n_v4; i++) {
                Address a = address_from_ipv4(ranges->v4[i].first);

                fprintf(f, "add big %s\n", address_format(&a, text));
        }
        fclose(f);
        for (int i = 0; i < 3; i++) {
                IptBackend *b;
                uint64_t began = now_msec();

                must("ipset restore <%s && iptables-legacy -A INPUT -p tcp --dport 25"
                     " -m set --match-set big src -j DROP",
                        path);
                if (now_msec() - began < theirs)
                        theirs = now_msec() - began;
                must("iptables-legacy -F; ipset destroy big");
                b = open_own(NULL, NULL, NULL);
                began = now_msec();
                assert_int_equal(apply(&b->base, c.ruleset), 0);
                if (now_msec() - began < ours)
                        ours = now_msec() - began;
                assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
                ipt_backend_close(b);
        }
        unlink(path);
        print_message("# 10,000 prefixes: %d ms, ipset restore and a rule: %d ms\n", (int)ours,
                (int)theirs);
        assert_true(ours <= 2 * theirs);
}

/* ---- what a host may lack ---- */

static void test_ipv6_disabled(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_own_ IptBackend *b = NULL;

        (void)state;
        must("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
        b = open_own(NULL, NULL, NULL);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        expect_no_trace();
}

/* A kernel without IPv6 at all: IPv4 alone. */
static void test_no_ipv6(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        RuleCounter *counters;
        size_t n;

        (void)state;
        ipt_kernel_close(&b->kernels[1]);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("iptables-legacy -S INPUT" QUIET " | grep -q P25-IN");
        assert_int_not_equal(run("ip6tables-legacy -S INPUT | grep -q P25-IN"), 0);
        assert_int_equal(backend_iptables.counters(&b->base, &counters, &n), 0);
        assert_int_equal(n, 10 + 3);
        free(counters);
        assert_false(ipt_watch_is_changed(b));
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        expect_no_trace();
}

/* A unit that is gone when the table is committed. */
static void test_missing_unit(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(
                "rules = ({ action = \"allow\"; direction = \"out\"; unit = \"postfix\"; });");
        CompiledUnit *u = c.ruleset->directions[DIRECTION_OUT].rules[0].units;
        _cleanup_compiled_ Compiled s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        u->cgroup = 77;
        snprintf(u->path, sizeof(u->path), "system.slice/p25-nowhere.service");
        assert_true(apply(&b->base, c.ruleset) < 0);
        expect_text_installed(b);
        u->cgroup = 0;
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
}

static void drop_capability(int capability)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2];

        assert_int_equal(syscall(SYS_capget, &header, data), 0);
        data[capability / 32].effective &= ~(1u << capability % 32);
        data[capability / 32].permitted &= ~(1u << capability % 32);
        assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void test_no_capability(void **state)
{
        static const int capabilities[] = { CAP_NET_RAW, CAP_NET_ADMIN };

        (void)state;
        assert_int_equal(backend_iptables.probe(), 0);
        for (size_t i = 0; i < ELEMENTS(capabilities); i++) {
                pid_t pid = fork();
                int status;

                if (pid == 0) {
                        drop_capability(capabilities[i]);
                        _exit(backend_iptables.probe() == -EPERM ? 0 : 1);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
        static const struct CMUnitTest tests[] = {
                TEST(test_install),
                TEST(test_nothing_to_do),
                TEST(test_check),
                TEST(test_foreign_rules),
                TEST(test_foreign_name),
                TEST(test_second_fails),
                TEST(test_half),
                TEST(test_many_foreign),
                TEST(test_lock),
                TEST(test_repair),
                TEST(test_repair_unlocked),
                TEST(test_fight),
                TEST(test_repair_waits),
                TEST(test_addresses),
                TEST(test_counters),
                TEST(test_sets),
                TEST(test_sets_otherwise),
                TEST(test_speed),
                TEST(test_ipv6_disabled),
                TEST(test_no_ipv6),
                TEST(test_missing_unit),
                TEST(test_no_capability),
        };

        if (!world_begin() || backend_iptables.probe() < 0) {
                puts("1..0 # SKIP no network namespaces, or no legacy iptables here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
