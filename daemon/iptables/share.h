/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Our share of a table, as an installation finds it.
 */

typedef struct IptInstallation IptInstallation;

/*
 * Reads our chains and jumps into i->have. A foreign chain that has a name of ours is left out, and
 * is an error if its name is wanted. 0, -EEXIST (such a chain), -ENOMEM.
 */
int ipt_share_read(IptInstallation *i);
