/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ruleset to nftables: the table `inet p25`, as messages for the kernel and as a script for
 * `nft -f`. Both are made from one list of statements, so that what is shown is what is sent.
 * Sends nothing.
 */

#include "rules/base/util.h"

typedef struct Ruleset Ruleset;

/* A script that `nft -f` loads atomically, replacing a table inet p25 that is there, and that
 * enforces the same policy (units by the cgroup they had at compile time). 0 or -ENOMEM. */
int nft_script_print(const Ruleset *r, char **ret);
/* The same at a time, in microseconds since the epoch, from which entries count that end; without
 * one they stay. */
int nft_script_print_at(const Ruleset *r, uint64_t now_usec, char **ret);
