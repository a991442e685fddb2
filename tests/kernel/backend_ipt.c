/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The iptables backend and the kernel's tables: what is installed is what the text says, foreign
 * rules stay as they are, the two families change together or not at all; the lock; what goes
 * wrong.
 */

#include "tests/lib/ipt_backend.h"

#include "daemon/iptables/image.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <linux/capability.h>
#include <sys/syscall.h>

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
        assert_false(ipt_monitor_look(b));
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

static const char foreign[] =
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

/* Chains of ours that others jump to stay, empty: they are no damage. */
static void test_chains_in_use(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);

        (void)state;
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("iptables-legacy -N mine; iptables-legacy -S" QUIET
             " | sed -n 's/^-N P25/-A mine -j P25/p' | xargs -n 4 iptables-legacy");
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        assert_true(ipt_image_hash(&b->installed[0]) != b->hashes[0]); /* some were left */
        assert_int_equal(ipt_monitor_look(b), REPAIR_NONE);
        must("iptables-legacy -F mine; iptables-legacy -X mine");
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        assert_true(ipt_image_hash(&b->installed[0]) == b->hashes[0]);
        assert_int_equal(ipt_monitor_look(b), REPAIR_NONE);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        expect_no_trace();
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
        print_message(
                "# two changes beside 50,000 foreign rules: %d ms\n", (int)(now_msec() - began));
        must("test $(iptables-legacy-save" QUIET " | grep -c '^-A INPUT -s 10.') = 50000");
        assert_false(ipt_monitor_look(b));
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        must("test $(iptables-legacy-save" QUIET " | grep -c '^-A') = 50000");
}

/* ---- the lock ---- */

static void test_lock(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        uint64_t began, took;
        pid_t pid;

        (void)state;
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        pid = hold_lock(60000);
        expect_refused(b, c.ruleset, -EBUSY, "xtables.lock");
        assert_int_equal(backend_iptables.remove(&b->base, NULL), -EBUSY);
        expect_text_installed(b);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        pid = hold_lock(600);
        began = now_msec();
        assert_int_equal(backend_iptables.lock(&b->base, 5000000, NULL), 0);
        took = now_msec() - began;
        assert_true(took >= 300 && took < 4000);
        waitpid(pid, NULL, 0);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        assert_int_equal(run("flock -n /run/xtables.lock true"), 1); /* it stays ours */
        assert_int_equal(apply(&b->base, s.ruleset), 0);
        backend_iptables.unlock(&b->base);
        must("flock -n /run/xtables.lock true");
        pid = hold_lock(60000);
        began = now_msec();
        assert_int_equal(backend_iptables.lock(&b->base, 500000, NULL), -EBUSY);
        took = now_msec() - began;
        assert_true(took >= 490 && took < 2000);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        backend_iptables.unlock(&b->base);
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        expect_text_installed(b);
        must("flock -n /run/xtables.lock true");
}

/* Other programs, which take no lock, change the table all the time: no change of theirs or ours
 * that was requested is lost, except for the moment between reading and writing. */
static void test_concurrent(void **state)
{
        _cleanup_compiled_ Compiled c = compile_text(full), s = compile_text(small);
        _cleanup_own_ IptBackend *b = open_own(NULL, NULL, NULL);
        int status;
        pid_t pid;

        (void)state;
        pid = fork();
        if (pid == 0) {
                execl("/bin/sh", "sh", "-c",
                        "export XTABLES_LOCKFILE=$(mktemp);"
                        "for i in $(seq 150); do iptables-legacy -A INPUT -s 10.0.0.$i &&"
                        " iptables-legacy -D INPUT -s 10.0.0.$i; done 2>/dev/null;"
                        "rm $XTABLES_LOCKFILE",
                        NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, WNOHANG) == 0) {
                assert_int_equal(apply(&b->base, c.ruleset), 0);
                assert_int_equal(apply(&b->base, s.ruleset), 0);
        }
        assert_int_equal(apply(&b->base, c.ruleset), 0);
        must("iptables-legacy -F INPUT" QUIET);
        assert_int_equal(ipt_apply_again(b), 0);
        expect_text_installed(b);
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

/* A kernel without IPv6: IPv4 only. */
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
        assert_false(ipt_monitor_look(b));
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
                TEST(test_chains_in_use),
                TEST(test_second_fails),
                TEST(test_half),
                TEST(test_many_foreign),
                TEST(test_lock),
                TEST(test_concurrent),
                TEST(test_ipv6_disabled),
                TEST(test_no_ipv6),
                TEST(test_missing_unit),
                TEST(test_no_capability),
        };

        tested_backend = &backend_iptables;
        if (!world_begin() || backend_iptables.probe() < 0) {
                puts("1..0 # SKIP no network namespaces, or no legacy iptables here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
