/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A ruleset into two tables, and what they have counted.
 */

#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct IptBackend IptBackend;
typedef struct RuleCounter RuleCounter;
typedef struct Ruleset Ruleset;

int ipt_check(IptBackend *b, const Ruleset *r, Diagnostics *d);
int ipt_apply(IptBackend *b, const Ruleset *r, Diagnostics *d);
/* Does one of the families have a chain of ours? In doubt it does. */
bool ipt_is_there(const IptBackend *b);
int ipt_apply_remove(IptBackend *b, Diagnostics *d);
/* `wanted` once more, with the addresses that the host has now, without regard to the kernel's
 * content. Does not wait for the lock: -EBUSY. */
int ipt_apply_again(IptBackend *b);
/* Adds what was counted since the last time to the totals. */
int ipt_count(IptBackend *b);
/* The sums of both families. */
int ipt_counters(const IptBackend *b, RuleCounter **ret, size_t *ret_n);
