/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The parts of a serial for this host, as p25d takes them.
 */

#include "daemon/fleet/client.h"
#include "daemon/fleet/keep.h"

typedef struct FleetTexts {
        FleetText items[MANIFEST_PARTS_MAX];
        char *owned[MANIFEST_PARTS_MAX]; /* the texts of those that are not sets */
        size_t n;
} FleetTexts;

/* n is MANIFEST_PARTS_MAX at most. 0 or negative errno; to be deinitialised in both cases. */
int fleet_texts_read(const Keep *k, const ManifestPart *const *parts, size_t n, FleetTexts *ret);
void fleet_texts_deinit(FleetTexts *t);
