/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The one place that decides whether a rule is valid. Parsers take a rule as it is written. A rule
 * is judged where it enters a policy, because only there the place of an error is known:
 *
 *   the reader of files   the file's line and the path of the setting, all errors of a file at once
 *   the manager           the argument of a call; RemoveRule's too, which is never compiled
 *   p25ctl offline        the words, where no manager is asked
 *   compile               what variables and the policy's ports make of a rule
 *
 * compile expects judged rules and asks only the last. If only compile judged, rules of roles that
 * are not in use and matches of RemoveRule would not be judged at all, and a file with an error of
 * another kind would show the errors of its rules only once that is corrected.
 */

#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct Ports Ports;
typedef struct Rule Rule;

/* Can it be the name or number of a user or group, or the name of a unit that has processes? */
bool identity_is_valid(const char *s, bool is_unit);

/* Errors that a rule has by itself: a user with a direction other than out, numbers of a limit
 * without one, too many addresses, a variable outside a file, … Errors at the rule's place, each
 * with the path of its setting below `setting` (NULL: none). 0, -EINVAL, -ENOMEM. */
int rule_judge(const Rule *r, const char *setting, Diagnostics *d);
/* Errors that depend on the policy around it, once variables have been replaced by their values;
 * otherwise the same. */
int rule_judge_in_policy(
        const Rule *r, const Ports *mail_ports, const char *setting, Diagnostics *d);
/* Both, of a rule without variables, as p25ctl and the bus bring it; the second question only if
 * the first finds nothing. */
int rule_judge_complete(const Rule *r, const Ports *mail_ports, Diagnostics *d);
