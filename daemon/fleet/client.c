/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the connection to the system bus. Each call under way is in a list, so that a bus that goes
 * away answers all of them.
 */

#include "daemon/fleet/client.h"

#include <errno.h>
#include <systemd/sd-event.h>

#define NAME "org.port25.Policy1"
#define PATH "/org/port25/Policy1"
#define INTERFACE NAME ".Manager"
/* p25d answers every call within it: a change of a million entries takes seconds. */
#define ANSWER_USEC (UINT64_C(120) * USEC_PER_SEC)
#define JOIN_PAUSE_USEC (UINT64_C(1) * USEC_PER_SEC)

typedef struct Call Call;
struct Call {
        FleetClient *client;
        sd_bus_slot *slot;
        FleetDone done;
        FleetSetDone set_done; /* one of the three */
        FleetEventsDone events_done;
        void *data;
        Call *next, *previous;
};

struct FleetClient {
        sd_event *event;
        const FleetClientEvents *events;
        sd_bus *bus; /* NULL: between two attempts */
        sd_event_source *timer;
        Call *calls;
};

/* ---- answers ---- */

static const struct {
        const char *name;
        int r;
} errors[] = {
        { SD_BUS_ERROR_ACCESS_DENIED, -EACCES },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, -EACCES },
        { NAME ".Error.AssertionFailed", -EPERM },
        { NAME ".Error.NoSuchSet", -ENOENT },
        { NAME ".Error.LimitExceeded", -E2BIG },
        { NAME ".Error.BackendFailed", -EAGAIN },
        { NAME ".Error.StaleRevision", -EAGAIN },
        { SD_BUS_ERROR_FAILED, -EAGAIN },
        { SD_BUS_ERROR_NO_REPLY, -EAGAIN },
        { SD_BUS_ERROR_TIMEOUT, -EAGAIN },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, -EAGAIN },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, -EAGAIN },
        { SD_BUS_ERROR_DISCONNECTED, -EAGAIN },
        { SD_BUS_ERROR_LIMITS_EXCEEDED, -EAGAIN },
};

static int error_to_errno(const sd_bus_error *e)
{
        for (size_t i = 0; i < ELEMENTS(errors); i++)
                if (sd_bus_error_has_name(e, errors[i].name))
                        return errors[i].r;
        /* the service manager's reasons why p25d cannot be started */
        if (strncmp(e->name, "org.freedesktop.systemd1.", 25) == 0 ||
                strncmp(e->name, "org.freedesktop.DBus.Error.Spawn.", 33) == 0)
                return -EAGAIN;
        return -EINVAL;
}

static Call *call_free(Call *c)
{
        sd_bus_slot_unref(c->slot);
        if (c->next)
                c->next->previous = c->previous;
        if (c->previous)
                c->previous->next = c->next;
        else if (c->client->calls == c)
                c->client->calls = c->next;
        free(c);
        return NULL;
}

/* m: the answer, NULL when r < 0 */
static void call_finish(Call *c, int r, const char *message, sd_bus_message *m)
{
        const Call of = *c;
        int fd = -1;

        call_free(c);
        if (of.set_done) {
                if (r == 0 && sd_bus_message_read_basic(m, 'h', &fd) < 0)
                        r = -EBADMSG;
                of.set_done(of.data, r, message, fd);
        } else if (of.events_done)
                of.events_done(of.data, r, message, m);
        else
                of.done(of.data, r, message);
}

static int on_answer(sd_bus_message *m, void *data, _unused_ sd_bus_error *ret_error)
{
        const sd_bus_error *e = sd_bus_message_get_error(m);
        int r = e ? error_to_errno(e) : 0;

        call_finish(data, r, e && e->message ? e->message : "", r < 0 ? NULL : m);
        return 0;
}

/* The answer's functions and data are in what; all but these are set here. */
static int call_send(FleetClient *client, sd_bus_message *m, Call what)
{
        Call *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        *c = what;
        c->client = client;
        c->next = client->calls;
        r = sd_bus_call_async(client->bus, &c->slot, m, on_answer, c, ANSWER_USEC);
        if (r < 0) {
                free(c);
                return r;
        }
        if (client->calls)
                client->calls->previous = c;
        client->calls = c;
        return 0;
}

/* ---- the connection ---- */

static int join(FleetClient *c);

static int on_time_to_join(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        return join(data);
}

static int join_later(FleetClient *c)
{
        int r;

        if (!c->timer)
                return sd_event_add_time_relative(c->event, &c->timer, CLOCK_MONOTONIC,
                        JOIN_PAUSE_USEC, 0, on_time_to_join, c);
        r = sd_event_source_set_time_relative(c->timer, JOIN_PAUSE_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static int on_disconnected(_unused_ sd_bus_message *m, void *data, _unused_ sd_bus_error *ret_error)
{
        FleetClient *c = data;

        c->bus = sd_bus_flush_close_unref(c->bus);
        while (c->calls)
                call_finish(c->calls, -EAGAIN, "the system bus is gone", NULL);
        return join_later(c);
}

static int on_changed(sd_bus_message *m, void *data, _unused_ sd_bus_error *ret_error)
{
        FleetClient *c = data;
        FleetChanged changed;

        if (!c->events || !c->events->changed ||
                sd_bus_message_read(m, "tus", &changed.revision, &changed.uid, &changed.reason) < 0)
                return 0;
        changed.details = m;
        c->events->changed(c->events->data, &changed);
        return 0;
}

static int on_owner(sd_bus_message *m, void *data, _unused_ sd_bus_error *ret_error)
{
        const char *name, *before, *now;
        FleetClient *c = data;

        if (sd_bus_message_read(m, "sss", &name, &before, &now) >= 0 && *now && c->events &&
                c->events->appeared)
                c->events->appeared(c->events->data);
        return 0;
}

static int follow(FleetClient *c)
{
        int r = sd_bus_match_signal_async(
                c->bus, NULL, NAME, PATH, INTERFACE, "Changed", on_changed, NULL, c);

        if (r >= 0)
                r = sd_bus_match_signal_async(c->bus, NULL, "org.freedesktop.DBus.Local",
                        "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
                        on_disconnected, NULL, c);
        if (r >= 0)
                r = sd_bus_add_match_async(c->bus, NULL,
                        "type='signal',sender='org.freedesktop.DBus',"
                        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" NAME
                        "'",
                        on_owner, NULL, c);
        return r;
}

static int join(FleetClient *c)
{
        int r = sd_bus_open_system_with_description(&c->bus, "p25-fleet");

        if (r >= 0)
                r = sd_bus_attach_event(c->bus, c->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = follow(c);
        if (r >= 0)
                return 0;
        c->bus = sd_bus_close_unref(c->bus);
        return join_later(c);
}

int fleet_client_new(sd_event *event, const FleetClientEvents *events, FleetClient **ret)
{
        _cleanup_(fleet_client_free_p) FleetClient *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->event = sd_event_ref(event);
        c->events = events;
        r = join(c);
        if (r >= 0)
                *ret = TAKE_PTR(c);
        return r;
}

FleetClient *fleet_client_free(FleetClient *c)
{
        if (!c)
                return NULL;
        while (c->calls)
                call_free(c->calls);
        sd_event_source_disable_unref(c->timer);
        sd_bus_flush_close_unref(c->bus);
        sd_event_unref(c->event);
        free(c);
        return NULL;
}

/* ---- calls ---- */

static int message_new(FleetClient *c, const char *method, sd_bus_message **ret)
{
        int r;

        if (!c->bus)
                return -ENOTCONN;
        r = sd_bus_message_new_method_call(c->bus, ret, NAME, PATH, INTERFACE, method);
        return r;
}

/* The options, which are the last argument of every change. */
static int append_options(sd_bus_message *m, uint32_t timeout_sec, const char *reason)
{
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        if (r >= 0 && timeout_sec > 0)
                r = sd_bus_message_append(m, "{sv}", "timeout_seconds", "u", timeout_sec);
        if (r >= 0 && reason && *reason)
                r = sd_bus_message_append(m, "{sv}", "reason", "s", reason);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int fleet_client_update_set(FleetClient *c, const FleetEntries *e, FleetDone done, void *data)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = message_new(c, "UpdateSet", &m);

        if (r >= 0)
                r = sd_bus_message_append(m, "s", e->set);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **)e->add);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **)e->remove);
        if (r >= 0)
                r = append_options(m, e->timeout_sec, e->reason);
        return r < 0 ? r : call_send(c, m, (Call){ .done = done, .data = data });
}

int fleet_client_get_set(FleetClient *c, const char *set, FleetSetDone done, void *data)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = message_new(c, "GetSet", &m);

        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', set);
        return r < 0 ? r : call_send(c, m, (Call){ .set_done = done, .data = data });
}

int fleet_client_list_events(
        FleetClient *c, uint64_t after, uint32_t max, FleetEventsDone done, void *data)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = message_new(c, "ListEvents", &m);

        if (r >= 0)
                r = sd_bus_message_append(m, "tu", after, max);
        return r < 0 ? r : call_send(c, m, (Call){ .events_done = done, .data = data });
}

int fleet_client_set_lockdown(
        FleetClient *c, bool on, const char *reason, FleetDone done, void *data)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = message_new(c, "SetLockdown", &m);

        if (r >= 0)
                r = sd_bus_message_append(m, "b", (int)on);
        if (r >= 0)
                r = append_options(m, 0, reason);
        return r < 0 ? r : call_send(c, m, (Call){ .done = done, .data = data });
}

static int append_fragments(sd_bus_message *m, const FleetText *texts, size_t n)
{
        int r = sd_bus_message_open_container(m, 'a', "{ss}");

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (texts[i].text)
                        r = sd_bus_message_append(m, "{ss}", texts[i].name, texts[i].text);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_sets(sd_bus_message *m, const FleetText *texts, size_t n)
{
        int r = sd_bus_message_open_container(m, 'a', "{sh}");

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (!texts[i].text)
                        r = sd_bus_message_append(m, "{sh}", texts[i].name, texts[i].fd);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int fleet_client_replace(FleetClient *c, const FleetText *texts, size_t n, const char *reason,
        FleetDone done, void *data)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r = message_new(c, "PutDocuments", &m);

        if (r >= 0)
                r = append_fragments(m, texts, n);
        if (r >= 0)
                r = append_sets(m, texts, n);
        if (r >= 0)
                r = append_options(m, 0, reason);
        return r < 0 ? r : call_send(c, m, (Call){ .done = done, .data = data });
}
