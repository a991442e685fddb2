/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/bus/internal.h"

/* The methods, from the rows of methods.h; ends with a name of NULL. */
extern const BusMethod bus_methods[];
/* The interface as the bus library takes it; its data is the Bus. */
extern const sd_bus_vtable bus_vtable[];
/* The method that a call names; NULL: none of these. */
const BusMethod *bus_method_find(sd_bus_message *m);
/* Does a call that names a method have the types of its arguments? If not, the bus library answers
 * it by itself. */
bool bus_method_accepts(sd_bus_message *m);
