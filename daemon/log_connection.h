/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/events/event.h"

/* An event as a line of the log, with the journal's fields. user: of its uid, NULL: not known.
 * left_out: so many others are not logged. */
void log_connection(const Event *e, const char *user, uint64_t left_out);
