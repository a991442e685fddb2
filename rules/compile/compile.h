/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Policy to ruleset: the only place that decides order, defaults, managed ports, values of
 * variables and numbers of names (SPEC section 2).
 */

typedef struct Diagnostics Diagnostics;
typedef struct Names Names;
typedef struct Policy Policy;
typedef struct Ruleset Ruleset;

/*
 * Checks the whole policy and compiles it. Errors and warnings go to d, each at the place where
 * the user wrote it: an unknown role, set or variable; a required variable that is not set; a set
 * declared twice; a fragment name that both policy.d and the bus hold; a user or group in a rule
 * that does not exist (in a role's list of candidates it is skipped, a SEVERITY_NOTE); a port that
 * is not a mail port; too many rules. names resolves users, groups and units.
 * A policy that is not enabled is compiled too: whether to apply it is up to the caller.
 * 0; -EINVAL with errors in d; -ENOMEM.
 */
int compile_policy(const Policy *p, const Names *names, Diagnostics *d, Ruleset **ret);
