/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The action for connections that no rule matches, by direction.
 */

#include "rules/policy/directions.h"

/* An Action for each Direction: _ACTION_INVALID where not stated, never ACTION_LIMIT. */
typedef struct Defaults {
        int of[DIRECTIONS];
} Defaults;

extern const Defaults defaults_none;
