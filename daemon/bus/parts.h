/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Collects the fragments and sets of a call of PutDocuments, by name, until all have arrived. Does
 * not know calls.
 */

#include "daemon/manager/manager.h"

#include <systemd/sd-bus.h>

#define BUS_PARTS_MAX 256

typedef struct BusPart {
        const char *name; /* the message's */
        bool is_set;
        const char *text; /* of a fragment: the message's */
        int fd;           /* of a set: the message's */
        char *content;    /* of a set, read; owned */
        size_t n;         /* bytes of text or content */
} BusPart;

typedef struct BusParts {
        BusPart items[BUS_PARTS_MAX];
        size_t n;
        size_t bytes; /* of all sets, read so far */
        size_t next;  /* the one that is authorised or read now */
} BusParts;

/* Reads a{ss} and a{sh} at the message's place. A name that is not one, or given twice, is
 * InvalidArgs. 0, or a negative errno with or without error set. */
int bus_parts_read(sd_bus_message *m, BusParts **ret, sd_bus_error *error);
BusParts *bus_parts_free(BusParts *p);
DEFINE_CLEANUP(BusParts, bus_parts_free)
