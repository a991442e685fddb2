/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Brings the decisions of rules from the backend to the events: takes them every second while there
 * are any, and names their units and containers.
 */

#include "daemon/events/events.h"

typedef struct Gather Gather;
typedef struct Manager Manager;

/* Takes at once what was decided while no p25d ran. manager and events are borrowed. 0 or negative
 * errno. */
int gather_new(sd_event *event, Manager *manager, Events *events, Gather **ret);
/* Takes what there is before. */
Gather *gather_free(Gather *g);
DEFINE_CLEANUP(Gather, gather_free)
