/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A connection for each question: nothing is kept, and nothing has to be set right after an error.
 */

#include "daemon/reader/ask.h"

#include "daemon/io/socket.h"
#include "daemon/site/ask.h"
#include "rules/base/util.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The service manager may have to start it, at boot together with everything else. */
#define FILE_DEADLINE_MSEC 10000
/* Open connections are cut within a second, or live on until the next change. */
#define LOOK_DEADLINE_MSEC 1000
/* For whoever asks for the status; what is not known then is left out. */
#define SURVEY_DEADLINE_MSEC 150
/* For a connection that waits meanwhile; longer than p25d-reader takes. */
#define OPENER_DEADLINE_MSEC 80

static int socket_connect(unsigned deadline_msec)
{
        static const struct sockaddr_un address = { AF_UNIX, READER_SOCKET };
        struct timeval deadline = { deadline_msec / 1000, deadline_msec % 1000 * 1000 };
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) < 0 ||
                setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline)) < 0 ||
                connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
                close(fd);
                return -EACCES;
        }
        return fd;
}

static int ask(const ReaderQuestion *q, unsigned deadline_msec, ReaderAnswer *ret, int *ret_fd)
{
        int fd = socket_connect(deadline_msec), r;

        *ret_fd = -1;
        if (fd < 0)
                return fd;
        r = socket_send(fd, q, sizeof(*q), -1);
        if (r >= 0)
                r = socket_receive(fd, ret, sizeof(*ret), ret_fd);
        close(fd);
        return r < 0 ? -EACCES : ret->error;
}

static int ask_descriptor(const ReaderQuestion *q)
{
        ReaderAnswer answer;
        int fd, r = ask(q, FILE_DEADLINE_MSEC, &answer, &fd);

        if (r < 0 && fd >= 0)
                close(fd);
        if (r < 0)
                return r;
        return fd >= 0 ? fd : -EACCES;
}

int reader_open(ReaderKind kind, const char *path)
{
        ReaderQuestion q = { .kind = kind };

        if (strlen(path) >= sizeof(q.path))
                return -ENAMETOOLONG;
        memcpy(q.path, path, strlen(path));
        return ask_descriptor(&q);
}

int reader_netlink(int protocol)
{
        return ask_descriptor(&(ReaderQuestion){ .kind = READER_NETLINK, .n = (uint32_t)protocol });
}

int reader_xtables(int family)
{
        return ask_descriptor(&(ReaderQuestion){ .kind = READER_XTABLES, .n = (uint32_t)family });
}

static int look(const ReaderQuestion *q, unsigned deadline_msec, ReaderAnswer *ret)
{
        int fd, r = ask(q, deadline_msec, ret, &fd);

        if (fd >= 0)
                close(fd);
        return r;
}

int reader_groups(const uint32_t *sockets, uint32_t n, ReaderAnswer *ret)
{
        ReaderQuestion q = { .kind = READER_GROUPS, .n = n };

        if (n > READER_SOCKETS_MAX)
                return -E2BIG;
        memcpy(q.sockets, sockets, n * sizeof(*sockets));
        return look(&q, LOOK_DEADLINE_MSEC, ret);
}

int reader_process(uint32_t pid, ReaderAnswer *ret)
{
        return look(&(ReaderQuestion){ .kind = READER_PROCESS, .n = pid }, LOOK_DEADLINE_MSEC, ret);
}

int reader_opener(uint32_t inode, uint32_t uid, ReaderAnswer *ret)
{
        ReaderQuestion q = { .kind = READER_OPENER, .n = inode, .user = uid };
        int fd = socket_connect(OPENER_DEADLINE_MSEC), passed = -1, r;

        if (fd < 0)
                return access(READER_SOCKET, W_OK) < 0 ? -ENXIO : fd;
        r = socket_send(fd, &q, sizeof(q), -1);
        if (r >= 0)
                r = socket_receive(fd, ret, sizeof(*ret), &passed);
        close(fd);
        if (passed >= 0)
                close(passed);
        if (r < 0)
                return r == -EAGAIN ? -ETIMEDOUT : -EACCES;
        return ret->error;
}

int reader_forwarders(ReaderAnswer *ret)
{
        return look(&(ReaderQuestion){ .kind = READER_FORWARDERS }, SURVEY_DEADLINE_MSEC, ret);
}

int reader_container(const char *id, uint32_t owner, SiteContainer *ret)
{
        ReaderQuestion q = { .kind = READER_CONTAINER, .n = owner };
        ReaderAnswer answer;
        int r;

        memcpy(q.path, id, CONTAINER_ID_LENGTH);
        r = look(&q, SURVEY_DEADLINE_MSEC, &answer);
        if (r >= 0)
                site_container_take(&answer.container, ret);
        return r;
}

int reader_origin(uint32_t pid, uint32_t uid, unsigned msec, ReaderAnswer *ret)
{
        return look(&(ReaderQuestion){ .kind = READER_ORIGIN, .n = pid, .uid = uid }, msec, ret);
}
