/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The manager's life, its backend and its view of names. The way of a change is in
 * manager_change.c, the start in manager_load.c.
 */

#include "daemon/manager/internal.h"

#include "rules/base/text.h"

#include <errno.h>

Manager *manager_free(Manager *m)
{
        if (!m)
                return NULL;
        watch_free(m->watch);
        pending_free(m->pending);
        free(m->boot_id);
        later_deinit(&m->later);
        waits_deinit(&m->waits);
        expiry_deinit(&m->expiry);
        backend_slot_deinit(&m->slot);
        in_force_deinit(&m->in_force);
        repair_story_deinit(&m->repairs);
        counters_deinit(&m->counters);
        host_names_free(m->names);
        if (m->store)
                (void)store_sync_revisions(m->store);
        store_free(m->store);
        host_paths_deinit(&m->paths);
        sd_event_unref(m->event);
        free(m);
        return NULL;
}

/* Followers that start with a policy that comes into force, in this order. */
static void (*const followers[])(
        Manager *) = { watch_follow, manager_update_expiry, manager_cut_later, manager_save_later };

_Static_assert(ELEMENTS(followers) <= FOLLOWERS_MAX, "room for all of them");

int manager_new(sd_event *event, const ManagerOptions *options, Manager **ret, char **ret_message)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(manager_free_p) Manager *m = calloc(1, sizeof(*m));
        int r;

        *ret_message = NULL;
        if (!m) {
                host_names_free(options->names);
                return -ENOMEM;
        }
        m->event = sd_event_ref(event);
        m->names = options->names;
        m->slot.forced = options->backend;
        m->slot.kinds = options->backends;
        m->later.cut_sockets = options->cut;
        if (strdup_null(options->boot_id, &m->boot_id) < 0)
                return -ENOMEM;
        m->listeners = options->listeners;
        r = host_paths_init(&m->paths, options->root, options->policies);
        if (r >= 0)
                r = store_new(&m->paths, &m->store);
        if (r >= 0 && !m->names)
                r = host_names_new(false, &m->names);
        if (r >= 0)
                r = host_names_set_root(m->names, m->paths.root);
        if (r >= 0)
                host_names_defer(m->names, NULL, NULL);
        if (r >= 0)
                r = pending_new(m);
        if (r >= 0)
                r = manager_start(m, options->fds, options->n_fds, &d);
        if (r >= 0)
                r = watch_new(m, &m->watch);
        if (r >= 0)
                r = manager_watch_clock(m);
        if (r < 0) {
                const Diagnostic *first = diagnostics_first_error(&d);

                if (first)
                        (void)diagnostic_format(first, ret_message);
                return r;
        }
        for (size_t i = 0; i < ELEMENTS(followers); i++) {
                m->followers[m->n_followers++] = followers[i];
                followers[i](m);
        }
        pending_start(m);
        manager_sweep_later(m);
        *ret = TAKE_PTR(m);
        return 0;
}

/* ---- reading ---- */

const Policy *manager_policy(const Manager *m)
{
        return m->in_force.policy;
}

const Ruleset *manager_ruleset(const Manager *m)
{
        return m->in_force.installed ? m->in_force.ruleset : NULL;
}

bool manager_is_active(const Manager *m)
{
        return m->in_force.installed || m->in_force.kept;
}

const char *manager_backend_name(const Manager *m)
{
        return manager_is_active(m) ? m->slot.backend->ops->name : "";
}

HostNames *manager_names(Manager *m)
{
        return m->names;
}

char *const *manager_warnings(const Manager *m)
{
        return m->in_force.warnings;
}

size_t manager_keep_fds(Manager *m, int *fds, size_t max)
{
        return m->slot.backend ? m->slot.backend->ops->keep_fds(m->slot.backend, fds, max) : 0;
}

int manager_detach(Manager *m, bool (*follows)(void))
{
        Backend *b = m->slot.backend;

        (void)manager_take_decisions(m);
        return b && b->ops->detach ? b->ops->detach(b, follows) : 0;
}
