/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The commands: a row of the table of verbs, and the functions that rows name.
 */

#include "cli/console/cli.h"

typedef struct Buffer Buffer;
typedef struct json_t Json;

typedef struct Verb {
        const char *name;  /* one word or two: "role list" */
        unsigned min, max; /* arguments behind the name */
        /* args is NULL-terminated, n its length; returns the exit status */
        int (*run)(Cli *c, const struct Verb *v, char **args, size_t n);
        const char *arguments;   /* for the usage; NULL: none */
        const char *help;        /* one line */
        const char *examples[2]; /* without "p25ctl "; NULL: none */
        bool changes;            /* takes the options of a change */
        bool one_host;           /* refuses a list of hosts: it talks with a person or a stream */
        const char *group;       /* title, at the first verb of a group; else NULL */
} Verb;

#define VERB_ANY 100000u

int command_check(Cli *c, const Verb *v, char **args, size_t n);
int command_compile(Cli *c, const Verb *v, char **args, size_t n);
int command_doctor(Cli *c, const Verb *v, char **args, size_t n);
int command_edit(Cli *c, const Verb *v, char **args, size_t n);
int command_confirm(Cli *c, const Verb *v, char **args, size_t n);
int command_default(Cli *c, const Verb *v, char **args, size_t n);
int command_delete(Cli *c, const Verb *v, char **args, size_t n);
int command_diff(Cli *c, const Verb *v, char **args, size_t n);
int command_disable(Cli *c, const Verb *v, char **args, size_t n);
int command_enable(Cli *c, const Verb *v, char **args, size_t n);
int command_events(Cli *c, const Verb *v, char **args, size_t n);
int command_explain(Cli *c, const Verb *v, char **args, size_t n);
int command_fragment_drop(Cli *c, const Verb *v, char **args, size_t n);
int command_fragment_list(Cli *c, const Verb *v, char **args, size_t n);
int command_fragment_put(Cli *c, const Verb *v, char **args, size_t n);
int command_fragment_show(Cli *c, const Verb *v, char **args, size_t n);
int command_history(Cli *c, const Verb *v, char **args, size_t n);
int command_lockdown(Cli *c, const Verb *v, char **args, size_t n);
int command_stats(Cli *c, const Verb *v, char **args, size_t n);
int command_top(Cli *c, const Verb *v, char **args, size_t n);
int command_audit(Cli *c, const Verb *v, char **args, size_t n);
int command_audit_promote(Cli *c, const Verb *v, char **args, size_t n);
int command_logging(Cli *c, const Verb *v, char **args, size_t n);
int command_plan(Cli *c, const Verb *v, char **args, size_t n);
int command_reload(Cli *c, const Verb *v, char **args, size_t n);
int command_reset(Cli *c, const Verb *v, char **args, size_t n);
int command_role_change(Cli *c, const Verb *v, char **args, size_t n);
int command_role_list(Cli *c, const Verb *v, char **args, size_t n);
int command_role_show(Cli *c, const Verb *v, char **args, size_t n);
int command_rollback(Cli *c, const Verb *v, char **args, size_t n);
int command_role_suggest(Cli *c, const Verb *v, char **args, size_t n);
int command_rule(Cli *c, const Verb *v, char **args, size_t n);
int command_set_change(Cli *c, const Verb *v, char **args, size_t n);
int command_set_drop(Cli *c, const Verb *v, char **args, size_t n);
int command_set_feed(Cli *c, const Verb *v, char **args, size_t n);
int command_set_list(Cli *c, const Verb *v, char **args, size_t n);
int command_set_load(Cli *c, const Verb *v, char **args, size_t n);
int command_set_show(Cli *c, const Verb *v, char **args, size_t n);
int command_show_added(Cli *c, const Verb *v, char **args, size_t n);
int command_show_listening(Cli *c, const Verb *v, char **args, size_t n);
int command_show_raw(Cli *c, const Verb *v, char **args, size_t n);
int command_status(Cli *c, const Verb *v, char **args, size_t n);
int command_test(Cli *c, const Verb *v, char **args, size_t n);
int command_version(Cli *c, const Verb *v, char **args, size_t n);

/* Of a row about connections (events.c). The client: the user and unit or container of this host,
 * else the address, which has the key source. The other end: "198.51.100.7:25",
 * "[2001:db8::1]:25". "-" for what is not known. */
void row_print_client(Buffer *b, const Json *row, const char *source);
void row_print_end(Buffer *b, const char *address, int64_t port);
