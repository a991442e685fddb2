/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/ipt_backend.h"

#include "rules/base/buffer.h"
#include "rules/iptables/table.h"

const char *const full =
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

const char *const small = "default = { incoming = \"reject\"; };";

int begin(void **state)
{
        (void)state;
        if (unshare(CLONE_NEWNET) < 0)
                return -1;
        return run("ip link set lo up");
}

IptBackend *open_own(sd_event *event, BackendRepaired repaired, void *data)
{
        IptBackend *b = NULL;

        assert_int_equal(ipt_backend_open(event, repaired, data, 64, &b), 0);
        return b;
}

void close_own(IptBackend **b)
{
        ipt_backend_close(*b);
        *b = NULL;
}

/* ---- comparing ---- */

/* Without comments of the program, and without counters. */
#define SAVED "-save" QUIET " | sed -e '/^#/d' -e 's/ \\[[0-9]*:[0-9]*\\]$//'"

char *saved(size_t family)
{
        char command[256];

        snprintf(command, sizeof(command), "%s" SAVED, families[family]);
        return output_of(command);
}

/* The table that iptables-restore makes of its text, in a namespace that ends with it. */
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

void expect_text_installed(const IptBackend *b)
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

void expect_no_trace(void)
{
        assert_int_not_equal(run("iptables-legacy-save" QUIET " | grep -q P25"), 0);
        assert_int_not_equal(run("ip6tables-legacy-save" QUIET " | grep -q P25"), 0);
        assert_int_not_equal(run("ipset list -n 2>/dev/null | grep -q ."), 0);
}

void expect_refused(IptBackend *b, const Ruleset *r, int error, const char *text)
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

uint64_t now_msec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

pid_t hold_lock(unsigned msec)
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
