/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Policy to ruleset: the only place that decides order, defaults, managed ports, what a var means
 * and what a name is worth (SPEC section 2).
 */

#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/ruleset/ruleset.h"

/*
 * Checks the whole policy and compiles it. Errors and warnings go to d, each at the place where
 * the user wrote it: unknown role, set, var; a missing required var; a set declared twice; a
 * fragment name that policy.d and the bus both hold; a user or group in a rule that does not
 * exist (in a role's list of candidates: skipped, a SEVERITY_NOTE); a port that is no mail port;
 * too many rules. names resolves users, groups and units.
 * A policy that is not enabled is compiled all the same: whether to apply it is the caller's.
 * 0, -EINVAL (see d), -ENOMEM.
 */
int compile_policy(const Policy *p, const Names *names, Diagnostics *d, Ruleset **ret);
