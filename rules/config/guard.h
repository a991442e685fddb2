/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Refuses, by name and line, the texts that libconfig would read differently than they are written,
 * read differently in another version, open files for, or need hours for. Also refuses what
 * libconfig calls a syntax error, and says what was expected instead. Yields no values: libconfig
 * reads the text (node.h). Does not know the vocabulary.
 */

#include "rules/base/diagnostic.h"

#define GUARD_DEPTH_MAX 16
#define GUARD_GROUP_MAX 10000 /* settings in one group; libconfig compares each with all others */
#define GUARD_VALUES_MAX 2200000 /* the entries of a set, and some more */
#define GUARD_STRING_MAX 65536   /* bytes of one string; libconfig grows it by 64 bytes */

/* Counts on which libconfig's memory depends. */
typedef struct GuardCounts {
        size_t values;    /* all of them */
        size_t compounds; /* the groups and lists among them */
} GuardCounts;

/*
 * Checks a NUL-terminated text. Writes ( and ) over the [ and ] of
 * arrays: libconfig refuses an array of numbers and strings, which a list of ports may be, and p25
 * does not distinguish arrays from lists. 0, -EINVAL (one error in d), -ENOMEM.
 */
int guard_text(char *text, const char *file, Diagnostics *d, GuardCounts *ret);
