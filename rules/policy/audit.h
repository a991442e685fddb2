/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Audit: refusals that are only reported. p25.conf or a role puts them in audit, and p25ctl may
 * promote them.
 */

#include "rules/policy/direction.h"

#include <stdbool.h>

typedef struct Policy Policy;
typedef struct Role Role;

/* Are all refusals of the direction only reported? */
bool policy_audits(const Policy *p, Direction d);
/* Are those of the role only reported? */
bool policy_audits_role(const Policy *p, const Role *role);
