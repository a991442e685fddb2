/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The senders: users, units or containers that open connections, each with its numbers of late and
 * in all. Bounded: when there is no room, the one that has been quiet longest makes room for a new
 * one if it has been quiet for SENDERS_QUIET_SECONDS; else the new one is counted with the others.
 */

#include "daemon/stats/distinct.h"
#include "daemon/stats/series.h"

#define SENDERS_QUIET_SECONDS 3600
#define SENDER_NAME_MAX 255

typedef enum SenderKind {
        SENDER_USER,
        SENDER_UNIT,
        SENDER_CONTAINER,
        _SENDER_KIND_MAX,
} SenderKind;

/* "user", "unit", "container" */
const char *sender_kind_to_string(SenderKind kind);

typedef struct Sender {
        uint32_t uid;              /* of a user */
        char *name;                /* of a unit or a container */
        char *called, *image;      /* of a container, by its engine; NULL: not known */
        uint64_t blocked, allowed; /* since ever; others have what those had that made room */
        uint32_t last;             /* when it was last seen; 0: never */
        SeriesPast past;
        Distinct destinations;
} Sender;

typedef struct SenderTable {
        Sender **items;
        uint32_t *keys; /* of items: the uid, or a hash of the name */
        size_t n, max;
        Sender others;
} SenderTable;

/* The connections to count. */
typedef struct SenderCount {
        uint32_t now, when; /* when <= now */
        uint64_t blocked, allowed;
        bool has_destination;
        uint64_t destination; /* its hash, see distinct_add() */
} SenderCount;

/* NULL: it has no row. name is NULL for users. */
Sender *senders_find(const SenderTable *s, uint32_t uid, const char *name);
/* Its row, a new one, or &s->others; NULL: out of memory. */
Sender *senders_get(SenderTable *s, uint32_t uid, const char *name, uint32_t now);
/* The name and image of a container, each at most SENDER_NAME_MAX bytes; NULL: as they were. 0 or
 * -ENOMEM. */
int sender_set_labels(Sender *s, const char *called, const char *image);
/* 0 or -ENOMEM; the totals count in any case. */
int sender_count(Sender *s, const SenderCount *c);
/* Drops what is too old to be of use. */
void sender_prune(Sender *s, uint32_t now);
void senders_deinit(SenderTable *s);
