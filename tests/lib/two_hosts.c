/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/two_hosts.h"

#include "rules/policy/state.h"

int host = -1, remote = -1;

static pid_t keeper;
int server4 = -1, server6 = -1;

void run(const char *command)
{
        if (system(command) != 0)
                fail_msg("failed: %s", command);
}

void enter(int ns)
{
        assert_int_equal(setns(ns, CLONE_NEWNET), 0);
}

/* ---- sockets ---- */

socklen_t address_make(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

        memset(ret, 0, sizeof(*ret));
        if (strchr(text, ':')) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons(port);
                assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
                return sizeof(*v6);
        }
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
        return sizeof(*v4);
}

int socket_make(End end, int family)
{
        int one = 1, fd;

        enter(end.ns);
        setfsgid(end.gid);
        setfsuid(end.uid);
        fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setfsuid(0);
        setfsgid(0);
        enter(host);
        assert_true(fd >= 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
        return fd;
}

int listen_at(End end, const char *address, uint16_t port)
{
        struct sockaddr_storage a;
        socklen_t n = address_make(address, port, &a);
        int fd = socket_make(end, a.ss_family), one = 1;

        if (a.ss_family == AF_INET6)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
        assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
        assert_int_equal(listen(fd, 1000), 0);
        return fd;
}

int connect_from(End end, const char *from, uint16_t from_port, const char *to, uint16_t port)
{
        struct sockaddr_storage a, own;
        socklen_t n = address_make(to, port, &a), k;
        int fd = socket_make(end, a.ss_family);

        if (from[0] != '\0') {
                k = address_make(from, from_port, &own);
                assert_int_equal(bind(fd, (struct sockaddr *)&own, k), 0);
        }
        if (connect(fd, (struct sockaddr *)&a, n) < 0)
                fail_msg("connect to %s:%u: %s", to, port, strerror(errno));
        return fd;
}

int connect_to(End end, const char *to, uint16_t port)
{
        return connect_from(end, "", 0, to, port);
}

uint8_t tcp_state(int fd)
{
        struct tcp_info info = { 0 };
        socklen_t n = sizeof(info);

        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
        return info.tcpi_state;
}

uint8_t tcp_state_in_time(int fd, uint8_t wanted)
{
        uint8_t state = tcp_state(fd);

        for (unsigned looks = 0; state != wanted && looks < 3000; looks++) {
                usleep(10000);
                state = tcp_state(fd);
        }
        return state;
}

void assert_ends(const int *fds, const bool *gone, size_t n)
{
        usleep(10000); /* for a reset that should not come */
        for (size_t i = 0; i < n; i++) {
                uint8_t wanted = gone[i] ? TCP_CLOSE : TCP_ESTABLISHED;

                assert_int_equal(tcp_state_in_time(fds[i], wanted), wanted);
        }
}

void close_all(const int *fds, size_t n)
{
        static const struct linger reset = { .l_onoff = 1 };

        for (size_t i = 0; i < n; i++) {
                setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
                close(fds[i]);
        }
}

void servers_clear(void)
{
        const int servers[] = { server4, server6 };

        for (size_t i = 0; i < ELEMENTS(servers); i++) {
                int fd;

                fcntl(servers[i], F_SETFL, O_NONBLOCK);
                while ((fd = accept(servers[i], NULL, NULL)) >= 0)
                        close_all(&fd, 1);
        }
}

uint64_t cut(const Ruleset *r)
{
        CutResult result = { .n = 4711 };

        assert_int_equal(connections_cut(r, &result), 0);
        return result.n;
}

Policy *closed_policy(void)
{
        Policy *p = make_policy();

        p->state->defaults = (Defaults){ { ACTION_DENY, ACTION_REJECT, ACTION_REJECT } };
        return p;
}

Ruleset *compile_now(const Policy *p)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        return compile_good(p, &d);
}

/* ---- the two namespaces ---- */

static int namespace_open(pid_t pid)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
        return open(path, O_RDONLY | O_CLOEXEC);
}

static pid_t keeper_start(void)
{
        int ready[2];
        char byte;
        pid_t pid;

        assert_int_equal(pipe(ready), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "r", 1) != 1)
                        _exit(1);
                pause();
                _exit(0);
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        return pid;
}

int group_setup(void **state)
{
        static const char *const here[] = {
                "ip link set lo up",
                "ip address add 10.9.0.1/24 dev p25a",
                "ip address add 10.9.0.11/24 dev p25a",
                "ip address add 10.8.0.1/24 dev p25b",
                "ip address add fd09::1/64 dev p25a nodad",
                "ip address add fd09::11/64 dev p25a nodad",
                "ip link set p25a up",
                "ip link set p25b up",
        };
        static const char *const there[] = {
                "ip link set lo up",
                "ip address add 10.9.0.2/24 dev p25a",
                "ip address add 10.9.0.3/24 dev p25a",
                "ip address add 10.8.0.2/24 dev p25b",
                "ip address add fd09::2/64 dev p25a nodad",
                "ip address add fd09::3/64 dev p25a nodad",
                "ip link set p25a up",
                "ip link set p25b up",
        };
        static const struct rlimit files = { 4096, 4096 };
        char command[128];

        (void)state;
        setrlimit(RLIMIT_NOFILE, &files);
        keeper = keeper_start();
        host = namespace_open(getpid());
        remote = namespace_open(keeper);
        assert_true(host >= 0 && remote >= 0);
        for (char c = 'a'; c <= 'b'; c++) {
                snprintf(command, sizeof(command),
                        "ip link add p25%c type veth peer name p25%c netns %d", c, c, keeper);
                run(command);
        }
        for (size_t i = 0; i < ELEMENTS(here); i++)
                run(here[i]);
        enter(remote);
        for (size_t i = 0; i < ELEMENTS(there); i++)
                run(there[i]);
        enter(host);
        server4 = listen_at(REMOTE, "0.0.0.0", 25);
        server6 = listen_at(REMOTE, "::", 25);
        listen_at(REMOTE, "0.0.0.0", 587);
        listen_at(REMOTE, "0.0.0.0", 443);
        return 0;
}

int group_teardown(void **state)
{
        (void)state;
        kill(keeper, SIGKILL);
        waitpid(keeper, NULL, 0);
        return 0;
}
