/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The content of the files on disk, as the sources of this room share it.
 */

#include "daemon/stats/hits.h"
#include "daemon/stats/senders.h"
#include "daemon/stats/verdicts.h"

typedef struct Buffer Buffer;

#define STATS_BOOT_ID_MAX 63

/* All that is counted. */
typedef struct Counted {
        uint64_t since_usec; /* of the totals, since the epoch */
        uint64_t key;        /* of the hashes of destinations */
        char boot_id[STATS_BOOT_ID_MAX +
                     1]; /* of the kernel whose counters were seen; "": not known */
        SenderTable senders[_SENDER_KIND_MAX];
        Verdicts verdicts;
        Hits hits;
} Counted;

void counted_init(Counted *c);
void counted_deinit(Counted *c);

/* ---- record.c: Counted as text, whose last line is a checksum ---- */

/* now: the clock of the times in c, and what the wall clock says. */
void counted_print(Buffer *b, Counted *c, uint32_t now, uint64_t wall_usec);
/* Appends the last line. */
void counted_seal(Buffer *b);
/* c must be as counted_init() leaves it, and is to be deinited also after a failure. 0, -EBADMSG
 * (damaged), -ENOMEM. */
int counted_parse(
        const char *text, size_t n, Counted *c, uint32_t *ret_now, uint64_t *ret_wall_usec);

/* ---- file.c ---- */

/* 0, -ENOENT, -EFBIG, another negative errno. */
int stats_file_read(const char *folder, char **ret, size_t *ret_n);
/* In one step: after a failure the former file is there. 0 or negative errno. */
int stats_file_write(const char *folder, const Buffer *text);
/* Puts a damaged file aside, as stats.damaged. */
int stats_file_set_aside(const char *folder);
