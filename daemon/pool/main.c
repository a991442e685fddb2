/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25d-site: reads what pools of PHP-FPM and container engines say, for p25d and p25d-reader, which
 * have rights. It has none: a user of its own, no capability and no network. A process of its own
 * answers each question, so that neither what hangs nor what breaks it delays others. The service
 * manager starts it when it is asked, and it ends when nobody has asked for a while.
 */

#include "daemon/pool/container.h"
#include "daemon/pool/look.h"
#include "daemon/site/ask.h"
#include "rules/base/util.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define IDLE_MSEC 60000
#define CHILDREN_MAX 32
/* A child that is not finished by then is killed by its own timer. */
#define CHILD_MSEC 200
#define MEMORY_MAX ((rlim_t)256 << 20)

static void limit_resources(void)
{
        static const struct itimerval end = { .it_value = { .tv_usec = CHILD_MSEC * 1000 } };

        (void)setitimer(ITIMER_REAL, &end, NULL);
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
        (void)setrlimit(RLIMIT_AS, &(struct rlimit){ MEMORY_MAX, MEMORY_MAX });
#endif
}

/* The descriptor that comes with it is closed with the process. */
static int question_receive(int client, SiteQuestion *ret, int *ret_fd)
{
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec part = { ret, sizeof(*ret) };
        struct msghdr m = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        ssize_t n = recvmsg(client, &m, MSG_CMSG_CLOEXEC);
        struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&m) : NULL;

        *ret_fd = -1;
        if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
                c->cmsg_len == CMSG_LEN(sizeof(int)))
                memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
        return n == sizeof(*ret) ? 0 : -EBADMSG;
}

static int question_answer(const SiteQuestion *q, int fd, SiteAnswer *answer)
{
        switch ((SiteKind)q->kind) {
        case SITE_REQUEST:
                return pool_look("/proc", q->pid, q->uid, SITE_DEADLINE_MSEC, &answer->request);
        case SITE_CONTAINER:
                if (fd < 0 || q->id[CONTAINER_ID_LENGTH] != '\0')
                        return -EINVAL;
                return container_read(fd, q->id, &answer->container);
        }
        return -EINVAL;
}

static void __attribute__((noreturn)) child_run(int client)
{
        SiteAnswer answer = { 0 };
        SiteQuestion q;
        int fd;

        limit_resources();
        if (question_receive(client, &q, &fd) < 0)
                _exit(1);
        answer.error = question_answer(&q, fd, &answer);
        _exit(send(client, &answer, sizeof(answer), MSG_NOSIGNAL) == sizeof(answer) ? 0 : 1);
}

/* Who asks beyond the bound finds the connection closed. */
static void client_serve(int client, unsigned *children)
{
        pid_t pid;

        while (*children > 0 && waitpid(-1, NULL, WNOHANG) > 0)
                (*children)--;
        pid = *children < CHILDREN_MAX ? fork() : -1;
        if (pid == 0)
                child_run(client);
        *children += pid > 0;
}

int main(int argc, char **argv)
{
        struct pollfd p = { .fd = SD_LISTEN_FDS_START, .events = POLLIN };
        unsigned children = 0;

        if (argc > 1 || sd_listen_fds(1) != 1) {
                fprintf(stderr, "%s is started by p25d-site.socket\n", argv[0]);
                return 4;
        }
        while (poll(&p, 1, IDLE_MSEC) > 0) {
                int client = accept4(p.fd, NULL, NULL, SOCK_CLOEXEC);

                if (client < 0)
                        continue;
                client_serve(client, &children);
                close(client);
        }
        return 0;
}
