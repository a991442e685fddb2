/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the way of a call: from its message past the authorisation to the handler of its method, and
 * on to the reply. Does not depend on which methods there are.
 */

#include "daemon/bus/call.h"

#include "daemon/bus/error.h"
#include "daemon/bus/parts.h"
#include "daemon/bus/queue.h"

#include <errno.h>
#include <stdio.h>

/* The reply to a change, without its lines. */
#define CHANGE_REPLY_BYTES 1024

static BusCall *call_free(BusCall *c)
{
        bus_queue_leave(c);
        bus_upload_free(c->upload);
        sd_event_source_disable_unref(c->pause);
        auth_query_cancel(&c->auth);
        manager_wait_cancel(&c->wait);
        if (c->next)
                c->next->previous = c->previous;
        if (c->previous)
                c->previous->next = c->next;
        else
                c->bus->calls = c->next;
        sd_bus_message_unref(c->message);
        free(c->text);
        bus_parts_free(c->parts);
        free(c);
        return NULL;
}

static int call_new(Bus *b, sd_bus_message *m, const BusMethod *method, BusCall **ret)
{
        BusCall *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        *c = (BusCall){
                .bus = b,
                .next = b->calls,
                .message = sd_bus_message_ref(m),
                .method = method,
        };
        if (b->calls)
                b->calls->previous = c;
        b->calls = c;
        *ret = c;
        return 0;
}

/* The replies of changes are counted, because changes may come in quick succession. */
static size_t reply_bytes(const BusCall *c)
{
        return c->method->privilege >= PRIVILEGE_MANAGE && c->method->turn == BUS_WAITS
                       ? CHANGE_REPLY_BYTES + c->reply_size
                       : BACKLOG_WHOLE_SHARE;
}

void bus_call_finish(BusCall *c, int r, sd_bus_error *error)
{
        r = bus_error_complete(r, error);
        if (r < 0 && c->caller.uid != 0)
                bus_outbox_refuse(&c->bus->outbox, c->message, error);
        else if (r < 0)
                sd_bus_reply_method_error(c->message, error);
        else
                bus_backlog_add(&c->bus->backlog, c->message, reply_bytes(c));
        call_free(c);
}

void bus_calls_drop(Bus *b, const sd_bus *bus)
{
        for (BusCall *c = b->calls, *next; c; c = next) {
                next = c->next;
                if (!bus || sd_bus_message_get_bus(c->message) == bus)
                        call_free(c);
        }
}

static int call_again(void *data, bool last)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;
        int r = sd_bus_message_rewind(c->message, true);

        c->last = last;
        if (r >= 0)
                r = c->run(c, &error);
        if (r != -EBUSY && r <= 0)
                bus_call_finish(c, r, &error);
        return r;
}

static void on_manager(void *data, int r, _unused_ const Caller *caller)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;

        c->manages = r >= 0;
        if (r >= 0)
                r = sd_bus_message_rewind(c->message, true);
        if (r >= 0)
                bus_call_run(c, c->run);
        else
                bus_call_finish(c, auth_error(r, &error), &error);
}

/* Its options need a privilege that its method does not. */
static int ask_to_manage(BusCall *c)
{
        int r = auth_query(&c->bus->auth, &c->auth, c->message,
                &(AuthQuestion){ PRIVILEGE_MANAGE, NULL, on_manager }, c);

        return r < 0 ? r : 1;
}

void bus_call_run(BusCall *c, BusHandler run)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        bool behind = c->method->turn == BUS_WAITS && manager_is_waiting(c->bus->manager);
        int r;

        c->run = run;
        r = behind ? -EBUSY : run(c, &error);
        if (r == -ENOKEY)
                r = ask_to_manage(c);
        if (r == -EBUSY)
                r = (c->for_names ? manager_wait_for_names : manager_wait)(
                            c->bus->manager, &c->wait, call_again, c) < 0
                            ? -ENOMEM
                            : 1;
        if (r <= 0)
                bus_call_finish(c, r, &error);
}

/* Fills in c->connection. */
static void call_name_connection(BusCall *c)
{
        sd_bus *connection = sd_bus_message_get_bus(c->message);
        const char *sender = sd_bus_message_get_sender(c->message),
                   *direct = bus_direct_find(&c->bus->direct, connection, &(Caller){ 0 });
        char bus[SD_ID128_STRING_MAX] = "-";
        sd_id128_t id;

        if (direct) {
                (void)snprintf(c->connection, sizeof(c->connection), "%s", direct);
                return;
        }
        /* every bus begins again with the names of connections */
        if (sd_bus_get_bus_id(connection, &id) >= 0)
                sd_id128_to_string(id, bus);
        (void)snprintf(c->connection, sizeof(c->connection), "%s/%s", bus, sender ?: "");
}

static void on_authorised(void *data, int r, const Caller *caller)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;

        c->caller = *caller;
        if (r >= 0) {
                call_name_connection(c);
                r = bus_queue_take(c, &error);
                if (r > 0)
                        return;
                if (r == 0) {
                        bus_call_run(c, c->method->handle);
                        return;
                }
        }
        r = auth_error(r, &error);
        bus_call_finish(c, r, &error);
}

/* The arguments on which the privilege depends: the name of a set or fragment, whether a text is
 * sent along. */
static int question_complete(BusCall *c, AuthQuestion *q)
{
        int r = 0;

        if (q->privilege == PRIVILEGE_MANAGE_SET || q->privilege == PRIVILEGE_MANAGE_FRAGMENT)
                r = sd_bus_message_read_basic(c->message, 's', &q->name);
        else if (q->privilege == PRIVILEGE_READ_TEXT) {
                r = sd_bus_message_enter_container(c->message, 'a', "{sv}");
                if (r >= 0)
                        r = sd_bus_message_at_end(c->message, false);
                q->privilege = r > 0 ? PRIVILEGE_READ : PRIVILEGE_MANAGE;
        } else if (q->privilege == PRIVILEGE_MANAGE_EACH)
                q->privilege = PRIVILEGE_READ;
        return r < 0 ? r : sd_bus_message_rewind(c->message, true);
}

int bus_call_begin(Bus *b, sd_bus_message *m, const BusMethod *method, sd_bus_error *error)
{
        AuthQuestion question;
        Caller caller;
        BusCall *c;
        int r;

        r = call_new(b, m, method, &c);
        if (r < 0)
                return r;
        if (bus_direct_find(&b->direct, sd_bus_message_get_bus(m), &caller)) {
                on_authorised(c, 0, &caller);
                return 0;
        }
        question = (AuthQuestion){ method->privilege, NULL, on_authorised };
        r = question_complete(c, &question);
        if (r >= 0)
                r = auth_query(&b->auth, &c->auth, m, &question, c);
        if (r < 0)
                call_free(c);
        return auth_error(r, error);
}
