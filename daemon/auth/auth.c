/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns authorisation (SPEC section 5). Does not depend on methods or on the policy.
 */

#include "daemon/auth/auth.h"

#include "daemon/api/api.h"
#include "daemon/auth/held.h"
#include "rules/base/util.h"

#include <errno.h>
#include <stddef.h>

/* ---- the query ---- */

static void query_leave(AuthQuery *q)
{
        if (q->next)
                q->next->previous = q->previous;
        if (q->previous)
                q->previous->next = q->next;
        else if (q->auth && q->auth->waiting == q)
                q->auth->waiting = q->next;
        q->next = q->previous = NULL;
}

static void query_forget(AuthQuery *q)
{
        query_leave(q);
        sender_cancel(&q->sender);
        q->slot = sd_bus_slot_unref(q->slot);
        q->message = sd_bus_message_unref(q->message);
}

static void query_finish(AuthQuery *q, int r)
{
        query_forget(q);
        q->done(q->data, r, &q->caller);
}

static void on_polkit(void *data, PolkitAnswer answer)
{
        AuthQuery *q = data;

        switch (answer) {
        case POLKIT_YES:
                query_finish(q, 0);
                return;
        case POLKIT_NO:
                query_finish(q, -EACCES);
                return;
        case POLKIT_CHALLENGE:
                query_finish(q, -ENOKEY);
                return;
        case POLKIT_LEFT:
                query_finish(q, -ENXIO);
                return;
        case POLKIT_NONE:
                /* privileges that the actions grant to everybody */
                query_finish(q, q->privilege >= PRIVILEGE_MANAGE ? -EACCES : 0);
                return;
        }
}

static unsigned count_waiting(const Auth *a, uint32_t uid)
{
        unsigned n = 0;

        for (const AuthQuery *q = a->waiting; q; q = q->next)
                n += q->caller.uid == uid;
        return n;
}

/* A user without a waiting message may always wait. */
static bool must_not_wait(Auth *a, uint32_t uid)
{
        unsigned n = count_waiting(a, uid);

        return n >= AUTH_WAITING_MAX || (n > 0 && held_is_much(a->quiet));
}

static bool must_hold(const Auth *a)
{
        return a->must_hold && a->must_hold(a->data);
}

static int ask_polkit_now(AuthQuery *q)
{
        static const char *const actions[] = {
                [PRIVILEGE_READ] = "org.port25.policy1.read",
                [PRIVILEGE_MANAGE] = "org.port25.policy1.manage",
                [PRIVILEGE_MANAGE_SET] = "org.port25.policy1.manage-set",
                [PRIVILEGE_MANAGE_FRAGMENT] = "org.port25.policy1.manage-fragment",
        };

        q->held = false;
        return polkit_ask(&q->polkit, q->message,
                &(PolkitQuestion){ actions[q->privilege], q->name, on_polkit, q });
}

/* 0: the answer comes later */
static int ask_polkit(AuthQuery *q)
{
        if (must_not_wait(q->auth, q->caller.uid))
                return -EBUSY;
        if (!q->auth->waiting)
                q->auth->quiet = held_bytes();
        q->next = q->auth->waiting;
        if (q->next)
                q->next->previous = q;
        q->auth->waiting = q;
        q->held = must_hold(q->auth);
        return q->held ? 0 : ask_polkit_now(q);
}

/* The caller is known: root needs no more, others ask polkit. */
static void query_decide(AuthQuery *q, int r)
{
        if (r >= 0 && q->caller.uid != 0 && q->privilege != PRIVILEGE_PRESENT) {
                r = ask_polkit(q);
                if (r >= 0)
                        return;
        }
        query_finish(q, r);
}

static void on_sender(SenderQuery *sender, int r, const Caller *caller)
{
        AuthQuery *q = (AuthQuery *)((char *)sender - offsetof(AuthQuery, sender));

        q->caller = *caller;
        query_decide(q, r);
}

static int on_present(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        AuthQuery *q = data;

        q->slot = sd_bus_slot_unref(q->slot);
        query_decide(q, sender_read(m, &q->caller));
        return 1;
}

int auth_query(Auth *a, AuthQuery *q, sd_bus_message *m, const AuthQuestion *question, void *data)
{
        int r;

        *q = (AuthQuery){ .auth = a,
                .message = sd_bus_message_ref(m),
                .privilege = question->privilege,
                .name = question->name,
                .done = question->done,
                .data = data };
        if (question->privilege == PRIVILEGE_PRESENT)
                r = sender_ask_bus(sd_bus_message_get_bus(m), m, &q->slot, on_present, q);
        else
                r = sender_ask(&a->senders, &q->sender, m, on_sender);
        if (r < 0)
                q->message = sd_bus_message_unref(q->message);
        return r < 0 ? r : 0;
}

static AuthQuery *oldest_held(const Auth *a)
{
        AuthQuery *oldest = NULL;

        for (AuthQuery *q = a->waiting; q; q = q->next)
                if (q->held)
                        oldest = q;
        return oldest;
}

void auth_go_on(Auth *a)
{
        for (AuthQuery *q; (q = oldest_held(a)) && !must_hold(a);) {
                int r = ask_polkit_now(q);

                if (r < 0)
                        query_finish(q, r);
        }
}

void auth_forget(Auth *a)
{
        senders_forget(&a->senders);
}

void auth_query_cancel(AuthQuery *q)
{
        if (!q->message)
                return;
        polkit_cancel(&q->polkit);
        query_forget(q);
}

int auth_error(int r, sd_bus_error *error)
{
        switch (r) {
        case -EACCES:
                sd_bus_error_set(error, BUS_ERROR_ACCESS_DENIED,
                        "not authorised: only root, or users authorised by polkit, may do this");
                break;
        case -ENOKEY:
                sd_bus_error_set(error, BUS_ERROR_ACCESS_DENIED,
                        "not authorised: an administrator's password is needed, and nobody could "
                        "be asked for it (try with sudo)");
                break;
        case -EBUSY:
                sd_bus_error_set(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "too many calls of this user are waiting for authorisation");
                break;
        }
        return r;
}
