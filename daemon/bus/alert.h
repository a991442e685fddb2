/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The signal Alert about a user, and the unit that the administrator may have for it. */

#include "daemon/bus/bus.h"
#include "rules/base/util.h"

typedef struct BusAlert {
        const char *name; /* "blocked", "connections", "destinations" */
        const char *user; /* "" where the uid has no name */
        uint32_t uid;
        const char *unit; /* "" where it is not known */
        uint64_t count;
        const char *limit; /* "20/hour" */
        const char *text;  /* a line */
} BusAlert;

/* Nothing while there is no bus. p25-alert@NAME.service is started if there is one. */
void bus_alert(Bus *b, const BusAlert *alert);
