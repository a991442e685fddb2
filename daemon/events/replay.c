/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/events/replay.h"

#include "daemon/events/event.h"
#include "rules/base/strv.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Rules that may be tried for one answer: some ten milliseconds. */
#define REPLAY_STEPS_MAX 2000000

bool replay_refuses(const Ruleset *r, const Event *e)
{
        Packet p = { .direction = e->direction,
                .family = e->destination.family,
                .port = e->destination_port,
                .has_from = true,
                .has_to = true,
                .from = e->source,
                .to = e->destination,
                .has_uid = e->has_uid,
                .uid = e->uid,
                .has_gid = e->has_gid,
                .gid = e->gid,
                .unit = e->unit };
        Doubt d = { .interfaces = true, .group = !e->has_gid, .unit = !e->unit };

        return r && e->destination.family != 0 && is_refused_surely(r, &p, d);
}

static size_t rules_of(const Ruleset *r)
{
        size_t n = 1;

        for (Direction d = 0; r && d < _DIRECTION_MAX; d++)
                n += r->directions[d].n;
        return n;
}

void replay_compare(const Ring *ring, const Ruleset *before, const Ruleset *after, Replay *ret)
{
        size_t max = REPLAY_STEPS_MAX / (rules_of(before) + rules_of(after));
        Replay found = { 0 };

        for (size_t i = ring->n > max ? ring->n - max : 0; i < ring->n; i++) {
                const Event *e = ring_at(ring, i);
                bool was, is;

                if (e->destination.family == 0)
                        continue;
                was = replay_refuses(before, e);
                is = replay_refuses(after, e);
                if (found.since_usec == 0)
                        found.since_usec = e->time_usec;
                found.connections += e->count;
                found.refused += !was && is ? e->count : 0;
                found.passed += was && !is ? e->count : 0;
        }
        *ret = found;
}

int replay_tell(const Ring *ring, const Ruleset *before, const Ruleset *after, char ***lines)
{
        char since[32] = "?", passed[96] = "";
        time_t seconds;
        struct tm tm;
        Replay r;

        replay_compare(ring, before, after, &r);
        if (r.connections == 0)
                return 0;
        seconds = (time_t)(r.since_usec / USEC_PER_SEC);
        if (gmtime_r(&seconds, &tm))
                (void)strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (r.passed > 0)
                (void)snprintf(passed, sizeof(passed),
                        ", and %" PRIu64 " that are refused now would have passed", r.passed);
        return strv_printf(lines,
                "replay: of %" PRIu64 " connections in the events since %s, %" PRIu64
                " that pass now would have been refused%s",
                r.connections, since, r.refused, passed);
}
