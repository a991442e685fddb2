/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A rule as the dictionary of SPEC section 5.
 */

#include "rules/policy.h"

#include <systemd/sd-bus.h>

/* Appends a{sv}; 0 or negative errno. */
int rule_message_append(sd_bus_message *m, const Rule *rule);
