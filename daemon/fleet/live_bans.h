/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The bans of all hosts of a fleet: a union with ends. Does not know brokers, and reads no clock:
 * times are CLOCK_REALTIME of this host, in microseconds.
 */

#include "daemon/fleet/live_message.h"

#define LIVE_BANS_MAX 500000      /* of all hosts */
#define LIVE_HOST_BANS_MAX 200000 /* of one host */
#define LIVE_HOST_PAGES_MAX 20000
#define LIVE_HOSTS_MAX 20000

typedef struct BanPage BanPage;
struct BanPage {
        BanPage *next;
        const char *host;        /* borrowed */
        uint64_t id, until_usec; /* when the last of its bans ends */
        LivePage page;
        /* of this host's pages: a bit for each broker */
        uint64_t acknowledged, sent;
};

typedef struct BanHost {
        char *name;
        BanPage *pages; /* the newest first */
        size_t n_pages, n_entries;
} BanHost;

typedef struct LiveBans {
        BanHost *hosts; /* ascending by name */
        size_t n_hosts, n_entries;
} LiveBans;

/* One address whose bans changed. */
typedef struct BanChange {
        Prefix address;
        uint64_t until_usec; /* 0: no ban is left */
        const BanPage *page; /* of that ban, or NULL; borrowed until the next change of LiveBans */
} BanChange;

typedef struct BanChanges {
        BanChange *items;
        size_t n;
} BanChanges;

void live_bans_deinit(LiveBans *b);

/*
 * Takes what the page holds, which is empty then. Adds to `changes` (which may be NULL) each
 * address that is banned or taken back by it and was not by its former version. Returns > 0: it
 * holds; 0: a version at least as high is there; -ENOBUFS: more than one may have; -ENOMEM. *ret is
 * the page that is there.
 */
int live_bans_put(LiveBans *b, const LiveTopic *topic, uint64_t until_usec, LivePage *page,
        BanChanges *changes, BanPage **ret);
/* Gives each change the latest end of its address's bans by hosts other than `except`; several
 * changes of one address become one. 0 or -ENOMEM. */
int live_bans_settle(const LiveBans *b, const char *except, uint64_t now_usec, BanChanges *c);
/* All bans of hosts other than `except`, an entry each address. 0 or -ENOMEM. */
int live_bans_all(const LiveBans *b, const char *except, uint64_t now_usec, BanChanges *ret);
/* The same of one host. */
int live_bans_of(const LiveBans *b, const char *host, uint64_t now_usec, BanChanges *ret);
/* Forgets what has ended. */
void live_bans_expire(LiveBans *b, uint64_t now_usec);
/* NULL: it has none. */
BanHost *live_bans_host(const LiveBans *b, const char *name);

static inline uint64_t ban_until(const BanPage *p, const LiveEntry *e)
{
        return p->until_usec - e->early_sec * USEC_PER_SEC;
}
