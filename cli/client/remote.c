/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the words of the far command. The far bridge takes the first address that it can open, so
 * one login is enough for both ways.
 */

#include "cli/client/remote.h"

#include "daemon/api/api.h"
#include "rules/base/buffer.h"
#include "rules/base/util.h"

#include <errno.h>

#define _cleanup_bus_ _cleanup_(sd_bus_unrefp)

/* Quoted, because ssh passes a command to the far shell as one line. */
#define ADDRESSES "'-punix:path=/run/p25/" DIRECT_SOCKET ";unix:path=/run/dbus/system_bus_socket'"

/* Parts of the text of the option: [USER@]HOST[:PORT], the host without its brackets. */
typedef struct RemotePlace {
        const char *user, *name, *port; /* NULL: that of ssh */
        size_t user_length, name_length;
} RemotePlace;

/* False: a container of the host, or nothing that is known here. */
static bool place_read(const char *text, RemotePlace *ret)
{
        const char *at = strrchr(text, '@'), *name = at ? at + 1 : text, *end;

        *ret = (RemotePlace){ .user = text, .user_length = (size_t)(name - text) };
        if (*name == '[') {
                end = strchr(++name, ']');
                if (!end)
                        return false;
                ret->name_length = (size_t)(end++ - name);
        } else {
                ret->name_length = strcspn(name, ":/");
                end = name + ret->name_length;
        }
        ret->name = name;
        if (!*end)
                return true;
        ret->port = end + 1;
        return *end == ':' && end[1] && !end[1 + strspn(end + 1, "0123456789")];
}

/* D-Bus specification, "Server Addresses": any byte of a value may be "%" and two digits. */
static void append_escaped(Buffer *b, const char *text, size_t n)
{
        for (size_t i = 0; i < n; i++)
                buffer_printf(b, "%%%02x", (unsigned char)text[i]);
}

static void append_argument(Buffer *b, unsigned *n, const char *text)
{
        buffer_printf(b, ",argv%u=", ++*n);
        append_escaped(b, text, strlen(text));
}

/* ssh -xT [-p PORT] -- USER@HOST systemd-stdio-bridge ADDRESSES */
static void append_command(Buffer *b, const RemotePlace *p)
{
        unsigned n = 0;

        buffer_printf(b, "unixexec:path=ssh");
        append_argument(b, &n, "-xT");
        if (p->port) {
                append_argument(b, &n, "-p");
                append_argument(b, &n, p->port);
        }
        append_argument(b, &n, "--");
        append_argument(b, &n, "");
        append_escaped(b, p->user, p->user_length);
        append_escaped(b, p->name, p->name_length);
        append_argument(b, &n, "systemd-stdio-bridge");
        append_argument(b, &n, ADDRESSES);
}

int remote_open(const char *host, sd_bus **ret)
{
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_buffer_ Buffer address = { 0 };
        RemotePlace place;
        int r;

        if (!place_read(host, &place))
                return sd_bus_open_system_remote(ret, host);
        append_command(&address, &place);
        if (address.failed)
                return -ENOMEM;
        if ((r = sd_bus_new(&bus)) < 0 || (r = sd_bus_set_address(bus, address.data)) < 0 ||
                (r = sd_bus_set_bus_client(bus, true)) < 0 || (r = sd_bus_start(bus)) < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}
