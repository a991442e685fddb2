/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Passes the fleet's orders on to p25d: calls in their order, one under way at a time, so that
 * a p25d that is busy gets larger calls and not more. What p25d refuses because of an assertion is
 * refused address by address, and the rest comes into force.
 */

#include "daemon/fleet/client.h"
#include "daemon/fleet/live.h"

typedef struct LiveApply LiveApply;

/* client and set (a name) are borrowed. 0 or -ENOMEM. */
int live_apply_new(sd_event *event, FleetClient *client, const char *set, LiveApply **ret);
LiveApply *live_apply_free(LiveApply *a);
DEFINE_CLEANUP(LiveApply, live_apply_free)

/* 0, -ENOMEM, -ENOBUFS (as much waits as may: call live_tell_all() when nothing waits) */
int live_apply_bans(LiveApply *a, const LiveBan *bans, size_t n);
int live_apply_unbans(LiveApply *a, const Prefix *addresses, size_t n);
/* Takes the place of one that waits. */
int live_apply_lockdown(LiveApply *a, bool on, const char *why);
/* p25d is there again: what waits for it is tried now. */
void live_apply_retry(LiveApply *a);

bool live_apply_is_idle(const LiveApply *a);     /* nothing waits */
uint64_t live_apply_applied(const LiveApply *a); /* entries */
uint64_t live_apply_refused(const LiveApply *a); /* entries, by assertions of this host */
