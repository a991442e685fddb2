/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The daemon's log: lines, with fields where the journal reads them. For main only; nothing else in
 * p25d logs.
 */

#include "daemon/io/log.h"

/* MESSAGE_ID of a change of the policy. */
#define LOG_CHANGE "6d0d1f0c5a3e4c1f9b7a8e2f4c6b1d35"

/* Fields of the journal besides the line, as P25_REVISION=, P25_UID=, …; NULL: none. */
typedef struct LogEvent {
        const char *id; /* MESSAGE_ID */
        int priority;
        uint64_t revision;
        uint32_t uid;
        const char *process, *unit, *remote, *reason, *outcome;
        char *const *lines; /* P25_DIFF, the first of them */
} LogEvent;

/* MESSAGE_ID of a connection that was refused or logged. */
#define LOG_CONNECTION "f1c0a8d7b92e4d5e8a6c3b1f0e7d2946"

/* MESSAGE_ID of an alert about a user. */
#define LOG_ALERT_ID "a4f7d3b1c9e24c6f8d25b07e6a913c48"

typedef struct LogField {
        const char *name, *value; /* NULL or "": no such field */
} LogField;

/* A line; where the journal reads, with MESSAGE_ID and these fields (32 at most). */
void log_fields(const char *id, int priority, const LogField *fields, size_t n, const char *format,
        ...) _printf_(5, 6);

/* A line, with the event's fields where the journal reads. */
void log_event(const LogEvent *e, const char *format, ...) _printf_(2, 3);
