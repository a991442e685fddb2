/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The sources of users and groups that the name service asks, by nsswitch.conf(5). */

#include <stdbool.h>

typedef struct NamesFile NamesFile;

typedef enum NssReach {
        NSS_FILES,   /* only into the files that were just read: its modules need not be loaded */
        NSS_WATCHED, /* into what systemd keeps in folders, too */
        NSS_ANYWHERE,
} NssReach;

/* Of "passwd" or "group", whose line in the file is read now. */
NssReach nss_reach(NamesFile *nsswitch, const char *database);
/* Are there programs that add users to those of systemd? systemd-homed's users are in no folder
 * that p25d may read. */
bool userdb_has_others(void);
