/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The way of a packet through the ruleset in words: what was asked in which order, and what
 * decided. For `explain`, with and without a daemon.
 */

#include "rules/ruleset/evaluate.h"

/*
 * One line for each stage that was consulted: "port 25 is managed (outgoing)", "p25ctl: none of 3
 * rules matches", "role:mx: rule 2 of 4 matches: …", "the default decides: reject (of a
 * role)". r NULL: p25 is inactive. 0 or -ENOMEM.
 */
int explain_path(const Ruleset *r, const Packet *p, const Verdict *v, char ***ret);
