/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Ids of counters: that of the rule, or one of these. */

#include <stdint.h>

/* Ids of the counters of the three defaults, distinct from every rule's (SPEC ids are < 2^48). */
#define DEFAULT_COUNTER_ID(direction) ((UINT64_C(1) << 62) + (uint64_t)(direction))
