/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The messages of p25d that the bus has not read. dbus-daemon reads 2 KiB of each connection in
 * turn, so in a flood it takes little of p25d's, and root's answer comes behind all that was sent
 * before. While the bus is behind, only root is answered; others wait, and their errors are kept
 * here.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

typedef struct BusOutbox {
        sd_bus *bus; /* borrowed; NULL: no bus */
        sd_event *event;
        sd_event_source *timer;
        struct Kept *first, **end; /* errors, in the order in which they came */
        void (*freed)(void *data); /* the bus is no longer behind */
        void *data;
} BusOutbox;

/* event, freed and data are set before; the connection is new. */
void bus_outbox_begin(BusOutbox *o, sd_bus *bus);
/* The connection goes, and what is kept with it. */
void bus_outbox_end(BusOutbox *o);
/* If so, freed is called when it has read enough. */
bool bus_outbox_is_behind(BusOutbox *o);
/* Answers m, of somebody else than root or not known yet, with an error when the bus is not behind.
 */
void bus_outbox_refuse(BusOutbox *o, sd_bus_message *m, const sd_bus_error *error);
