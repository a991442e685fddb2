/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The log of p25-fleet: lines on stderr, with a priority before each when the journal reads them.
 */

#include "rules/base/util.h"

#include <syslog.h>

/* Is stderr the journal's? Call it once, first. */
void fleet_log_open(void);
/* One line of text; control characters in it become '?'. */
void fleet_log(int priority, const char *format, ...) _printf_(2, 3);
