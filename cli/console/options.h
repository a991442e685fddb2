/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The options of p25ctl: one table for parsing and for help.
 */

#include "cli/console/cli.h"

typedef struct Option {
        const char *name;     /* without dashes */
        char letter;          /* '\0': none */
        const char *argument; /* the argument; NULL: none */
        size_t place;         /* of the bool or const char * in Cli */
        const char *help;
        bool of_changes;      /* only for commands that change the policy */
        const char *verbs[2]; /* only for these commands; NULL: for all */
} Option;

/* Ends with an entry without name. */
extern const Option options[];

bool option_is_set(const Cli *c, const Option *o);

/*
 * Takes the options out of argv, wherever they are ("--" ends them; the text behind "comment" is
 * not an option), and leaves the words in *ret_words (the caller frees the array, not the texts).
 * 0 or the exit status of an error that was printed.
 */
int options_parse(Cli *c, int argc, char **argv, char ***ret_words);
