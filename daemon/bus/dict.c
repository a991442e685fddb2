/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the walk through foreign dictionaries. Knows no key by name.
 */

#include "daemon/bus/dict.h"

#include "daemon/api/api.h"

#include <errno.h>

int bus_strings_read(sd_bus_message *m, size_t max, const char *what, char ***ret, size_t *ret_n,
        sd_bus_error *error)
{
        _cleanup_free_ char **strings = NULL;
        const char *s;
        size_t n = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 's', &s)) > 0) {
                if (n >= max)
                        return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                                "%s: more than %zu members", what, max);
                r = array_grow(&strings, n, sizeof(char *));
                if (r < 0)
                        return r;
                strings[n++] = (char *)s;
        }
        if (r < 0)
                return r;
        r = array_grow(&strings, n, sizeof(char *));
        if (r < 0)
                return r;
        strings[n] = NULL;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(strings);
        *ret_n = n;
        return 0;
}

static int ports_read(sd_bus_message *m, const char *what, BusValue *v, sd_bus_error *error)
{
        uint16_t port;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "q");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 'q', &port)) > 0) {
                if (v->n >= BUS_LIST_MAX)
                        return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                                "%s: more than %d members", what, BUS_LIST_MAX);
                r = array_grow(&v->ports, v->n, sizeof(uint16_t));
                if (r < 0)
                        return r;
                v->ports[v->n++] = port;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int value_read(sd_bus_message *m, const BusKey *key, BusValue *v, sd_bus_error *error)
{
        union {
                int b;
                uint16_t q;
                uint32_t u;
                uint64_t t;
        } number = { 0 };
        char type = key->signature[0];
        int r;

        if (streq(key->signature, "as"))
                return bus_strings_read(m, BUS_LIST_MAX, key->name, &v->strings, &v->n, error);
        if (streq(key->signature, "aq"))
                return ports_read(m, key->name, v, error);
        if (type == 's')
                return sd_bus_message_read_basic(m, type, &v->string);
        r = sd_bus_message_read_basic(m, type, &number);
        if (r < 0)
                return r;
        v->number = type == 'b'   ? number.b != 0
                    : type == 'q' ? number.q
                    : type == 'u' ? number.u
                                  : number.t;
        return 0;
}

static int entry_read(sd_bus_message *m, const BusKey *keys, size_t n_keys, const char *error_name,
        BusValue *values, sd_bus_error *error)
{
        const char *name, *contents;
        char shown[TEXT_SHOWN_MAX];
        size_t i = 0;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r < 0)
                return r;
        while (i < n_keys && !streq(keys[i].name, name))
                i++;
        if (i == n_keys)
                return sd_bus_error_setf(
                        error, error_name, "unknown key: %s", text_show(name, shown));
        if (values[i].given)
                return sd_bus_error_setf(error, error_name, "%s is given twice", name);
        r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;
        if (!streq(contents, keys[i].signature))
                return sd_bus_error_setf(error, error_name, "%s: the type is %s, not %s", name,
                        keys[i].signature, text_show(contents, shown));
        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r < 0)
                return r;
        r = value_read(m, &keys[i], &values[i], error);
        if (r < 0)
                return r;
        values[i].given = true;
        return sd_bus_message_exit_container(m);
}

int bus_dict_read(sd_bus_message *m, const BusKey *keys, size_t n_keys, const char *error_name,
        BusValue *values, sd_bus_error *error)
{
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = entry_read(m, keys, n_keys, error_name, values, error);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 0;
}

void bus_values_deinit(BusValue *values, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(values[i].strings);
                free(values[i].ports);
                values[i] = (BusValue){ 0 };
        }
}
