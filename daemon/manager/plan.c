/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The changes that a reload would make. Anybody who may read the policy may ask, so nothing here
 * opens a file because such a caller named it.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "rules/policy/expiry.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

#include <errno.h>

/* The file name in errors of the text; p25ctl prints the name of its file instead. */
static const char conf_name[] = "p25.conf";

static int refuse_file(SetDecl *set, Diagnostics *d)
{
        return diagnostics_error(d, ((Place){ .file = conf_name, .line = set->line }), NULL,
                "sets.%s.file: %s is not a file of the policy in force, and p25d opens others only "
                "for root (try with sudo)",
                set->name, set->path);
}

static int parse(
        Manager *m, const char *text, size_t n, bool trusted, Diagnostics *d, HostConf **ret)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        int r = parse_host(text, n, conf_name, d, &host);

        if (r >= 0)
                r = trusted ? host_load_set_files(host->common, m->paths.root, NULL, d)
                            : manager_fill_sets(m->in_force.policy, host->common, refuse_file, d);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(host);
        return 0;
}

/* As a reload has it. */
static void reload_state(State *s)
{
        s->files_pinned = false;
        (void)state_name_files(s, NULL);
        (void)expiry_drop_all(s, clock_now_usec(CLOCK_REALTIME));
}

int manager_plan(Manager *m, const char *text, size_t n, bool trusted, ChangeResult *r)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        _cleanup_proposal_ Proposal p = { .invalid = ERROR_INVALID_POLICY,
                .untried = !trusted || m->counters.held.only };
        _cleanup_diagnostics_ Diagnostics d = { .hides_content = !trusted };
        static const Change dry = { .dry_run = true };
        int q = 0;

        r->revision = m->in_force.policy->state->revision;
        if (text)
                q = parse(m, text, n, trusted, &d, &host);
        if (q >= 0)
                q = host ? host_load_files_with(&m->paths, host, &d, &p.files)
                         : host_load_files(&m->paths, NULL, &d, &p.files);
        if (q >= 0)
                q = state_copy(manager_stored(m), &p.state);
        if (q == -ENOMEM)
                return change_no_memory(r);
        if (q >= 0)
                reload_state(p.state);
        return q < 0 ? change_fail_told(r, ERROR_INVALID_POLICY, q, &d)
                     : change_finish(m, &p, &dry, r);
}
