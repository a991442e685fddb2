/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Random policies, as the text of a p25.conf: what is found can be read, kept and tried by hand.
 * They speak of the addresses, users and units that sites.h and senders.h have, and of some that
 * nobody has.
 */

#include "tests/differential/senders.h"
#include "tests/differential/sites.h"

/* ---- the whole ---- */

/* The caller frees it. */
char *policy_write(Random *r);
