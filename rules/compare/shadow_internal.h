/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by shadow.c and shadow_family.c. */

#include "rules/address/family.h"
#include "rules/policy/direction.h"
#include "rules/ruleset/ruleset.h"

typedef struct Match Match;

/* The direction only, without a rule, or with another one behind it. The rules are borrowed; the
 * caller frees the array. */
int ruleset_vary(const Ruleset *r, Direction direction, size_t index, const CompiledRule *behind,
        Ruleset *ret);
/* Only this direction of it. */
Ruleset ruleset_narrow(const Ruleset *r, Direction direction);
bool match_is_whole(const Match *m, Family family);
