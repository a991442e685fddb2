/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Files and stored state together, as an offline command sees the policy.
 */

#include "daemon/host/internal.h"

#include "daemon/loop/clock.h"
#include "rules/policy/expiry.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

#include <errno.h>

int host_load_policy(const HostPaths *p, Diagnostics *d, Policy **ret)
{
        _cleanup_(policy_free_p) Policy *policy = NULL;
        State *state;
        int r;

        r = host_load_files(p, NULL, d, &policy);
        if (r < 0)
                return r;
        r = host_load_state(p, d, &state);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0) {
                state_free(policy->state);
                policy->state = state;
                (void)expiry_drop_all(state, clock_now_usec(CLOCK_REALTIME));
        }
        *ret = TAKE_PTR(policy);
        return 0;
}
