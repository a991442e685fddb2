/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reports the senders of this host, minute by minute, as text for the fleet: outgoing and routed
 * connections of p25d's events, added up by user, unit, destination and verdict. Does not know
 * brokers: whoever makes a View gets the text.
 */

#include "daemon/fleet/client.h"

#include <systemd/sd-event.h>

#define VIEW_SECONDS 60
#define VIEW_ROWS_MAX 200 /* the busiest; what the others had is one number */

typedef struct View View;

typedef struct ViewSettings {
        FleetClient *client;
        /* A minute in which there was something: JSON, borrowed. */
        void (*minute)(void *data, const char *text);
        void *data;
} ViewSettings;

/* Begins with the events of now. Everything in settings is borrowed. 0 or negative errno. */
int view_new(sd_event *event, const ViewSettings *settings, View **ret);
View *view_free(View *v);
DEFINE_CLEANUP(View, view_free)

/* ---- for tests ---- */

typedef struct ViewRow {
        char *user, *unit, *destination, *verdict; /* never NULL, owned */
        uint64_t count;
} ViewRow;

typedef struct ViewRows {
        ViewRow *items;
        size_t n;
} ViewRows;

/* Takes over the texts of row, also on failure; NULL among them: out of memory. 0 or -ENOMEM. */
int view_rows_add(ViewRows *l, ViewRow *row);
/* Adds up what is alike, and prints the busiest: at most VIEW_ROWS_MAX, and at most `max` bytes. 0
 * or -ENOMEM. */
int view_rows_print(ViewRows *l, uint64_t time_usec, size_t max, char **ret);
void view_rows_deinit(ViewRows *l);
