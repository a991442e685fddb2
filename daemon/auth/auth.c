/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the decision who may do what (SPEC section 5). Knows neither methods nor the policy.
 */

#include "daemon/auth/auth.h"

#include "daemon/api/api.h"
#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define AUTH_TIMEOUT_USEC (10 * UINT64_C(1000000))

/* The name that the kernel has of a process. The process may choose it: it is for the reader of a
 * log, nothing is decided by it. */
static void process_name(pid_t pid, char *ret, size_t size)
{
        char path[64];
        ssize_t n;
        int fd;

        ret[0] = '\0';
        if (pid <= 0)
                return;
        snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        n = read(fd, ret, size - 1);
        close(fd);
        if (n <= 0)
                return;
        ret[n] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        text_make_printable(ret);
}

/* The two keys of GetConnectionCredentials that are asked for; others are passed over. */
static int credential_read(sd_bus_message *m, Caller *caller, bool *has_uid)
{
        const char *key;
        uint32_t number;
        int r;

        r = sd_bus_message_read(m, "s", &key);
        if (r < 0)
                return r;
        if (streq(key, "UnixUserID")) {
                r = sd_bus_message_read(m, "v", "u", &caller->uid);
                *has_uid = r > 0;
        } else if (streq(key, "ProcessID")) {
                r = sd_bus_message_read(m, "v", "u", &number);
                caller->pid = r > 0 ? (pid_t)number : 0;
        } else
                r = sd_bus_message_skip(m, "v");
        return r;
}

static int credentials_read(sd_bus_message *m, Caller *caller)
{
        bool has_uid = false;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = credential_read(m, caller, &has_uid);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return has_uid ? 0 : -EBADMSG;
}

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
                /* what the actions themselves grant to everybody */
                query_finish(q, q->privilege == PRIVILEGE_MANAGE ? -EACCES : 0);
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

/* 0: the answer comes later */
static int ask_polkit(AuthQuery *q)
{
        static const char *const actions[] = {
                [PRIVILEGE_READ] = "org.port25.policy1.read",
                [PRIVILEGE_MANAGE] = "org.port25.policy1.manage",
        };

        if (count_waiting(q->auth, q->caller.uid) >= AUTH_WAITING_MAX)
                return -EBUSY;
        q->next = q->auth->waiting;
        if (q->next)
                q->next->previous = q;
        q->auth->waiting = q;
        return polkit_ask(&q->polkit, q->message, actions[q->privilege], on_polkit, q);
}

static int on_credentials(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        AuthQuery *q = data;
        int r;

        q->slot = sd_bus_slot_unref(q->slot);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                r = -ENXIO;
        else if (sd_bus_message_is_method_error(m, NULL))
                r = -EIO;
        else
                r = credentials_read(m, &q->caller);
        if (r >= 0) {
                process_name(q->caller.pid, q->caller.process, sizeof(q->caller.process));
                if (q->caller.uid != 0 && q->privilege != PRIVILEGE_PRESENT) {
                        r = ask_polkit(q);
                        if (r >= 0)
                                return 1;
                }
        }
        query_finish(q, r);
        return 1;
}

int auth_query(
        Auth *a, AuthQuery *q, sd_bus_message *m, Privilege privilege, AuthDone done, void *data)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        const char *sender = sd_bus_message_get_sender(m);
        sd_bus *bus = sd_bus_message_get_bus(m);
        int r;

        /* a peer without a bus between has no name, and nobody who vouches for it */
        if (!sender)
                return -EACCES;
        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus",
                "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials");
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "s", sender);
        if (r < 0)
                return r;
        *q = (AuthQuery){ .auth = a, .privilege = privilege, .done = done, .data = data };
        r = sd_bus_call_async(bus, &q->slot, call, on_credentials, q, AUTH_TIMEOUT_USEC);
        if (r < 0)
                return r;
        q->message = sd_bus_message_ref(m);
        return 0;
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
                        "not authorised: this is for root, and for whom polkit allows it");
                break;
        case -ENOKEY:
                sd_bus_error_set(error, BUS_ERROR_ACCESS_DENIED,
                        "not authorised: an administrator's password is needed, and nobody could "
                        "be asked for it (try with sudo)");
                break;
        case -EBUSY:
                sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "%d calls of this user are waiting for authorisation already",
                        AUTH_WAITING_MAX);
                break;
        }
        return r;
}
