/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the walk through a client's dictionaries. Does not know any key by name.
 */

#include "daemon/bus/dict.h"

#include "daemon/api/api.h"
#include "rules/base/array.h"
#include "rules/base/text.h"

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

/* ---- numbers ---- */

/* Clients write integers of the type that their language has: all that fit are taken. */
static const char integer_types[] = "ynqiuxt";

/* The largest value of a type; 0: it is not an integer's. */
static uint64_t integer_max(char type)
{
        switch (type) {
        case 'q':
                return UINT16_MAX;
        case 'u':
                return UINT32_MAX;
        case 't':
                return UINT64_MAX;
        default:
                return 0;
        }
}

/* 0; -ERANGE if the number is negative; other negative errno. */
static int integer_read(sd_bus_message *m, char type, uint64_t *ret)
{
        union {
                uint8_t y;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
        } v = { 0 };
        int64_t value;
        int r = sd_bus_message_read_basic(m, type, &v);

        if (r < 0)
                return r;
        if (type == 'y' || type == 'q' || type == 'u' || type == 't') {
                *ret = type == 'y' ? v.y : type == 'q' ? v.q : type == 'u' ? v.u : v.t;
                return 0;
        }
        value = type == 'n' ? v.n : type == 'i' ? v.i : v.x;
        *ret = (uint64_t)value;
        return value < 0 ? -ERANGE : 0;
}

/* The same for a key of the type `wanted`. */
static int number_read(sd_bus_message *m, char wanted, char type, uint64_t *ret)
{
        int r = integer_read(m, type, ret);

        if (r < 0)
                return r;
        return *ret > integer_max(wanted) ? -ERANGE : 0;
}

/* ---- values ---- */

static int numbers_read(sd_bus_message *m, const BusKey *key, const char *contents, BusValue *v,
        sd_bus_error *error)
{
        uint64_t number = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', contents + 1);
        if (r < 0)
                return r;
        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                if (v->n >= BUS_LIST_MAX)
                        return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                                "%s: more than %d members", key->name, BUS_LIST_MAX);
                r = array_grow(&v->ports, v->n, sizeof(uint16_t));
                if (r >= 0)
                        r = number_read(m, 'q', contents[1], &number);
                if (r < 0)
                        return r;
                v->ports[v->n++] = (uint16_t)number;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* A string in place of an array is an array of one. */
static int string_read_as_array(sd_bus_message *m, BusValue *v)
{
        const char *s;
        int r = sd_bus_message_read_basic(m, 's', &s);

        if (r < 0)
                return r;
        v->strings = calloc(2, sizeof(char *));
        if (!v->strings)
                return -ENOMEM;
        v->strings[0] = (char *)s;
        v->n = 1;
        return 0;
}

static int value_read(sd_bus_message *m, const BusKey *key, const char *contents, BusValue *v,
        sd_bus_error *error)
{
        int on = 0, r;

        if (streq(contents, "as"))
                return bus_strings_read(m, BUS_LIST_MAX, key->name, &v->strings, &v->n, error);
        if (contents[0] == 'a')
                return numbers_read(m, key, contents, v, error);
        if (streq(key->signature, "as"))
                return string_read_as_array(m, v);
        if (contents[0] == 's')
                return sd_bus_message_read_basic(m, 's', &v->string);
        if (contents[0] != 'b')
                return number_read(m, key->signature[0], contents[0], &v->number);
        r = sd_bus_message_read_basic(m, 'b', &on);
        v->number = on != 0;
        return r;
}

static bool is_integer(const char *type)
{
        return type[0] && !type[1] && strchr(integer_types, type[0]);
}

/* Is a value of the type `contents` one for the key? */
static bool type_fits(const BusKey *key, const char *contents)
{
        if (streq(contents, key->signature))
                return true;
        if (streq(key->signature, "as"))
                return streq(contents, "s");
        if (streq(key->signature, "aq"))
                return contents[0] == 'a' && is_integer(contents + 1);
        return integer_max(key->signature[0]) > 0 && is_integer(contents);
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
        if (keys[i].read_back) {
                values[i].given = true;
                return sd_bus_message_skip(m, "v");
        }
        if (!type_fits(&keys[i], contents))
                return sd_bus_error_setf(error, error_name, "%s: the type is %s, not %s", name,
                        keys[i].signature, text_show(contents, shown));
        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r < 0)
                return r;
        r = value_read(m, &keys[i], contents, &values[i], error);
        if (r == -ERANGE)
                return sd_bus_error_setf(error, error_name, "%s: the number is out of range", name);
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
