/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Cutting by owner, address and interface, with real connections.
 */

#include "daemon/host/host.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/two_hosts.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

/* Other users than root, which a user namespace may lack. */
static bool users_exist(void)
{
        bool there;

        setfsuid(1000);
        there = setfsuid(0) == 1000;
        setfsgid(8);
        return setfsgid(0) == 8 && there;
}

/* ---- tests ---- */

static void check_users(void)
{
        const End alice = { host, 1000, 0 }, root = HOST;
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int fds[] = {
                connect_to(root, "10.9.0.2", 25),
                connect_to(root, "fd09::2", 25),
                connect_to(root, "::ffff:10.9.0.2", 25),
                connect_to(alice, "10.9.0.2", 25),
                connect_to(alice, "fd09::2", 25),
                connect_to(alice, "::ffff:10.9.0.2", 25),
                connect_to(alice, "10.9.0.2", 587),
                connect_to(alice, "10.9.0.2", 443),
        };
        char byte;

        add_rule(&p->state->rules, .id = 1, .direction = DIRECTION_OUT, .user = "root");
        r = compile_now(p);
        assert_int_equal(cut(r), 3);
        for (size_t i = 0; i < ELEMENTS(fds); i++)
                if (i >= 3 && i < 6)
                        assert_cut(fds[i]);
                else
                        assert_open(fds[i]);
        assert_int_equal(recv(fds[3], &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, ECONNABORTED);
        /* nothing is left to do */
        assert_int_equal(cut(r), 0);
        close_all(fds, ELEMENTS(fds));
}

static void test_addresses(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int fds[] = {
                connect_to(HOST, "10.9.0.2", 25),
                connect_to(HOST, "10.9.0.3", 25),
                connect_to(HOST, "::ffff:10.9.0.3", 25),
                connect_to(HOST, "fd09::2", 25),
                connect_to(HOST, "fd09::3", 25),
                connect_from(HOST, "10.9.0.11", 0, "10.9.0.2", 25),
        };
        static const bool gone[] = { false, true, true, false, true, true };

        (void)state;
        add_rule(&p->state->rules, .id = 1, .action = ACTION_DENY, .direction = DIRECTION_OUT,
                .to = "10.9.0.3,fd09::3");
        add_rule(&p->state->rules, .id = 2, .action = ACTION_REJECT, .direction = DIRECTION_OUT,
                .from = "10.9.0.11");
        add_rule(&p->state->rules, .id = 3, .action = ACTION_LIMIT, .direction = DIRECTION_OUT);
        p->state->defaults.of[DIRECTION_OUT] = ACTION_DENY;
        r = compile_now(p);
        assert_int_equal(cut(r), 4);
        for (size_t i = 0; i < ELEMENTS(fds); i++)
                assert_int_equal(tcp_state(fds[i]), gone[i] ? TCP_CLOSE : TCP_ESTABLISHED);
        close_all(fds, ELEMENTS(fds));
}

static void test_incoming(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int server = listen_at(HOST, "0.0.0.0", 25), six = listen_at(HOST, "::", 25);
        int other = listen_at(HOST, "0.0.0.0", 2525);
        int fds[] = {
                connect_from(REMOTE, "10.9.0.2", 0, "10.9.0.1", 25),
                connect_from(REMOTE, "fd09::2", 0, "fd09::1", 25),
                connect_from(REMOTE, "10.9.0.3", 0, "10.9.0.1", 2525),
                connect_from(REMOTE, "10.9.0.3", 0, "10.9.0.1", 25),
                connect_from(REMOTE, "fd09::3", 0, "fd09::1", 25),
                connect_from(REMOTE, "10.9.0.3", 0, "10.9.0.1", 25),
        };
        int accepted = accept(server, NULL, NULL), accepted6 = accept(six, NULL, NULL);

        (void)state;
        add_rule(&p->state->rules, .id = 1, .action = ACTION_DENY, .from = "10.9.0.3,fd09::3");
        r = compile_now(p);
        assert_int_equal(cut(r), 3);
        assert_open(accepted);
        assert_open(accepted6);
        assert_ends(fds, (bool[]){ false, false, false, true, true, true }, ELEMENTS(fds));
        p->state->lockdown = true;
        ruleset_free(r);
        r = compile_now(p);
        assert_int_equal(cut(r), 3);
        assert_cut(accepted);
        assert_cut(accepted6);
        close_all(fds, ELEMENTS(fds));
        close_all((int[]){ server, six, other, accepted, accepted6 }, 5);
}

static void check_hundreds(void)
{
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        struct timespec before, after;
        int fds[400];
        long msec;

        for (unsigned i = 0; i < ELEMENTS(fds); i++) {
                End end = { host, i % 2 ? 1000 : 0, 0 };

                fds[i] = connect_to(end, i % 4 < 2 ? "10.9.0.2" : "fd09::2", 25);
        }
        add_rule(&p->state->rules, .id = 1, .direction = DIRECTION_OUT, .user = "root");
        r = compile_now(p);
        clock_gettime(CLOCK_MONOTONIC, &before);
        assert_int_equal(cut(r), 200);
        clock_gettime(CLOCK_MONOTONIC, &after);
        msec = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
        print_message("200 of 400 cut in %ld ms\n", msec);
        assert_true(msec < 1000);
        for (unsigned i = 0; i < ELEMENTS(fds); i++)
                assert_int_equal(tcp_state(fds[i]), i % 2 ? TCP_CLOSE : TCP_ESTABLISHED);
        close_all(fds, ELEMENTS(fds));
}

static void test_within_host(void **state)
{
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = compile_now(p);
        int server = listen_at(HOST, "0.0.0.0", 25), six = listen_at(HOST, "::", 25);
        int fds[] = {
                connect_to(HOST, "127.0.0.1", 25),
                connect_to(HOST, "10.9.0.1", 25),
                connect_from(HOST, "10.8.0.1", 0, "10.9.0.1", 25),
                connect_to(HOST, "::1", 25),
                connect_to(HOST, "fd09::1", 25),
                connect_from(HOST, "fd09::11", 0, "fd09::1", 25),
                connect_to(HOST, "::ffff:127.0.0.1", 25),
        };

        (void)state;
        assert_int_equal(cut(r), 0);
        for (size_t i = 0; i < ELEMENTS(fds); i++)
                assert_open(fds[i]);
        close_all(fds, ELEMENTS(fds));
        close_all((int[]){ server, six }, 2);
}

static void test_teardown(void **state)
{
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = compile_now(p);
        int fds[2], ends[2];
        char text[8];

        (void)state;
        servers_clear();
        fcntl(server4, F_SETFL, 0);
        for (size_t i = 0; i < 2; i++) {
                fds[i] = connect_to(HOST, "10.9.0.2", 25);
                ends[i] = accept(server4, NULL, NULL);
                assert_true(ends[i] >= 0);
        }
        /* the sender has closed: what it sent arrives, with the end */
        assert_int_equal(send(fds[0], "mail", 4, 0), 4);
        close(fds[0]);
        /* the peer has closed, the sender goes on (CLOSE_WAIT): denied */
        shutdown(ends[1], SHUT_WR);
        assert_int_equal(tcp_state_in_time(fds[1], TCP_CLOSE_WAIT), TCP_CLOSE_WAIT);
        assert_int_equal(cut(r), 1);
        assert_cut(fds[1]);
        assert_int_equal(recv(ends[0], text, sizeof(text), 0), 4);
        assert_int_equal(recv(ends[0], text, sizeof(text), 0), 0);
        close_all(ends, 2);
        close_all(fds + 1, 1);
}

/* A connection that is being opened meets the rules with every packet, and deny stays silent; but
 * an answer to what it sent before may come. */
static void test_opening(void **state)
{
        static const char *const to[] = { "10.9.0.2", "fd09::2" };
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = compile_now(p), *open = NULL;
        _cleanup_policy_ Policy *none = make_policy();
        CutResult result;
        int fds[2];

        (void)state;
        open = compile_now(none);
        enter(remote);
        run("nft 'table inet late { chain c { type filter hook output priority 0;"
            " tcp sport 25 tcp flags & (syn|ack) == (syn|ack) drop; }; }'");
        enter(host);
        for (size_t i = 0; i < 2; i++) {
                struct sockaddr_storage a;
                socklen_t n = address_make(to[i], 25, &a);

                fds[i] = socket_make(HOST, a.ss_family);
                fcntl(fds[i], F_SETFL, O_NONBLOCK);
                assert_int_equal(connect(fds[i], (struct sockaddr *)&a, n), -1);
                assert_int_equal(errno, EINPROGRESS);
                assert_int_equal(tcp_state(fds[i]), TCP_SYN_SENT);
        }
        assert_int_equal(connections_cut(open, &result), 0);
        assert_false(result.half_open);
        assert_int_equal(connections_cut(r, &result), 0);
        assert_true(result.half_open);
        assert_int_equal(result.n, 0);
        assert_int_equal(tcp_state(fds[0]), TCP_SYN_SENT);
        enter(remote);
        run("nft delete table inet late");
        enter(host);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(tcp_state_in_time(fds[i], TCP_ESTABLISHED), TCP_ESTABLISHED);
        assert_int_equal(connections_cut(r, &result), 0);
        assert_int_equal(result.n, 2);
        assert_false(result.half_open);
        assert_cut(fds[0]);
        assert_cut(fds[1]);
        close_all(fds, 2);
}

static void test_interfaces(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int server = listen_at(HOST, "0.0.0.0", 25);
        int fds[] = {
                connect_to(HOST, "10.9.0.2", 25),
                connect_to(HOST, "10.8.0.2", 25),
                connect_from(REMOTE, "10.9.0.2", 0, "10.9.0.1", 25),
                connect_from(REMOTE, "10.8.0.2", 0, "10.8.0.1", 25),
        };

        (void)state;
        add_rule(&p->state->rules, .id = 1, .action = ACTION_REJECT, .direction = DIRECTION_OUT,
                .interface = "p25b");
        add_rule(&p->state->rules, .id = 2, .action = ACTION_DENY, .interface = "p25a");
        r = compile_now(p);
        assert_int_equal(cut(r), 2);
        assert_cut(fds[1]);
        assert_ends(fds, (bool[]){ false, true, true, false }, ELEMENTS(fds));
        close_all(fds, ELEMENTS(fds));
        close_all(&server, 1);
}

static void check_groups(void)
{
        const End mail = { host, 1000, 8 }, users = { host, 1000, 100 };
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int fds[] = { connect_to(mail, "10.9.0.2", 25), connect_to(users, "10.9.0.2", 25) };

        add_rule(&p->state->rules, .id = 1, .direction = DIRECTION_OUT, .group = "mail");
        r = compile_now(p);
        /* where it cannot be known, each may be of the group */
        if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
                assert_int_equal(mount("none", "/proc", "tmpfs", 0, NULL), 0);
                assert_int_equal(cut(r), 0);
                assert_int_equal(umount("/proc"), 0);
        }
        assert_int_equal(cut(r), 1);
        assert_open(fds[0]);
        assert_cut(fds[1]);
        close_all(fds, ELEMENTS(fds));
}

static void cgroup_join(const char *folder)
{
        char path[512];
        FILE *f;

        snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
        f = fopen(path, "we");
        assert_non_null(f);
        fprintf(f, "%d\n", getpid());
        assert_int_equal(fclose(f), 0);
}

/* The folder of this process, below the mount of cgroup v2. */
static void cgroup_own(const char *mount, char *ret, size_t size)
{
        FILE *f = fopen("/proc/self/cgroup", "re");
        char line[256];

        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
                if (strncmp(line, "0::", 3) == 0) {
                        line[strcspn(line, "\n")] = '\0';
                        snprintf(ret, size, "%s%s", mount, line + 3);
                }
        fclose(f);
}

static void test_units(void **state)
{
        const char *mount = host_cgroup_mount();
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        char own[300] = "", unit[320], sub[330];
        CompiledRule *rule;
        struct stat st;
        uint8_t states[3];
        uint64_t n, rest;
        int fds[3];

        (void)state;
        if (mount)
                cgroup_own(mount, own, sizeof(own));
        snprintf(unit, sizeof(unit), "%s/p25-test-%d", own, getpid());
        snprintf(sub, sizeof(sub), "%s/sub", unit);
        rmdir(sub);
        rmdir(unit); /* of a run that was killed; nobody else has this name */
        if (!mount || mkdir(unit, 0755) < 0) {
                print_message("no cgroup v2 to write to here\n");
                skip();
        }
        assert_int_equal(mkdir(sub, 0755), 0);
        assert_int_equal(stat(unit, &st), 0);
        fds[0] = connect_to(HOST, "10.9.0.2", 25);
        cgroup_join(unit);
        fds[1] = connect_to(HOST, "10.9.0.2", 25);
        cgroup_join(sub);
        fds[2] = connect_to(HOST, "fd09::2", 25);
        cgroup_join(own);
        add_rule(&p->state->rules, .id = 1, .direction = DIRECTION_OUT, .unit = "nginx.service");
        r = compile_now(p);
        rule = r->directions[DIRECTION_OUT].rules;
        rule->units[0].cgroup = st.st_ino;
        n = cut(r);
        for (size_t i = 0; i < ELEMENTS(fds); i++)
                states[i] = tcp_state(fds[i]);
        rule->action = ACTION_REJECT;
        rest = cut(r);
        close_all(fds, ELEMENTS(fds));
        rmdir(sub);
        rmdir(unit);
        assert_int_equal(n, 1);
        assert_int_equal(states[0], TCP_CLOSE);
        assert_int_equal(states[1], TCP_ESTABLISHED);
        assert_int_equal(states[2], TCP_ESTABLISHED);
        assert_int_equal(rest, 2);
}

static void test_keep(void **state)
{
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int fd = connect_to(HOST, "10.9.0.2", 25);

        (void)state;
        make_host(p)->keep_established = true;
        r = compile_now(p);
        assert_int_equal(cut(r), 0);
        assert_open(fd);
        close_all(&fd, 1);
}

/* A client may have a mail port of its own: nothing serves there. */
static void test_client_port(void **state)
{
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int fd = connect_from(HOST, "10.9.0.1", 2525, "10.9.0.2", 443);

        (void)state;
        p->state->lockdown = true;
        r = compile_now(p);
        assert_int_equal(cut(r), 0);
        assert_open(fd);
        close_all(&fd, 1);
}

static void test_translated(void **state)
{
        _cleanup_policy_ Policy *p = closed_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        int servers[] = { listen_at(HOST, "0.0.0.0", 25), listen_at(HOST, "0.0.0.0", 2525),
                listen_at(HOST, "0.0.0.0", 10025), listen_at(HOST, "::", 10025) };
        int fds[6], accepted;
        char text[8];

        (void)state;
        if (system("command -v nft >/dev/null") != 0)
                skip();
        run("nft 'table inet t { chain c { type nat hook prerouting priority -100; "
            "tcp dport 8025 redirect to :25; tcp dport 587 redirect to :2525; "
            "ip daddr 10.9.0.11 tcp dport 25 redirect to :10025; "
            "ip6 daddr fd09::11 tcp dport 25 redirect to :10025; "
            "tcp dport 8026 redirect to :10025; }; }'");
        fds[0] = connect_to(REMOTE, "10.9.0.1", 25);
        fds[1] = connect_to(REMOTE, "10.9.0.1", 8025);
        fds[2] = connect_to(REMOTE, "10.9.0.1", 587);
        fds[3] = connect_to(REMOTE, "10.9.0.11", 25);
        fds[4] = connect_to(REMOTE, "fd09::11", 25);
        fds[5] = connect_to(REMOTE, "10.9.0.11", 8026);
        /* 2525 is watched, for one address that has nothing to do with it; 587 is refused */
        add_rule(&p->state->rules, .id = 1, .ports = "2525", .to = "10.99.0.1");
        add_rule(&p->state->rules, .id = 2, .ports = "587", .action = ACTION_DENY);
        add_rule(&p->state->rules, .id = 3, .to = "fd09::11");
        r = compile_now(p);
        assert_int_equal(cut(r), 3);
        assert_ends(fds, (bool[]){ true, false, true, true, false, false }, ELEMENTS(fds));
        /* closed by the server, with something on its way: not touched */
        p->state->lockdown = true;
        ruleset_free(r);
        r = compile_now(p);
        accepted = accept(servers[3], NULL, NULL);
        assert_int_equal(send(accepted, "bye", 3, 0), 3);
        close(accepted);
        assert_int_equal(cut(r), 0);
        assert_int_equal(recv(fds[4], text, sizeof(text), 0), 3);
        close_all(fds, ELEMENTS(fds));
        close_all(servers, ELEMENTS(servers));
        run("nft delete table inet t");
}

/* Tests that need other users: in their own functions, for nothing is to be made before. */
static void test_users(void **state)
{
        (void)state;
        users_exist() ? check_users() : skip();
}

static void test_hundreds(void **state)
{
        (void)state;
        users_exist() ? check_hundreds() : skip();
}

static void test_groups(void **state)
{
        (void)state;
        users_exist() ? check_groups() : skip();
}

/* Without conntrack the sockets themselves say who listens, and which ports they have. */
static void test_untracked(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_ruleset_ Ruleset *r = NULL;
        static const bool gone[] = { false, true, false, true, true, false };
        int server = listen_at(HOST, "::", 587);
        int fds[6];

        (void)state;
        run("nft 'table inet t { chain pre { type filter hook prerouting priority -300; notrack; };"
            " chain out { type filter hook output priority -300; notrack; }; }'");
        fds[0] = connect_to(HOST, "10.9.0.2", 25);
        fds[1] = connect_to(HOST, "10.9.0.3", 25);
        fds[2] = connect_to(HOST, "fd09::2", 25);
        fds[3] = connect_to(HOST, "fd09::3", 25);
        fds[4] = connect_from(REMOTE, "fd09::3", 0, "fd09::1", 587);
        fds[5] = connect_from(REMOTE, "fd09::2", 0, "fd09::1", 587);
        add_rule(&p->state->rules, .id = 1, .action = ACTION_REJECT, .direction = DIRECTION_OUT,
                .to = "10.9.0.3,fd09::3");
        add_rule(&p->state->rules, .id = 2, .action = ACTION_DENY, .from = "fd09::3",
                .ports = "587");
        r = compile_now(p);
        assert_int_equal(cut(r), 3);
        assert_ends(fds, gone, ELEMENTS(fds));
        close_all(fds, ELEMENTS(fds));
        close_all(&server, 1);
        run("nft delete table inet t");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_users),
                cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_incoming),
                cmocka_unit_test(test_hundreds),
                cmocka_unit_test(test_within_host),
                cmocka_unit_test(test_teardown),
                cmocka_unit_test(test_opening),
                cmocka_unit_test(test_interfaces),
                cmocka_unit_test(test_units),
                cmocka_unit_test(test_keep),
                cmocka_unit_test(test_client_port),
                cmocka_unit_test(test_untracked),
                cmocka_unit_test(test_translated),
                cmocka_unit_test(test_groups),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
