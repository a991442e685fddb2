/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * p25.conf: the settings of a host, and what it shares with fragments.
 * Immutable once complete and shared by reference count (not thread safe).
 */

#include "rules/base/util.h"
#include "rules/policy/limit.h"
#include "rules/policy/ports.h"
#include "rules/policy/settings.h"
#include "rules/policy/terms.h"

typedef struct Fragment Fragment;

/* What of a user's outgoing connections is watched. */
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

typedef struct HostConf {
        unsigned n_refs;
        Fragment *common;    /* rules, sets, vars, assert */
        int enabled;         /* -1: not stated */
        BackendKind backend; /* BACKEND_AUTO when not stated */
        char **roles;
        Defaults defaults;
        Logging logging;            /* _LOGGING_INVALID: not stated */
        Attribution attribution;    /* _ATTRIBUTION_INVALID: not stated */
        bool audit[_DIRECTION_MAX]; /* refusals are only reported */
        Alerts alerts;
        Ports mail_ports; /* those added to the four; n 0: none */
        bool keep_established;
        unsigned roles_line;
} HostConf;

HostConf *host_conf_new(void);
HostConf *host_conf_ref(HostConf *h);
HostConf *host_conf_unref(HostConf *h);
DEFINE_CLEANUP(HostConf, host_conf_unref)
