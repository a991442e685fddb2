/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/bus/internal.h"

void bus_properties_deinit(BusProperties *p);
/* Signals the properties that are not as they were signalled last. */
void bus_publish(Bus *b);
/* The bus library asks for one; data is the Bus. */
int bus_property_get(sd_bus *bus, const char *path, const char *interface, const char *property,
        sd_bus_message *reply, void *data, sd_bus_error *error);
