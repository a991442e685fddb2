/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The error reply of a call.
 */

#include <systemd/sd-bus.h>

/* Negative errno of sd-bus or of a handler to a D-Bus error, if none is set. Returns r. */
int bus_error_complete(int r, sd_bus_error *error);
