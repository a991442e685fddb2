/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a file says of the policy's verdict about a packet, for the compiler to prove.
 */

#include "rules/policy/action.h"

#include <stddef.h>

typedef struct Assertion {
        char *packet; /* words of `explain`: "out to 8.8.8.8 user www-data" */
        Action verdict;
        char *file;
        unsigned line;
} Assertion;

typedef struct Assertions {
        Assertion *items;
        size_t n;
} Assertions;

void assertions_deinit(Assertions *l);
