/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Rules of tests as one would type them. */

#include "rules/words/words.h"
#include "tests/unit/fixture.h"

typedef struct RuleList RuleList;

/* Adds p25ctl's own rules, one a line of words: "deny in from 10.0.0.0/8". `for` is counted from
 * the epoch on. */
void add_rules_of_words(RuleList *l, const char *const *lines);
