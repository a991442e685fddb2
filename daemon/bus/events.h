/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/events/event.h"

/* Signals Blocked for a refused connection; data is the Bus. For EventsFollower. */
void bus_event_signal(void *data, const Event *e, uint64_t left_out);
