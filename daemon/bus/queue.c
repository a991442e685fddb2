/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/bus/queue.h"

#include "daemon/auth/held.h"
#include "daemon/bus/worker.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"

#include <errno.h>

/* Workers at a time: of all unprivileged users, of each, and of root. */
#define WORKERS_MAX 2
#define WORKERS_OF_USER_MAX 1
#define WORKERS_OF_ROOT_MAX 4
/* A user who may manage gets more time. */
#define MANAGER_WORKER_USEC (30 * USEC_PER_SEC)

/* Messages are read, and root's calls answered, before a call of somebody else is. */
#define TURN_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)
/* A worker that is free is given to a call of root that waits before any other message is read. */
#define TURN_OF_ROOT_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 11)
/* However busy root is, a call of somebody else is answered so often. */
#define PATIENCE_USEC 50000
#define PATIENCE_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 5)
/* A long answer is copied in pieces of so long, in turns with the messages of the bus. */
#define SLICE_USEC 4000

/* ---- what is going on ---- */

static bool is_root(const BusCall *c)
{
        return c->caller.uid == 0;
}

static bool needs_worker(const BusCall *c)
{
        return c->method->turn == BUS_WORKER || c->method->turn == BUS_FILTERS ||
               (c->method->turn == BUS_SHARED && !is_root(c));
}

/* Calls that have a worker, or whose answer is copied: of a user, and of all but root. */
static void count_workers(const Bus *b, uint32_t uid, size_t *ret_own, size_t *ret_all)
{
        *ret_own = *ret_all = 0;
        for (const BusCall *i = b->calls; i; i = i->next) {
                if (!i->worker && !i->reply)
                        continue;
                *ret_own += i->caller.uid == uid;
                *ret_all += !is_root(i);
        }
}

static bool may_run(const BusCall *c)
{
        size_t all, own;

        if (bus_backlog_is_full(&c->bus->backlog, c->caller.uid) ||
                (!is_root(c) && bus_outbox_is_behind(&c->bus->outbox)))
                return false;
        if (!needs_worker(c))
                return true;
        count_workers(c->bus, c->caller.uid, &own, &all);
        return is_root(c) ? own < WORKERS_OF_ROOT_MAX
                          : own < WORKERS_OF_USER_MAX && all < WORKERS_MAX;
}

static size_t count_queued(const Bus *b, uint32_t uid)
{
        size_t n = 0;

        for (const BusCall *c = b->queue.first; c; c = c->queued_next)
                n += c->caller.uid == uid;
        return n;
}

/* True while a change of this user is queued: later ones must not overtake it. */
static bool change_is_queued(const Bus *b, uint32_t uid)
{
        for (const BusCall *c = b->queue.first; c; c = c->queued_next)
                if (c->caller.uid == uid && c->method->privilege >= PRIVILEGE_MANAGE)
                        return true;
        return false;
}

/* The round of a call of root: of each connection, each round has one. */
static uint64_t round_of(const BusCall *c)
{
        uint64_t round = c->bus->queue.round;

        for (const BusCall *i = c->bus->queue.first; i; i = i->queued_next)
                if (is_root(i) && i->round >= round && streq(i->connection, c->connection))
                        round = i->round + 1;
        return round;
}

/* The first of the earliest round. All of them need a worker, so all of them may run, or none. */
static BusCall *next_of_root(const Bus *b)
{
        BusCall *first = NULL;

        for (BusCall *c = b->queue.first; c; c = c->queued_next)
                if (is_root(c) && (!first || c->round < first->round))
                        first = c;
        return first && may_run(first) ? first : NULL;
}

/* Another user's than the last. */
static BusCall *next_of_users(const Bus *b)
{
        BusCall *same = NULL;

        for (BusCall *c = b->queue.first; c; c = c->queued_next) {
                if (is_root(c) || !may_run(c))
                        continue;
                if (c->caller.uid != b->queue.last_uid)
                        return c;
                if (!same)
                        same = c;
        }
        return same;
}

static void turn_arm(Bus *b, int64_t priority)
{
        if (sd_event_source_set_priority(b->queue.turn, priority) >= 0)
                (void)sd_event_source_set_enabled(b->queue.turn, SD_EVENT_ONESHOT);
}

void bus_queue_look_again(Bus *b)
{
        if (!b->queue.turn)
                return;
        if (next_of_root(b))
                turn_arm(b, TURN_OF_ROOT_PRIORITY);
        else if (next_of_users(b))
                turn_arm(b, TURN_PRIORITY);
        else
                (void)sd_event_source_set_enabled(b->queue.turn, SD_EVENT_OFF);
}

/* ---- the answer of a worker ---- */

static int copy_end(BusCall *c)
{
        int r = sd_bus_message_close_container(c->reply);

        if (r >= 0)
                r = sd_bus_send(NULL, c->reply, NULL);
        return r;
}

static int on_copying(sd_event_source *s, void *data)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint64_t end_usec = clock_now_usec(CLOCK_MONOTONIC) + SLICE_USEC;
        BusCall *c = data;
        int r;

        do
                for (unsigned i = 0; i < 16; i++) {
                        r = sd_bus_message_copy(c->reply, c->answer, false);
                        if (r <= 0)
                                goto finish;
                }
        while (clock_now_usec(CLOCK_MONOTONIC) < end_usec);
        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
finish:
        if (r == 0)
                r = copy_end(c);
        c->bus->queue.finish(c, r < 0 ? r : 0, &error);
        return 0;
}

/* A list element by element, anything else at once. */
static int copy_begin(BusCall *c)
{
        const char *contents;
        char type;
        int r;

        if ((r = sd_bus_message_new_method_return(c->message, &c->reply)) < 0 ||
                (r = sd_bus_message_peek_type(c->answer, &type, &contents)) < 0)
                return r;
        if (type != 'a' || !streq(contents, "a{sv}")) {
                r = sd_bus_message_copy(c->reply, c->answer, true);
                if (r >= 0)
                        r = sd_bus_send(NULL, c->reply, NULL);
                return r < 0 ? r : 0;
        }
        if ((r = sd_bus_message_enter_container(c->answer, 'a', contents)) < 0 ||
                (r = sd_bus_message_open_container(c->reply, 'a', contents)) < 0 ||
                (r = sd_event_add_defer(c->bus->event, &c->copying, on_copying, c)) < 0)
                return r;
        return 1;
}

static void on_worker_done(BusCall *c, int r, sd_bus_message *answer, sd_bus_error *error)
{
        Bus *b = c->bus;

        if (r >= 0) {
                c->answer = sd_bus_message_ref(answer);
                r = copy_begin(c);
        }
        c->worker = bus_worker_free(c->worker);
        if (r <= 0)
                c->bus->queue.finish(c, r, error);
        bus_queue_look_again(b);
}

/* ---- the queue ---- */

static void queue_remove(BusCall *c)
{
        BusQueue *q = &c->bus->queue;

        for (BusCall **place = &q->first; *place; place = &(*place)->queued_next)
                if (*place == c) {
                        *place = c->queued_next;
                        if (!*place)
                                q->end = place;
                        break;
                }
        c->queued = false;
}

static void call_start(BusCall *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        bool manages = is_root(c) || c->method->privilege >= PRIVILEGE_MANAGE;
        int r;

        queue_remove(c);
        c->bus->queue.last_uid = c->caller.uid;
        if (is_root(c))
                c->bus->queue.round = c->round;
        if (!needs_worker(c)) {
                c->bus->queue.run(c, c->method->handle);
                return;
        }
        r = bus_worker_new(
                c, manages ? MANAGER_WORKER_USEC : c->bus->worker_usec, on_worker_done, &c->worker);
        if (r >= 0)
                return;
        sd_bus_error_setf(&error, SD_BUS_ERROR_FAILED,
                "p25d cannot start the process that would answer: %s", strerrordesc_np(-r));
        c->bus->queue.finish(c, r, &error);
}

static int on_patience(sd_event_source *s, uint64_t usec, void *data);

static void be_patient(Bus *b)
{
        static const TimerKind kind = { CLOCK_MONOTONIC, PATIENCE_USEC / 10, on_patience };
        bool armed = b->queue.patience != NULL;

        if (timer_arm(b->event, &b->queue.patience, &kind, PATIENCE_USEC, b) >= 0 && !armed)
                (void)sd_event_source_set_priority(b->queue.patience, PATIENCE_PRIORITY);
}

/* Messages have kept the loop busy, so nobody's turn has come by itself. */
static int on_patience(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Bus *b = data;
        BusCall *c = next_of_users(b);

        if (c)
                call_start(c);
        if (b->queue.first)
                be_patient(b);
        bus_queue_look_again(b);
        return 0;
}

static bool is_waiting(sd_event_source *timer)
{
        int enabled = SD_EVENT_OFF;

        return timer && sd_event_source_get_enabled(timer, &enabled) >= 0 &&
               enabled != SD_EVENT_OFF;
}

static int on_turn(_unused_ sd_event_source *s, void *data)
{
        Bus *b = data;
        BusCall *c = next_of_root(b) ?: next_of_users(b);

        if (c)
                call_start(c);
        bus_queue_look_again(b);
        return 0;
}

/* Nothing waits and nothing is computed but for root: what p25d holds now is its own. */
static bool is_quiet(const BusCall *c)
{
        if (c->bus->queue.first)
                return false;
        for (const BusCall *i = c->bus->calls; i; i = i->next)
                if (i != c && !is_root(i) && (i->worker || i->reply))
                        return false;
        return true;
}

/* 0, or LimitExceeded: too much of its user's is waiting already. */
static int may_wait(const BusCall *c, sd_bus_error *error)
{
        BusQueue *q = &c->bus->queue;
        size_t n = count_queued(c->bus, c->caller.uid);

        if (is_quiet(c) || q->quiet == 0)
                q->quiet = held_bytes();
        if (n >= BUS_QUEUE_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "%d calls of this user are waiting already", BUS_QUEUE_MAX);
        if (n > 0 && held_is_much(q->quiet))
                return sd_bus_error_set(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "calls of this user are waiting already, and what waits holds too much");
        return 0;
}

int bus_queue_take(BusCall *c, sd_bus_error *error)
{
        BusQueue *q = &c->bus->queue;
        bool reads = c->method->privilege < PRIVILEGE_MANAGE;
        int r = 0;

        /* changes have their own order, and users who may make them are not limited in time */
        if (!needs_worker(c) && !reads && may_run(c) && !change_is_queued(c->bus, c->caller.uid))
                return 0;
        if (!needs_worker(c) && is_root(c))
                return 0;
        if (!is_root(c) && (r = may_wait(c, error)) < 0)
                return r;
        if (!q->turn && (r = sd_event_add_defer(c->bus->event, &q->turn, on_turn, c->bus)) < 0)
                return r;
        c->round = is_root(c) ? round_of(c) : 0;
        c->queued = true;
        c->queued_next = NULL;
        *q->end = c;
        q->end = &c->queued_next;
        if (!is_waiting(c->bus->queue.patience))
                be_patient(c->bus);
        bus_queue_look_again(c->bus);
        return 1;
}

void bus_queue_leave(BusCall *c)
{
        bool worked = c->worker || c->reply;

        if (c->queued)
                queue_remove(c);
        c->worker = bus_worker_free(c->worker);
        sd_event_source_disable_unref(c->copying);
        sd_bus_message_unref(c->answer);
        c->reply = sd_bus_message_unref(c->reply);
        if (worked)
                bus_queue_look_again(c->bus);
}

void bus_queue_init(Bus *b, void (*run)(BusCall *c, BusHandler run),
        void (*finish)(BusCall *c, int r, sd_bus_error *error))
{
        b->queue.run = run;
        b->queue.finish = finish;
        b->queue.end = &b->queue.first;
}

void bus_queue_deinit(Bus *b)
{
        sd_event_source_disable_unref(b->queue.turn);
        sd_event_source_disable_unref(b->queue.patience);
}
