/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The problem with the documents, if any: logged once, until it changes or is solved.
 */

#include "rules/base/util.h"

typedef struct Problem {
        char *text; /* NULL: nothing is wrong */
} Problem;

/* in_force: the serial that stays in force meanwhile; 0: none. */
void problem_set(Problem *p, uint64_t in_force, const char *format, ...) _printf_(3, 4);
void problem_clear(Problem *p);
void problem_deinit(Problem *p);
