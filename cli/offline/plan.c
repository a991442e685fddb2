/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `plan` without a daemon: the files below --root against p25d's copies of those that were in
 * force last.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/offline/offline.h"
#include "daemon/api/api.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/compare/difference.h"
#include "rules/compare/idnames.h"
#include "rules/compile/assertions.h"
#include "rules/compile/compile.h"
#include "rules/policy/effective.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/report/changes.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

#define LINES_MAX 200

typedef struct Side {
        Policy *policy;
        Ruleset *ruleset; /* NULL: not enabled */
} Side;

static void side_deinit(Side *s)
{
        policy_free(s->policy);
        ruleset_free(s->ruleset);
}
#define _cleanup_side_ _cleanup_(side_deinit)

static int state_load(const Offline *o, Diagnostics *d, State **ret)
{
        int r = host_load_state(&o->paths, d, ret);

        if (r != -ENOENT)
                return r;
        *ret = state_new();
        return *ret ? 0 : -ENOMEM;
}

/* The policy that was in force; a warning if no copies of it exist. */
static int before_load(Cli *c, const Offline *o, const State *state, Diagnostics *d, Side *ret)
{
        _cleanup_(host_paths_deinit) HostPaths paths = { 0 };
        int r = host_paths_in_force(&o->paths, state, &paths);

        if (r == -ENOENT) {
                cli_warn(c, "%s has no copies of files that were in force: compared with none",
                        o->paths.state);
                ret->policy = policy_new();
                return ret->policy ? 0 : -ENOMEM;
        }
        if (r >= 0)
                r = host_load_files(&paths, NULL, d, &ret->policy);
        if (r < 0)
                return r;
        state_free(TAKE_PTR(ret->policy->state));
        r = state_copy(state, &ret->policy->state);
        return r < 0 || !policy_enabled(ret->policy)
                       ? r
                       : compile_policy(ret->policy, &o->names, NULL, &ret->ruleset);
}

/* The policy that would be in force. */
static int after_load(const Offline *o, const char *path, const char *text, const State *state,
        Diagnostics *d, Side *ret)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        int r = text ? offline_parse_host(o, path, text, strlen(text), d, &host) : 0;

        if (r >= 0)
                r = host ? host_load_files_with(&o->paths, host, d, &ret->policy)
                         : host_load_files(&o->paths, NULL, d, &ret->policy);
        if (r < 0)
                return r;
        state_free(TAKE_PTR(ret->policy->state));
        r = state_copy(state, &ret->policy->state);
        if (r >= 0)
                r = compile_policy(ret->policy, &o->names, d, &ruleset);
        if (r >= 0)
                r = assertions_check(ret->policy, ruleset, &o->names, d);
        if (r >= 0 && policy_enabled(ret->policy))
                ret->ruleset = TAKE_PTR(ruleset);
        return r;
}

/* As p25d prints it: first what the policy gains and loses, then what changes for packets. */
static int compare(const Offline *o, const Side *before, const Side *after, ChangeReply *ret)
{
        _cleanup_(difference_free_p) Difference *d = NULL;
        IdNames ids = host_id_names(o->host_names);
        int r = policy_difference(before->policy, after->policy, &ret->diff);

        if (r < 0 || !ret->diff)
                return r;
        r = difference_compute(before->ruleset, after->ruleset, &d);
        if (r == -E2BIG)
                return strv_append(
                        &ret->effects, "the effects on connections are too many to list");
        return r < 0 ? r : difference_print(d, &ids, LINES_MAX, &ret->effects);
}

int offline_plan(Cli *c, const char *path, const char *text)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(state_free_p) State *state = NULL;
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        _cleanup_side_ Side before = { 0 }, after = { 0 };
        int status = offline_open(c, &o), r;

        if (status != 0)
                return status;
        r = state_load(&o, &d, &state);
        if (r >= 0)
                r = before_load(c, &o, state, &d, &before);
        if (r >= 0)
                r = after_load(&o, path, text, state, &d, &after);
        status = cli_tell_diagnostics(c, &d);
        if (status != 0)
                return r == -EACCES || r == -EPERM ? EXIT_NOT_AUTHORISED : status;
        if (r >= 0)
                r = compare(&o, &before, &after, &reply);
        if (r < 0)
                return cli_fail_errno(c, r, o.paths.state);
        reply.changed = reply.diff != NULL;
        reply.outcome = reply.changed ? OUTCOME_CHANGED : OUTCOME_NONE;
        reply.revision = state->revision;
        return client_tell_change(c, &reply, NULL, NULL);
}
