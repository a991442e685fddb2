/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one way of a change, in two halves. It is judged: compiled, asserted, compared. Then it is
 * rehearsed, or made: written, applied, published. Up to the kernel nothing is true yet that was
 * not before; after it there is one rename, and if that fails the kernel is put back.
 */

#include "daemon/manager/internal.h"

#include "daemon/store/set_changes.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/report/changes.h"

#include <errno.h>

/* The result of a proposal. The candidate takes over its contents when it is enforced. */
typedef struct Judgement {
        Policy next; /* borrowed */
        bool enabled;
        bool same; /* says the same: neither the state on disk nor a revision is made of it */
        Candidate candidate;
} Judgement;

static void judgement_deinit(Judgement *j)
{
        candidate_deinit(&j->candidate);
}
#define _cleanup_judgement_ _cleanup_(judgement_deinit)

/* ---- judging ---- */

static bool was_told(const Diagnostics *d, const char *text)
{
        for (size_t i = 0; i < d->n; i++)
                if (streq(d->items[i].text, text))
                        return true;
        return false;
}

/* Warnings that this change brings, not those that every change would repeat. */
static int result_add_warnings(ChangeResult *r, const Diagnostics *d, const Diagnostics *before)
{
        for (size_t i = 0; i < d->n; i++) {
                if (d->items[i].severity != SEVERITY_WARNING || was_told(before, d->items[i].text))
                        continue;
                if (diagnostic_add_line(&d->items[i], &r->warnings) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_known_broken(const Manager *m, const Diagnostic *d)
{
        for (size_t i = 0; i < m->in_force.told.n; i++) {
                const Diagnostic *known = &m->in_force.told.items[i];

                if (streq_null(known->setting, "assert") && known->line == d->line &&
                        streq_null(known->file, d->file))
                        return true;
        }
        return false;
}

/* An assertion that already fails, as when a rule has expired, does not prevent other changes,
 * because they do not break it. All others are errors. */
static int forgive_broken(const Manager *m, Diagnostics *d)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].severity == SEVERITY_ERROR && !is_known_broken(m, &d->items[i]))
                        return -EPERM;
        diagnostics_forgive(d);
        return 0;
}

/* The names of what was in force once may be unknown, and its assertions are not checked again, as
 * at the start: what is taken back, what a lockdown hides, the fail-safe. */
static bool was_in_force(const Manager *m, const Proposal *p)
{
        return p->pending == PENDING_TAKES_BACK ||
               p->state->lockdown != m->in_force.policy->state->lockdown ||
               (manager_in_failsafe(m) && !p->files);
}

static int assert_next(Manager *m, const Proposal *p, Judgement *j, ChangeResult *r)
{
        Candidate *c = &j->candidate;
        int q = resolver_assert(&c->names, c->ruleset, &c->told);

        if (q == -EPERM && !p->files)
                q = forgive_broken(m, &c->told);
        return q < 0 ? change_fail_told(r,
                               q == -EPERM ? ERROR_ASSERTION_FAILED : ERROR_INVALID_POLICY, q,
                               &c->told)
                     : 0;
}

static int compile_next(Manager *m, const Proposal *p, Judgement *j, ChangeResult *r)
{
        bool again = was_in_force(m, p);
        Candidate *c = &j->candidate;
        const BackendOps *ops;
        int q = manager_choose_backend(m, &j->next, &c->told, &ops);

        if (q < 0)
                return change_fail_told(r, ERROR_NOT_SUPPORTED, q, &c->told);
        c->names = manager_resolver(m, &j->next, again ? RESOLVE_IN_FORCE : RESOLVE_CHANGE);
        q = resolver_compile(&c->names, &c->told, &c->ruleset);
        if (q < 0)
                return change_fail_told(r, p->invalid, q, &c->told);
        if (c->names.unanswered)
                return change_fail_unanswered(r);
        q = again ? 0 : assert_next(m, p, j, r);
        if (q < 0)
                return q;
        return result_add_warnings(r, &c->told, &m->in_force.told) < 0 ? change_no_memory(r) : 0;
}

/* That other files are in force than those on disk, or no longer, is a change by itself. */
static int report_pinned(const Manager *m, const State *next, ChangeResult *r)
{
        static const char *const lines[] = { "+ the files as they are on disk",
                "+ the files as they were" };

        return m->in_force.policy->state->files_pinned != next->files_pinned
                       ? strv_append(&r->diff, lines[next->files_pinned])
                       : 0;
}

/* The policy that the proposal makes. In the fail-safe only what it shows of the stored state. */
static int propose_next(Manager *m, Proposal *p, const Change *c, ChangeResult *r, Judgement *j)
{
        const State *now = m->in_force.policy->state;

        p->state->policy_revision = p->set ? state_policy_revision(now) : REVISION_ITSELF;
        if (change_sign(p->state, now->revision, c) < 0)
                return change_no_memory(r);
        j->next = p->files ? *p->files : *m->in_force.policy;
        j->next.state = p->state;
        if (!manager_in_failsafe(m) || p->files)
                return 0;
        if (failsafe_state(p->state, &j->candidate.state) < 0)
                return change_no_memory(r);
        j->next.state = j->candidate.state;
        return 0;
}

/* 1: there is something to do; 0: there is not; negative errno, with r->error. */
static int judge(Manager *m, Proposal *p, const Change *c, ChangeResult *r, Judgement *j)
{
        int q = propose_next(m, p, c, r, j);

        if (q < 0)
                return q;
        if (policy_difference(m->in_force.policy, &j->next, &r->diff) < 0 ||
                report_pinned(m, j->next.state, r) < 0 ||
                origin_summarise(&p->state->origin, r->diff) < 0)
                return change_no_memory(r);
        if (!r->diff && !p->files)
                return 0;
        q = compile_next(m, p, j, r);
        if (q < 0)
                return q;
        j->enabled = policy_enabled(&j->next);
        if (p->files && j->enabled && manager_tell_attribution(m, &j->next, &r->warnings, NULL) < 0)
                return change_no_memory(r);
        j->same = !r->diff && !manager_in_failsafe(m);
        if (j->same)
                return !c->dry_run;
        if (j->enabled && !was_in_force(m, p)) {
                q = manager_check_routing(m, j->candidate.ruleset, !m->in_force.installed, r);
                if (q < 0)
                        return q;
        }
        q = change_tell_effects(m, p,
                &(Prospect){ manager_in_failsafe(m) && !p->files ? NULL : &j->next,
                        j->candidate.ruleset, j->enabled },
                c, r);
        return q < 0 ? q : 1;
}

/* ---- rehearsing ---- */

static void proposal_made(const Proposal *p, ChangeResult *r)
{
        change_made(r, p->outcome);
        r->former_expires_usec = p->former_expires_usec;
        r->only_expires = p->only_expires;
}

static int rehearse(Manager *m, const Proposal *p, Judgement *j, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Backend *b = NULL;
        int q = 0;

        if (j->enabled && !p->untried)
                q = manager_begin_backend(m, &j->next, &d, &b);
        if (q >= 0 && b)
                q = b->ops->check(b, j->candidate.ruleset, &d);
        if (b && b != m->slot.backend)
                b->ops->close(b);
        if (q < 0)
                return change_fail_told(r, change_backend_error(q), q, &d);
        proposal_made(p, r);
        return 0;
}

/* ---- making it: the disk ---- */

/* The new state names the copies of the files that it goes with, so that a rollback can put these
 * in force again. */
static int keep_files(Manager *m, Proposal *p, ChangeResult *r)
{
        int q;

        if (manager_in_failsafe(m) && !p->files)
                return 0;
        if (!p->files) {
                /* those in force; a change is not refused because they could not be copied */
                if (manager_keep_files(m) == -ENOMEM ||
                        state_name_files(p->state, m->in_force.policy->state->files) < 0)
                        return change_no_memory(r);
                return 0;
        }
        if (p->state->files)
                return 0;
        q = store_keep_files(m->store, &p->inputs, &p->state->files);
        if (q == -ESTALE)
                return change_fail(r, ERROR_FAILED, q,
                        "a file was changed while it was read; nothing was changed: try again");
        return q < 0 ? change_fail(r, ERROR_FAILED, q,
                               "%s: the files cannot be copied: %s; nothing was changed",
                               m->paths.state, strerrordesc_np(-q))
                     : 0;
}

/* The store's reason; and that nothing was changed, unless the change is made all the same. */
static int fail_unstored(const Proposal *p, ChangeResult *r, int error, const Diagnostics *d)
{
        _cleanup_free_ char *reason = NULL;

        (void)change_fail_told(r, error == -E2BIG ? ERROR_LIMIT_EXCEEDED : ERROR_FAILED, error, d);
        if (p->must || !r->message)
                return error;
        reason = TAKE_PTR(r->message);
        return change_fail(r, r->error, error, "%s; nothing was changed", reason);
}

static int prepare(Manager *m, Proposal *p, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int q = keep_files(m, p, r);

        if (q < 0)
                return q;
        q = store_prepare(m->store, manager_stored(m), p->state, p->delta, &d);
        return q < 0 ? fail_unstored(p, r, q, &d) : 0;
}

/* In force but not on disk: no failure of what must be. */
static void report_unstored(ChangeResult *r)
{
        _cleanup_free_ char *message = TAKE_PTR(r->message);

        r->error = ERROR_NONE;
        if (message)
                (void)strv_printf(&r->warnings,
                        "%s: what was changed is in force, and is stored as soon as it can be",
                        message);
}

/* The disk, as far as that goes before the kernel. */
static int get_ready(Manager *m, Proposal *p, const Change *c, ChangeResult *r, bool *ret_stored)
{
        int q;

        /* a line of the journal would be true before it is known when to take it back */
        if (c->confirm_seconds > 0)
                p->delta = NULL;
        q = prepare(m, p, r);
        *ret_stored = q >= 0;
        if (q < 0 && !p->must)
                return q;
        q = pending_begin(m, p, c, r);
        if (q < 0 && *ret_stored)
                store_cancel(m->store);
        return q;
}

/* Between the kernel and the manager's own picture. */
typedef struct Publication {
        Manager *m;
        const Proposal *p;
        ChangeResult *r;
        bool stored; /* in: it is prepared; out: it is on disk */
} Publication;

static int publish(void *data)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Publication *t = data;
        int q = 0;

        if (t->stored)
                q = store_publish(t->m->store, &d);
        if (q < 0)
                (void)change_fail_told(t->r, ERROR_FAILED, q, &d);
        t->stored = t->stored && q >= 0;
        if (q < 0 && !t->p->must)
                return q;
        if (!t->stored)
                report_unstored(t->r);
        return 0;
}

/* ---- making it ---- */

/* The candidate takes over the contents of the proposal. */
static void hand_over(const Manager *m, Proposal *p, Judgement *j)
{
        Candidate *c = &j->candidate;

        if (manager_in_failsafe(m) && !p->files)
                c->stored = TAKE_PTR(p->state);
        else
                c->state = TAKE_PTR(p->state);
        c->from_disk = p->files && !c->state->files_pinned;
        c->files = TAKE_PTR(p->files);
        c->inputs = TAKE_STRUCT(p->inputs);
}

/* Neither kernel nor disk has anything to hear; but files that say the same were read again, and
 * users may have got other numbers since. */
static int renew(Manager *m, Proposal *p, Judgement *j, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Enforcement how = { .same = true };
        bool files = p->files != NULL;
        int q;

        hand_over(m, p, j);
        j->candidate.state = state_free(j->candidate.state);
        q = manager_enforce(m, &j->candidate, &how, &d);
        if (q < 0)
                return change_fail_backend(r, q, how.locked_out, &d);
        if (files) {
                (void)state_name_files(m->in_force.policy->state, NULL);
                strv_free(TAKE_PTR(m->in_force.warnings));
        }
        return 0;
}

static int enforce(Manager *m, Proposal *p, Judgement *j, bool *stored, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Publication t = { m, p, r, *stored };
        Enforcement how = { .set_alone = p->delta != NULL, .publish = publish, .data = &t };
        bool files = p->files != NULL;
        int q;

        hand_over(m, p, j);
        q = manager_enforce(m, &j->candidate, &how, &d);
        if (q < 0 && r->error != ERROR_NONE) /* of publish, which has used up what was prepared */
                return q;
        if (q < 0) {
                if (*stored)
                        store_cancel(m->store);
                return change_fail_backend(r, q, how.locked_out, &d);
        }
        if (files)
                strv_free(TAKE_PTR(m->in_force.warnings));
        *stored = t.stored;
        return 0;
}

/* For people: a ban is not refused because its row cannot be written; it is logged as well. */
static void note_set_change(Manager *m, const Proposal *p)
{
        const State *s = manager_stored(m);
        const StoredSet *set = p->set ? state_find_set(s, p->set) : NULL;

        if (!set)
                return;
        (void)store_note_set_change(m->store,
                &(SetChange){ .minute = s->origin.time_usec / (60 * USEC_PER_SEC),
                        .uid = s->origin.uid,
                        .process = s->origin.process,
                        .set = set->name,
                        .added = p->entries_added,
                        .removed = p->entries_removed,
                        .entries = prefix_set_size(set->entries) + timed_set_size(set->timed),
                        .changes = 1 });
}

static int commit(Manager *m, Proposal *p, Judgement *j, const Change *c, ChangeResult *r)
{
        _cleanup_strv_ char **kept = NULL;
        bool stored;
        int q = pending_admit(m, p, c, r);

        /* what must come into force does so even where the disk fails, which takes the lines */
        if (p->must && q >= 0 && strv_copy(r->diff, &kept) < 0)
                q = change_no_memory(r);
        if (q >= 0)
                q = get_ready(m, p, c, r, &stored);
        if (q < 0)
                return q;
        q = enforce(m, p, j, &stored, r);
        if (q < 0) {
                pending_cancel(m);
                return q;
        }
        if (!r->diff)
                r->diff = TAKE_PTR(kept);
        pending_commit(m, p, stored);
        if (!stored && p->pending != PENDING_TAKES_BACK)
                manager_alert(m, "unstored", "%s", r->warnings ? r->warnings[0] : "out of memory");
        proposal_made(p, r);
        note_set_change(m, p);
        r->revision = m->in_force.policy->state->revision;
        events_changed(m, r->outcome, r->diff);
        return 0;
}

int change_finish(Manager *m, Proposal *p, const Change *c, ChangeResult *r)
{
        _cleanup_judgement_ Judgement j = { 0 };
        int q = judge(m, p, c, r, &j);

        if (q <= 0)
                return q;
        if (c->dry_run)
                return rehearse(m, p, &j, r);
        return j.same ? renew(m, p, &j, r) : commit(m, p, &j, c, r);
}
