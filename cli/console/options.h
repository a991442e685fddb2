/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The options of p25ctl: one table for parsing and for help.
 */

#include "cli/console/cli.h"

typedef struct Option {
        const char *name;     /* without dashes */
        char letter;          /* '\0': none */
        const char *argument; /* what follows; NULL: nothing */
        size_t place;         /* of the bool or const char * in Cli */
        const char *help;
} Option;

/* Ends with an entry without name. */
extern const Option options[];

/*
 * Takes the options out of argv, wherever they stand ("--" ends them; the text behind "comment" is
 * none), and leaves the words in *ret_words (the array is the caller's, the texts are argv's).
 * 0 or the exit status of an error that was told.
 */
int options_parse(Cli *c, int argc, char **argv, char ***ret_words);
