/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * p25d over D-Bus. All functions return 0, or the exit status of a failure that they have printed.
 */

#include "cli/console/cli.h"

typedef struct Report Report;

typedef struct json_t Json;

/* The exit status of a D-Bus error; EXIT_FAILED for an unknown one. */
int client_error_status(const char *name);

/* Does p25d answer? Prints nothing. */
bool client_is_reachable(Cli *c);
/* A new method call to the manager; opens the bus if need be. */
int client_message(Cli *c, const char *method, sd_bus_message **ret);
/* The same with arguments, by types as of sd_bus_message_append() (NULL: none). */
int client_message_va(
        Cli *c, const char *method, const char *types, va_list arguments, sd_bus_message **ret);
/* Sends and waits. */
int client_call(Cli *c, sd_bus_message *m, sd_bus_message **ret_reply);
/* The same, but the caller prints the error; returns 0 or negative errno. */
int client_try(Cli *c, sd_bus_message *m, sd_bus_error *ret_error, sd_bus_message **ret_reply);
/* Prints an error of client_try(); returns its exit status. */
int client_fail(Cli *c, const sd_bus_error *error, int r);
/* For sd_bus_message_append*() and read*() that return a negative errno. */
int client_fail_message(Cli *c, int r);

/* A call with arguments, by types as of sd_bus_message_append(). */
int client_ask_with(Cli *c, const char *method, sd_bus_message **ret_reply, const char *types, ...);
/* The same of a list of dictionaries, as client_read_dicts() gives it. */
int client_ask_list(Cli *c, const char *method, Json **ret, const char *types, ...);
/* A call without arguments, or with one string (NULL: none). */
int client_ask(Cli *c, const char *method, const char *argument, sd_bus_message **ret_reply);
/* The text that such a call gives. */
int client_ask_text(Cli *c, const char *method, const char *argument, char **ret);
/* 0 if descriptors reach p25d. Over ssh they do not, and the error says what to do instead. */
int client_check_descriptors(Cli *c);
/* Is p25 active, or where p25d cannot be asked, `otherwise`? Prints no error: a change that was
 * made is reported as made, even if p25d ended meanwhile. */
bool client_is_active(Cli *c, bool otherwise);
/* Properties of type 'b', 's' and 'as'. */
int client_get_active(Cli *c, bool *ret);
int client_get_string(Cli *c, const char *property, char **ret);
int client_get_strings(Cli *c, const char *property, char ***ret);

/* The document of `status`, as the daemon's own text, which lives as long as the reply, owned by
 * the caller. */
int client_get_report(Cli *c, Report *ret);
int client_get_report_text(Cli *c, sd_bus_message **ret_reply, const char **ret_json);
int client_parse_report(Cli *c, const char *json, Report *ret);

/* aa{sv} → array of objects; a{sv} → object (an empty one: null). 0 or negative errno. */
int client_read_dicts(sd_bus_message *m, Json **ret);
int client_read_dict(sd_bus_message *m, Json **ret);
