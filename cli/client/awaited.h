/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A call whose answer is waited for later, while p25d computes it. Does not depend on what the
 * answer is for; errors are not printed.
 */

#include "cli/console/cli.h"

typedef struct AwaitedCall {
        sd_bus_slot *slot;
        sd_bus_message *reply; /* owned; NULL: none yet, or an error */
        uint64_t end_usec;     /* CLOCK_MONOTONIC */
        bool answered;
} AwaitedCall;

/* Sends a call without arguments; it may take timeout_usec from now on. The call stays where it is
 * until awaited_deinit(). 0 or negative errno. */
int awaited_begin(Cli *c, const char *method, uint64_t timeout_usec, AwaitedCall *ret);
/* Waits for the answer; one that came too late but is there counts. Borrowed; NULL: an error, or
 * none in time. */
sd_bus_message *awaited_wait(Cli *c, AwaitedCall *call);
void awaited_deinit(AwaitedCall *call);
#define _cleanup_awaited_ _cleanup_(awaited_deinit)
