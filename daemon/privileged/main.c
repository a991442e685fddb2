/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25d-reader: finds the owners of sockets for p25d, which has no right to do so, and opens the
 * files of the policy that only root or their owner may read. It has the rights to see every
 * process and to read every file, and therefore no others: it writes nothing, and takes nothing but
 * one message of a fixed size. The service manager starts it when p25d asks, and it ends when
 * nobody has asked for a while.
 */

#include "daemon/auth/caller.h"
#include "daemon/connections/opener.h"
#include "daemon/connections/owners.h"
#include "daemon/host/containers.h"
#include "daemon/host/forwarders.h"
#include "daemon/host/host.h"
#include "daemon/host/origin.h"
#include "daemon/io/socket.h"
#include "daemon/reader/question.h"
#include "rules/base/strv.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDLE_MSEC 60000
/* Every connection asks one question. */
#define QUESTION_DEADLINE_SEC 1

static const char policy_folder[] = "/etc/p25";

/* ---- which files ---- */

static bool is_below_policy(const char *path)
{
        size_t n = strlen(policy_folder);

        return strncmp(path, policy_folder, n) == 0 && (path[n] == '\0' || path[n] == '/') &&
               !strstr(path, "/..");
}

static bool file_names(const char *file, const char *quoted)
{
        _cleanup_free_ char *text = NULL;
        size_t n;

        return host_read_file(file, POLICY_TEXT_MAX, NULL, &text, &n) >= 0 && strstr(text, quoted);
}

/* Does p25.conf or a fragment have the path in quotes? p25d cannot make it so. */
static bool is_named_by_policy(const char *path)
{
        char quoted[READER_PATH_MAX + 2], file[READER_PATH_MAX];
        _cleanup_strv_ char **names = NULL;

        snprintf(quoted, sizeof(quoted), "\"%s\"", path);
        if (file_names("/etc/p25/p25.conf", quoted))
                return true;
        if (host_list_conf("/etc/p25/policy.d", NULL, &names) < 0)
                return false;
        STRV_FOREACH (name, names) {
                snprintf(file, sizeof(file), "/etc/p25/policy.d/%s", *name);
                if (file_names(file, quoted))
                        return true;
        }
        return false;
}

static int open_folder(const char *path)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);

        return fd < 0 ? -errno : fd;
}

static int open_kernel_file(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? -errno : fd;
}

/* Those over which whoever is not CAP_NET_ADMIN can only ask. */
static int open_netlink(uint32_t protocol)
{
        int fd;

        if (protocol != NETLINK_ROUTE && protocol != NETLINK_SOCK_DIAG)
                return -EPROTONOSUPPORT;
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int)protocol);
        return fd < 0 ? -errno : fd;
}

/* The kernel reads legacy tables to whoever has CAP_NET_ADMIN and a socket of their family. */
static int open_xtables(uint32_t family)
{
        int fd;

        if (family != AF_INET && family != AF_INET6)
                return -EAFNOSUPPORT;
        fd = socket((int)family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return fd < 0 ? -errno : fd;
}

/* A descriptor or negative errno. */
static int open_asked(const ReaderQuestion *q)
{
        if (q->kind != READER_NETLINK && q->kind != READER_XTABLES &&
                memchr(q->path, '\0', sizeof(q->path)) == NULL)
                return -ENAMETOOLONG;
        switch ((ReaderKind)q->kind) {
        case READER_FILE:
                if (streq(q->path, READER_TABLES4) || streq(q->path, READER_TABLES6))
                        return open_kernel_file(q->path);
                if (is_below_policy(q->path))
                        return host_open_file(q->path);
                return is_named_by_policy(q->path) ? host_open_named(q->path) : -EACCES;
        case READER_FOLDER:
                return is_below_policy(q->path) ? open_folder(q->path) : -EACCES;
        case READER_NAMED:
                return is_named_by_policy(q->path) ? host_open_named(q->path) : -EACCES;
        case READER_NETLINK:
                return open_netlink(q->n);
        case READER_XTABLES:
                return open_xtables(q->n);
        case READER_GROUPS:
        case READER_PROCESS:
        case READER_FORWARDERS:
        case READER_CONTAINER:
        case READER_ORIGIN:
        case READER_OPENER:
                break;
        }
        return -EINVAL;
}

/* ---- whose sockets, and who ---- */

static int find_process(const ReaderQuestion *q, ReaderAnswer *ret)
{
        struct ReaderProcess *p = &ret->process;
        CallerPlace place;

        caller_look("/proc", (pid_t)q->n, &place);
        (void)snprintf(p->name, sizeof(p->name), "%s", place.process);
        (void)snprintf(p->unit, sizeof(p->unit), "%s", place.unit);
        (void)snprintf(p->remote, sizeof(p->remote), "%s", place.remote);
        return 0;
}

/* Less than p25d waits for. */
#define OPENER_MSEC 60

static int find_opener(const ReaderQuestion *q, ReaderAnswer *ret)
{
        struct ReaderOpener *p = &ret->opener;
        Opener found;
        int r = opener_look_apart(q->n, q->user, OPENER_MSEC, &found);

        if (r < 0)
                return r;
        p->pid = found.pid;
        (void)snprintf(p->process, sizeof(p->process), "%s", found.process);
        (void)snprintf(p->command, sizeof(p->command), "%s", found.command);
        (void)snprintf(p->directory, sizeof(p->directory), "%s", found.directory);
        return 0;
}

static int find_groups(const ReaderQuestion *q, ReaderAnswer *ret)
{
        SocketGroups found = { 0 };
        int r;

        if (q->n > READER_SOCKETS_MAX)
                return -E2BIG;
        r = socket_groups_look(q->sockets, q->n, &found);
        if (r < 0)
                return r;
        ret->blind = found.blind;
        for (uint32_t i = 0; i < q->n; i++)
                ret->groups[i].known =
                        socket_groups_find(&found, q->sockets[i], &ret->groups[i].gid) == 0;
        socket_groups_deinit(&found);
        return 0;
}

static void forwarder_give(const Forwarder *f, struct ReaderForwarder *ret)
{
        size_t n = f->n_inodes < READER_INODES_MAX ? f->n_inodes : READER_INODES_MAX;

        *ret = (struct ReaderForwarder){ .pid = (uint32_t)f->pid,
                .uid = f->uid,
                .n_inodes = (uint32_t)n,
                .has_target = f->has_target,
                .target_port = f->target_port,
                .target_family = (uint32_t)f->target.family };
        (void)snprintf(ret->name, sizeof(ret->name), "%s", f->name);
        memcpy(ret->target, f->target.bytes, sizeof(ret->target));
        if (n > 0)
                memcpy(ret->inodes, f->inodes, n * sizeof(*f->inodes));
}

static int find_forwarders(ReaderAnswer *ret)
{
        _cleanup_(forwarders_deinit) Forwarders found = { 0 };
        int r = forwarders_look("", &found);

        if (r < 0)
                return r;
        ret->forwarders.untranslated = found.untranslated;
        for (size_t i = 0; i < found.n && i < READER_FORWARDERS_MAX; i++)
                forwarder_give(&found.items[i], &ret->forwarders.items[ret->forwarders.n++]);
        return 0;
}

static int find_origin(const ReaderQuestion *q, ReaderAnswer *ret)
{
        struct ReaderOrigin *o = &ret->origin;
        ProcessOrigin found;

        origin_look("/proc", q->n, q->uid, &found);
        memcpy(o->job, found.job, sizeof(o->job));
        o->request = found.request;
        memcpy(o->container, found.container.id, sizeof(o->container));
        o->owner = found.container.owner;
        return 0;
}

/* The engine's file is opened here, and read by p25d-site: nothing else of it goes to p25d. */
static int find_container(const ReaderQuestion *q, ReaderAnswer *ret)
{
        ContainerId c = { .owner = q->n };

        if (strnlen(q->path, CONTAINER_ID_LENGTH + 1) != CONTAINER_ID_LENGTH ||
                strspn(q->path, "0123456789abcdef") != CONTAINER_ID_LENGTH)
                return -EINVAL;
        memcpy(c.id, q->path, CONTAINER_ID_LENGTH);
        return container_look("", &c, &ret->container);
}

/* ---- answering ---- */

/* Longer than a file takes, and shorter than p25d waits. */
#define OPEN_MSEC 5000

/* A file that a policy names may lie where nothing answers: a process of its own opens it, and
 * another one watches that, so that the next question is read meanwhile. */
static void open_watched(int client, const ReaderQuestion *q)
{
        ReaderAnswer answer = { 0 };
        struct pollfd p = { .events = POLLIN };
        int ends[2], fd;
        pid_t opener;

        /* a pipe is nothing that the unit's filter allows */
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
                answer.error = -errno;
                (void)socket_send(client, &answer, sizeof(answer), -1);
                return;
        }
        opener = fork();
        if (opener == 0) {
                fd = open_asked(q);
                answer.error = fd < 0 ? fd : 0;
                (void)socket_send(client, &answer, sizeof(answer), fd);
                _exit(0);
        }
        (void)close(ends[1]);
        p.fd = ends[0];
        /* which is at its end when the opener is */
        if (opener > 0 && poll(&p, 1, OPEN_MSEC) != 0)
                return;
        if (opener > 0)
                (void)kill(opener, SIGKILL);
        answer.error = opener > 0 ? -ETIMEDOUT : -EAGAIN;
        (void)socket_send(client, &answer, sizeof(answer), -1);
}

static bool opens_file(const ReaderQuestion *q)
{
        return q->kind == READER_FILE || q->kind == READER_NAMED || q->kind == READER_FOLDER;
}

static void client_serve(int client, _unused_ void *data)
{
        static const struct timeval deadline = { .tv_sec = QUESTION_DEADLINE_SEC };
        ReaderQuestion q = { 0 };
        ReaderAnswer answer = { 0 };
        int fd = -1;

        while (waitpid(-1, NULL, WNOHANG) > 0) /* those that opened files */
                continue;
        (void)setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
        (void)setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
        if (recv(client, &q, sizeof(q), 0) != sizeof(q))
                return;
        if (opens_file(&q)) {
                if (fork() == 0) {
                        open_watched(client, &q);
                        _exit(0);
                }
                return;
        }
        if (q.kind == READER_GROUPS)
                answer.error = find_groups(&q, &answer);
        else if (q.kind == READER_PROCESS)
                answer.error = find_process(&q, &answer);
        else if (q.kind == READER_FORWARDERS)
                answer.error = find_forwarders(&answer);
        else if (q.kind == READER_ORIGIN)
                answer.error = find_origin(&q, &answer);
        else if (q.kind == READER_CONTAINER)
                answer.error = find_container(&q, &answer);
        else if (q.kind == READER_OPENER)
                answer.error = find_opener(&q, &answer);
        else
                answer.error = fd = open_asked(&q);
        answer.error = answer.error < 0 ? answer.error : 0;
        (void)socket_send(client, &answer, sizeof(answer), fd);
        if (fd >= 0)
                close(fd);
}

int main(void)
{
        return socket_serve("p25d-reader", IDLE_MSEC, client_serve, NULL);
}
