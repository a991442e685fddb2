/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/doctor/smtp.h"

#include "cli/survey/socket_address.h"
#include "daemon/loop/clock.h"
#include "rules/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX 8192
/* Names that documentation may use (RFC 2606), without mailboxes. */
#define FOREIGN_RECIPIENT "postmaster@example.com"
#define OWN_NAME "p25-doctor.invalid"

/* The step that a conversation waits for: the connection, the greeting, then the reply to each
 * command. */
typedef enum Step {
        STEP_CONNECT,
        STEP_GREETING,
        STEP_EHLO,
        STEP_MAIL,
        STEP_RCPT,
        STEP_RSET,
        STEP_QUIT,
        _STEP_MAX,
} Step;

/* The command that is sent to reach a step; NULL: none. */
static const char *const commands[_STEP_MAX] = {
        [STEP_EHLO] = "EHLO " OWN_NAME "\r\n",
        [STEP_MAIL] = "MAIL FROM:<>\r\n",
        [STEP_RCPT] = "RCPT TO:<" FOREIGN_RECIPIENT ">\r\n",
        [STEP_RSET] = "RSET\r\n",
        [STEP_QUIT] = "QUIT\r\n",
};

typedef struct Talk {
        const SmtpQuestion *question;
        SmtpTalk *result;
        int fd; /* -1: it has ended */
        Step step;
        uint64_t began_msec, deadline_msec;
        char reply[REPLY_MAX]; /* the one that is being read, all its lines */
        size_t length;
} Talk;

static uint64_t now_msec(void)
{
        return clock_now_usec(CLOCK_MONOTONIC) / 1000;
}

static void talk_end(Talk *t)
{
        if (t->fd >= 0)
                close(t->fd);
        t->fd = -1;
}

/* Records the result, so that the polite end cannot change it. */
static void talk_settle(Talk *t, SmtpAnswer answer)
{
        t->result->answer = answer;
        t->result->msec = (unsigned)(now_msec() - t->began_msec);
}

static void talk_settle_and_end(Talk *t, SmtpAnswer answer)
{
        talk_settle(t, answer);
        talk_end(t);
}

/* ---- connecting ---- */

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

static int talk_begin(Talk *t, const SmtpQuestion *q, SmtpTalk *result)
{
        struct sockaddr_storage a;
        socklen_t n = socket_address_make(&q->to, q->port, &a);

        *result = (SmtpTalk){ .answer = SMTP_SILENT };
        *t = (Talk){ .question = q, .result = result, .began_msec = now_msec() };
        t->deadline_msec = t->began_msec + q->timeout_msec;
        t->fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (t->fd < 0 && errno != EAFNOSUPPORT)
                return -errno;
        if (t->fd < 0)
                talk_settle(t, SMTP_NO_ROUTE);
        else if (connect(t->fd, (void *)&a, n) < 0 && errno != EINPROGRESS)
                talk_settle_and_end(t, answer_of_error(errno));
        return 0;
}

static void on_connected(Talk *t)
{
        socklen_t n = sizeof(int);
        int error = 0;

        getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        if (error != 0 || t->question->tls) {
                talk_settle_and_end(t, error != 0 ? answer_of_error(error) : SMTP_OPEN);
                return;
        }
        t->step = STEP_GREETING;
        /* a greeting may be held back for seconds, to see who cannot wait */
        t->deadline_msec = now_msec() + 2 * (uint64_t)t->question->timeout_msec;
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

/* The first line of the reply, as the server's description of itself. */
static void greeting_keep(Talk *t)
{
        snprintf(t->result->greeting, sizeof(t->result->greeting), "%.*s",
                (int)strcspn(t->reply, "\r\n"), t->reply);
        text_make_printable(t->result->greeting);
}

static void talk_say(Talk *t, Step step)
{
        size_t n = strlen(commands[step]);

        t->step = step;
        t->length = 0;
        t->reply[0] = '\0';
        if (send(t->fd, commands[step], n, MSG_NOSIGNAL) == (ssize_t)n)
                return;
        if (step == STEP_EHLO)
                talk_settle(t, SMTP_STALLED);
        talk_end(t);
}

static void on_greeting(Talk *t, unsigned code)
{
        greeting_keep(t);
        if (code / 100 == 2) {
                talk_say(t, STEP_EHLO);
                return;
        }
        talk_settle(t, SMTP_UNWILLING);
        talk_say(t, STEP_QUIT);
}

static void on_ehlo(Talk *t, unsigned code)
{
        bool willing = code / 100 == 2;

        if (!willing)
                greeting_keep(t);
        t->result->starttls = willing && reply_offers(t, "STARTTLS");
        t->result->auth = willing && reply_offers(t, "AUTH");
        talk_settle(t, willing ? SMTP_OPEN : SMTP_UNWILLING);
        talk_say(t, willing && t->question->ask_for_relay ? STEP_MAIL : STEP_QUIT);
}

static void on_reply(Talk *t, unsigned code)
{
        switch (t->step) {
        case STEP_GREETING:
                on_greeting(t, code);
                return;
        case STEP_EHLO:
                on_ehlo(t, code);
                return;
        case STEP_MAIL:
                talk_say(t, code / 100 == 2 ? STEP_RCPT : STEP_QUIT);
                return;
        case STEP_RCPT:
                t->result->relays = code / 100 == 2;
                talk_say(t, STEP_RSET);
                return;
        case STEP_RSET:
                talk_say(t, STEP_QUIT);
                return;
        case STEP_CONNECT:
        case STEP_QUIT:
        case _STEP_MAX:
                break;
        }
        talk_end(t);
}

/* It is over without a reply: at the deadline, or because the server has left. */
static void on_silence(Talk *t)
{
        if (t->step == STEP_GREETING)
                talk_settle(t, SMTP_MUTE);
        else if (t->step == STEP_EHLO)
                talk_settle(t, SMTP_STALLED);
        else if (t->step == STEP_CONNECT)
                talk_settle(t, SMTP_SILENT);
        talk_end(t);
}

static void on_readable(Talk *t)
{
        ssize_t n = read(t->fd, t->reply + t->length, sizeof(t->reply) - 1 - t->length);
        unsigned code = 0;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n > 0)
                t->length += (size_t)n;
        t->reply[t->length] = '\0';
        if (n > 0 && !reply_is_whole(t) && t->length + 1 < sizeof(t->reply))
                return;
        if (n > 0 && reply_is_whole(t) && sscanf(t->reply, "%3u", &code) == 1 && code > 0)
                on_reply(t, code);
        else
                on_silence(t);
}

/* ---- all of them ---- */

/* Those that have come to their deadline end; how long the others may wait, -1: there are none. */
static int talks_wait_msec(Talk *talks, size_t n)
{
        uint64_t now = now_msec(), first = UINT64_MAX;

        for (size_t i = 0; i < n; i++) {
                if (talks[i].fd >= 0 && talks[i].deadline_msec <= now)
                        on_silence(&talks[i]);
                if (talks[i].fd >= 0 && talks[i].deadline_msec < first)
                        first = talks[i].deadline_msec;
        }
        return first == UINT64_MAX ? -1 : (int)(first - now);
}

static int talks_run(Talk *talks, size_t n, struct pollfd *polled)
{
        for (int msec; (msec = talks_wait_msec(talks, n)) >= 0;) {
                for (size_t i = 0; i < n; i++) /* a negative descriptor is passed over */
                        polled[i] = (struct pollfd){ .fd = talks[i].fd,
                                .events = talks[i].step == STEP_CONNECT ? POLLOUT : POLLIN };
                if (poll(polled, n, msec) < 0 && errno != EINTR)
                        return -errno;
                for (size_t i = 0; i < n; i++)
                        if (polled[i].revents != 0 && talks[i].step == STEP_CONNECT)
                                on_connected(&talks[i]);
                        else if (polled[i].revents != 0)
                                on_readable(&talks[i]);
        }
        return 0;
}

int smtp_talk(const SmtpQuestion *questions, size_t n, SmtpTalk *ret)
{
        _cleanup_free_ struct pollfd *polled = calloc(n + 1, sizeof(*polled));
        _cleanup_free_ Talk *talks = calloc(n + 1, sizeof(*talks));
        size_t begun = 0;
        int r = polled && talks ? 0 : -ENOMEM;

        for (; r >= 0 && begun < n; begun++)
                r = talk_begin(&talks[begun], &questions[begun], &ret[begun]);
        if (r >= 0)
                r = talks_run(talks, n, polled);
        for (size_t i = 0; i < begun; i++)
                talk_end(&talks[i]);
        return r;
}
