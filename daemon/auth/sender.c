/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/auth/sender.h"

#include "daemon/auth/held.h"
#include "daemon/io/file.h"
#include "rules/base/text.h"

#include <errno.h>

#define ANSWER_TIMEOUT_USEC (10 * USEC_PER_SEC)
/* Connections that are remembered; dbus-daemon grants a user 256. */
#define SENDERS_MAX 1024

typedef struct Sender {
        struct Sender *next;
        char *name;
        bool known;
        Caller caller;
        sd_bus_slot *slot;
        SenderQuery *waiting, **end;
        size_t n_waiting;
        Senders *senders;
} Sender;

/* ---- what the bus says ---- */

/* The name that the kernel has of a process. The process may choose it: it is for the reader of a
 * log, nothing is decided by it. */
void caller_process(pid_t pid, char *ret, size_t size)
{
        ret[0] = '\0';
        if (pid > 0)
                (void)file_read_process("/proc", (uint32_t)pid, "comm", ret, size);
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

int sender_read(sd_bus_message *answer, Caller *ret)
{
        int r;

        if (sd_bus_message_is_method_error(answer, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return -ENXIO;
        if (sd_bus_message_is_method_error(answer, NULL))
                return -EIO;
        *ret = (Caller){ 0 };
        r = credentials_read(answer, ret);
        if (r >= 0)
                caller_process(ret->pid, ret->process, sizeof(ret->process));
        return r;
}

int sender_ask_bus(sd_bus *bus, sd_bus_message *m, sd_bus_slot **slot,
        sd_bus_message_handler_t handler, void *data)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        const char *sender = sd_bus_message_get_sender(m);
        int r;

        /* a peer without a bus has no name, and no credentials from a bus */
        if (!sender)
                return -EACCES;
        if ((r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus",
                     "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials")) <
                        0 ||
                (r = sd_bus_message_append(call, "s", sender)) < 0)
                return r;
        return sd_bus_call_async(bus, slot, call, handler, data, ANSWER_TIMEOUT_USEC);
}

/* ---- the memory ---- */

static Sender *sender_free(Sender *s)
{
        Sender **place = &s->senders->first;

        while (*place && *place != s)
                place = &(*place)->next;
        if (*place) {
                *place = s->next;
                s->senders->n--;
        }
        sd_bus_slot_unref(s->slot);
        free(s->name);
        free(s);
        return NULL;
}

/* The one of this name, which is the first then; NULL: there is none. */
static Sender *sender_find(Senders *all, const char *name)
{
        for (Sender **place = &all->first; *place; place = &(*place)->next) {
                Sender *s = *place;

                if (!streq(s->name, name))
                        continue;
                *place = s->next;
                s->next = all->first;
                all->first = s;
                return s;
        }
        return NULL;
}

/* The one that was not asked for longest, unless somebody waits for it. */
static void forget_oldest(Senders *all)
{
        Sender *oldest = NULL;

        for (Sender *s = all->first; s; s = s->next)
                if (!s->waiting)
                        oldest = s;
        if (oldest && oldest != all->first)
                sender_free(oldest);
}

/* All that wait for one answer. Any of them may be cancelled by another one's done. */
static int on_credentials(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        Sender *s = data;
        Caller caller = { 0 };
        int r = sender_read(m, &caller);

        s->slot = sd_bus_slot_unref(s->slot);
        s->caller = caller;
        s->known = r >= 0;
        while (s->waiting) {
                SenderQuery *q = s->waiting;

                sender_cancel(q);
                q->done(q, r, &caller);
        }
        if (!s->known)
                sender_free(s);
        return 1;
}

static int sender_new(Senders *all, const char *name, Sender **ret)
{
        Sender *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *s = (Sender){ .next = all->first, .name = strdup(name), .senders = all };
        s->end = &s->waiting;
        if (!s->name) {
                free(s);
                return -ENOMEM;
        }
        all->first = s;
        if (++all->n > SENDERS_MAX)
                forget_oldest(all);
        *ret = s;
        return 0;
}

int sender_ask(Senders *all, SenderQuery *q, sd_bus_message *m, SenderDone done)
{
        const char *name = sd_bus_message_get_sender(m);
        Sender *s;
        int r;

        if (!name)
                return -EACCES;
        *q = (SenderQuery){ .done = done };
        s = sender_find(all, name);
        if (s && s->known) {
                done(q, 0, &s->caller);
                return 0;
        }
        if (!s) {
                r = sender_new(all, name, &s);
                if (r < 0)
                        return r;
                r = sender_ask_bus(
                        all->asker ?: sd_bus_message_get_bus(m), m, &s->slot, on_credentials, s);
                if (r < 0) {
                        sender_free(s);
                        return r;
                }
        }
        if (s->n_waiting >= SENDER_WAITING_MAX || (s->n_waiting > 0 && held_descriptors_are_many()))
                return -EBUSY;
        q->sender = s;
        *s->end = q;
        s->end = &q->next;
        s->n_waiting++;
        return 0;
}

void sender_cancel(SenderQuery *q)
{
        Sender *s = q->sender;

        if (!s)
                return;
        for (SenderQuery **place = &s->waiting; *place; place = &(*place)->next)
                if (*place == q) {
                        *place = q->next;
                        if (!*place)
                                s->end = place;
                        break;
                }
        s->n_waiting--;
        q->sender = NULL;
        q->next = NULL;
}

void senders_forget(Senders *all)
{
        while (all->first)
                sender_free(all->first);
}
