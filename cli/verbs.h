/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The table of commands, and the texts that are printed from it: usage, help, completions.
 */

#include "cli/commands/commands.h"

/* Ends with an entry without name. */
extern const Verb verbs[];

/* The verb of these words, and how many of them are its name; NULL: no such command. */
const Verb *verb_find(char *const *words, size_t *ret_n);
/* Is there a longer command that begins with this one, as `audit promote`? */
bool verb_takes_second(const Verb *v);
/* Reports that these words are not a command, with the one that may be meant. */
int verb_fail_unknown(Cli *c, char *const *words);

int command_help(Cli *c, const Verb *v, char **args, size_t n);
/* "Usage: …" of one verb, on stderr. */
void verb_print_usage(const Verb *v);
/* The short usage of the program, on stderr. */
void program_print_usage(void);
