/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the calls to polkit (org.freedesktop.PolicyKit1.Authority). Does not decide what applies
 * without polkit: auth.c does.
 */

#include "daemon/auth/polkit.h"

#include "rules/base/util.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* It may have to be started first. */
#define ANSWER_TIMEOUT_USEC (25 * USEC_PER_SEC)

enum { FLAG_ALLOW_INTERACTION = 1 };

static void query_forget(PolkitQuery *q)
{
        q->call = sd_bus_slot_unref(q->call);
        q->watch = sd_bus_slot_unref(q->watch);
        q->message = sd_bus_message_unref(q->message);
}

static void query_finish(PolkitQuery *q, PolkitAnswer answer)
{
        query_forget(q);
        q->done(q->data, answer);
}

/* (bba{ss}): authorised, authorised after a challenge, details */
static PolkitAnswer answer_read(sd_bus_message *reply)
{
        int authorised, challenge;

        if (sd_bus_message_is_method_error(reply, NULL) ||
                sd_bus_message_enter_container(reply, 'r', "bba{ss}") <= 0 ||
                sd_bus_message_read(reply, "bb", &authorised, &challenge) <= 0)
                return POLKIT_NONE;
        if (authorised)
                return POLKIT_YES;
        return challenge ? POLKIT_CHALLENGE : POLKIT_NO;
}

static int on_answer(sd_bus_message *reply, void *data, _unused_ sd_bus_error *error)
{
        query_finish(data, answer_read(reply));
        return 1;
}

/* An open dialogue closes; no answer to this is expected. */
static void send_cancel(const PolkitQuery *q)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus *bus = sd_bus_message_get_bus(q->message);

        if (sd_bus_message_new_method_call(bus, &m, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                    "CancelCheckAuthorization") >= 0 &&
                sd_bus_message_append(m, "s", q->cancellation) >= 0 &&
                sd_bus_message_set_expect_reply(m, false) >= 0 &&
                sd_bus_message_set_auto_start(m, false) >= 0)
                (void)sd_bus_send(bus, m, NULL);
}

static int on_owner_changed(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        const char *name, *before, *after;
        PolkitQuery *q = data;

        if (sd_bus_message_read(m, "sss", &name, &before, &after) <= 0 || *after)
                return 0;
        send_cancel(q);
        query_finish(q, POLKIT_LEFT);
        return 0;
}

/* Before polkit is asked, so that no leaving is missed: the bus works in order. */
static int sender_watch(PolkitQuery *q)
{
        char match[512];
        int n = snprintf(match, sizeof(match),
                "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
                sd_bus_message_get_sender(q->message));

        if (n < 0 || (size_t)n >= sizeof(match))
                return -ENAMETOOLONG;
        return sd_bus_add_match_async(
                sd_bus_message_get_bus(q->message), &q->watch, match, on_owner_changed, NULL, q);
}

static int details_append(sd_bus_message *m, const char *method, const char *name)
{
        int r = sd_bus_message_open_container(m, 'a', "{ss}");

        if (r >= 0)
                r = sd_bus_message_append(m, "{ss}", "method", method);
        if (r >= 0 && name)
                r = sd_bus_message_append(m, "{ss}", "name", name);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int question_new(const PolkitQuery *q, const PolkitQuestion *question, bool interactive,
        sd_bus_message **ret)
{
        uint32_t flags = interactive ? FLAG_ALLOW_INTERACTION : 0;
        int r = sd_bus_message_new_method_call(sd_bus_message_get_bus(q->message), ret, POLKIT_NAME,
                POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");

        if (r >= 0)
                r = sd_bus_message_append(*ret, "(sa{sv})s", "system-bus-name", 1, "name", "s",
                        sd_bus_message_get_sender(q->message), question->action);
        if (r >= 0)
                r = details_append(*ret, sd_bus_message_get_member(q->message), question->name);
        return r < 0 ? r : sd_bus_message_append(*ret, "us", flags, q->cancellation);
}

int polkit_ask(PolkitQuery *q, sd_bus_message *m, const PolkitQuestion *question)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        bool interactive = sd_bus_message_get_allow_interactive_authorization(m) > 0;
        uint64_t cookie = 0;
        int r;

        *q = (PolkitQuery){
                .message = sd_bus_message_ref(m), .done = question->done, .data = question->data
        };
        (void)sd_bus_message_get_cookie(m, &cookie);
        snprintf(q->cancellation, sizeof(q->cancellation), "%.30s-%" PRIu64,
                sd_bus_message_get_sender(m), cookie);
        r = sender_watch(q);
        if (r >= 0)
                r = question_new(q, question, interactive, &call);
        if (r >= 0)
                r = sd_bus_call_async(sd_bus_message_get_bus(m), &q->call, call, on_answer, q,
                        interactive ? UINT64_MAX : ANSWER_TIMEOUT_USEC);
        if (r < 0)
                query_forget(q);
        return r < 0 ? r : 0;
}

void polkit_cancel(PolkitQuery *q)
{
        if (!q->message)
                return;
        send_cancel(q);
        query_forget(q);
}
