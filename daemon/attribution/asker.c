/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/attribution/asker.h"

#include "daemon/attribution/attempt.h"
#include "daemon/events/event.h"
#include "daemon/loop/clock.h"
#include "daemon/netlink/nfqueue.h"
#include "daemon/netlink/sockets.h"
#include "daemon/reader/ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_NUMBER 25 /* NFT_HOLD_QUEUE */
#define WAITING_MAX 128
#define COPIED_BYTES 96
/* A connection waits for 200 ms at most: for those before it, and for its own look-up. */
#define BEFORE_USEC (60 * UINT64_C(1000))
#define ORIGIN_MSEC 60
#define LOOK_MSEC 60
/* After two look-ups of a user that took too long, within this time, the next ones are left out. */
#define PAUSE_USEC (2 * UINT64_C(1000000))

/* Another reader of the queue is waited for. */
#define OTHER_MSEC 50
#define OTHER_TRIES 40

#define PAUSED_MAX 16

/* Users of whom a look-up took too long: no user must delay others, or keep them unnamed. */
typedef struct Paused {
        struct {
                uint32_t uid;
                uint64_t late_usec, until_usec;
        } users[PAUSED_MAX];
        size_t next;
} Paused;

typedef struct Asker {
        Netlink queue, sockets;
        uint64_t busy_since_usec; /* the queue was empty before */
        uint32_t last;            /* packet that was seen */
        Paused processes;         /* of whose sockets no process was found in time */
        Paused pools;             /* whose pools of PHP-FPM did not answer in time */
} Asker;

static uint64_t now_usec(void)
{
        return clock_now_usec(CLOCK_MONOTONIC);
}

static bool is_paused(const Paused *p, uint32_t uid)
{
        for (size_t i = 0; i < PAUSED_MAX; i++)
                if (p->users[i].uid == uid && now_usec() < p->users[i].until_usec)
                        return true;
        return false;
}

/* Once may be chance: a busy machine makes every look-up late now and then. */
static void note_late(Paused *p, uint32_t uid)
{
        uint64_t now = now_usec();
        size_t i = 0;

        while (i < PAUSED_MAX && (p->users[i].uid != uid || p->users[i].late_usec == 0))
                i++;
        if (i == PAUSED_MAX) {
                i = p->next;
                p->next = (p->next + 1) % PAUSED_MAX;
                p->users[i].uid = uid;
                p->users[i].late_usec = p->users[i].until_usec = 0;
        }
        if (p->users[i].late_usec > 0 && now - p->users[i].late_usec < PAUSE_USEC)
                p->users[i].until_usec = now + PAUSE_USEC;
        p->users[i].late_usec = now;
}

/* ---- who ---- */

static int ask_reader(const Socket *s, Opener *ret)
{
        ReaderAnswer answer;
        int r = reader_opener(s->inode, s->uid, &answer);

        if (r < 0)
                return r;
        ret->pid = answer.opener.pid;
        (void)snprintf(ret->process, sizeof(ret->process), "%.63s", answer.opener.process);
        (void)snprintf(ret->command, sizeof(ret->command), "%.255s", answer.opener.command);
        (void)snprintf(ret->directory, sizeof(ret->directory), "%.255s", answer.opener.directory);
        return 0;
}

/* p25d-reader, which may look at all processes; where there is none, this process's own rights. */
static void opener_find(Asker *a, const Socket *s, Opener *ret)
{
        int r;

        if (is_paused(&a->processes, s->uid))
                return;
        r = ask_reader(s, ret);
        if (r == -ENXIO)
                r = opener_look_apart(s->inode, s->uid, LOOK_MSEC, ret);
        if (r == -ETIMEDOUT)
                note_late(&a->processes, s->uid);
}

/* While the process waits: afterwards its request may be over. */
static void origin_find(Asker *a, uint32_t pid, uint32_t uid, ProcessOrigin *ret)
{
        if (!is_paused(&a->pools, uid) && origin_ask(pid, uid, ORIGIN_MSEC, ret) == -ETIMEDOUT)
                note_late(&a->pools, uid);
}

static void report(const Attempt *a)
{
        /* p25d that does not read delays nobody */
        (void)send(ASKER_FD, a, sizeof(*a), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void attempt_report(Asker *a, const NfqueuePacket *p)
{
        Socket s = { .id.idiag_if = p->out_interface };
        Event e = { 0 };
        Attempt attempt;

        if (!event_read_packet(p->data, p->length, &e) ||
                socket_find(&a->sockets, &e.source, e.source_port, &e.destination,
                        e.destination_port, &s) < 0 ||
                s.inode == 0)
                return;
        attempt = (Attempt){ .source = e.source,
                .destination = e.destination,
                .source_port = e.source_port,
                .destination_port = e.destination_port,
                .uid = p->has_uid ? p->uid : s.uid,
                .has_gid = p->has_gid,
                .gid = p->gid,
                .cgroup = s.cgroup,
                .time_usec = clock_now_usec(CLOCK_REALTIME) };
        opener_find(a, &s, &attempt.opener);
        if (attempt.opener.pid == 0)
                return;
        origin_find(a, attempt.opener.pid, attempt.uid, &attempt.origin);
        report(&attempt);
}

/* ---- the queue ---- */

/* Reports come before the packet is counted. */
static void on_packet(const NfqueuePacket *p, void *data)
{
        Asker *a = data;

        a->last = p->id;
        if (now_usec() - a->busy_since_usec < BEFORE_USEC)
                attempt_report(a, p);
        (void)nfqueue_release(&a->queue, QUEUE_NUMBER, p->id, false);
}

/* All that waits. 0 or negative errno. */
static int queue_work(Asker *a)
{
        int r = 0;

        a->busy_since_usec = now_usec();
        while (r >= 0 || r == -ENOBUFS || r == -ENOSPC) {
                r = nfqueue_read(&a->queue, on_packet, a);
                /* those behind a long wait have gone on, and time begins again */
                if (now_usec() - a->busy_since_usec >= 2 * BEFORE_USEC)
                        a->busy_since_usec = now_usec();
        }
        return r == -EAGAIN ? 0 : r;
}

/* Also those that were not read. */
static void release_all(Asker *a)
{
        (void)nfqueue_release(&a->queue, QUEUE_NUMBER, a->last + WAITING_MAX, true);
}

static int fail(int r)
{
        report(&(Attempt){ .error = r });
        return 1;
}

static int work(Asker *a)
{
        struct pollfd p[2] = { { .fd = a->queue.fd, .events = POLLIN },
                { .fd = ASKER_FD, .events = POLLIN } };
        int r = 0;

        while (r >= 0) {
                if (poll(p, ELEMENTS(p), -1) < 0 && errno != EINTR)
                        return fail(-errno);
                if (p[1].revents != 0) { /* p25d writes nothing: it has gone */
                        release_all(a);
                        return 0;
                }
                if (p[0].revents != 0)
                        r = queue_work(a);
        }
        release_all(a);
        return fail(r);
}

/* Of a p25d that was killed, the process that let go what waited may still be there. */
static int queue_open(Netlink *ret)
{
        static const NfqueueOptions options = { QUEUE_NUMBER, COPIED_BYTES, WAITING_MAX };
        struct pollfd gone = { .fd = ASKER_FD, .events = POLLIN };
        int r = nfqueue_open(&options, ret);

        for (unsigned i = 0; r == -EBUSY && i < OTHER_TRIES && poll(&gone, 1, OTHER_MSEC) <= 0; i++)
                r = nfqueue_open(&options, ret);
        return r;
}

int asker_run(void)
{
        Asker a = { .queue = NETLINK_CLOSED, .sockets = NETLINK_CLOSED };
        int r = netlink_open(NETLINK_SOCK_DIAG, &a.sockets);

        if (r >= 0)
                r = queue_open(&a.queue);
        r = r < 0 ? fail(r) : work(&a);
        netlink_close(&a.queue);
        netlink_close(&a.sockets);
        return r;
}
