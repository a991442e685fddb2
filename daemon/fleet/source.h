/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The sources of a release: DIR/groups/GROUP/fragments/NAME.conf, DIR/groups/GROUP/sets/NAME.txt,
 * and DIR/groups/GROUP/hosts, which may list the group's hosts.
 */

#include "daemon/fleet/manifest.h"

typedef struct Source {
        Manifest *manifest; /* groups, and parts with size and hash, without serial */
        char **contents;    /* of the parts */
} Source;

/* 0, -EINVAL (errors in d), -ENOMEM, other negative errno with an error in d. */
int source_read(const char *folder, Diagnostics *d, Source *ret);
void source_deinit(Source *s);
