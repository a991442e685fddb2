/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The settings of p25.conf that are one of a few words. *_from_string give _INVALID for any other
 * text.
 */

typedef enum Logging {
        LOGGING_OFF,
        LOGGING_LOW,    /* what is refused, outgoing and routed */
        LOGGING_MEDIUM, /* and incoming, and what a limit lets through */
        LOGGING_HIGH,   /* and everything else */
        _LOGGING_MAX,
        _LOGGING_INVALID = -1,
} Logging;

/* The details that are asked about the opener of a connection. */
typedef enum Attribution {
        ATTRIBUTION_UNIT,    /* the user and the unit, which is the default */
        ATTRIBUTION_PROCESS, /* and the process, for which its connection is held */
        ATTRIBUTION_USER,
        ATTRIBUTION_OFF,
        _ATTRIBUTION_MAX,
        _ATTRIBUTION_INVALID = -1,
} Attribution;

typedef enum BackendKind {
        BACKEND_AUTO,
        BACKEND_NFTABLES,
        BACKEND_IPTABLES,
        _BACKEND_MAX,
        _BACKEND_INVALID = -1,
} BackendKind;

const char *logging_to_string(Logging l);
Logging logging_from_string(const char *s);
const char *attribution_to_string(Attribution a);
/* The details that the iptables backend cannot find, for a warning; NULL: it finds all. */
const char *attribution_beyond_iptables(Attribution a);
const char *backend_to_string(BackendKind b);
BackendKind backend_from_string(const char *s);
