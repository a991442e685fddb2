/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Changes over D-Bus. All functions return 0 or the exit status of a failure that they have
 * printed.
 */

#include "cli/console/cli.h"
#include "daemon/api/outcome.h"

#include <systemd/sd-bus.h>

/* An option of one method; value 0: it is not given. */
typedef struct ClientOption {
        const char *name;
        uint32_t value;
} ClientOption;

/* A change's options (a{sv}) from the command line, and one more (NULL: none). Under
 * --strict the change is tried first, and one that brings warnings ends here; *m is then another
 * message that says the same. */
int client_append_options(Cli *c, sd_bus_message **m, const ClientOption *more);

/* The reply to every change. */
typedef struct ChangeReply {
        bool changed;
        Outcome outcome;
        uint64_t revision;
        uint64_t former_expires_usec; /* of a rule that was updated; 0: it had no end */
        bool only_expires;            /* and nothing else of it has changed */
        char **diff;                  /* lines that the policy gains and loses */
        char **effects;               /* effects on packets */
        char **replay;                /* how it would have judged recent connections */
        char **warnings;
        char **unchanged; /* of what was named for a set: entries that make no difference */
        bool counts_entries;
        uint64_t entries; /* of a set that was replaced */
} ChangeReply;
void change_reply_deinit(ChangeReply *r);
#define _cleanup_change_reply_ _cleanup_(change_reply_deinit)
/* Appends the options, sends, reads (b t a{sv}). */
int client_change(Cli *c, sd_bus_message **m, const ClientOption *more, ChangeReply *ret);
/* The same of a method with arguments, by types as of sd_bus_message_append() (NULL: none). */
int client_change_with(Cli *c, const char *method, ChangeReply *ret, const char *types, ...);
/* The same for a text that p25d knows by a name: an error or a warning "NAME:LINE: …" is printed as
 * "FILE:LINE: …". */
int client_change_file(
        Cli *c, sd_bus_message **m, const char *name, const char *file, ChangeReply *ret);
/* Asks what a reload would change, and reads the answer like that of a change's dry run. text
 * replaces p25.conf and is from file; NULL: the files as they are. */
int client_plan_reload(Cli *c, const char *text, const char *file, ChangeReply *ret);
/* Puts a fragment, whose text is from file (NULL: nowhere); an empty text removes it. */
int client_put_fragment(
        Cli *c, const char *name, const char *text, const char *file, ChangeReply *ret);
/* Prints the warnings of a reply; under --strict with --dry-run they are errors. */
int client_change_read(Cli *c, sd_bus_message *reply, ChangeReply *ret);
/* The reply of DiffRevisions: diff and effects only. */
int client_difference_read(Cli *c, sd_bus_message *reply, ChangeReply *ret);
/* Both lists, a line each. */
void client_print_difference(Cli *c, const ChangeReply *r);
/* Prints it: under --dry-run the difference, else the first and the second line (either may be
 * NULL). Returns the exit status, EXIT_WOULD_CHANGE under --detailed-exitcode. */
int client_tell_change(Cli *c, const ChangeReply *r, const char *first, const char *second);
