/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The documents of a fleet on this host: looks for a new serial, checks and fetches what belongs to
 * it, and hands it to p25d as one change. What fails leaves the last good serial in force.
 */

#include "daemon/fleet/client.h"
#include "daemon/fleet/config.h"
#include "rules/base/json.h"

#include <systemd/sd-event.h>

typedef struct Documents Documents;

typedef struct DocumentsOptions {
        const FleetConfig *config;
        FleetClient *client;
        const char *state;           /* its folder */
        void (*changed)(void *data); /* documents_status() would say something else; NULL: nobody */
        void *data;
} DocumentsOptions;

/* All in the options is borrowed. 0, -EINVAL (a key is none), another negative errno; logged. */
int documents_new(sd_event *event, const DocumentsOptions *options, Documents **ret);
Documents *documents_free(Documents *d);
DEFINE_CLEANUP(Documents, documents_free)

/* Looks now, or as soon as what is under way is done. */
void documents_look(Documents *d);
/* A look has begun and not ended. */
bool documents_are_under_way(const Documents *d);
/* p25d is there again: it gets what is in force once more, which changes nothing if it has it. */
void documents_put_again(Documents *d);
/* Members of an object: "serial", "made", "valid_until", "since", "checked", "offered", "problem".
 * 0 or -ENOMEM */
int documents_status(const Documents *d, Json *object);
