/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/doctor/smtp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REPLY_MAX 8192
/* Names that documentation may use (RFC 2606): nobody's mailbox. */
#define FOREIGN_RECIPIENT "postmaster@example.com"
#define OWN_NAME "p25-doctor.invalid"

typedef struct Talk {
        int fd;
        uint64_t deadline_msec;
        char reply[REPLY_MAX]; /* the last one, all its lines */
        size_t length;
} Talk;

static uint64_t now_msec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool wait_for(const Talk *t, short events)
{
        struct pollfd p = { .fd = t->fd, .events = events };
        uint64_t now = now_msec();

        return now < t->deadline_msec && poll(&p, 1, (int)(t->deadline_msec - now)) > 0;
}

/* ---- connecting ---- */

static socklen_t address_make(const Address *a, uint16_t port, struct sockaddr_storage *ret)
{
        struct sockaddr_in *v4 = (void *)ret;
        struct sockaddr_in6 *v6 = (void *)ret;

        memset(ret, 0, sizeof(*ret));
        if (a->family == FAMILY_IPV4) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(port);
                memcpy(&v4->sin_addr, a->bytes, 4);
                return sizeof(*v4);
        }
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        memcpy(&v6->sin6_addr, a->bytes, 16);
        return sizeof(*v6);
}

static SmtpAnswer answer_of_error(int error)
{
        switch (error) {
        case ECONNREFUSED:
        case ECONNRESET:
                return SMTP_REFUSED;
        case ENETUNREACH:
        case EHOSTUNREACH:
        case EADDRNOTAVAIL:
        case EACCES:
        case EINVAL:
        case EPERM:
                return SMTP_NO_ROUTE;
        }
        return SMTP_SILENT;
}

static SmtpAnswer talk_connect(Talk *t, const Address *to, uint16_t port)
{
        struct sockaddr_storage a;
        socklen_t n = address_make(to, port, &a), length = sizeof(int);
        int error = 0;

        if (connect(t->fd, (void *)&a, n) < 0 && errno != EINPROGRESS)
                return answer_of_error(errno);
        if (!wait_for(t, POLLOUT))
                return SMTP_SILENT;
        getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        return error == 0 ? SMTP_OPEN : answer_of_error(error);
}

/* ---- commands and replies (RFC 5321, section 4.2) ---- */

/* Is there a last line, "250 text"? */
static bool reply_is_whole(const Talk *t)
{
        const char *line = t->reply, *end;

        for (; (end = strchr(line, '\n')); line = end + 1)
                if (end - line >= 4 && line[3] != '-')
                        return true;
        return false;
}

/* The code of the reply; 0: there is none. */
static unsigned talk_read(Talk *t)
{
        unsigned code;

        t->length = 0;
        t->reply[0] = '\0';
        while (!reply_is_whole(t)) {
                ssize_t n;

                if (t->length + 1 >= sizeof(t->reply) || !wait_for(t, POLLIN))
                        return 0;
                n = read(t->fd, t->reply + t->length, sizeof(t->reply) - 1 - t->length);
                if (n <= 0)
                        return 0;
                t->length += (size_t)n;
                t->reply[t->length] = '\0';
        }
        return sscanf(t->reply, "%3u", &code) == 1 ? code : 0;
}

static unsigned talk_say(Talk *t, const char *command)
{
        size_t n = strlen(command);

        if (!wait_for(t, POLLOUT) || send(t->fd, command, n, MSG_NOSIGNAL) != (ssize_t)n)
                return 0;
        return talk_read(t);
}

/* Does a line of EHLO's reply begin with the word? */
static bool reply_offers(const Talk *t, const char *word)
{
        size_t n = strlen(word);

        for (const char *line = t->reply; line && *line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strlen(line) > 4 + n && strncasecmp(line + 4, word, n) == 0 &&
                        strchr(" =\r\n", line[4 + n]))
                        return true;
        }
        return false;
}

static void ask_for_relay(Talk *t, SmtpTalk *ret)
{
        unsigned code;

        if (talk_say(t, "MAIL FROM:<>\r\n") / 100 != 2)
                return;
        code = talk_say(t, "RCPT TO:<" FOREIGN_RECIPIENT ">\r\n");
        ret->relay_asked = code != 0;
        ret->relays = code / 100 == 2;
        (void)talk_say(t, "RSET\r\n");
}

static void talk_greet(Talk *t, const SmtpQuestion *q, SmtpTalk *ret)
{
        unsigned code = talk_read(t);

        if (code == 0) {
                ret->answer = SMTP_MUTE;
                return;
        }
        snprintf(ret->greeting, sizeof(ret->greeting), "%.*s", (int)strcspn(t->reply, "\r\n"),
                t->reply);
        text_make_printable(ret->greeting);
        if (code / 100 != 2)
                return;
        ret->ehlo = talk_say(t, "EHLO " OWN_NAME "\r\n") / 100 == 2;
        ret->starttls = ret->ehlo && reply_offers(t, "STARTTLS");
        ret->auth = ret->ehlo && reply_offers(t, "AUTH");
        if (ret->ehlo && q->ask_for_relay)
                ask_for_relay(t, ret);
        (void)talk_say(t, "QUIT\r\n");
}

int smtp_talk(const SmtpQuestion *q, SmtpTalk *ret)
{
        uint64_t began = now_msec();
        Talk t = { .deadline_msec = began + q->timeout_msec };

        *ret = (SmtpTalk){ 0 };
        t.fd = socket(q->to->family == FAMILY_IPV4 ? AF_INET : AF_INET6,
                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (t.fd < 0 && errno == EAFNOSUPPORT) {
                ret->answer = SMTP_NO_ROUTE;
                return 0;
        }
        if (t.fd < 0)
                return -errno;
        ret->answer = talk_connect(&t, q->to, q->port);
        ret->msec = (unsigned)(now_msec() - began);
        if (ret->answer == SMTP_OPEN && !q->tls) {
                /* a greeting may be held back for seconds, to see who cannot wait */
                t.deadline_msec = now_msec() + 2 * q->timeout_msec;
                talk_greet(&t, q, ret);
                ret->msec = (unsigned)(now_msec() - began);
        }
        close(t.fd);
        return 0;
}
