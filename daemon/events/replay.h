/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Judges the connections of the events by a ruleset. An event does not hold everything that a rule
 * may ask for; unknown facts are decided in favour of the connection.
 */

#include "daemon/events/ring.h"

typedef struct Event Event;
typedef struct Ruleset Ruleset;

/* r NULL: nothing is refused. False also for an event without addresses. */
bool replay_refuses(const Ruleset *r, const Event *e);

typedef struct Replay {
        uint64_t since_usec;      /* of the oldest event that was judged; 0: there was none */
        uint64_t connections;     /* that were judged */
        uint64_t refused, passed; /* those that only the second ruleset refuses, or lets pass */
} Replay;

/* Judges the newest events, as many as can be in a bounded time. */
void replay_compare(const Ring *ring, const Ruleset *before, const Ruleset *after, Replay *ret);
/* One line about it, none where there are no events. 0 or -ENOMEM. */
int replay_tell(const Ring *ring, const Ruleset *before, const Ruleset *after, char ***lines);
