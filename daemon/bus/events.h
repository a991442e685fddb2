/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Signals Blocked for a refused connection; data is the Bus. For EventsFollower. */

#include "rules/base/util.h"

typedef struct Event Event;
void bus_event_signal(void *data, const Event *e, uint64_t left_out);
