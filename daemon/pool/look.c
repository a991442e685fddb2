/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The program that answers is not p25's. Before a byte is sent, the kernel says by the credentials
 * of the listening socket that it is the parent of the worker: it does not matter then where a link
 * or a stolen path leads.
 */

#include "daemon/pool/look.h"

#include "daemon/io/file.h"
#include "daemon/loop/clock.h"
#include "daemon/pool/config.h"
#include "daemon/pool/fastcgi.h"
#include "daemon/pool/status.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ANCESTORS_MAX 16 /* sendmail, a shell, the worker */

static const char worker_title[] = "php-fpm: pool ";
static const char master_title[] = "php-fpm: master process (";

typedef struct Process {
        uint32_t parent, uid;
        char title[512];
} Process;

/* ---- processes ---- */

static bool process_look(const char *proc, uint32_t pid, Process *ret)
{
        (void)file_read_process(proc, pid, "cmdline", ret->title, sizeof(ret->title));
        return file_read_parent(proc, pid, &ret->parent, &ret->uid);
}

static bool starts_with(const char *text, const char *start)
{
        return strncmp(text, start, strlen(start)) == 0;
}

/* The nearest process, from pid on upwards, that is a worker, and its number. */
static int worker_find(const char *proc, uint32_t *pid, uint32_t uid, Process *ret)
{
        for (unsigned i = 0; i<ANCESTORS_MAX && * pid> 1; i++, *pid = ret->parent) {
                if (!process_look(proc, *pid, ret))
                        return -ENOENT;
                if (starts_with(ret->title, worker_title))
                        return ret->uid == uid ? 0 : -ENOENT;
        }
        return -ENOENT;
}

/* "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)" */
static int config_of_master(const char *proc, uint32_t pid, char *ret, size_t size)
{
        Process master;
        const char *path = master.title + strlen(master_title);
        size_t n;

        if (!process_look(proc, pid, &master) || master.uid != 0 ||
                !starts_with(master.title, master_title) || *path != '/')
                return -ENOENT;
        n = strlen(path);
        if (path[n - 1] != ')' || n > size)
                return -ENOENT;
        (void)snprintf(ret, size, "%.*s", (int)n - 1, path);
        return 0;
}

/* ---- the socket ---- */

static int socket_open(const char *path, uint32_t master)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t size = sizeof(struct ucred);
        struct ucred peer;
        struct stat st;
        int fd;

        if (lstat(path, &st) < 0)
                return -errno;
        if (!S_ISSOCK(st.st_mode) || strlen(path) >= sizeof(address.sun_path))
                return -EACCES;
        memcpy(address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
                (uint32_t)peer.pid != master) {
                close(fd);
                return -EACCES;
        }
        return fd;
}

/* 0 when fd is ready, -ETIMEDOUT at the deadline. */
static int wait_until(int fd, short events, uint64_t deadline_usec)
{
        struct pollfd p = { .fd = fd, .events = events };
        uint64_t now = clock_now_usec(CLOCK_MONOTONIC);
        int r;

        if (now >= deadline_usec)
                return -ETIMEDOUT;
        r = poll(&p, 1, (int)((deadline_usec - now + 999) / 1000));
        if (r < 0)
                return -errno;
        return r > 0 ? 0 : -ETIMEDOUT;
}

/* The request is shorter than the buffer of any socket. */
static int request_send(int fd, const char *path)
{
        _cleanup_buffer_ Buffer b = { 0 };
        int r = fastcgi_request(path, &b);

        if (r < 0)
                return r;
        return send(fd, b.data, b.length, MSG_NOSIGNAL) == (ssize_t)b.length ? 0 : -EBADMSG;
}

static int answer_read(int fd, uint64_t deadline_usec, FastcgiAnswer *answer)
{
        static uint8_t part[65536];
        ssize_t n;
        int r;

        do {
                r = wait_until(fd, POLLIN, deadline_usec);
                if (r < 0)
                        return r;
                n = recv(fd, part, sizeof(part), 0);
                if (n < 0 && errno == EAGAIN)
                        continue;
                if (n <= 0)
                        return -EBADMSG;
                r = fastcgi_feed(answer, part, (size_t)n);
        } while (r == 0);
        return r < 0 ? r : 0;
}

static int status_ask(
        const PoolStatus *status, uint32_t master, uint64_t deadline_usec, FastcgiAnswer *answer)
{
        int fd = socket_open(status->socket, master), r;

        if (fd < 0)
                return fd;
        r = request_send(fd, status->path);
        if (r >= 0)
                r = answer_read(fd, deadline_usec, answer);
        close(fd);
        return r;
}

int pool_look(
        const char *proc, uint32_t pid, uint32_t uid, unsigned deadline_msec, SiteRequest *ret)
{
        uint64_t deadline_usec = clock_now_usec(CLOCK_MONOTONIC) + (uint64_t)deadline_msec * 1000;
        _cleanup_(fastcgi_answer_deinit) FastcgiAnswer answer = { 0 };
        char config[512];
        Process worker;
        PoolStatus status;
        int r;

        if ((r = worker_find(proc, &pid, uid, &worker)) < 0 ||
                (r = config_of_master(proc, worker.parent, config, sizeof(config))) < 0 ||
                (r = pool_config_find(config, worker.title + strlen(worker_title), &status)) < 0 ||
                (r = status_ask(&status, worker.parent, deadline_usec, &answer)) < 0)
                return r;
        return answer.output.data
                       ? pool_status_find(answer.output.data, answer.output.length, pid, ret)
                       : -EBADMSG;
}
