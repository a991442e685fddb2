/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kinds of failure that p25d reports: one table of kind, D-Bus name and exit status of
 * p25ctl, and from which errno of the lower rooms each comes.
 */

typedef enum ErrorKind {
        ERROR_NONE,
        ERROR_INVALID_ARGS,
        ERROR_INVALID_RULE,
        ERROR_INVALID_POLICY,
        ERROR_NO_SUCH_ROLE,
        ERROR_NO_SUCH_RULE,
        ERROR_NO_SUCH_SET,
        ERROR_NO_SUCH_FRAGMENT,
        ERROR_NO_SUCH_REVISION,
        ERROR_NO_SUCH_NAME,
        ERROR_STALE_REVISION,
        ERROR_ASSERTION_FAILED,
        ERROR_NOT_SUPPORTED,
        ERROR_BACKEND_FAILED,
        ERROR_LIMIT_EXCEEDED,
        ERROR_ACCESS_DENIED,
        ERROR_FAILED, /* out of memory, disk full: org.freedesktop.DBus.Error.Failed */
        _ERROR_MAX,
} ErrorKind;

/* NULL for ERROR_NONE */
const char *error_kind_to_bus_name(ErrorKind k);
/* ERROR_FAILED for any other name */
ErrorKind error_kind_from_bus_name(const char *name);
/* of p25ctl, daemon/api.h */
int error_kind_to_exit_status(ErrorKind k);
