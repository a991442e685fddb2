/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of the live part: live.c has what arrives, live_own.c what this host says.
 */

#include "daemon/fleet/live.h"
#include "daemon/fleet/live_bans.h"
#include "daemon/fleet/live_broker.h"
#include "daemon/fleet/live_clock.h"

#define LIVE_WINDOW 20 /* messages under way to a broker */

/* A page that is on its way to a broker. */
typedef struct LiveSent {
        int id; /* 0: free */
        uint64_t page, version;
} LiveSent;

typedef struct LiveLine {
        Live *live;
        LiveBroker *broker;
        LiveBrokerSettings settings;
        sd_event_source *sync; /* pages of this host that the broker has arrive before it fires */
        bool synced;
        LiveSent sent[LIVE_WINDOW];
} LiveLine;

/* Refused messages, by cause. */
typedef struct LiveRefused {
        uint64_t topic, payload, no_end, address, never, limit;
} LiveRefused;

struct Live {
        sd_event *event;
        const FleetConfig *config;
        const LiveEvents *events;
        LiveBrokerEvents broker_events;
        LiveBans bans;
        LiveLine *lines;
        size_t n_lines;
        char *will_topic; /* p25/hosts/HOST/alive */
        /* what arrived and is not handed on yet */
        BanChanges changes;
        LiveLockdown lockdown;
        uint64_t serial, lockdown_told, serial_told;
        sd_event_source *flush, *expire;
        LiveRefused refused;
        uint64_t refused_logged_usec;
        /* what this host says */
        LivePage batch; /* ends as seconds before `batch_until_usec`, which only grows */
        uint64_t batch_until_usec, version, began_usec;
        sd_event_source *close;
        uint64_t published, publications_refused;
};

/* ---- live_own.c ---- */

void own_up(Live *l, unsigned index);
void own_down(Live *l, unsigned index);
void own_taken(Live *l, unsigned index, int id, bool refused);
/* A page of this host that a broker has. */
void own_arrived(
        Live *l, unsigned index, const LiveTopic *topic, uint64_t until_usec, LivePage *page);
void own_deinit(Live *l);
