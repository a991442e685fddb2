/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/world.h"

#include "rules/base/buffer.h"

struct World world;

int run(const char *format, ...)
{
        char command[4096];
        va_list ap;
        int r;

        va_start(ap, format);
        vsnprintf(command, sizeof(command), format, ap);
        va_end(ap);
        r = system(command);
        return WIFEXITED(r) ? WEXITSTATUS(r) : 255;
}

char *output_of(const char *command)
{
        _cleanup_buffer_ Buffer b = { 0 };
        FILE *f = popen(command, "re");
        char line[4096], *text;

        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
                buffer_add_string(&b, line);
        pclose(f);
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

void world_enter(Site p)
{
        assert_int_equal(setns(world.ns[p], CLONE_NEWNET), 0);
}

void world_add(Site p)
{
        int ready[2];
        char byte, path[64];

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        world.pid[p] = fork();
        assert_true(world.pid[p] >= 0);
        if (world.pid[p] == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
                        _exit(1);
                for (;;)
                        pause();
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)world.pid[p]);
        world.ns[p] = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(world.ns[p] >= 0);
}

static void world_link(Site p, const char *name, const char *v4, const char *v6)
{
        int pid = (int)world.pid[p];

        must("ip link add %s type veth peer name eth0 netns %d", name, pid);
        must("ip addr add %s.1/24 dev %s; ip addr add %s::1/64 dev %s nodad; ip link set %s up", v4,
                name, v6, name, name);
        must("nsenter -t %d -n sh -c 'ip link set lo up; ip addr add %s.2/24 dev eth0;"
             "ip addr add %s::2/64 dev eth0 nodad; ip link set eth0 up;"
             "ip route add default via %s.1; ip route add default via %s::1'",
                pid, v4, v6, v4, v6);
}

bool world_begin(void)
{
        if (unshare(CLONE_NEWNET) < 0) {
                print_message("# no network namespace: %s\n", strerror(errno));
                return false;
        }
        world.ns[HOST] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        assert_true(world.ns[HOST] >= 0);
        must("ip link set lo up");
        return true;
}

void world_end(void)
{
        for (Site p = INTERNET; p < _SITES; p++)
                if (world.pid[p] > 0) {
                        kill(world.pid[p], SIGKILL);
                        waitpid(world.pid[p], NULL, 0);
                }
}

/* ---- sockets ---- */

socklen_t endpoint(const char *address, uint16_t port, struct sockaddr_storage *ret)
{
        struct sockaddr_in *v4 = (void *)ret;
        struct sockaddr_in6 *v6 = (void *)ret;

        memset(ret, 0, sizeof(*ret));
        if (strchr(address, ':')) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons(port);
                assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
                return sizeof(*v6);
        }
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        assert_int_equal(inet_pton(AF_INET, address, &v4->sin_addr), 1);
        return sizeof(*v4);
}

int listen_at(Site p, uint16_t port)
{
        static const int one = 1;
        struct sockaddr_storage a;
        socklen_t n = endpoint("::", port, &a);
        int fd;

        world_enter(p);
        fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        assert_int_equal(bind(fd, (void *)&a, n), 0);
        assert_int_equal(listen(fd, 64), 0);
        world_enter(HOST);
        return fd;
}

void abort_connection(int fd)
{
        static const struct linger gone = { .l_onoff = 1 };

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &gone, sizeof(gone));
        close(fd);
}

Answer connect_as(uid_t uid, gid_t gid, Site p, const char *address, uint16_t port, int *ret_fd)
{
        struct sockaddr_storage a;
        socklen_t n = endpoint(address, port, &a), length = sizeof(int);
        struct pollfd poll_fd = { .events = POLLOUT };
        int error = 0;
        Answer answer = OPEN;

        world_enter(p);
        setfsgid(gid);
        setfsuid(uid);
        poll_fd.fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setfsuid(0);
        setfsgid(0);
        assert_true(poll_fd.fd >= 0);
        if (connect(poll_fd.fd, (void *)&a, n) < 0 && errno != EINPROGRESS)
                error = errno;
        world_enter(HOST);
        if (error == 0 && poll(&poll_fd, 1, SILENCE_MSEC) == 0)
                answer = SILENT;
        else if (error == 0)
                getsockopt(poll_fd.fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0)
                answer = error == ECONNREFUSED ? RESET : OTHER;
        if (answer == OTHER)
                print_message("# connect to %s %u: %s\n", address, port, strerror(error));
        if (answer == OPEN && ret_fd) {
                *ret_fd = poll_fd.fd;
        } else {
                abort_connection(poll_fd.fd);
        }
        return answer;
}

Answer connect_to(Site p, const char *address, uint16_t port)
{
        return connect_as(0, 0, p, address, port, NULL);
}

/* ---- the links between the sites ---- */

void way_wait(Site p, const char *address)
{
        for (unsigned int i = 0; i < 80; i++)
                if (connect_to(p, address, 9) == RESET)
                        return;
        fail_msg("no way to %s", address);
}

void world_build(void)
{
        static const struct {
                Site site;
                const char *address;
        } ways[] = {
                { INTERNET, "192.0.2.1" },
                { INTERNET, "2001:db8:1::1" },
                { CONTAINER, "10.9.0.1" },
                { CONTAINER, "fd00:9::1" },
                { HOST, "192.0.2.2" },
                { HOST, "2001:db8:1::2" },
                { HOST, "10.9.0.2" },
                { HOST, "fd00:9::2" },
        };

        /* no waiting for link-local addresses, which answer for all others */
        must("sysctl -qw net.ipv6.conf.default.accept_dad=0");
        world_add(INTERNET);
        world_add(CONTAINER);
        for (Site p = INTERNET; p < _SITES; p++)
                must("nsenter -t %d -n sysctl -qw net.ipv6.conf.default.accept_dad=0",
                        (int)world.pid[p]);
        world_link(INTERNET, "wan0", "192.0.2", "2001:db8:1");
        world_link(CONTAINER, "cont0", "10.9.0", "fd00:9");
        must("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        for (size_t i = 0; i < ELEMENTS(ways); i++)
                way_wait(ways[i].site, ways[i].address);
}
