/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/bench/relay.h"

#include "tests/bench/timing.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A message's header is kept up to here; the fields that matter come long before. */
#define HEAD_MAX 4096
#define TIMES_MAX 65536
#define CHUNK (64u << 10)
/* Of p25d's: it must see that the bus does not read. The kernel makes it the least that there is.
 */
#define BUFFER_OUT 1
#define CHUNK_OUT 1024

enum { TYPE_CALL = 1, TYPE_RETURN = 2, TYPE_ERROR = 3 };

/* One direction. */
typedef struct Flow {
        int from, to;
        char chunk[CHUNK];
        size_t n, written; /* of the chunk */
        bool binary;       /* the authentication is over */
        char line[256];    /* of the authentication */
        size_t n_line;
        unsigned char head[HEAD_MAX]; /* of the current message */
        uint64_t n_seen, n_total;     /* of its bytes; n_total is 0 until it is known */
} Flow;

typedef struct Message {
        uint8_t type;
        uint32_t serial, reply_serial;
        char sender[64], destination[64];
} Message;

typedef struct Pending {
        uint32_t serial;
        uint64_t since_usec, n_calls;
} Pending;

static struct {
        Flow in, out; /* to the client and from it */
        char sender[64];
        Pending pending[64];
        size_t n_pending;
        uint64_t n_calls; /* of everybody */
        uint32_t usec[TIMES_MAX];
        uint32_t n, n_others;
} relay;

/* ---- messages ---- */

static uint32_t number_at(const unsigned char *p)
{
        return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void copy_string(char *to, size_t size, const unsigned char *from, size_t n)
{
        n = n < size ? n : size - 1;
        memcpy(to, from, n);
        to[n] = '\0';
}

/* The header fields: a byte, then a variant of a string, a path, a signature or a number. */
static void message_parse(const unsigned char *head, size_t n, Message *ret)
{
        size_t end = 16 + number_at(head + 12), at = 16;

        *ret = (Message){ .type = head[1], .serial = number_at(head + 8) };
        end = end < n ? end : n;
        while (at + 8 < end) {
                unsigned char code = head[at], kind = head[at + 2];
                size_t value = at + 4, length = 0;

                if (kind == 'u') {
                        if (code == 5)
                                ret->reply_serial = number_at(head + value);
                        at = value + 4;
                } else if (kind == 'g') {
                        at = value + 1 + head[value] + 1;
                } else {
                        length = number_at(head + value);
                        if (value + 4 + length >= end)
                                return;
                        if (code == 7)
                                copy_string(ret->sender, 64, head + value + 4, length);
                        else if (code == 6)
                                copy_string(ret->destination, 64, head + value + 4, length);
                        at = value + 4 + length + 1;
                }
                at = (at + 7) & ~(size_t)7;
        }
}

static void call_arrived(const Message *m)
{
        relay.n_calls++;
        if (strcmp(m->sender, relay.sender) == 0 && relay.n_pending < 64)
                relay.pending[relay.n_pending++] =
                        (Pending){ m->serial, (uint64_t)timing_now_usec(), relay.n_calls };
}

static void reply_left(const Message *m)
{
        if (strcmp(m->destination, relay.sender) != 0)
                return;
        for (size_t i = 0; i < relay.n_pending; i++) {
                Pending p = relay.pending[i];

                if (p.serial != m->reply_serial)
                        continue;
                relay.pending[i] = relay.pending[--relay.n_pending];
                if (relay.n_calls - p.n_calls > relay.n_others)
                        relay.n_others = (uint32_t)(relay.n_calls - p.n_calls);
                if (relay.n < TIMES_MAX)
                        relay.usec[relay.n++] =
                                (uint32_t)((uint64_t)timing_now_usec() - p.since_usec);
                return;
        }
}

static void message_passed(Flow *f)
{
        size_t n = f->n_seen < HEAD_MAX ? (size_t)f->n_seen : HEAD_MAX;
        Message m;

        message_parse(f->head, n, &m);
        if (f == &relay.in && m.type == TYPE_CALL)
                call_arrived(&m);
        else if (f == &relay.out && (m.type == TYPE_RETURN || m.type == TYPE_ERROR))
                reply_left(&m);
        f->n_seen = f->n_total = 0;
}

static void line_passed(Flow *f, char c)
{
        if (f->n_line < sizeof(f->line) - 1)
                f->line[f->n_line++] = c;
        if (c != '\n')
                return;
        f->line[f->n_line] = '\0';
        f->n_line = 0;
        f->binary = strncmp(f->line, "BEGIN", 5) == 0;
}

/* The bus speaks no lines after the client's BEGIN: its first byte of a message is an l. */
static bool still_lines(Flow *f, char c)
{
        if (f == &relay.in && f->n_line == 0 && c == 'l')
                f->binary = true;
        return !f->binary;
}

static void bytes_passed(Flow *f, const char *p, size_t n)
{
        while (n > 0) {
                size_t part = 1;

                if (still_lines(f, *p))
                        line_passed(f, *p);
                else {
                        if (f->n_total > 0)
                                part = f->n_total - f->n_seen < n ? f->n_total - f->n_seen : n;
                        if (f->n_seen < HEAD_MAX) {
                                size_t left = HEAD_MAX - (size_t)f->n_seen;

                                memcpy(f->head + f->n_seen, p, part < left ? part : left);
                        }
                        f->n_seen += part;
                        if (f->n_seen == 16)
                                f->n_total = 16 + ((number_at(f->head + 12) + 7) & ~UINT64_C(7)) +
                                             number_at(f->head + 4);
                        if (f->n_total > 0 && f->n_seen == f->n_total)
                                message_passed(f);
                }
                p += part;
                n -= part;
        }
}

/* ---- bytes ---- */

/* False: the end. */
static bool flow_move(Flow *f)
{
        ssize_t n;

        if (f->n == 0) {
                n = recv(f->from, f->chunk, f == &relay.out ? CHUNK_OUT : CHUNK, MSG_DONTWAIT);
                if (n <= 0)
                        return n < 0 && errno == EAGAIN;
                f->n = (size_t)n;
                f->written = 0;
                /* a reply is complete when it is here, a call when the client has it */
                if (f == &relay.out)
                        bytes_passed(f, f->chunk, f->n);
        }
        n = send(f->to, f->chunk + f->written, f->n - f->written, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
                return errno == EAGAIN;
        if (f == &relay.in)
                bytes_passed(f, f->chunk + f->written, (size_t)n);
        f->written += (size_t)n;
        if (f->written == f->n)
                f->n = 0;
        return true;
}

static int compare_times(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

/* A name begins a measurement, an empty one ends it. */
static void control_read(int control)
{
        RelayTimes t = { .n = relay.n, .n_others = relay.n_others };
        char name[64] = "";
        ssize_t n = recv(control, name, sizeof(name) - 1, 0);

        if (n <= 0)
                _exit(0);
        if (name[0]) {
                memcpy(relay.sender, name, sizeof(name));
                relay.n = relay.n_others = 0;
                relay.n_pending = 0;
        } else if (relay.n > 0) {
                qsort(relay.usec, relay.n, sizeof(relay.usec[0]), compare_times);
                t.median_usec = relay.usec[relay.n / 2];
                t.slowest_usec = relay.usec[relay.n - 1];
        }
        (void)!send(control, &t, sizeof(t), 0);
}

static void relay_run(int listener, int bus, int control)
{
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (client < 0)
                _exit(1);
        (void)setsockopt(bus, SOL_SOCKET, SO_SNDBUF, &(int){ BUFFER_OUT }, sizeof(int));
        relay.in.from = relay.out.to = bus;
        relay.in.to = relay.out.from = client;
        for (;;) {
                struct pollfd fds[] = {
                        { client, (short)((relay.out.n ? 0 : POLLIN) | (relay.in.n ? POLLOUT : 0)),
                                0 },
                        { bus, (short)((relay.in.n ? 0 : POLLIN) | (relay.out.n ? POLLOUT : 0)),
                                0 },
                        { control, POLLIN, 0 },
                };

                (void)poll(fds, 3, -1);
                if (fds[2].revents)
                        control_read(control);
                if (!flow_move(&relay.out) || !flow_move(&relay.in))
                        _exit(0);
        }
}

/* ---- the process ---- */

static int unix_socket(const char *path, bool listens)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
                return -1;
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (listens ? bind(fd, (void *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0
                    : connect(fd, (void *)&address, sizeof(address)) < 0) {
                close(fd);
                return -1;
        }
        return fd;
}

int relay_start(const char *path, const char *bus_path, Relay *ret)
{
        int listener = unix_socket(path, true), bus = unix_socket(bus_path, false), ends[2];

        if (listener < 0 || bus < 0 ||
                socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -1;
        *ret = (Relay){ .control = ends[0] };
        ret->pid = fork();
        if (ret->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ends[0]);
                relay_run(listener, bus, ends[1]);
        }
        close(listener);
        close(bus);
        close(ends[1]);
        return ret->pid < 0 ? -1 : 0;
}

static RelayTimes relay_say(Relay *r, const char *name)
{
        RelayTimes t = { 0 };

        assert(send(r->control, name, strlen(name) + 1, MSG_NOSIGNAL) > 0);
        assert(recv(r->control, &t, sizeof(t), 0) == sizeof(t));
        return t;
}

void relay_watch(Relay *r, const char *sender)
{
        (void)relay_say(r, sender);
}

RelayTimes relay_times(Relay *r)
{
        return relay_say(r, "");
}

void relay_stop(Relay *r)
{
        close(r->control);
        (void)waitpid(r->pid, NULL, 0);
}
