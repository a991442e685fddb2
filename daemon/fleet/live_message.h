/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The messages of a fleet as text: topics and payloads, and what of them is refused. Does not
 * depend on how they travel. Everything that comes in is hostile until it was read here.
 *
 * A host's bans are pages, a retained message each: p25/hosts/HOST/ban/ID. The message expires when
 * its last ban ends, and each ban says how much earlier than that it ends: no clock of another host
 * is trusted. A page that was changed has a higher version, so that one of a broker that was away
 * is known as old; a ban that was taken back stays in it as such until its end.
 */

#include "rules/address/address.h"

#define LIVE_PREFIX "p25/"
#define LIVE_PAYLOAD_MAX ((size_t)128 << 10)
#define LIVE_PAGE_MAX 1000 /* bans in a page */
#define LIVE_TEXT_MAX 200  /* bytes of who and why */
#define LIVE_SECONDS_MAX (366u * 86400)
#define LIVE_IPV4_BITS_MIN 16 /* a shorter prefix is never a ban */
#define LIVE_IPV6_BITS_MIN 32

typedef enum LiveTopicKind {
        LIVE_TOPIC_BAN,      /* p25/hosts/HOST/ban/ID */
        LIVE_TOPIC_SERIAL,   /* p25/all/serial */
        LIVE_TOPIC_LOCKDOWN, /* p25/all/lockdown */
} LiveTopicKind;

typedef struct LiveTopic {
        LiveTopicKind kind;
        char host[254];
        uint64_t id;
} LiveTopic;

/* 0, or -EINVAL for a topic that is none of these. */
int live_topic_parse(const char *topic, LiveTopic *ret);

typedef struct LiveEntry {
        Prefix address;
        uint32_t early_sec; /* before the page's end */
        bool gone;          /* taken back */
} LiveEntry;

typedef struct LivePage {
        uint64_t version; /* of the same page the highest holds */
        char *who, *why;  /* never NULL in a page that was read */
        LiveEntry *entries;
        size_t n;
        size_t n_refused; /* of those that the text had: no addresses, or too wide */
} LivePage;

void live_page_deinit(LivePage *p);
#define _cleanup_live_page_ _cleanup_(live_page_deinit)

/* JSON; need not end with NUL. Entries that are not a ban are left out and counted. 0, -EINVAL
 * (with a static reason), -ENOMEM. */
int live_page_parse(const void *payload, size_t n, LivePage *ret, const char **ret_reason);
/* 0 or -ENOMEM */
int live_page_print(const LivePage *p, char **ret);

/* {"serial":N}: 1 to 2^63-1. 0 or -EINVAL. */
int live_serial_parse(const void *payload, size_t n, uint64_t *ret);
int live_serial_print(uint64_t serial, char **ret);
/* {"version":N,"on":true,"why":"…"}: the highest version holds. */
typedef struct LiveLockdown {
        uint64_t version;
        bool on;
        char *why; /* owned */
} LiveLockdown;

/* 0, -EINVAL, -ENOMEM */
int live_lockdown_parse(const void *payload, size_t n, LiveLockdown *ret);
int live_lockdown_print(const LiveLockdown *l, char **ret);
