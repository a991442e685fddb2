/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Stands in for the bus on root's own connections (direct.h), because a program that comes through
 * systemd-stdio-bridge takes them for one: the greeting, and the state of p25d.service, for which
 * p25d asks the service manager.
 */

#include <systemd/sd-bus.h>

/* Adds these objects to a connection. *system is the connection to the bus, NULL while there is
 * none; it must outlive peer. 0 or negative errno. */
int stand_in_add(sd_bus *peer, sd_bus *const *system);
