/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ruleset to legacy iptables as text; the backend uses rules/ipt_table.h instead. Loads nothing.
 */

#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct Ruleset Ruleset;

/*
 * The text that `iptables-restore` (after a line "# iptables-restore") and `ip6tables-restore`
 * (after "# ip6tables-restore") load, with or without --noflush, to enforce the same policy. The
 * text cannot know the host's addresses, so a translated (DNAT) connection counts as incoming,
 * whatever address was dialled. Lists of addresses are trees of chains.
 *
 * 0, -ENOMEM, or -EOPNOTSUPP with an error in d that names the rule and what cannot be said.
 */
int ipt_script_print(const Ruleset *r, bool ipv4, bool ipv6, Diagnostics *d, char **ret);
