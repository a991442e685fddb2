/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25d-site: reads what pools of PHP-FPM and container engines say, for p25d and p25d-reader, which
 * have rights. It has none: a user of its own, no capability and no network. A process of its own
 * answers each question, so that neither what hangs nor what breaks it delays others. The service
 * manager starts it when it is asked, and it ends when nobody has asked for a while.
 */

#include "daemon/io/socket.h"
#include "daemon/pool/container.h"
#include "daemon/pool/look.h"
#include "daemon/site/ask.h"
#include "rules/base/util.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
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
        /* the descriptor is closed with the process */
        if (socket_receive(client, &q, sizeof(q), &fd) < 0)
                _exit(1);
        answer.error = question_answer(&q, fd, &answer);
        _exit(socket_send(client, &answer, sizeof(answer), -1) < 0);
}

/* Connections beyond the bound are closed. */
static void client_serve(int client, void *data)
{
        unsigned *children = data;
        pid_t pid;

        while (*children > 0 && waitpid(-1, NULL, WNOHANG) > 0)
                (*children)--;
        pid = *children < CHILDREN_MAX ? fork() : -1;
        if (pid == 0)
                child_run(client);
        *children += pid > 0;
}

int main(void)
{
        unsigned children = 0;

        return socket_serve("p25d-site", IDLE_MSEC, client_serve, &children);
}
