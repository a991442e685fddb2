/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A release: the sources below DIR/groups as the files of a web server below DIR/www. Files are
 * written before anything names them, and `current` last, so a client never sees half of it.
 */

#include "daemon/fleet/manifest.h"

#define RELEASE_KEYS_MAX 4
#define RELEASE_KEPT 16  /* serials whose files stay, for clients in the midst of one */
#define RELEASE_DELTAS 8 /* former serials from which there is a difference */

typedef struct ReleaseOptions {
        const char *folder; /* DIR */
        SecretKey keys[RELEASE_KEYS_MAX];
        size_t n_keys;
        uint64_t valid_usec, now_usec;
        uint64_t serial; /* 0: the next one */
        bool force;      /* even if nothing has changed */
} ReleaseOptions;

typedef struct ReleaseResult {
        uint64_t serial;
        bool nothing; /* nothing has changed, and the serial is valid for long enough */
        size_t n_parts, n_deltas;
} ReleaseResult;

/* 0, -EINVAL (errors in d), -ENOMEM, other negative errno with an error in d. */
int release_make(const ReleaseOptions *o, Diagnostics *d, ReleaseResult *ret);
