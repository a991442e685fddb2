/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Thresholds on what users send: asks the statistics after each of their outgoing connections,
 * reports to the bus and the log when a threshold of p25.conf is reached, and puts the user into
 * quarantine by a rule.
 */

#include "daemon/bus/bus.h"
#include "daemon/counting.h"

typedef struct Alarm Alarm;

/* folder: where it notes what was reported. All must outlive it; bus may be NULL. 0 or negative
 * errno. */
int alarm_new(sd_event *event, Manager *m, Counting *c, const char *folder, Alarm **ret);
Alarm *alarm_free(Alarm *a);
DEFINE_CLEANUP(Alarm, alarm_free)
void alarm_set_bus(Alarm *a, Bus *bus);
