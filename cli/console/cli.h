/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The context of every command of p25ctl: the options, and the functions that print. Functions of
 * this room that return an exit status (daemon/api/api.h) have already printed why it is not 0.
 */

#include "rules/base/util.h"

#include <systemd/sd-bus.h>

typedef struct Diagnostics Diagnostics;
typedef struct json_t Json;

typedef struct Cli {
        bool dry_run, json, quiet, force, detailed_exitcode, strict, follow, ipv4, ipv6, help,
                version, probe, openmetrics;
        const char *host, *root, *policies, *confirm, *reason, *format, *expect, *number, *color,
                *since, *at;
        uint64_t expected_revision; /* of expect */
        uint32_t confirm_seconds;   /* of confirm */
        uint32_t max_lines;         /* of number; 0: all */
        uint32_t since_seconds;     /* of since; 0: not given */
        uint64_t at_usec;           /* of at, since the epoch; 0: not given */
        char **hosts;               /* of host, if it names several; else NULL */
        sd_bus *bus;                /* opened by the first call */
        bool no_start;              /* calls do not start a p25d that does not run */
        bool agent_opened;          /* polkit may ask for a password on this terminal */
        Json *errors;               /* of this run, for --json */
        Json *warnings;
        bool documented;  /* the one JSON document is printed */
        bool changed;     /* the policy, by this run */
        int output_error; /* errno of the first write that failed */
} Cli;

void cli_deinit(Cli *c);

/* "ERROR: …" on stderr; returns status. Everything that is printed is made printable. */
int cli_fail(Cli *c, int status, const char *format, ...) _printf_(3, 4);
/* The same for a negative errno: "WHAT: No such file or directory"; -EPERM and -EACCES are
 * EXIT_NOT_AUTHORISED, all others EXIT_FAILED. */
int cli_fail_errno(Cli *c, int r, const char *what);
/* Is it a name of a "set" or "fragment"? 0, or EXIT_BAD_INPUT after its error. */
int cli_check_name(Cli *c, const char *kind, const char *name);
/* All errors and warnings of a list. Returns EXIT_BAD_INPUT if there are errors, or warnings under
 * --strict; else 0. */
int cli_tell_diagnostics(Cli *c, const Diagnostics *d);
/* "WARNING: …" on stderr */
void cli_warn(Cli *c, const char *format, ...) _printf_(2, 3);
/* A line of another program on stderr, without a label. */
void cli_remark(const char *format, ...) _printf_(1, 2);
/* A line on stdout for people: not with --quiet or --json. */
void cli_say(Cli *c, const char *format, ...) _printf_(2, 3);
/* The one document of --json; without --json nothing. Takes the document. Returns 0, or
 * EXIT_FAILED when memory is short. */
int cli_document(Cli *c, Json *document);
/* The same for one that p25d wrote. */
int cli_document_text(Cli *c, const char *text);
/* Prints the result of a command: a text on stdout as it is, or the document; takes it. */
int cli_text(Cli *c, const char *text, Json *document);
/* A text on stdout whose colors are kept; its words were made printable when they arrived. */
int cli_colored_text(Cli *c, const char *text);
/* Flushes stdout, so that it is complete before the next lines of stderr. */
void cli_flush(Cli *c);
/* With --json prints errors and warnings as the document if the command printed none. */
int cli_finish(Cli *c, int status);

/* Is standard output a terminal? */
bool cli_on_terminal(void);
/* Shall what is printed there be coloured? As --color says; auto: on a terminal that can, unless
 * NO_COLOR is set (no-color.org). */
bool cli_in_color(const Cli *c);

/* "'lowe' is not a valid KIND: off, low, … or high", or "…: did you mean "low"?" where one of the
 * words is near; EXIT_BAD_INPUT. */
int cli_fail_word(Cli *c, const char *word, const char *kind, const char *const *words, size_t n);

/* Asks "QUESTION (y|n)? " on the terminal. Returns > 0 for yes, 0 for no; without a terminal and
 * without --force -ENOTTY. --force is yes. */
int cli_ask(const Cli *c, const char *question);
