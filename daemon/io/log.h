/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The log of a service: lines on stderr, with a priority before each when the journal reads them.
 */

#include "rules/base/util.h"

#include <stdarg.h>
#include <syslog.h>

/* Call it once, first: the name that lines have where the journal does not read them; borrowed. It
 * reserves the standard streams. */
void log_open(const char *program);
/* Is stderr the journal's? */
bool log_is_journal(void);
/* One line of text; control characters in it become '?'. */
void log_line(int priority, const char *format, ...) _printf_(2, 3);

#define LOG_LINE_MAX 2048
/* The text of such a line; returns buffer. */
const char *log_format(char buffer[static LOG_LINE_MAX], const char *format, va_list ap)
        _printf_(2, 0);
/* Prints what log_format() returned. */
void log_put(int priority, const char *message);
