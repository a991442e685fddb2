/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The manager's life, its backend and its view of names. The way of a change is in
 * manager_change.c, the start in manager_load.c.
 */

#include "daemon/manager/internal.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* A connection that a change denies ends within a second (SPEC section 2). One whose handshake was
 * under way is open only at the second look. */
#define CUT_DELAY_USEC (150 * UINT64_C(1000))
#define CUT_AGAIN_USEC (600 * UINT64_C(1000))
/* The store is tidied up when changes have ended. */
#define TIDY_DELAY_USEC (1000 * UINT64_C(1000))

#define FREE_MEMORY_MAX (8u << 20)

void change_result_deinit(ChangeResult *r)
{
        strv_free(r->diff);
        strv_free(r->effects);
        strv_free(r->warnings);
        free(r->message);
        *r = (ChangeResult){ 0 };
}

Manager *manager_free(Manager *m)
{
        if (!m)
                return NULL;
        watch_free(m->watch);
        pending_free(m->pending);
        free(m->boot_id);
        sd_event_source_disable_unref(m->cut_later);
        sd_event_source_disable_unref(m->save_later);
        sd_event_source_disable_unref(m->tidy_later);
        sd_event_source_disable_unref(m->sweep_later);
        manager_wait_drop(m);
        sd_event_source_disable_unref(m->expiry);
        rule_list_deinit(&m->expired);
        if (m->backend)
                m->backend->ops->close(m->backend);
        policy_free(m->policy);
        state_free(m->parked);
        ruleset_free(m->ruleset);
        host_inputs_deinit(&m->inputs);
        diagnostics_deinit(&m->told);
        missing_names_deinit(&m->missing);
        strv_free(m->warnings);
        repair_story_deinit(&m->repairs);
        manager_forget_counters(m);
        host_names_free(m->names);
        if (m->store)
                (void)store_sync_revisions(m->store);
        store_free(m->store);
        host_paths_deinit(&m->paths);
        sd_event_unref(m->event);
        free(m);
        return NULL;
}

static int first_error(const Diagnostics *d, char **ret)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].severity == SEVERITY_ERROR)
                        return diagnostic_format(&d->items[i], ret);
        return -ENOENT;
}

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
        m->forced = options->backend;
        m->backends = options->backends;
        m->cut = options->cut;
        if (strdup_null(options->boot_id, &m->boot_id) < 0)
                return -ENOMEM;
        m->listeners = options->listeners;
        r = host_paths_init(&m->paths, options->root, options->policies);
        if (r >= 0)
                r = store_new(&m->paths, &m->store);
        if (r >= 0 && !m->names)
                r = host_names_new(false, &m->names);
        if (r >= 0)
                r = pending_new(m);
        if (r >= 0)
                r = manager_start(m, options->fds, options->n_fds, &d);
        if (r >= 0)
                r = watch_new(m, &m->watch);
        if (r < 0) {
                (void)first_error(&d, ret_message);
                return r;
        }
        pending_start(m);
        watch_update(m->watch);
        manager_update_expiry(m);
        manager_cut_later(m);
        manager_save_later(m);
        manager_sweep_later(m);
        *ret = TAKE_PTR(m);
        return 0;
}

void manager_set_events(Manager *m, const ManagerEvents *events)
{
        m->events = *events;
}

/* ---- names ---- */

Resolver manager_resolver(const Manager *m, const Policy *p, ResolveMode mode)
{
        return (Resolver){ .host = m->names,
                .policy = p,
                .relied_on = mode == RESOLVE_CHANGE ? m->policy : p,
                .known = mode == RESOLVE_AGAIN ? NULL : &m->missing };
}

int manager_compile_behind_lockdown(const Manager *m, Ruleset **ret)
{
        Names names = host_names(m->names);
        State state = *m->policy->state;
        Policy policy = *m->policy;

        state.lockdown = false;
        policy.state = &state;
        return compile_policy(&policy, &names, NULL, ret);
}

void manager_take_told(Manager *m, Diagnostics *d, Resolver *names)
{
        diagnostics_deinit(&m->told);
        m->told = *d;
        *d = (Diagnostics){ 0 };
        missing_names_deinit(&m->missing);
        m->missing = names->missing;
        names->missing = (MissingNames){ 0 };
}

int manager_warn(Manager *m, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = strv_vprintf(&m->warnings, format, ap);
        va_end(ap);
        return r;
}

void manager_alert(Manager *m, const char *name, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        if (!m->events.alert)
                return;
        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (text)
                m->events.alert(m->events.data,
                        &(ManagerAlert){
                                .name = name, .text = text, .process = "", .untold = true });
}

/* ---- the backend ---- */

int manager_apply(Manager *m, const Ruleset *r, Diagnostics *d)
{
        if (!m->backend) {
                (void)diagnostics_error(
                        d, (Place){ 0 }, NULL, "this kernel has no packet filter for p25");
                return -EOPNOTSUPP;
        }
        return m->backend->ops->apply(m->backend, r, d);
}

/* What a change took and left is of use to the next one, but not without end: after a set of a
 * million entries it is 30 MiB and more. */
static void give_memory_back(void)
{
        if (mallinfo2().fordblks > FREE_MEMORY_MAX)
                (void)malloc_trim(0);
}

static int on_cut(sd_event_source *s, uint64_t usec, void *data)
{
        Manager *m = data;
        bool again;
        uint64_t n;

        (void)usec;
        give_memory_back();
        again = m->cut_again;
        m->cut_again = false;
        if (!m->installed || m->ruleset->keep_established)
                return 0;
        if (m->cut)
                (void)m->cut(m->ruleset, &n);
        (void)m->backend->ops->cut(m->backend, m->ruleset, &n);
        if (again) {
                (void)sd_event_source_set_time_relative(s, CUT_AGAIN_USEC);
                (void)sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        }
        return 0;
}

int manager_keep_files(Manager *m)
{
        State *state = m->policy->state;

        if (state->files)
                return 0;
        return m->inputs_are_good ? store_keep_files(m->store, &m->inputs, &state->files) : -ENOENT;
}

static int on_tidy(sd_event_source *s, uint64_t usec, void *data)
{
        Manager *m = data;

        (void)s;
        (void)usec;
        store_tidy(m->store);
        return 0;
}

static void tidy_later(Manager *m)
{
        if (!m->tidy_later)
                (void)sd_event_add_time_relative(m->event, &m->tidy_later, CLOCK_MONOTONIC,
                        TIDY_DELAY_USEC, 100000, on_tidy, m);
        else if (sd_event_source_set_time_relative(m->tidy_later, TIDY_DELAY_USEC) >= 0)
                (void)sd_event_source_set_enabled(m->tidy_later, SD_EVENT_ONESHOT);
}

static int on_save(sd_event_source *s, void *data)
{
        Manager *m = data;

        (void)s;
        tidy_later(m);
        /* also of a host that is off: what is written for it may be tried with --confirm */
        if ((!m->installed && !m->policy->host) || m->failsafe || manager_keep_files(m) < 0)
                return 0;
        /* lockdown takes files that do not compile */
        if (m->installed && m->inputs_are_good && !m->ruleset->lockdown)
                (void)store_mark_good(m->store, m->policy->state->files);
        return 0;
}

void manager_cut_later(Manager *m)
{
        bool soon = m->cut_again; /* a first look is due already, which will do for this change */

        m->cut_again = true;
        if (!m->cut_later)
                (void)sd_event_add_time_relative(
                        m->event, &m->cut_later, CLOCK_MONOTONIC, CUT_DELAY_USEC, 10000, on_cut, m);
        else if (!soon && sd_event_source_set_time_relative(m->cut_later, CUT_DELAY_USEC) >= 0)
                (void)sd_event_source_set_enabled(m->cut_later, SD_EVENT_ONESHOT);
}

/* At once, as soon as nothing else waits: the files may be edited any moment. */
void manager_save_later(Manager *m)
{
        if (m->save_later)
                (void)sd_event_source_set_enabled(m->save_later, SD_EVENT_ONESHOT);
        else if (sd_event_add_defer(m->event, &m->save_later, on_save, m) >= 0)
                (void)sd_event_source_set_priority(m->save_later, SD_EVENT_PRIORITY_IDLE);
}

/* ---- reading ---- */

const Policy *manager_policy(const Manager *m)
{
        return m->policy;
}

const Ruleset *manager_ruleset(const Manager *m)
{
        return m->installed ? m->ruleset : NULL;
}

bool manager_is_active(const Manager *m)
{
        return m->installed || m->kept;
}

const char *manager_backend_name(const Manager *m)
{
        return manager_is_active(m) ? m->backend->ops->name : "";
}

HostNames *manager_names(Manager *m)
{
        return m->names;
}

char *const *manager_warnings(const Manager *m)
{
        return m->warnings;
}

size_t manager_keep_fds(Manager *m, int *fds, size_t max)
{
        return m->backend ? m->backend->ops->keep_fds(m->backend, fds, max) : 0;
}
