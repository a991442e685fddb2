/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Calls to the server of a fixture, and what they must come to. */

#include "tests/bus/fixture.h"

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)
#define _cleanup_error_ _cleanup_(sd_bus_error_free)

/* Of a test that has a bus, a server and a client of its own: *state is its Fixture. */
int server_setup(void **state);
/* Bus, server and client of a fixture that was started and set up; 0, or -1. */
int server_start(Fixture *f);
int server_teardown(void **state);

sd_bus_message *new_call(sd_bus *bus, const char *member);

/* Sends m; the reply, or NULL and the error. */
sd_bus_message *send_call(sd_bus *bus, sd_bus_message *m, sd_bus_error *error);
void assert_fails(sd_bus *bus, sd_bus_message *m, const char *name);

typedef struct Details {
        const char *outcome; /* the message's */
        char **diff, **effects, **warnings, **unchanged;
        uint64_t former_expires, entries;
        int only_expires;
} Details;

void details_deinit(Details *d);

#define _cleanup_details_ _cleanup_(details_deinit)

/* The a{sv} at the message's place: no key twice, none but these. */
Details read_details(sd_bus_message *m);

/* A change's answer: has it, would it have changed? */
void assert_changes(sd_bus *bus, sd_bus_message *m, bool expected, uint64_t *ret_revision);

#define APPEND(m, ...) assert_true(sd_bus_message_append(m, __VA_ARGS__) >= 0)

/* One call, whole: name, arguments as sd_bus_message_append takes them */
#define CHANGES(bus, expected, member, ...)                                   \
        do {                                                                  \
                _cleanup_message_ sd_bus_message *m_ = new_call(bus, member); \
                APPEND(m_, __VA_ARGS__);                                      \
                assert_changes(bus, m_, expected, NULL);                      \
        } while (0)

#define FAILS(bus, name, member, ...)                                         \
        do {                                                                  \
                _cleanup_message_ sd_bus_message *m_ = new_call(bus, member); \
                APPEND(m_, __VA_ARGS__);                                      \
                assert_fails(bus, m_, name);                                  \
        } while (0)

#define INVALID_RULE BUS_ERROR_INVALID_RULE
#define INVALID_ARGS BUS_ERROR_INVALID_ARGS

uint64_t get_revision(sd_bus *bus);

/* ---- every method that changes ---- */

/* A file in memory that holds a set's text, at its end as a writer leaves it. */
int make_file(const char *text);

typedef struct ChangeCase {
        const char *member;
        void (*append)(sd_bus_message *m); /* all but the options */
        bool changes;
        bool again_is_error;
} ChangeCase;

#define CHANGE_CASES 16

/* In this order each changes something on a fresh host, and nothing a second time. */
extern const ChangeCase change_cases[CHANGE_CASES];
