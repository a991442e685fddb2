/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The live part on a host: what the fleet bans goes into one set of p25d, and what is in others,
 * the host's own bans, goes to the fleet. Because no set is both, a ban of the fleet is never
 * published again.
 */

#include "daemon/fleet/client.h"

typedef struct Diagnostics Diagnostics;
typedef struct FleetConfig FleetConfig;
typedef struct json_t Json;

typedef struct LiveFollow LiveFollow;

/* There is serial N: a hint, for whoever fetches documents. May be NULL. */
typedef void (*LiveSerial)(void *data, uint64_t serial);

typedef struct LiveFollowSettings {
        const FleetConfig *config; /* with live.brokers */
        FleetClient *client;
        LiveSerial serial;
        void (*changed)(void *data); /* live_follow_status() would say something else; or NULL */
        void *data;
} LiveFollowSettings;

/* Everything is borrowed. As live_new(). */
int live_follow_new(
        sd_event *event, const LiveFollowSettings *settings, Diagnostics *d, LiveFollow **ret);
LiveFollow *live_follow_free(LiveFollow *f);
DEFINE_CLEANUP(LiveFollow, live_follow_free)

/* The receivers of FleetClientEvents. */
void live_follow_changed(LiveFollow *f, const FleetChanged *c);
void live_follow_appeared(LiveFollow *f);

/* As live_status(), with what came into force here. */
int live_follow_status(const LiveFollow *f, Json *object);
