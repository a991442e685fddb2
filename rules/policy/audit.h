/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Which refusals of a policy in force are only reported: those that p25.conf or a role puts in
 * audit, unless p25ctl promoted them.
 */

#include "rules/policy/direction.h"

#include <stdbool.h>

typedef struct Policy Policy;
typedef struct Role Role;

/* Are all refusals of the direction only reported? */
bool policy_audits(const Policy *p, Direction d);
/* Are those of the role only reported? */
bool policy_audits_role(const Policy *p, const Role *role);
