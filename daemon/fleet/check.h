/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * fleet.conf for a verb: errors go to stderr.
 */

#include "daemon/fleet/config.h"
#include "daemon/fleet/fleet.h"

/* ROOT and a path, in *ret. 0 or -ENOMEM. */
int fleet_path(const FleetArguments *a, const char *path, char **ret);
/* file NULL: ROOT/etc/p25/fleet.conf. 0, or negative errno after the errors were printed. */
int fleet_config_load(const FleetArguments *a, const char *file, FleetConfig **ret);
