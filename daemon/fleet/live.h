/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The live part of a fleet: messages over MQTT 5 to and from brokers that know nothing of each
 * other. What arrives is checked (topic against sender, address, end, never-ban list) and handed on
 * through LiveEvents; what this host says is published to every broker and kept until each has
 * acknowledged it. Does not know p25d, documents or the bus: whoever makes a Live connects the two.
 * The one file that includes <mosquitto.h> is daemon/fleet/live_broker.c.
 *
 * Everything happens in the event loop; nothing here blocks, and no function calls back before it
 * has returned. A broker that is gone is tried again with growing pauses and jitter.
 */

#include "daemon/fleet/config.h"
#include "rules/address/address.h"
#include "rules/base/json.h"

#include <systemd/sd-event.h>

typedef struct Live Live;

/* A ban with its end. Strings are borrowed by whoever gets one. */
typedef struct LiveBan {
        Prefix address;      /* never a whole family */
        uint64_t until_usec; /* CLOCK_REALTIME */
        const char *host;    /* who published it; the topic proves it by the broker's ACL */
        const char *who;     /* the user or program on that host, "" */
        const char *why;     /* "" */
} LiveBan;

/* All are called from the event loop; NULL: of no interest. */
typedef struct LiveEvents {
        /* One batch: a storm does not come one by one. The set is the one of the configuration. */
        void (*banned)(void *data, const LiveBan *bans, size_t n);
        /* A ban was taken back before its end, by the host that made it, and no other host bans the
         * address. */
        void (*unbanned)(void *data, const Prefix *addresses, size_t n);
        /* Once for each version that is higher; host is "", since the topic is the fleet's. */
        void (*lockdown)(void *data, bool on, const char *host, const char *why);
        /* The web server has this serial: a hint, no more. Look now. */
        void (*serial)(void *data, uint64_t serial);
        /* A broker came or went, or a minute has passed: live_status() may differ. */
        void (*changed)(void *data);
        void *data;
} LiveEvents;

/* Begins to connect; config and events are borrowed and live longer. 0, -EINVAL (a file of
 * certificates cannot be used, with an error in d), -ENOMEM, other negative errno. */
int live_new(sd_event *event, const FleetConfig *config, const LiveEvents *events, Diagnostics *d,
        Live **ret);
/* Says good-bye to the brokers, without waiting. */
Live *live_free(Live *l);
DEFINE_CLEANUP(Live, live_free)

/* This host bans, or renews; host of the ban is ignored. Batched. 0, -ENOBUFS (as many wait as may
 * wait for a broker that is away), -ENOMEM. */
int live_publish_ban(Live *l, const LiveBan *ban);
/* This host takes its own ban back. */
int live_publish_unban(Live *l, const Prefix *address);
/* All bans of this host, with their ends: publishes those that the fleet does not have yet, and
 * takes back those that this host published and that are not among them. Sorts them; who and why
 * are for new ones. 0, or the first error. */
int live_publish_bans(Live *l, LiveBan *bans, size_t n);
/* Are the bans that a former process of this host published known, or not to be waited for?
 * Earlier, live_publish_bans() would publish them again. */
bool live_is_ready(const Live *l);
/* Calls `banned` with all bans of other hosts that are in force. 0 or -ENOMEM. */
int live_tell_all(Live *l);
/* The senders of this host within a minute (view.h), for all subscribers: it stays for two
 * minutes. Brokers that are away do not get it. */
void live_publish_view(Live *l, const char *text);
/* The part of `p25-fleet status`: an array "brokers" of objects (url, connected, since, error)
 * and "bans" in the object. 0 or -ENOMEM. */
int live_status(const Live *l, Json *object);
