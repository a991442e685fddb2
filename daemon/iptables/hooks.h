/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The built-in chains of a table: our jumps in them, and their policies. Steps of an installation,
 * which return 0 or negative errno with an error reported.
 */

#include <stdbool.h>

typedef struct IptInstallation IptInstallation;

/* Puts the wanted jump before everything else of each built-in chain, and removes all others of
 * ours; force: even where it is so. */
int ipt_hooks_set_jumps(IptInstallation *i, bool force);
/* Keeps what the policies of the built-in chains have counted, which libiptc forgets. */
int ipt_hooks_keep_policies(IptInstallation *i);
