/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The thresholds of p25.conf beyond which a user's outgoing connections raise an alert.
 */

#include "rules/policy/limit.h"

/* The numbers of a user's outgoing connections that are watched. */
typedef enum AlertKind {
        ALERT_BLOCKED,
        ALERT_CONNECTIONS,  /* that were let pass */
        ALERT_DESTINATIONS, /* distinct ones, of both */
        _ALERT_MAX,
        _ALERT_INVALID = -1,
} AlertKind;

const char *alert_kind_to_string(AlertKind k); /* blocked connections destinations */

typedef struct Alerts {
        Limit limits[_ALERT_MAX]; /* rate and unit_sec; rate 0: none */
        uint64_t quarantine_sec;  /* 0: none */
} Alerts;
