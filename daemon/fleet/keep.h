/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The files that p25-fleet keeps below its state folder: the manifest of the serial in force, in
 * one file whose rename commits it, and the contents of its parts by their hash. A restart finds
 * the last good ones.
 */

#include "daemon/fleet/manifest.h"

typedef struct Keep {
        char *folder;
        Manifest *manifest; /* in force; NULL: none yet */
        char *text;         /* of it */
        uint64_t since_usec;
} Keep;

/* Makes the folders, which may be there, and reads what is in them. 0; -EBADMSG: what is there is
 * damaged, and *k is empty but can be used; another negative errno. */
int keep_open(Keep *k, const char *folder);
void keep_deinit(Keep *k);

bool keep_has_part(const Keep *k, const ManifestFile *f);
/* The content, NUL-terminated. 0 or negative errno. */
int keep_read_part(const Keep *k, const ManifestFile *f, char **ret);
/* A descriptor for reading, the caller's, or negative errno. */
int keep_open_part(const Keep *k, const ManifestFile *f);
/* Takes a content whose hash was checked. 0 or negative errno. */
int keep_write_part(const Keep *k, const ManifestFile *f, const char *content);
/* From now on this is the one in force; text and manifest are taken over on success. Contents that
 * no part for this host has are removed. 0 or negative errno. */
int keep_commit(Keep *k, const FleetConfig *c, char **text, Manifest **m, uint64_t now_usec);
