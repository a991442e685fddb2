/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One file at a time from one web server, over a connection that is kept: HTTPS only, no redirects,
 * bounded in bytes and time. fetch.c is the one file that includes <curl/curl.h>. Does not know
 * what the bytes mean; whether they may be trusted is decided by signatures and hashes.
 */

#include "daemon/fleet/config.h"

#include <systemd/sd-event.h>

typedef struct Fetch Fetch;

/* r: 0, with the bytes (NUL-terminated, the receiver's); 1: not modified; negative errno with a
 * reason (borrowed): -EFBIG (longer than allowed), -ENOENT (404, 410), -EPROTO (another status, a
 * redirect), -ETIMEDOUT, -EHOSTUNREACH (name or connection), -EBADE (TLS: a certificate is
 * refused), -EIO. */
typedef struct FetchResult {
        int r;
        const char *reason;
        char *data;
        size_t n;
} FetchResult;
typedef void (*FetchDone)(void *data, FetchResult *result);

/* config is borrowed. 0, -ENOMEM, -EIO. */
int fetch_new(sd_event *event, const FleetDocuments *config, Fetch **ret);
Fetch *fetch_free(Fetch *f);
DEFINE_CLEANUP(Fetch, fetch_free)

typedef struct FetchWhat {
        const char *name; /* behind the url of the configuration */
        size_t max;       /* bytes */
        bool conditional; /* only if it is another one than the last time (ETag); for one name */
} FetchWhat;

/* Begins; done is called later, once, never from within. 0, -EBUSY (one is under way), -ENOMEM,
 * -EIO. */
int fetch_begin(Fetch *f, const FetchWhat *what, FetchDone done, void *data);
/* The next conditional one is not. */
void fetch_forget(Fetch *f);
