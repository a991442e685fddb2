/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The lines in which the sets of two policies differ: "+ set bans 3 entries". 0 or -ENOMEM. */

#include "rules/report/lines.h"

typedef struct Fragment Fragment;
typedef struct State State;

/* Of p25.conf or a fragment; NULL: there is none. */
int declared_sets_difference(const Fragment *old, const Fragment *new, Lines *lines);
int stored_sets_difference(const State *old, const State *new, Lines *lines);
