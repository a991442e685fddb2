/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The table of commands, from which help is printed too.
 */

#include "cli/commands/commands.h"

/* Ends with an entry without name. */
extern const Verb verbs[];

/* The verb of these words, and how many of them are its name; NULL: no such command. */
const Verb *verb_find(char *const *words, size_t *ret_n);

/* What follows the verb's name as one option after another; for usage and help. */
typedef struct OptionHelp {
        const char *option, *help;
} OptionHelp;

int command_help(Cli *c, const Verb *v, char **args, size_t n);
/* "Usage: …" of one verb, on stdout or stderr. */
void verb_print_usage(const Verb *v, bool to_stderr);
/* The short usage of the program. */
void program_print_usage(bool to_stderr);
