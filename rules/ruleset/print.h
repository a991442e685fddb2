/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A ruleset as text. */

typedef struct Ruleset Ruleset;

/* The ruleset as text, one rule a line, for `compile --format ir` and the golden files; stable from
 * run to run. 0 or -ENOMEM. */
int ruleset_print(const Ruleset *r, char **ret);
