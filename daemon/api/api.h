/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Names that p25d and its clients share: bus, errors, exit statuses. No code.
 */

#define P25_VERSION "0.1.0"

#define BUS_NAME "org.port25.Policy1"
#define BUS_PATH "/org/port25/Policy1"
#define BUS_INTERFACE "org.port25.Policy1.Manager"

/* Root's way to p25d that does not pass through the bus, in ROOT/run/p25. */
#define DIRECT_SOCKET "p25d.socket"

#define BUS_ERROR_PREFIX "org.port25.Policy1.Error."
#define BUS_ERROR_INVALID_RULE BUS_ERROR_PREFIX "InvalidRule"
#define BUS_ERROR_INVALID_POLICY BUS_ERROR_PREFIX "InvalidPolicy"
#define BUS_ERROR_NO_SUCH_ROLE BUS_ERROR_PREFIX "NoSuchRole"
#define BUS_ERROR_NO_SUCH_RULE BUS_ERROR_PREFIX "NoSuchRule"
#define BUS_ERROR_NO_SUCH_SET BUS_ERROR_PREFIX "NoSuchSet"
#define BUS_ERROR_NO_SUCH_FRAGMENT BUS_ERROR_PREFIX "NoSuchFragment"
#define BUS_ERROR_NO_SUCH_REVISION BUS_ERROR_PREFIX "NoSuchRevision"
#define BUS_ERROR_NO_SUCH_NAME BUS_ERROR_PREFIX "NoSuchName"
#define BUS_ERROR_STALE_REVISION BUS_ERROR_PREFIX "StaleRevision"
#define BUS_ERROR_ASSERTION_FAILED BUS_ERROR_PREFIX "AssertionFailed"
#define BUS_ERROR_NOT_SUPPORTED BUS_ERROR_PREFIX "NotSupported"
#define BUS_ERROR_BACKEND_FAILED BUS_ERROR_PREFIX "BackendFailed"
#define BUS_ERROR_LIMIT_EXCEEDED BUS_ERROR_PREFIX "LimitExceeded"
#define BUS_ERROR_ACCESS_DENIED "org.freedesktop.DBus.Error.AccessDenied"
#define BUS_ERROR_FAILED "org.freedesktop.DBus.Error.Failed"
#define BUS_ERROR_INVALID_ARGS "org.freedesktop.DBus.Error.InvalidArgs"

/* Exit status of p25ctl, SPEC section 4. */
enum {
        EXIT_DONE = 0,
        EXIT_FAILED = 1,
        EXIT_WOULD_CHANGE = 2,
        EXIT_BAD_INPUT = 4,
        EXIT_NOT_AUTHORISED = 5,
        EXIT_KERNEL_REFUSED = 6,
        EXIT_STALE = 7,
        EXIT_NOT_REACHABLE = 8,
};
