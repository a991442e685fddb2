/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Lists of texts, and the lines in which two of them differ. 0 or -ENOMEM. */

#include "rules/base/util.h"

/* A list of strings that knows its length: there may be a hundred thousand of them. */
typedef struct Lines {
        char **items; /* NULL-terminated once there is one */
        size_t n;
} Lines;

void lines_deinit(Lines *l);
#define _cleanup_lines_ _cleanup_(lines_deinit)

int lines_add(Lines *l, const char *format, ...) _printf_(2, 3);
/* Takes over the text; NULL: -ENOMEM. */
int lines_consume(Lines *l, char *text);
/* Adds a line with the sign for every text of `of` that has no partner in `other`, in the order of
 * `of`. Both may be NULL. */
int lines_add_missing(
        Lines *lines, char sign, char *const *of, char *const *other, const char *suffix);
/* "- TEXT" for removed texts, then "+ TEXT" for added ones, duplicates counted; of a mere change of
 * order all of both. The suffix follows each text. old and new may be NULL. */
int lines_add_texts(Lines *lines, char *const *old, char *const *new, const char *suffix);
