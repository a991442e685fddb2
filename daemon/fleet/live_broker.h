/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One broker: a connection over MQTT 5 with mutual TLS, made again when it is lost. Does not know
 * what messages mean. live_broker.c is the one file that includes <mosquitto.h>.
 */

#include "rules/base/util.h"

#include <systemd/sd-event.h>

typedef struct LiveBroker LiveBroker;

typedef struct LiveArrival {
        const char *topic;
        const void *payload;
        size_t n;
        uint32_t expiry_sec; /* what is left of the message's life; 0: it has no end */
} LiveArrival;

typedef struct LiveBrokerEvents {
        void (*up)(void *data, unsigned index);   /* connected and subscribed */
        void (*down)(void *data, unsigned index); /* or an attempt to connect has failed */
        void (*arrived)(void *data, unsigned index, const LiveArrival *m);
        /* The broker has taken a message over; refused: it has not and will not. */
        void (*taken)(void *data, unsigned index, int id, bool refused);
        void *data;
} LiveBrokerEvents;

typedef struct LiveBrokerSettings {
        const char *url;                    /* mqtts://HOST[:PORT] */
        const char *client;                 /* name of this client */
        const char *ca, *certificate, *key; /* files */
        const char *will_topic, *will;      /* what the broker says when this client is gone */
        const char *const *topics;          /* to subscribe to, NULL-terminated */
        unsigned index;                     /* for the events */
        const LiveBrokerEvents *events;
} LiveBrokerSettings;

/* All settings are borrowed and live longer. 0 or negative errno; not to reach the broker is no
 * error here. */
int live_broker_new(sd_event *event, const LiveBrokerSettings *settings, LiveBroker **ret);
LiveBroker *live_broker_free(LiveBroker *b);
DEFINE_CLEANUP(LiveBroker, live_broker_free)

typedef struct LivePublication {
        const char *topic;
        const char *payload;
        uint32_t expiry_sec; /* 0: it stays */
        bool retain;
        bool acknowledge; /* QoS 1: `taken` says when */
} LivePublication;

/* Queues it; what is not acknowledged when the connection is lost was not taken. *ret_id is for
 * `taken` and may be NULL. 0, -ENOTCONN, -ENOMEM, -EMSGSIZE, -EIO */
int live_broker_publish(LiveBroker *b, const LivePublication *p, int *ret_id);

bool live_broker_is_up(const LiveBroker *b);
/* Since when it is up or down, CLOCK_REALTIME. */
uint64_t live_broker_since_usec(const LiveBroker *b);
/* The reason why it is down, "" while it is up. */
const char *live_broker_error(const LiveBroker *b);
