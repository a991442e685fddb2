/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/traffic.h"

#include "rules/base/buffer.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/table.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"

static bool tested_is(const char *name)
{
        return streq(tested_backend->name, name);
}

static bool have_users(void)
{
        bool good;

        setfsuid(1000);
        good = setfsuid((uid_t)-1) == 1000;
        setfsuid(0);
        return good;
}

#define skip_without_users() \
        if (!have_users())   \
        skip()

/* All that can be tried on a port. */
static void expect_all(uint16_t port, Answer in, Answer out, Answer routed)
{
        expect(in, INTERNET, HOST4, port);
        expect(in, INTERNET, HOST6, port);
        expect(in, CONTAINER, "10.9.0.1", port);
        expect(in, CONTAINER, HOST6, port);
        expect(out, HOST, INTERNET4, port);
        expect(out, HOST, INTERNET6, port);
        expect(out, HOST, CONTAINER6, port);
        expect(routed, CONTAINER, INTERNET4, port);
        expect(routed, CONTAINER, INTERNET6, port);
        expect(routed, INTERNET, CONTAINER4, port);
        expect(routed, INTERNET, CONTAINER6, port);
        expect(OPEN, HOST, "127.0.0.1", port);
        expect(OPEN, HOST, "::1", port);
        expect(OPEN, HOST, HOST4, port);
}

static void test_defaults(void **state)
{
        (void)state;
        expect_all(25, OPEN, OPEN, OPEN);
        apply_text(backend, "default = { incoming = \"deny\"; outgoing = \"reject\"; "
                            "routed = \"reject\"; };");
        expect_all(25, SILENT, RESET, RESET);
        expect_all(587, OPEN, OPEN, OPEN);
        expect_all(80, OPEN, OPEN, OPEN);
        apply_text(backend, "default = { incoming = \"reject\"; outgoing = \"deny\"; "
                            "routed = \"deny\"; };");
        expect_all(25, RESET, SILENT, SILENT);
        apply_text(backend, "default = { incoming = \"allow\"; };");
        expect_all(25, OPEN, OPEN, OPEN);
}

/* Each decision is counted once; other ports and the loopback never. */
static void test_counters(void **state)
{
        (void)state;
        apply_text(backend,
                "default = { incoming = \"reject\"; outgoing = \"reject\"; routed = \"reject\"; };"
                "logging = \"high\";");
        expect_all(25, RESET, RESET, RESET);
        expect_all(80, OPEN, OPEN, OPEN);
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_IN)), 4);
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_OUT)), 3);
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_ROUTED)), 4);
        apply_text(backend, "default = { incoming = \"allow\"; }; logging = \"off\";");
        expect_all(25, OPEN, OPEN, OPEN);
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_IN)), 8);
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_ROUTED)), 8);
        if (tested_is("nftables"))
                must("nft reset counters >/dev/null");
        else
                must("iptables-legacy -w -Z; ip6tables-legacy -w -Z");
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_IN)), 8);
        expect(OPEN, INTERNET, HOST4, 25);
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_IN)), 9);
}

static void test_addresses(void **state)
{
        (void)state;
        apply_text(backend,
                "default = { incoming = \"reject\"; outgoing = \"reject\"; routed = \"reject\"; };"
                "sets = { friends = { entries = [ \"192.0.2.2\", \"2001:db8:1::/64\" ]; }; };"
                "rules = ("
                " { action = \"deny\"; direction = \"in\"; from = \"@friends\"; to = "
                "\"192.0.2.1\"; },"
                " { action = \"allow\"; direction = \"in\"; from = [ \"@friends\", \"10.9.0.0/30\" "
                "];"
                "   to = [ \"10.9.0.1\", \"2001:db8:1::1\", \"@friends\" ]; },"
                " { action = \"allow\"; direction = \"out\"; to = [ \"192.0.0.0/9\", \"fd00::/7\" "
                "]; },"
                " { action = \"allow\"; direction = \"routed\"; from = [ \"10.9.0.2\" ];"
                "   to = \"@friends\"; });");
        expect(SILENT, INTERNET, HOST4, 25);
        expect(OPEN, INTERNET, HOST6, 25);
        expect(OPEN, CONTAINER, "10.9.0.1", 25);
        expect(RESET, CONTAINER, HOST6, 25);
        expect(OPEN, HOST, INTERNET4, 25);
        expect(RESET, HOST, INTERNET6, 25);
        expect(OPEN, HOST, CONTAINER6, 25);
        expect(OPEN, CONTAINER, INTERNET4, 25);
        expect(RESET, CONTAINER, INTERNET6, 25);
        expect(RESET, INTERNET, CONTAINER4, 25);
}

static void test_interfaces(void **state)
{
        (void)state;
        apply_text(backend,
                "default = { incoming = \"reject\"; outgoing = \"reject\"; routed = \"reject\"; };"
                "rules = ("
                " { action = \"allow\"; direction = \"in\"; interface = \"wan0\"; },"
                " { action = \"allow\"; direction = \"out\"; interface = \"cont0\"; },"
                " { action = \"allow\"; direction = \"routed\"; in_interface = \"cont0\";"
                "   out_interface = \"wan0\"; });");
        expect(OPEN, INTERNET, HOST4, 25);
        expect(RESET, CONTAINER, HOST4, 25);
        expect(RESET, HOST, INTERNET6, 25);
        expect(OPEN, HOST, CONTAINER4, 25);
        expect(OPEN, CONTAINER, INTERNET6, 25);
        expect(RESET, INTERNET, CONTAINER4, 25);
}

static void test_ports(void **state)
{
        (void)state;
        apply_text(backend, "default = { incoming = \"reject\"; };"
                            "mail_ports = [ 80 ];"
                            "rules = ("
                            " { action = \"deny\"; direction = \"in\"; from = \"10.9.0.2\"; ports "
                            "= [ 80, 587 ]; },"
                            " { action = \"allow\"; direction = \"in\"; from = \"10.9.0.2\"; },"
                            " { action = \"reject\"; direction = \"routed\"; ports = [ 587 ]; });");
        expect(OPEN, CONTAINER, "10.9.0.1", 25);
        expect(SILENT, CONTAINER, "10.9.0.1", 80);
        expect(SILENT, CONTAINER, "10.9.0.1", 587);
        expect(RESET, INTERNET, HOST4, 25);
        expect(OPEN, INTERNET, HOST4, 80);
        expect(OPEN, INTERNET, HOST6, 587);
        expect(RESET, INTERNET, CONTAINER6, 587);
        expect(OPEN, INTERNET, CONTAINER6, 80);
        expect(OPEN, INTERNET, CONTAINER6, 25);
        expect(OPEN, HOST, INTERNET6, 587);
}

/* A published port is incoming, judged by what was dialled, wherever it goes. */
static void test_published(void **state)
{
        (void)state;
        must("nft -f - <<'E'\n"
             "table inet nat {\n"
             "  chain pre { type nat hook prerouting priority -100;\n"
             "    iifname wan0 tcp dport 25 dnat ip to 10.9.0.2:2525\n"
             "    iifname wan0 tcp dport 25 dnat ip6 to [fd00:9::2]:2525\n"
             "    iifname wan0 tcp dport 8025 dnat ip to 10.9.0.2:25\n  }\n"
             "}\nE");
        apply_text(backend, "default = { incoming = \"allow\"; routed = \"reject\"; };");
        expect(OPEN, INTERNET, HOST4, 25);
        expect(OPEN, INTERNET, HOST6, 25);
        expect(OPEN, INTERNET, HOST4, 8025);
        expect(RESET, INTERNET, CONTAINER4, 25);
        apply_text(backend, "default = { incoming = \"reject\"; routed = \"allow\"; };");
        expect(RESET, INTERNET, HOST4, 25);
        expect(RESET, INTERNET, HOST6, 25);
        expect(OPEN, INTERNET, HOST4, 8025);
        apply_text(backend, "default = { incoming = \"deny\"; };");
        expect(SILENT, INTERNET, HOST4, 25);
        expect(SILENT, INTERNET, HOST6, 25);
}

/* What the host itself redirects is judged by what its process dialled, however long the list. */
static void test_redirected(void **state)
{
        _cleanup_buffer_ Buffer list = { 0 };
        char text[8192];

        (void)state;
        must("nft -f - <<'E'\n"
             "table inet nat {\n"
             "  chain out { type nat hook output priority -100;\n"
             "    ip daddr 192.0.2.2 tcp dport 25 dnat ip to 10.9.0.2:2525\n"
             "    ip daddr 192.0.2.2 tcp dport 587 dnat ip to 10.9.0.2:25\n  }\n"
             "  chain pre { type nat hook prerouting priority -100;\n"
             "    iifname wan0 ip daddr 192.0.2.1 tcp dport 2526 redirect to :25\n"
             "    iifname wan0 ip daddr 192.0.2.1 tcp dport 25 redirect to :587\n  }\n"
             "}\nE");
        apply_text(backend,
                "default = { outgoing = \"reject\"; incoming = \"reject\"; };"
                "rules = ({ action = \"allow\"; direction = \"out\"; to = \"10.9.0.2\"; },"
                " { action = \"allow\"; direction = \"in\"; from = \"10.9.0.2\"; });");
        expect(RESET, HOST, INTERNET4, 25);
        expect(OPEN, HOST, INTERNET4, 587);
        expect(OPEN, HOST, CONTAINER4, 25);
        expect(RESET, INTERNET, HOST4, 25);
        expect(OPEN, INTERNET, HOST4, 2526);
        expect(OPEN, CONTAINER, HOST4, 25);
        for (int i = 0; i < 100; i++)
                buffer_printf(&list, "\"198.51.%d.7\", ", i);
        for (int with = 0; with < 2; with++) {
                snprintf(text, sizeof(text),
                        "default = { outgoing = \"reject\"; incoming = \"reject\"; };"
                        "sets = { many = { entries = [ %s \"%s\" ]; }; };"
                        "rules = ({ action = \"allow\"; direction = \"out\"; to = \"@many\"; },"
                        " { action = \"allow\"; direction = \"in\"; to = \"@many\"; });",
                        list.data, with ? "192.0.2.0/30" : "192.0.2.128/30");
                apply_text(backend, text);
                expect(with ? OPEN : RESET, HOST, INTERNET4, 25);
                expect(OPEN, HOST, INTERNET4, 587);
                expect(RESET, HOST, CONTAINER4, 25);
                expect(with ? OPEN : RESET, INTERNET, HOST4, 25);
                expect(OPEN, INTERNET, HOST4, 2526);
        }
}

/* A whole prefix may be the host's; the routing table calls the first address of one an anycast. */
static void test_anycast(void **state)
{
        (void)state;
        must("ip -6 route add local 2001:db8:5::/64 dev lo");
        expect(OPEN, INTERNET, "2001:db8:5::", 25);
        apply_text(backend, "default = { incoming = \"reject\"; };");
        expect(RESET, INTERNET, "2001:db8:5::", 25);
        expect(RESET, INTERNET, "2001:db8:5::1", 25);
        expect(RESET, CONTAINER, "2001:db8:5::", 25);
        expect(OPEN, INTERNET, "2001:db8:5::", 587);
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_IN)), 3);
        must("ip -6 route del local 2001:db8:5::/64 dev lo");
}

/* Packets that conntrack does not follow are judged all the same. */
static void test_untracked(void **state)
{
        (void)state;
        must("nft -f - <<'E'\n"
             "table inet raw {\n"
             "  chain pre { type filter hook prerouting priority -300; notrack; }\n"
             "  chain out { type filter hook output priority -300; notrack; }\n"
             "}\nE");
        apply_text(backend,
                "default = { incoming = \"deny\"; outgoing = \"reject\"; routed = \"reject\"; };"
                "rules = ({ action = \"reject\"; direction = \"routed\"; ports = [ 587 ]; });");
        expect_all(25, SILENT, RESET, RESET);
        expect_all(587, OPEN, OPEN, RESET);
        expect_all(80, OPEN, OPEN, OPEN);
        assert_int_equal(packets_of(backend, DEFAULT_COUNTER_ID(DIRECTION_ROUTED)), 4);
        apply_text(backend,
                "default = { routed = \"reject\"; };"
                "rules = ({ action = \"allow\"; direction = \"routed\"; out_interface = \"wan0\";"
                "   from = [ \"10.9.0.1\", \"10.9.0.2\", \"10.9.0.9\", \"fd00:9::2\" ];"
                "   to = [ \"192.0.2.2\", \"192.0.2.4\", \"@many\" ]; },"
                "  { action = \"deny\"; direction = \"routed\"; out_interface = \"cont0\"; });"
                "sets = { many = { entries = [ \"192.0.2.9\", \"2001:db8:1::/64\" ]; }; };");
        expect(OPEN, CONTAINER, INTERNET4, 25);
        expect(OPEN, CONTAINER, INTERNET6, 25);
        expect(SILENT, INTERNET, CONTAINER4, 25);
        expect(SILENT, INTERNET, CONTAINER6, 25);
}

static void test_users(void **state)
{
        (void)state;
        skip_without_users();
        apply_text(backend,
                "default = { outgoing = \"reject\"; };"
                "rules = ("
                " { action = \"deny\"; direction = \"out\"; user = [ \"alice\" ]; },"
                " { action = \"allow\"; direction = \"out\"; user = [ \"postfix\", \"mail\" ]; },"
                " { action = \"allow\"; direction = \"out\"; group = \"users\"; },"
                " { action = \"allow\"; direction = \"out\"; user = [ \"bob\", \"34\" ];"
                "   group = [ \"mail\", \"www-data\" ]; });");
        assert_int_equal(connect_as(1000, 1000, HOST, INTERNET4, 25, NULL), SILENT);
        assert_int_equal(connect_as(1000, 100, HOST, INTERNET6, 25, NULL), SILENT);
        assert_int_equal(connect_as(101, 9, HOST, INTERNET4, 25, NULL), OPEN);
        assert_int_equal(connect_as(8, 9, HOST, INTERNET6, 25, NULL), OPEN);
        assert_int_equal(connect_as(33, 100, HOST, INTERNET6, 25, NULL), OPEN);
        assert_int_equal(connect_as(1001, 8, HOST, INTERNET4, 25, NULL), OPEN);
        assert_int_equal(connect_as(34, 33, HOST, INTERNET4, 25, NULL), OPEN);
        assert_int_equal(connect_as(34, 9, HOST, INTERNET4, 25, NULL), RESET);
        assert_int_equal(connect_as(0, 0, HOST, INTERNET6, 25, NULL), RESET);
        assert_int_equal(connect_as(1000, 1000, HOST, INTERNET6, 587, NULL), OPEN);
}

/* ---- units ---- */

/* Joins a cgroup of the v2 tree; "" is its root. */
static bool join_cgroup(const char *mount, const char *path)
{
        char file[512];
        FILE *f;
        bool good;

        snprintf(file, sizeof(file), "%s/%s/cgroup.procs", mount, path);
        f = fopen(file, "we");
        good = f && fprintf(f, "%d\n", (int)getpid()) > 0;
        return f && fclose(f) == 0 && good;
}

static uint64_t inode_of(const char *path)
{
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        return st.st_ino;
}

/* Those of a unit's cgroup and of what is below it; a unit that does not run matches nothing. */
static void test_units(void **state)
{
        const char *mount = host_cgroup_mount();
        _cleanup_compiled_ Compiled c =
                compile_text("default = { outgoing = \"reject\"; };"
                             "rules = ({ action = \"allow\"; direction = \"out\";"
                             "  unit = [ \"nginx.service\", \"postfix.service\" ]; });");
        CompiledUnit *units = c.ruleset->directions[DIRECTION_OUT].rules[0].units;
        char slice[64], inner[80], path[512];
        Answer outside, inside, below, stopped;

        (void)state;
        snprintf(slice, sizeof(slice), "p25-test-%d.slice", (int)getpid());
        snprintf(inner, sizeof(inner), "%s/x.service", slice);
        snprintf(path, sizeof(path), "%s/%s", mount ?: "", inner);
        if (!mount || run("mkdir -p %s 2>/dev/null", path) != 0 || !join_cgroup(mount, inner)) {
                run("rmdir -p %s 2>/dev/null", path);
                skip();
        }
        path[strlen(mount) + 1 + strlen(slice)] = '\0';
        units[0] = (CompiledUnit){ .name = units[0].name, .level = 3 };
        units[0].cgroup = tested_is("nftables"); /* iptables takes none that is not there */
        snprintf(units[1].path, sizeof(units[1].path), "%s", slice);
        units[1].cgroup = inode_of(path);
        units[1].level = 1;
        assert_int_equal(apply(backend, c.ruleset), 0);
        below = connect_to(HOST, INTERNET4, 25);
        inside = join_cgroup(mount, slice) ? connect_to(HOST, INTERNET6, 25) : OTHER;
        assert_true(join_cgroup(mount, ""));
        outside = connect_to(HOST, INTERNET4, 25);
        units[0].cgroup = units[1].cgroup = 0;
        assert_int_equal(apply(backend, c.ruleset), 0);
        stopped = connect_to(HOST, INTERNET4, 25);
        run("rmdir %s/%s %s/%s", mount, inner, mount, slice);
        assert_int_equal(below, OPEN);
        assert_int_equal(inside, OPEN);
        assert_int_equal(outside, RESET);
        assert_int_equal(stopped, RESET);
}

/* ---- logging ---- */

static int nflog_open(void)
{
        struct {
                struct nlmsghdr header;
                struct nfgenmsg group;
                struct nlattr attribute;
                struct nfulnl_msg_config_cmd command;
                uint8_t pad[3];
        } bind_group = {
                .header = { .nlmsg_len = sizeof(bind_group),
                        .nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
                        .nlmsg_flags = NLM_F_REQUEST },
                .group.res_id = htons(NFT_LOG_GROUP),
                .attribute = { .nla_len = NLA_HDRLEN + sizeof(bind_group.command),
                        .nla_type = NFULA_CFG_CMD },
                .command.command = NFULNL_CFG_CMD_BIND,
        };
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

        assert_true(fd >= 0);
        assert_int_equal(send(fd, &bind_group, sizeof(bind_group), 0), sizeof(bind_group));
        return fd;
}

/* The number of packets that were logged with a prefix that begins so; the kernel gathers them for
 * a second. */
static size_t nflog_count(int fd, const char *prefix)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char buffer[65536];
        size_t found = 0;
        ssize_t n;

        while (poll(&p, 1, 1500) > 0 && (n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
                for (const char *at = buffer;
                        (at = memmem(at, (size_t)(buffer + n - at), prefix, strlen(prefix))); at++)
                        found++;
        return found;
}

/* Refused connections are logged at most ten times a second, with iptables a thousand times, and
 * refused all the same. */
static void test_log(void **state)
{
        int fd = nflog_open();
        size_t told;

        (void)state;
        apply_text(backend,
                "default = { incoming = \"reject\"; }; logging = \"medium\";"
                "rules = ({ action = \"allow\"; direction = \"in\"; from = \"10.9.0.2\"; });");
        for (int i = 0; i < 60; i++)
                expect(RESET, INTERNET, HOST4, 25);
        expect(OPEN, CONTAINER, "10.9.0.1", 25);
        told = nflog_count(fd, "p25 in reject default");
        if (streq(tested_backend->name, "iptables"))
                assert_int_equal(told, 60);
        else
                assert_true(told >= NFT_LOG_BURST && told < 60);
        close(fd);
}

static void expect_burst(uid_t uid, Site from, const char *to, int open)
{
        for (int i = 0; i < open; i++)
                assert_int_equal(connect_as(uid, 0, from, to, 25, NULL), OPEN);
        assert_int_equal(connect_as(uid, 0, from, to, 25, NULL), RESET);
}

static void test_limit(void **state)
{
        static const char text[] =
                "default = { incoming = \"reject\"; outgoing = \"reject\"; };"
                "logging = \"%s\";"
                "rules = ("
                " { action = \"limit\"; direction = \"in\"; rate = \"2/hour\"; burst = 3; }%s);";
        static const char *const by_user =
                ", { action = \"limit\"; direction = \"out\"; rate = \"3/day\"; burst = 2; }";
        bool out = tested_is("nftables"); /* iptables cannot count by user */
        char quiet[512], loud[512];

        (void)state;
        snprintf(quiet, sizeof(quiet), text, "off", out ? by_user : "");
        snprintf(loud, sizeof(loud), text, "high", out ? by_user : "");
        apply_text(backend, loud);
        expect_burst(0, INTERNET, HOST4, 3);
        expect_burst(0, INTERNET, HOST6, 3);
        expect_burst(0, CONTAINER, HOST4, 3);
        if (out)
                expect_burst(0, HOST, INTERNET4, 2);
        if (out && have_users())
                expect_burst(1000, HOST, INTERNET6, 2);
        /* Buckets live on while their numbers stay. */
        apply_text(backend, quiet);
        expect(RESET, INTERNET, HOST4, 25);
        expect(RESET, HOST, INTERNET6, 25);
        close_backend(&backend);
        backend = open_backend();
        apply_text(backend, quiet);
        expect(RESET, INTERNET, HOST6, 25);
        expect(RESET, HOST, INTERNET6, 25);
}

static void test_open_limit(void **state)
{
        int fds[5];

        (void)state;
        apply_text(backend, "default = { incoming = \"reject\"; outgoing = \"reject\"; };"
                            "rules = ("
                            " { action = \"limit\"; direction = \"in\"; max = 2; });");
        assert_int_equal(connect_as(0, 0, INTERNET, HOST4, 25, &fds[0]), OPEN);
        assert_int_equal(connect_as(0, 0, INTERNET, HOST4, 25, &fds[1]), OPEN);
        expect(RESET, INTERNET, HOST4, 25);
        assert_int_equal(connect_as(0, 0, CONTAINER, HOST4, 25, &fds[2]), OPEN);
        assert_int_equal(connect_as(0, 0, INTERNET, HOST6, 25, &fds[3]), OPEN);
        assert_int_equal(connect_as(0, 0, INTERNET, HOST6, 25, &fds[4]), OPEN);
        expect(RESET, INTERNET, HOST6, 25);
        for (size_t i = 0; i < ELEMENTS(fds); i++)
                abort_connection(fds[i]);
}

static void test_open_limit_by_user(void **state)
{
        static const char text[] = "rules = ({ action = \"limit\"; direction = \"out\"; max = 1;"
                                   "  rate = \"1000/second\"; burst = 100; });";
        int fd;

        (void)state;
        if (tested_is("iptables")) {
                _cleanup_compiled_ Compiled c = compile_text(text);

                assert_int_equal(apply(backend, c.ruleset), -EOPNOTSUPP);
                return;
        }
        apply_text(backend, text);
        assert_int_equal(connect_as(0, 0, HOST, INTERNET4, 25, &fd), OPEN);
        expect(RESET, HOST, INTERNET6, 25);
        abort_connection(fd);
}

int test_traffic(const BackendOps *ops)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
        static const struct CMUnitTest tests[] = {
                TEST(test_defaults),
                TEST(test_counters),
                TEST(test_addresses),
                TEST(test_interfaces),
                TEST(test_ports),
                TEST(test_published),
                TEST(test_redirected),
                TEST(test_anycast),
                TEST(test_untracked),
                TEST(test_users),
                TEST(test_units),
                TEST(test_log),
                TEST(test_limit),
                TEST(test_open_limit),
                TEST(test_open_limit_by_user),
        };

        tested_backend = ops;
        tested_decisions = true;
        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        return cmocka_run_group_tests(tests, setup, teardown);
}
