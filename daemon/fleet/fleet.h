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

int fleet_verb_run(const FleetArguments *a);      /* the daemon */
int fleet_verb_publish(const FleetArguments *a);  /* makes and signs what a web server serves */
int fleet_verb_announce(const FleetArguments *a); /* says to brokers that there is a serial */
int fleet_verb_status(const FleetArguments *a);   /* what the daemon wrote; 1: something is wrong */
int fleet_verb_check(const FleetArguments *a);    /* reads fleet.conf and reports its errors */
int fleet_verb_init(const FleetArguments *a);     /* writes an explained fleet.conf */
/* Does fleet.conf let p25-fleet change this? 0, or 1; the rule of polkit asks. */
int fleet_verb_may(const FleetArguments *a);
