/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The assertions of a file. assertion.h says what one holds.
 */

#include <stddef.h>

typedef struct Assertion Assertion;

typedef struct Assertions {
        Assertion *items;
        size_t n;
} Assertions;

void assertions_deinit(Assertions *l);
