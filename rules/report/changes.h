/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The lines that a change adds and removes, for a reader: "+ allow out to 203.0.113.7 port 25", "-
 * role mx". Compares the texts of policies, not their effect on packets.
 */

typedef struct Policy Policy;

/* *ret is NULL when the two say the same. 0 or -ENOMEM. */
int policy_difference(const Policy *old, const Policy *new, char ***ret);
