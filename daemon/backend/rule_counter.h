/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The counts that a backend has of a rule.
 */

#include <stdint.h>

typedef struct RuleCounter {
        uint64_t id; /* of the rule, or DEFAULT_COUNTER_ID */
        uint64_t packets, bytes;
} RuleCounter;
