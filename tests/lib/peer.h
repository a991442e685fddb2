/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A program that takes a name on a test's bus, and answers for it until it is ended. */

#include <systemd/sd-bus.h>

/* Prints "ready" when it has the name. Returns 1, when the bus is gone or never was there. */
int peer_run(const char *name, const char *path, sd_bus_message_handler_t on_message, void *data);
