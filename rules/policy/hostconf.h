/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * p25.conf: the settings of a host, and what it shares with fragments.
 * Immutable once complete and shared by reference count (not thread safe).
 */

#include "rules/base/util.h"
#include "rules/policy/alerts.h"
#include "rules/policy/defaults.h"
#include "rules/policy/directions.h"
#include "rules/policy/ports.h"
#include "rules/policy/settings.h"

typedef struct Fragment Fragment;

typedef struct HostConf {
        unsigned n_refs;
        Fragment *common;    /* rules, sets, vars, assert */
        int enabled;         /* -1: not stated */
        BackendKind backend; /* BACKEND_AUTO when not stated */
        char **roles;
        Defaults defaults;
        Logging logging;         /* _LOGGING_INVALID: not stated */
        Attribution attribution; /* _ATTRIBUTION_INVALID: not stated */
        bool audit[DIRECTIONS];  /* refusals are only reported */
        Alerts alerts;
        Ports mail_ports; /* those added to the four; n 0: none */
        bool keep_established;
        unsigned roles_line;
} HostConf;

HostConf *host_conf_new(void);
HostConf *host_conf_ref(HostConf *h);
HostConf *host_conf_unref(HostConf *h);
DEFINE_CLEANUP(HostConf, host_conf_unref)
