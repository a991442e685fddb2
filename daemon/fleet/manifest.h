/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The manifest of a serial: which parts it has, for which hosts, how long it is valid. JSON, read
 * strictly and within bounds; who signed it is not known here. Names of files on the web server
 * follow from hashes and serials, so that no path is ever taken from a document.
 */

#include "daemon/fleet/config.h"
#include "daemon/fleet/crypto.h"

#define MANIFEST_FORMAT "p25-fleet-1"
#define MANIFEST_BYTES_MAX (1u << 20)
#define MANIFEST_PARTS_MAX 256
#define MANIFEST_DELTAS_MAX 16  /* of one part */
#define MANIFEST_GROUPS_MAX 256 /* that list hosts */
#define MANIFEST_SERIAL_MAX (INT64_C(1) << 53)
#define FLEET_SET_BYTES_MAX (64u << 20)
#define FLEET_FRAGMENT_BYTES_MAX (1u << 20)
#define GROUP_OF_ALL "all" /* every host is in it */

/* A compressed file: what is in it, and how long it is. */
typedef struct ManifestFile {
        uint8_t sha256[SHA256_BYTES]; /* of the content */
        size_t size;                  /* of the content */
        size_t packed;                /* of the file */
} ManifestFile;

typedef struct ManifestDelta {
        uint64_t serial;            /* the last one with `from` */
        uint8_t from[SHA256_BYTES]; /* the content that it starts from */
        ManifestFile file;
} ManifestDelta;

typedef struct ManifestPart {
        bool is_set; /* else a fragment */
        char *name, *group;
        ManifestFile file;
        ManifestDelta *deltas; /* only of sets */
        size_t n_deltas;
} ManifestPart;

typedef struct ManifestGroup {
        char *name;
        char **hosts;
} ManifestGroup;

typedef struct Manifest {
        uint64_t serial; /* from 1 */
        uint64_t made_usec, valid_until_usec;
        ManifestGroup *groups; /* those that list their hosts */
        size_t n_groups;
        ManifestPart *parts;
        size_t n_parts;
} Manifest;

/* NUL-terminated. 0, -EINVAL with the reason in *ret_reason (owned), -ENOMEM. */
int manifest_parse(const char *text, Manifest **ret, char **ret_reason);
int manifest_print(const Manifest *m, char **ret);
Manifest *manifest_free(Manifest *m);
DEFINE_CLEANUP(Manifest, manifest_free)

/* Is the host in the group, by its own configuration or by the manifest's list? */
bool manifest_has_host(const Manifest *m, const char *group, const FleetConfig *c);
/* The parts for a host, borrowed, in *ret (MANIFEST_PARTS_MAX at most): those of its groups. 0,
 * -EINVAL with a reason: two of its groups have a part of one name, or a name is one that
 * fleet.conf does not list. -ENOMEM */
int manifest_select(const Manifest *m, const FleetConfig *c, const ManifestPart **ret,
        size_t *ret_n, char **ret_reason);

/* The longest name below, with NUL. */
#define FLEET_FILE_MAX 160
#define FLEET_CURRENT "current"
void manifest_file_name(uint64_t serial, char ret[static FLEET_FILE_MAX]);
void manifest_signature_name(uint64_t serial, const PublicKey *k, char ret[static FLEET_FILE_MAX]);
void manifest_part_name(const uint8_t sha[static SHA256_BYTES], char ret[static FLEET_FILE_MAX]);
void manifest_delta_name(const ManifestDelta *d, char ret[static FLEET_FILE_MAX]);
/* Reads the text of FLEET_CURRENT: a serial and a line end. 0 or -EINVAL. */
int manifest_current_parse(const char *text, size_t n, uint64_t *ret);
