/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The daemon's log: lines on stderr, with a priority before each when the journal reads them. For
 * main alone; nobody else in daemon/ logs.
 */

#include "rules/base/util.h"

#include <syslog.h>

/* Is stderr the journal's? Call it once, first. */
void log_open(void);
/* One line of text; control characters in it become '?'. */
void log_line(int priority, const char *format, ...) _printf_(2, 3);
