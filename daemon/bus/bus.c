/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the connection to the bus and the name on it, and signals the manager's events there. Does
 * not depend on methods (vtable.c) or policy. The policy stays in force whatever happens here.
 */

#include "daemon/bus/answer.h"
#include "daemon/bus/call.h"
#include "daemon/bus/dict.h"
#include "daemon/bus/error.h"
#include "daemon/bus/events.h"
#include "daemon/bus/properties.h"
#include "daemon/bus/queue.h"
#include "daemon/bus/vtable.h"
#include "daemon/loop/timer.h"
#include "rules/policy/origin.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#define SYSTEM_BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define WORKER_USEC (5 * USEC_PER_SEC)
/* Before what others send. */
#define ASKER_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 5)
#define SIGNAL_LINES_MAX (16u << 10) /* bytes */
#define UPLOAD_TIMEOUT_USEC (20 * USEC_PER_SEC)
/* A bus that does not greet in time is tried again, and so is a name that another process owns. */
#define RETRY_USEC (4 * USEC_PER_SEC)
/* The bus has just gone: it may be on its way back. */
#define RETRY_SOON_USEC (UINT64_C(100000))

/* answers of org.freedesktop.DBus.RequestName */
enum {
        NAME_PRIMARY_OWNER = 1,
        NAME_ALREADY_OWNER = 4,
};

static void bus_tell(Bus *b, int priority, const char *format, ...) _printf_(3, 4);
static void bus_tell(Bus *b, int priority, const char *format, ...)
{
        char text[512];
        va_list ap;

        if (!b->notice)
                return;
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        b->notice(b->notice_data, priority, text);
}

/* Logs why the name is not ours: once, until it is or another cause comes. */
static void bus_complain(Bus *b, const char *cause)
{
        if (b->told || !b->notice)
                return;
        b->told = true;
        bus_tell(b, LOG_ERR,
                "cannot acquire the bus name " BUS_NAME ": %s; the policy stays in force, p25ctl "
                "cannot reach this daemon",
                cause);
}

/* ---- the name ---- */

static int on_timer(sd_event_source *s, uint64_t usec, void *data);

static int bus_try_later(Bus *b, uint64_t usec)
{
        static const TimerKind kind = { CLOCK_MONOTONIC, 0, on_timer };

        return timer_arm(b->event, &b->timer, &kind, usec, b);
}

static void bus_name_acquired(Bus *b)
{
        timer_disarm(b->timer);
        b->ready = true;
        b->told = false;
        bus_tell(b, LOG_INFO, "on the bus as " BUS_NAME);
}

static int on_name(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        uint32_t answer = 0;
        Bus *b = data;

        b->name_slot = sd_bus_slot_unref(b->name_slot);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NO_REPLY))
                ; /* the bus has gone, which is reported separately */
        else if (sd_bus_message_is_method_error(m, NULL))
                bus_complain(b, sd_bus_message_get_error(m)->message ?: "the bus refuses");
        else if (sd_bus_message_read(m, "u", &answer) < 0)
                bus_complain(b, "the bus's answer cannot be read");
        else if (answer == NAME_PRIMARY_OWNER || answer == NAME_ALREADY_OWNER) {
                bus_name_acquired(b);
                return 1;
        } else
                bus_complain(b, "another process has it");
        (void)bus_try_later(b, RETRY_USEC);
        return 1;
}

static void bus_request_name(Bus *b)
{
        int r;

        b->name_slot = sd_bus_slot_unref(b->name_slot);
        /* without flags: no queue, no taking it from another, none takes it from us */
        r = sd_bus_request_name_async(b->bus, &b->name_slot, BUS_NAME, 0, on_name, b);
        if (r < 0)
                (void)bus_try_later(b, RETRY_USEC);
}

/* ---- the connection ---- */

static void bus_disconnect(Bus *b)
{
        if (b->bus)
                bus_calls_drop(b, b->bus);
        bus_backlog_end(&b->backlog);
        bus_outbox_end(&b->outbox);
        auth_forget(&b->auth);
        b->name_slot = sd_bus_slot_unref(b->name_slot);
        b->auth.senders.asker = NULL;
        b->asker = sd_bus_close_unref(b->asker);
        b->bus = sd_bus_close_unref(b->bus);
        b->connected = b->ready = false;
}

static const char local[] = "org.freedesktop.DBus.Local";

/* The settings that both connections have in common. */
static int connection_setup(
        Bus *b, sd_bus *bus, const char *description, sd_bus_message_handler_t gone)
{
        const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int r;

        if ((r = sd_bus_set_address(bus, address && *address ? address : SYSTEM_BUS_ADDRESS)) < 0 ||
                (r = sd_bus_set_description(bus, description)) < 0 ||
                (r = sd_bus_set_bus_client(bus, true)) < 0 ||
                /* a socket that is not there yet is waited for */
                (r = sd_bus_set_watch_bind(bus, true)) < 0 ||
                (r = sd_bus_set_exit_on_disconnect(bus, false)) < 0 ||
                /* the loop does not wait at its end for a bus that reads nothing */
                (r = sd_bus_set_close_on_exit(bus, false)) < 0)
                return r;
        return sd_bus_match_signal_async(
                bus, NULL, local, NULL, local, "Disconnected", gone, NULL, b);
}

/* Until the timer comes the bus is asked over the other connection, unless that is gone as well. */
static int on_asker_gone(_unused_ sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        Bus *b = data;

        b->auth.senders.asker = NULL;
        (void)bus_try_later(b, RETRY_SOON_USEC);
        return 0;
}

static void asker_connect(Bus *b)
{
        int r;

        b->asker = sd_bus_close_unref(b->asker);
        r = sd_bus_new(&b->asker);
        if (r >= 0)
                r = connection_setup(b, b->asker, "p25d asks", on_asker_gone);
        if (r >= 0)
                r = sd_bus_attach_event(b->asker, b->event, ASKER_PRIORITY);
        if (r >= 0)
                r = sd_bus_start(b->asker);
        if (r >= 0) {
                b->auth.senders.asker = b->asker;
                return;
        }
        b->asker = sd_bus_close_unref(b->asker);
        bus_tell(b, LOG_WARNING, "no second connection to the bus: %s; who floods it delays others",
                strerror(-r));
}

static int on_connected(_unused_ sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        Bus *b = data;

        b->connected = true;
        asker_connect(b);
        bus_request_name(b);
        return 0;
}

/* The connection is of no use any more, but in use: it goes when the timer comes. */
static int on_disconnected(_unused_ sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        Bus *b = data;

        if (b->ready)
                bus_tell(b, LOG_WARNING, "the bus is gone; the policy stays in force");
        else if (!b->connected)
                bus_complain(b, "the bus hangs up");
        b->connected = b->ready = false;
        bus_calls_drop(b, b->bus);
        (void)bus_try_later(b, RETRY_SOON_USEC);
        return 0;
}

/* The smallest size to expect of a reply: an error, or an answer of the bus library itself. */
static size_t least_reply(sd_bus_message *m)
{
        const char *interface = sd_bus_message_get_interface(m);

        if (interface && streq(interface, BUS_INTERFACE))
                return 512;
        return interface && streq(interface, "org.freedesktop.DBus.Introspectable") ? 16384 : 4096;
}

/* Does the same as the bus library, but only when the bus has read what was sent. */
static int refuse_types(Bus *b, sd_bus_message *m)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        (void)bus_error_complete(-EBADMSG, &error);
        bus_outbox_refuse(&b->outbox, m, &error);
        return 1;
}

/* Sees every message first. A question whose caller wants no answer ends here, whoever asks: a bus
 * limits the answers that a connection waits for, and nothing else of what it sends. */
static int on_call(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        const BusMethod *method;
        Bus *b = data;

        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;
        method = bus_method_find(m);
        if (sd_bus_message_get_expect_reply(m) == 0 &&
                (!method || method->privilege < PRIVILEGE_MANAGE))
                return 1;
        /* what the bus library answers by itself cannot wait */
        if (bus_backlog_is_over(&b->backlog, m, !method && bus_outbox_is_behind(&b->outbox)))
                return 1;
        bus_backlog_add(&b->backlog, m, least_reply(m));
        return method && !bus_method_accepts(m) ? refuse_types(b, m) : 0;
}

/* The bus has read what p25d sent. */
static void on_outbox(void *data)
{
        Bus *b = data;

        auth_go_on(&b->auth);
        bus_queue_look_again(b);
}

static bool must_hold(void *data)
{
        Bus *b = data;

        return bus_outbox_is_behind(&b->outbox);
}

static void on_backlog(void *data)
{
        Bus *b = data;

        if (b->backlog.blind)
                bus_tell(b, LOG_INFO,
                        "the bus does not report what its clients leave unread; it has to bound "
                        "that itself");
        bus_queue_look_again(b);
}

/* Listeners leave signals unread. The connection is in use: it goes when the timer comes. */
static void on_backlog_full(void *data, size_t held)
{
        Bus *b = data;

        bus_tell(b, LOG_WARNING,
                "the bus holds %zu MiB of signals that its clients do not read; joining it again",
                held >> 20);
        b->connected = b->ready = false;
        (void)bus_try_later(b, RETRY_SOON_USEC);
}

static int bus_setup(Bus *b, sd_bus *bus)
{
        int r;

        if ((r = connection_setup(b, bus, "p25d", on_disconnected)) < 0 ||
                (r = sd_bus_set_connected_signal(bus, true)) < 0 ||
                (r = sd_bus_negotiate_fds(bus, true)) < 0 ||
                (r = sd_bus_add_filter(bus, NULL, on_call, b)) < 0 ||
                (r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, BUS_INTERFACE, bus_vtable, b)) <
                        0 ||
                (r = sd_bus_match_signal_async(
                         bus, NULL, local, NULL, local, "Connected", on_connected, NULL, b)) < 0)
                return r;
        bus_backlog_begin(&b->backlog, bus);
        bus_outbox_begin(&b->outbox, bus);
        r = sd_bus_attach_event(bus, b->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? r : sd_bus_start(bus);
}

/* A new connection in the place of the old; the timer looks after it. */
static void bus_connect(Bus *b)
{
        int r;

        bus_disconnect(b);
        (void)bus_try_later(b, RETRY_USEC);
        r = sd_bus_new(&b->bus);
        if (r >= 0)
                r = bus_setup(b, b->bus);
        if (r < 0) {
                bus_complain(b, strerror(-r));
                bus_disconnect(b);
        }
}

static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Bus *b = data;

        if (b->connected && !b->auth.senders.asker)
                asker_connect(b);
        if (b->connected)
                bus_request_name(b);
        else
                bus_connect(b);
        return 0;
}

/* ---- the manager's events ---- */

/* Every listener on the bus gets this signal, so a long difference is cut; it can be asked for. */
static int changed_append(sd_bus_message *m, const ManagerChanged *c)
{
        const Origin *o = c->origin;
        size_t left = SIGNAL_LINES_MAX;
        int r;

        if ((r = sd_bus_message_append(m, "tus", c->revision, o->uid, o->reason ?: "")) < 0 ||
                (r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "process", "s", o->process ?: "")) < 0 ||
                (r = bus_append_entry(m, "remote", "s", o->remote ?: "")) < 0 ||
                (r = bus_append_lines(m, "diff", c->diff, &left)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static void on_changed(void *data, const ManagerChanged *c)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Bus *b = data;

        if (b->ready &&
                sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_INTERFACE, "Changed") >= 0 &&
                changed_append(m, c) >= 0)
                (void)sd_bus_send(b->bus, m, NULL);
        bus_backlog_signal(&b->backlog);
        bus_publish(b);
}

static void on_repaired(void *data, uint64_t count, pid_t pid, const char *process)
{
        Bus *b = data;

        if (b->ready)
                sd_bus_emit_signal(b->bus, BUS_PATH, BUS_INTERFACE, "Repaired", "tus", count,
                        (uint32_t)pid, process ?: "");
        bus_backlog_signal(&b->backlog);
        bus_publish(b);
}

static void on_alert(void *data, const ManagerAlert *alert)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Bus *b = data;

        if (!b->ready ||
                sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_INTERFACE, "Alert") < 0)
                return;
        if (sd_bus_message_append(m, "a{sv}", 5, "alert", "s", alert->name, "name", "s",
                    alert->name, "text", "s", alert->text, "pid", "u", (uint32_t)alert->pid,
                    "process", "s", alert->process) >= 0)
                (void)sd_bus_send(b->bus, m, NULL);
        bus_backlog_signal(&b->backlog);
}

/* ---- birth and death ---- */

int bus_new(sd_event *event, Manager *m, Bus **ret)
{
        _cleanup_(bus_free_p) Bus *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->event = sd_event_ref(event);
        b->manager = m;
        b->upload_timeout_usec = UPLOAD_TIMEOUT_USEC;
        b->worker_usec = WORKER_USEC;
        bus_queue_init(b, bus_call_run, bus_call_finish);
        b->backlog = (BusBacklog){ .event = b->event,
                .senders = &b->auth.senders,
                .outbox = &b->outbox,
                .freed = on_backlog,
                .full = on_backlog_full,
                .data = b };
        b->outbox = (BusOutbox){ .event = b->event, .freed = on_outbox, .data = b };
        b->auth = (Auth){ .must_hold = must_hold, .data = b };
        b->direct = (BusDirect){
                .event = b->event, .vtable = bus_vtable, .data = b, .system = &b->bus, .fd = -1
        };
        r = bus_try_later(b, RETRY_USEC);
        if (r < 0)
                return r;
        b->events = (ManagerEvents){
                .changed = on_changed, .repaired = on_repaired, .alert = on_alert, .data = b
        };
        manager_add_events(m, &b->events);
        bus_publish(b);
        bus_connect(b);
        *ret = TAKE_PTR(b);
        return 0;
}

Bus *bus_free(Bus *b)
{
        if (!b)
                return NULL;
        manager_remove_events(b->manager, &b->events);
        if (b->happened)
                events_unfollow(b->happened, &b->follower);
        bus_calls_drop(b, NULL);
        bus_direct_close(&b->direct);
        bus_disconnect(b);
        sd_event_source_disable_unref(b->timer);
        bus_queue_deinit(b);
        bus_properties_deinit(&b->published);
        sd_event_unref(b->event);
        free(b);
        return NULL;
}

void bus_set_stats(Bus *b, Stats *s)
{
        b->stats = s;
}

void bus_set_events(Bus *b, Events *e)
{
        b->happened = e;
        b->follower = (EventsFollower){ .event = bus_event_signal, .data = b };
        events_follow(e, &b->follower);
}

int bus_listen(Bus *b, const char *path)
{
        return bus_direct_open(&b->direct, path);
}

void bus_set_notice(Bus *b, BusNotice notice, void *data)
{
        b->notice = notice;
        b->notice_data = data;
}

void bus_set_worker_time(Bus *b, uint64_t usec)
{
        b->worker_usec = usec;
}

void bus_set_held_max(Bus *b, size_t bytes)
{
        b->backlog.own_max = bytes;
}

void bus_set_upload_timeout(Bus *b, uint64_t usec)
{
        b->upload_timeout_usec = usec;
}
