/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The status of p25-fleet as a file below /run, which everybody may read: written by the daemon
 * when something changes, read by `p25-fleet status`.
 */

#include "daemon/fleet/fleet.h"
#include "rules/base/json.h"

#define FLEET_RUN "/run/p25-fleet"
#define FLEET_STATUS FLEET_RUN "/status.json"
#define FLEET_STATE "/var/lib/p25-fleet"

/* Below the root; its folder is made. 0 or negative errno. */
int fleet_status_write(const FleetArguments *a, const Json *status);
/* Reads it; 0, -ENOENT (the daemon has not run since the machine started), -EINVAL, others. */
int fleet_status_read(const FleetArguments *a, Json **ret);
