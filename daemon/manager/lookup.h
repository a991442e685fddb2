/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A process that asks the name service, one question at a time, so that a directory server that
 * hangs keeps only that process waiting.
 */

#include "daemon/host/service.h"
#include "rules/base/util.h"

#include <systemd/sd-event.h>

typedef struct Lookup Lookup;

/* The argument by which p25d executes itself as this process. */
#define LOOKUP_PROCESS "--answer-names"
/* The origin of its questions. */
#define LOOKUP_FD 3

/* The process: answers until the other end closes. */
_Noreturn void lookup_serve(void);

/* answered is called when there is nothing more to ask; changed: some answer is another than
 * before. cache and event are borrowed. 0 or -ENOMEM. */
int lookup_new(sd_event *event, ServiceCache *cache, void (*answered)(void *data, bool changed),
        void *data, Lookup **ret);
Lookup *lookup_free(Lookup *l);
/* Something is wanted. */
void lookup_begin(Lookup *l);
/* The duration of the last round: until everything was answered, or given up. */
uint64_t lookup_took_usec(const Lookup *l);
