/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a change adds and removes, in lines that a person reads: "+ allow out to 203.0.113.7 port
 * 25", "- role mx". Compares what the policies say, not what they do to packets.
 */

typedef struct Policy Policy;

/* *ret is NULL when the two say the same. 0 or -ENOMEM. */
int policy_difference(const Policy *old, const Policy *new, char ***ret);
