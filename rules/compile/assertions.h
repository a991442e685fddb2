/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Assertions: sentences of a policy about itself, checked by the evaluator before every change.
 */

#include "rules/base/diagnostic.h"

typedef struct Names Names;
typedef struct Policy Policy;
typedef struct Ruleset Ruleset;

/* Checks the assertions of p25.conf, of the fragments and of the active roles. Each that fails is
 * an error in d with the verdict and the rule that decided. `allow` accepts allow and limit. None
 * fails under lockdown; one whose names cannot be looked up yet is a note. 0; -EPERM when one
 * fails; -EINVAL when one is not a valid packet; -ENOMEM. */
int assertions_check(const Policy *p, const Ruleset *r, const Names *names, Diagnostics *d);
