/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads a{sv} documents strictly, by a table of keys, and writes them. Knows types, not meanings.
 */

#include "rules/base/util.h"

#include <systemd/sd-bus.h>

#define BUS_LIST_MAX 10000 /* members of a list in a document */

typedef struct BusKey {
        const char *name;
        const char *signature; /* "s" "as" "aq" "b" "q" "u" "t" */
        bool read_back;        /* p25d writes it only; it is ignored in what comes in */
} BusKey;

typedef struct BusValue {
        bool given;
        const char *string;
        char **strings; /* the array is malloc()ed, its strings are the message's */
        uint16_t *ports;
        size_t n; /* of strings or ports */
        uint64_t number;
} BusValue;

/*
 * Reads the dictionary at the message's place into values, one for each key. An unknown key, one
 * given twice and a value of another type (but integers of any width that fit, and one string where
 * an array is meant) is the D-Bus error `error_name`; a list that is too long
 * is LimitExceeded. values must be zero before, and bus_values_deinit()ed after, also on failure.
 * 0 or negative errno.
 */
int bus_dict_read(sd_bus_message *m, const BusKey *keys, size_t n_keys, const char *error_name,
        BusValue *values, sd_bus_error *error);
void bus_values_deinit(BusValue *values, size_t n);

/* An array of strings at the message's place; the array is malloc()ed (NULL-terminated, never
 * NULL), its strings are the message's. `what` is for the message of LimitExceeded. */
int bus_strings_read(sd_bus_message *m, size_t max, const char *what, char ***ret, size_t *ret_n,
        sd_bus_error *error);

/* One {sv} entry of a simple type; the value's type is that of the format of
 * sd_bus_message_append. */
#define bus_append_entry(m, key, type, value) sd_bus_message_append(m, "{sv}", key, type, value)
