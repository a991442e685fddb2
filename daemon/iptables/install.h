/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Changing a table.
 */

#include "daemon/iptables/image.h"
#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;

/* The results of an installation: the state that it found, and the one that it left. */
typedef struct IptInstalled {
        IptImage before; /* our share as it was */
        bool exactly;    /* our share is what was wanted, and nothing beside it has our names */
} IptInstalled;

void ipt_installed_deinit(IptInstalled *i);

/*
 * Makes our share of the table what `want` says (NULL: nothing), and nothing else, in one commit.
 * Counters are carried over by the ids in comments. known: chains that are ours although nothing in
 * them says so (NULL: none). ret may be NULL. force: commit even if nothing differs. Returns 1 if
 * something was changed, 0 if there was nothing to do, or negative errno with an error in d:
 * -EEXIST (a foreign chain has a name of ours), -ENOENT …
 */
int ipt_table_install(Family family, const IptImage *want, const IptImage *known, bool force,
        IptInstalled *ret, Diagnostics *d);
