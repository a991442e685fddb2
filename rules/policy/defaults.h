/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What happens to a connection that no rule matches, by direction.
 */

#include "rules/policy/action.h"
#include "rules/policy/direction.h"

/* Defaults of the three directions, _ACTION_INVALID where not stated. Never ACTION_LIMIT. */
typedef struct Defaults {
        Action of[_DIRECTION_MAX];
} Defaults;

extern const Defaults defaults_none;
