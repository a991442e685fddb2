/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The beginning of every change: who asks for it, and a copy of the state to change.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <inttypes.h>

void proposal_deinit(Proposal *p)
{
        state_free(p->state);
        policy_free(p->files);
        host_inputs_deinit(&p->inputs);
        free(p->added);
        *p = (Proposal){ 0 };
}

int change_fail_stale(ChangeResult *r, uint64_t expected)
{
        return change_fail(r, ERROR_STALE_REVISION, -ESTALE,
                "the policy is at revision %" PRIu64 ", not %" PRIu64
                ": look at what has changed and try again",
                r->revision, expected);
}

int change_check(const Manager *m, const Change *c, ChangeResult *r)
{
        const State *now = m->in_force.policy->state;

        r->revision = now->revision;
        /* bans make nobody's decision stale */
        if (c->has_expected && (c->expected_revision < state_policy_revision(now) ||
                                       c->expected_revision > r->revision))
                return change_fail_stale(r, c->expected_revision);
        if (c->reason && !comment_is_valid(c->reason))
                return change_fail(r, ERROR_INVALID_ARGS, -EINVAL,
                        "a reason is at most %d bytes of UTF-8 without control characters",
                        COMMENT_MAX);
        return 0;
}

int change_begin_anyway(const Manager *m, const Change *c, ChangeResult *r, Proposal *ret)
{
        State *state;
        int q = change_check(m, c, r);

        if (q < 0)
                return q;
        if (state_copy(manager_stored(m), &state) < 0)
                return change_no_memory(r);
        *ret = (Proposal){ .state = state, .invalid = ERROR_INVALID_POLICY };
        return 0;
}

int change_begin(
        const Manager *m, const Change *c, ErrorKind invalid, ChangeResult *r, Proposal *ret)
{
        int q = change_begin_anyway(m, c, r, ret);

        if (q < 0)
                return q;
        ret->invalid = invalid;
        return manager_in_failsafe(m) ? change_fail_in_failsafe(r) : 0;
}

static char *text_or_null(const char *s)
{
        return s && s[0] ? (char *)s : NULL;
}

int change_sign(State *s, uint64_t revision, const Change *c)
{
        s->revision = revision + 1;
        origin_deinit(&s->origin);
        return origin_copy(
                &(Origin){
                        .time_usec = clock_now_usec(CLOCK_REALTIME),
                        .uid = c->uid,
                        .pid = c->pid > 0 ? (uint32_t)c->pid : 0,
                        .process = text_or_null(c->process),
                        .unit = text_or_null(c->unit),
                        .remote = text_or_null(c->remote),
                        .reason = text_or_null(c->reason),
                },
                &s->origin);
}
