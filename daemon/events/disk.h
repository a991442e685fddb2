/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Events on disk: `events`, to which whole lines are added, and `events.1`, which it becomes when
 * it is large enough. Nothing is synced: a loss of power may take the last seconds.
 */

#include "daemon/events/ring.h"
#include "rules/base/util.h"

#define DISK_FILE_MAX (2u << 20) /* bytes of each */

typedef struct EventsDisk {
        char *folder;
        int folder_fd, fd; /* -1: not open */
        uint64_t size;
        uint64_t max; /* DISK_FILE_MAX */
        int error;    /* of the last attempt to write; 0: all is stored */
} EventsDisk;

/* 0 or -ENOMEM; opens nothing yet. */
int events_disk_init(EventsDisk *d, const char *folder);
/* Reads what is there. Lines that cannot be read are counted. 0, -ENOENT, another negative errno.
 */
int events_disk_read(EventsDisk *d, Ring *ring, size_t *ret_damaged);
/* Whole lines; all of them or none are in the file then. 0 or negative errno, also in d->error. */
int events_disk_append(EventsDisk *d, const char *lines, size_t n);
void events_disk_deinit(EventsDisk *d);
