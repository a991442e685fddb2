/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Changes of p25ctl's settings, which override p25.conf. They are changes as manager.h has them.
 */

#include "rules/policy/action.h"
#include "rules/policy/direction.h"
#include "rules/policy/settings.h"

#include <stdbool.h>

typedef struct Change Change;
typedef struct ChangeResult ChangeResult;
typedef struct Manager Manager;
typedef struct Ruleset Ruleset;

int manager_set_roles(Manager *m, char *const *roles, const Change *c, ChangeResult *r);
int manager_set_default(
        Manager *m, Direction direction, Action action, const Change *c, ChangeResult *r);
int manager_set_enabled(Manager *m, bool enabled, const Change *c, ChangeResult *r);
/* Never refused because of what the policy says; also while p25 is off or in the fail-safe. */
int manager_set_lockdown(Manager *m, bool on, const Change *c, ChangeResult *r);
int manager_set_logging(Manager *m, Logging logging, const Change *c, ChangeResult *r);
/* Everything in audit is enforced from now on, until a reset. */
int manager_promote_audit(Manager *m, const Change *c, ChangeResult *r);
/* The ruleset that would be in force then. 0, -ENOMEM, -EINVAL. */
int manager_promoted_ruleset(Manager *m, Ruleset **ret);
