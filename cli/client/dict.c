/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Converts the bus's dictionaries to JSON: roles, sets, fragments and verdicts are shown as p25d
 * returns them, with any keys.
 */

#include "cli/client/client.h"

#include "rules/base/json.h"

#include <errno.h>

static int value_read(sd_bus_message *m, Json **ret);

static int basic_read(sd_bus_message *m, char type, Json **ret)
{
        union {
                int b;
                uint8_t y;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                const char *s;
        } v;
        int r = sd_bus_message_read_basic(m, type, &v);

        if (r < 0)
                return r;
        switch (type) {
        case 'b':
                *ret = json_new_bool(v.b);
                return 0;
        case 'y':
                *ret = json_new_integer(v.y);
                return 0;
        case 'n':
                *ret = json_new_integer(v.n);
                return 0;
        case 'q':
                *ret = json_new_integer(v.q);
                return 0;
        case 'i':
                *ret = json_new_integer(v.i);
                return 0;
        case 'u':
                *ret = json_new_integer(v.u);
                return 0;
        case 'x':
        case 't':
                *ret = json_new_integer(v.x);
                return 0;
        case 's':
        case 'o':
        case 'g':
                *ret = json_new_string(v.s);
                return 0;
        }
        return -EBADMSG;
}

static int array_read(sd_bus_message *m, const char *contents, Json **ret)
{
        _cleanup_(json_free_p) Json *array = json_new_array();
        int r = sd_bus_message_enter_container(m, 'a', contents);

        if (r < 0)
                return r;
        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                Json *item = NULL;

                r = value_read(m, &item);
                if (r < 0)
                        return r;
                json_append(array, item);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(array);
        return 0;
}

static int entry_read(sd_bus_message *m, Json *object)
{
        const char *key, *contents;
        Json *value = NULL;
        char type;
        int r;

        if ((r = sd_bus_message_enter_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_read_basic(m, 's', &key)) < 0 ||
                (r = sd_bus_message_peek_type(m, &type, &contents)) < 0 ||
                (r = sd_bus_message_enter_container(m, 'v', contents)) < 0 ||
                (r = value_read(m, &value)) < 0)
                return r;
        json_set(object, key, value);
        r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int client_read_dict(sd_bus_message *m, Json **ret)
{
        _cleanup_(json_free_p) Json *object = json_new_object();
        bool empty = true;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        if (r < 0)
                return r;
        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                r = entry_read(m, object);
                if (r < 0)
                        return r;
                empty = false;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = empty ? json_new_null() : TAKE_PTR(object);
        return 0;
}

int client_read_dicts(sd_bus_message *m, Json **ret)
{
        return array_read(m, "a{sv}", ret);
}

static int value_read(sd_bus_message *m, Json **ret)
{
        const char *contents;
        char type;
        int r = sd_bus_message_peek_type(m, &type, &contents);

        if (r < 0)
                return r;
        if (type != 'a')
                return basic_read(m, type, ret);
        return streq(contents, "{sv}") ? client_read_dict(m, ret) : array_read(m, contents, ret);
}
