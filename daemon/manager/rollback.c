/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A new revision with the policy of a former one.
 */

#include "daemon/manager/internal.h"

#include <inttypes.h>
#include <stdio.h>

int manager_rollback(Manager *m, uint64_t revision, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { .invalid = ERROR_INVALID_POLICY,
                .pending = PENDING_REPLACES };
        Change change = *c;
        char reason[64];
        int q;

        q = change_check(m, c, r);
        if (q >= 0)
                q = manager_propose_revision(m, &(FormerRevision){ .revision = revision }, r, &p);
        if (q < 0)
                return q;
        if (!change.reason || !change.reason[0]) {
                (void)snprintf(reason, sizeof(reason), "rollback to revision %" PRIu64, revision);
                change.reason = reason;
        }
        /* the shortest way to undo what waits */
        if (!c->dry_run && c->confirm_seconds == 0 && pending_is_from(m, revision))
                return pending_take_back(m, &change, r);
        return change_finish(m, &p, &change, r);
}
