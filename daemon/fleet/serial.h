/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One serial on its way to this host: manifest, signature, and the parts for this host, in this
 * order. Nothing is trusted before the signature was checked, and no part before its hash was. What
 * is complete lies in the Keep; p25d is not known here.
 */

#include "daemon/fleet/fetch.h"
#include "daemon/fleet/keep.h"

typedef struct Serial Serial;

typedef enum SerialEnd {
        SERIAL_READY,
        SERIAL_FAILED,  /* something did not come: trying again may help at any time */
        SERIAL_REFUSED, /* what came is not good */
} SerialEnd;

/* problem: borrowed, why it is not ready. Called once, from the event loop or from within
 * serial_fetch(); the Serial may be freed then. */
typedef void (*SerialDone)(void *data, SerialEnd end, const char *problem);

/* All is borrowed. */
typedef struct SerialContext {
        const FleetConfig *config;
        Fetch *fetch;
        const Keep *keep;
        const PublicKey *keys;
        size_t n_keys;
        SerialDone done;
        void *data;
} SerialContext;

/* 0 or -ENOMEM */
int serial_new(const SerialContext *context, uint64_t number, Serial **ret);
Serial *serial_free(Serial *s);
DEFINE_CLEANUP(Serial, serial_free)

void serial_fetch(Serial *s);
/* The one in force: its manifest is the Keep's, and parts that the disk has lost are fetched. */
void serial_complete(Serial *s);

uint64_t serial_number(const Serial *s);
/* Of one that is ready: the parts for this host. */
const ManifestPart *const *serial_parts(const Serial *s, size_t *ret_n);
/* Of one that is ready and was fetched: keep_commit(). */
int serial_commit(Serial *s, Keep *k, uint64_t now_usec);
