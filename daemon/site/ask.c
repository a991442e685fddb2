/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A connection for each question, as to p25d-reader. */

#include "daemon/site/ask.h"

#include "daemon/io/file.h"
#include "daemon/io/socket.h"
#include "rules/base/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A descriptor or negative errno; the file, if there is one, goes along. */
static int question_send(const SiteQuestion *q, int file)
{
        static const struct sockaddr_un address = { AF_UNIX, SITE_SOCKET };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
                socket_send(fd, q, sizeof(*q), file) < 0)
                return -EACCES;
        return TAKE_FD(fd);
}

static int answer_receive(int fd, SiteAnswer *ret)
{
        ssize_t n = recv(fd, ret, sizeof(*ret), MSG_DONTWAIT);

        if (n != sizeof(*ret))
                return n < 0 && errno == EAGAIN ? -ETIMEDOUT : -EACCES;
        return ret->error;
}

/* Closes fd. */
static int answer_wait(int fd, SiteAnswer *ret)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int r = poll(&p, 1, SITE_DEADLINE_MSEC);

        r = r < 0 ? -errno : answer_receive(fd, ret);
        close(fd);
        return r;
}

/* Whatever sent it, the text ends and moves no cursor. */
static void text_take(char *text, size_t size)
{
        text[size - 1] = '\0';
        text_make_printable(text);
}

static void request_take(const SiteAnswer *answer, SiteRequest *ret)
{
        *ret = answer->request;
        text_take(ret->site, sizeof(ret->site));
        text_take(ret->script, sizeof(ret->script));
        text_take(ret->request, sizeof(ret->request));
}

void site_container_take(const SiteContainer *from, SiteContainer *ret)
{
        *ret = *from;
        text_take(ret->name, sizeof(ret->name));
        text_take(ret->image, sizeof(ret->image));
}

int site_send(uint32_t pid, uint32_t uid)
{
        return question_send(&(SiteQuestion){ .kind = SITE_REQUEST, .pid = pid, .uid = uid }, -1);
}

int site_receive(int fd, SiteRequest *ret)
{
        SiteAnswer answer;
        int r = answer_receive(fd, &answer);

        if (r >= 0)
                request_take(&answer, ret);
        return r;
}

int site_request(uint32_t pid, uint32_t uid, SiteRequest *ret)
{
        SiteAnswer answer;
        int fd = site_send(pid, uid), r;

        if (fd < 0)
                return fd;
        r = answer_wait(fd, &answer);
        if (r >= 0)
                request_take(&answer, ret);
        return r;
}

int site_container(int fd, const char *id, SiteContainer *ret)
{
        SiteQuestion q = { .kind = SITE_CONTAINER };
        SiteAnswer answer;
        int client, r;

        if (strlen(id) != CONTAINER_ID_LENGTH)
                return -EINVAL;
        memcpy(q.id, id, CONTAINER_ID_LENGTH);
        client = question_send(&q, fd);
        if (client < 0)
                return client;
        r = answer_wait(client, &answer);
        if (r >= 0)
                site_container_take(&answer.container, ret);
        return r;
}
