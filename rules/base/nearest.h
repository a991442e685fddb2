/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Finds the word that was meant by a misspelt one, for "did you mean". */

#include <stdbool.h>
#include <stddef.h>

typedef struct Nearest {
        const char *word;  /* as the user wrote it */
        size_t least;      /* only candidates below this distance count */
        const char *found; /* the nearest candidate, or NULL */
} Nearest;

Nearest nearest_begin(const char *word);
/* Is the candidate nearer than those before it? Case does not matter. */
bool nearest_try(Nearest *n, const char *candidate);
