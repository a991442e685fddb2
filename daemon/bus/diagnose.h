/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Diagnoses other firewalls: what they do to connections that the policy lets pass.
 */

#include "rules/base/util.h"

typedef struct BusCall BusCall;
typedef struct Ruleset Ruleset;

/* Counts the kinds of connections (direction, port, family) that the policy lets pass and that are
 * stopped. In a worker of BUS_FILTERS. 0 or negative errno. */
int bus_count_obstacles(BusCall *c, const Ruleset *ruleset, uint64_t *ret);
