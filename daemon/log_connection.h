/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* An event as a line of the log, with the journal's fields. user: of its uid, NULL: not known.
 * left_out: so many others are not logged. */

#include "rules/base/util.h"

typedef struct Event Event;
void log_connection(const Event *e, const char *user, uint64_t left_out);
