/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Remembers the process that opened a connection until the connection is counted: starts the
 * process that lets connections wait (asker.h), and keeps its reports for some seconds. Bounded;
 * decides nothing.
 */

#include "daemon/attribution/attempt.h"

#include <systemd/sd-event.h>

typedef struct Event Event;
typedef struct Openers Openers;

/* Something that the log should hold: priority is syslog's, text one line. */
typedef void (*OpenersNotice)(void *data, int priority, const char *text);

int openers_new(sd_event *event, OpenersNotice notice, void *data, Openers **ret);
Openers *openers_free(Openers *a);
DEFINE_CLEANUP(Openers, openers_free)

/* Are connections to wait? If that fails it is tried again, and the log says so. */
void openers_set(Openers *a, bool wanted);

/* The next attempt that e, which may be of several, can be about, from number *at on; NULL: there
 * is none. Borrowed until the next call of any function. */
const Attempt *openers_find(Openers *a, const Event *e, size_t *at);
/* Forgets the one that was found at that number. */
void openers_forget(Openers *a, size_t at);
