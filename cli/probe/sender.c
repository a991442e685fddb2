/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/probe/sender.h"

#include "cli/survey/socket_address.h"
#include "rules/address/address.h"
#include "rules/ruleset/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Before the kernel sends the packet again. */
#define CONNECT_MSEC 900
/* The group of a user who has no account. */
#define NO_GROUP 65534

/* Messages of the child: its progress, or its error. */
typedef struct Report {
        int error;
        uint16_t port;
} Report;

/* ---- the child ---- */

/* A user without an account has no groups but the one that is asked for. */
static int user_become(uid_t uid, const Packet *p)
{
        const struct passwd *account = getpwuid(uid);
        gid_t gid = p->has_gid ? p->gid : account ? account->pw_gid : NO_GROUP;

        if ((account ? initgroups(account->pw_name, gid) : setgroups(0, NULL)) < 0 ||
                setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
                return -errno;
        return 0;
}

static int socket_open(const Packet *p, Report *ret)
{
        Address from = p->has_from ? p->from : (Address){ .family = p->family };
        struct sockaddr_storage a;
        socklen_t n = socket_address_make(&from, 0, &a);
        int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if ((p->interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, p->interface,
                                     (socklen_t)strlen(p->interface)) < 0) ||
                bind(fd, (void *)&a, n) < 0 || getsockname(fd, (void *)&a, &n) < 0) {
                int r = -errno;

                close(fd);
                return r;
        }
        ret->port = ntohs(a.ss_family == AF_INET ? ((const struct sockaddr_in *)&a)->sin_port
                                                 : ((const struct sockaddr_in6 *)&a)->sin6_port);
        return fd;
}

static int socket_connect(int fd, const Packet *p)
{
        struct pollfd polled = { .fd = fd, .events = POLLOUT };
        struct sockaddr_storage a;
        socklen_t n = socket_address_make(&p->to, p->port, &a), length = sizeof(int);
        int error = 0;

        if (connect(fd, (void *)&a, n) < 0 && errno != EINPROGRESS)
                return errno;
        if (poll(&polled, 1, CONNECT_MSEC) == 0)
                return ETIMEDOUT;
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

/* The owner of a packet is who made its socket, so the user comes first. */
static int child_prepare(const Packet *p, uid_t uid, Report *report)
{
        int r = user_become(uid, p);

        return r < 0 ? r : socket_open(p, report);
}

static void __attribute__((noreturn)) child_run(const Packet *p, uid_t uid, pid_t parent, int fd)
{
        Report report = { 0 };
        int s;
        char go;

        /* the bus of root is nothing for the user */
        (void)close_range(3, (unsigned)fd - 1, 0);
        (void)close_range((unsigned)fd + 1, ~0u, 0);
        s = child_prepare(p, uid, &report);
        /* a change of the user takes back what was asked for before */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(1);
        report.error = s < 0 ? -s : 0;
        if (write(fd, &report, sizeof(report)) != sizeof(report) || s < 0 || read(fd, &go, 1) != 1)
                _exit(1);
        report.error = socket_connect(s, p);
        _exit(write(fd, &report, sizeof(report)) != sizeof(report));
}

/* ---- the parent ---- */

static int report_read(int fd, Report *ret)
{
        ssize_t n;

        do
                n = read(fd, ret, sizeof(*ret));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n == sizeof(*ret) ? 0 : -EPIPE;
}

int sender_start(const Packet *packet, Sender *ret)
{
        Sender s = { .uid = packet->uid };
        pid_t parent = getpid();
        Report report;
        int fds[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        s.pid = fork();
        if (s.pid == 0)
                child_run(packet, s.uid, parent, fds[1]);
        r = s.pid < 0 ? -errno : 0;
        s.fd = fds[0];
        close(fds[1]);
        if (r < 0) {
                close(fds[0]);
                return r;
        }
        r = report_read(s.fd, &report);
        if (r >= 0)
                r = -report.error;
        if (r < 0) {
                sender_end(&s);
                return r;
        }
        s.port = report.port;
        *ret = s;
        return 0;
}

void sender_end(Sender *s)
{
        if (s->pid > 0) {
                (void)kill(s->pid, SIGKILL);
                (void)waitpid(s->pid, NULL, 0);
                close(s->fd);
        }
        *s = (Sender){ .fd = -1 };
}

int sender_go(Sender *s)
{
        return send(s->fd, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int sender_result(Sender *s, int *ret)
{
        Report report;
        int r = report_read(s->fd, &report);

        if (r >= 0)
                *ret = report.error;
        return r;
}
