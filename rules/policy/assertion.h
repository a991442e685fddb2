/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One assertion: the verdict that a file expects about a packet, which the compiler proves.
 */

#include "rules/policy/action.h"

typedef struct Assertion {
        char *packet; /* words of `explain`: "out to 8.8.8.8 user www-data" */
        Action verdict;
        char *file;
        unsigned line;
} Assertion;
