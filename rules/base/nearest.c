/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/base/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define DISTANCE_MAX 64 /* longer words are near to nothing */

static size_t min_of(size_t a, size_t b)
{
        return a < b ? a : b;
}

static int letter(char c)
{
        return tolower((unsigned char)c);
}

/* The number of changes of one letter (insert, remove, replace, swap neighbours) from a to b. */
static size_t distance(const char *a, const char *b)
{
        size_t rows[3][DISTANCE_MAX + 1];
        size_t n = strlen(a), m = strlen(b);

        if (n > DISTANCE_MAX || m > DISTANCE_MAX)
                return SIZE_MAX;
        for (size_t j = 0; j <= m; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= n; i++) {
                size_t *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

                row[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        row[j] = min_of(min_of(row[j - 1], last[j]) + 1,
                                last[j - 1] + (letter(a[i - 1]) != letter(b[j - 1])));
                        if (i > 1 && j > 1 && letter(a[i - 1]) == letter(b[j - 2]) &&
                                letter(a[i - 2]) == letter(b[j - 1]))
                                row[j] = min_of(row[j], before[j - 2] + 1);
                }
        }
        return rows[n % 3][m];
}

Nearest nearest_begin(const char *word)
{
        size_t n = strlen(word);

        return (Nearest){ .word = word, .least = n < 4 ? 2 : n < 8 ? 3 : 4 };
}

bool nearest_try(Nearest *n, const char *candidate)
{
        size_t d = distance(n->word, candidate);

        if (d >= n->least || d >= strlen(candidate))
                return false;
        n->least = d;
        n->found = candidate;
        return true;
}
