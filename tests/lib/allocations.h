/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The allocations of a program that is linked with ld --wrap for each function: one of them fails.
 * Those of the libraries that it uses do not.
 */

#include <stdbool.h>

/* Counts from here: the one of this number fails, counted from 1, and those after it too if on. 0:
 * none fails. */
void allocations_fail(unsigned at, bool on);
/* Since then. */
unsigned allocations_made(void);
