/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the decision who may do what (SPEC section 5). Knows neither methods nor the policy.
 */

#include "daemon/auth.h"

#include "rules/util.h"

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

static int decide(Privilege privilege, const Caller *caller)
{
        switch (privilege) {
        case PRIVILEGE_READ:
                return 0;
        case PRIVILEGE_MANAGE:
                return caller->uid == 0 ? 0 : -EACCES;
        }
        return -EACCES;
}

static int on_credentials(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        AuthQuery *q = data;
        Caller caller = { 0 };
        int r;

        q->slot = sd_bus_slot_unref(q->slot);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                r = -ENXIO;
        else if (sd_bus_message_is_method_error(m, NULL))
                r = -EIO;
        else
                r = credentials_read(m, &caller);
        if (r >= 0) {
                process_name(caller.pid, caller.process, sizeof(caller.process));
                r = decide(q->privilege, &caller);
        }
        q->done(q->data, r, &caller);
        return 1;
}

int auth_query(AuthQuery *q, sd_bus_message *m, Privilege privilege, AuthDone done, void *data)
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
        *q = (AuthQuery){ .privilege = privilege, .done = done, .data = data };
        r = sd_bus_call_async(bus, &q->slot, call, on_credentials, q, AUTH_TIMEOUT_USEC);
        return r < 0 ? r : 0;
}

void auth_query_cancel(AuthQuery *q)
{
        q->slot = sd_bus_slot_unref(q->slot);
}
