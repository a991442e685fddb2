/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The verbs of p25-fleet, as main.c has them in its table. Each prints its errors and returns an
 * exit status: that of p25ctl where it means the same (daemon/api/api.h).
 */

#include "rules/base/util.h"

enum {
        FLEET_DONE = 0,
        FLEET_FAILED = 1,
        FLEET_BAD_INPUT = 4,
        FLEET_NOT_REACHABLE = 8,
};

typedef struct FleetArguments {
        const char *root; /* "": all files are below it */
        int n;            /* behind the verb */
        char **words;     /* NULL-terminated */
} FleetArguments;

/* ROOT and a path, in *ret. 0 or -ENOMEM. */
int fleet_path(const FleetArguments *a, const char *path, char **ret);

int fleet_verb_run(const FleetArguments *a);   /* the daemon */
int fleet_verb_check(const FleetArguments *a); /* reads fleet.conf and reports its errors */
