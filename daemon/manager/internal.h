/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of this room: the manager itself, and the one pipeline that every change
 * takes.
 */

#include "daemon/host/internal.h"
#include "daemon/manager/enforce.h"
#include "daemon/manager/manager.h"
#include "daemon/manager/resolve.h"
#include "daemon/store/store.h"
#include "rules/compare/families.h"
#include "rules/policy/rulelist.h"

typedef struct ClockWatch ClockWatch;
typedef struct CutResult CutResult;
typedef struct Listeners Listeners;
typedef struct Report Report;
typedef struct RuleList RuleList;
typedef struct SetDecl SetDecl;
typedef struct Watch Watch;
typedef struct Pending Pending;

/*
 * The parts of a manager. The file named over each is the only one that changes it, unless another
 * is named at a field.
 */

/* The policy in force, or the one that would be while p25 is inactive: enforce.c. */
typedef struct InForce {
        Policy *policy;
        Ruleset *ruleset; /* compiled from policy, also while inactive */
        bool installed;   /* ruleset is in the kernel */
        /* A policy is in the kernel, and no file of it is left: manager_keep_policy(). load.c */
        bool kept;
        HostInputs inputs;    /* policy->state->files names their copies */
        bool inputs_are_good; /* policy came from these files, not from copies */
        Diagnostics told;     /* warnings and notes of the last compilation */
        char **warnings;      /* of loading; result.c adds, change.c ends them */
        MissingNames missing;
        /* The stored state, while the fail-safe is in force (no mail for all, whatever is stored)
         * and until a reload; an empty state if it was lost. NULL: not the fail-safe. */
        State *parked;
} InForce;

/* The backend that holds the policy: backend.c. */
typedef struct BackendSlot {
        const BackendOps *forced; /* by the command line; NULL: the policy decides */
        const BackendOps *const *kinds;
        Backend *backend;       /* NULL: this host has none, and p25 is inactive */
        sd_event_source *sweep; /* what others left is taken out when nothing else waits */
} BackendSlot;

/* Counters as they were, for a process without the backend. */
typedef struct HeldCounters {
        RuleCounter *items;
        size_t n;
        uint64_t time_usec; /* monotonic; 0: none */
        bool only;          /* this is a worker */
} HeldCounters;

/* The counts of rules: counters.c. */
typedef struct Counters {
        RuleCounter *carried; /* by former backends; by id */
        size_t n_carried;
        HeldCounters held; /* for workers */
} Counters;

/* Changes by others to the kernel's tables: repairs.c. */
typedef struct RepairStory {
        uint64_t n;
        char *culprit; /* the last process, or NULL */
        BackendPeace peace;
} RepairStory;

/* Rules that expire: expiry.c. */
typedef struct Expiry {
        /* Expired and no longer in force, while the stored state, of that revision, may still hold
         * them. */
        RuleList expired;
        uint64_t revision;
        bool at_start; /* the start left them out */
        bool told;     /* that they cannot be stored yet */
        int error;     /* of the last attempt */
        sd_event_source *timer;
        ClockWatch *clock;
} Expiry;

/* Work after the answer to a change: later.c. */
typedef struct Later {
        int (*cut_sockets)(const Ruleset *, CutResult *); /* NULL: none */
        /* A timer, so that a change is answered before connections are looked at, and a hundred
         * changes in a row make one look. */
        sd_event_source *cut;
        unsigned looks;                /* that are due at all connections */
        uint64_t half_open_until_usec; /* sockets that were being opened then are looked at */
        sd_event_source *save;         /* the files' copies */
        sd_event_source *tidy;         /* the store */
} Later;

/* Calls that wait, in the order of arrival: wait.c. */
typedef struct Waits {
        ManagerWait *for_lock;  /* of the packet filter */
        ManagerWait *for_names; /* for answers of the name service */
        sd_event_source *timer;
} Waits;

#define FOLLOWERS_MAX 4

struct Manager {
        sd_event *event;
        HostPaths paths;
        Store *store;
        HostNames *names;
        int (*listeners)(const Ports *, Listeners *); /* NULL: nobody is asked */

        InForce in_force;
        BackendSlot slot;
        Counters counters;
        HostFamilies families; /* in a worker, which may ask nothing of the network */
        RepairStory repairs;
        Expiry expiry;
        Later later;
        Waits waits;
        Watch *watch;          /* users, groups and units: watch.c */
        ManagerEvents *events; /* a list: events.c */
        struct {
                DecisionHandler f; /* NULL: nobody wants them */
                void *data;
        } decisions; /* backend.c */

        Pending *pending;   /* pending.c */
        char *boot_id;      /* of the service manager; NULL: the kernel is asked. pending.c */
        bool state_is_lost; /* the one on disk could not be read: load.c, for take_back.c */

        /* Follows a policy as soon as it is in force: manager.c. */
        void (*followers[FOLLOWERS_MAX])(Manager *);
        size_t n_followers;
        ManagerReplay replay;
};

static inline bool manager_in_failsafe(const Manager *m)
{
        return m->in_force.parked != NULL;
}

void in_force_deinit(InForce *f);
void backend_slot_deinit(BackendSlot *s);
void counters_deinit(Counters *c);
void repair_story_deinit(RepairStory *s);
void expiry_deinit(Expiry *e);
void later_deinit(Later *l);
void waits_deinit(Waits *w);

/* ---- the pipeline: change.c ---- */

/* The behaviour of a change while another waits to be confirmed. */
typedef enum WhilePending {
        PENDING_WAITS, /* it is refused, unless it is to be confirmed itself */
        /* it is made, and stays when the other is taken back: that of lockdown, or of one set's
         * entries */
        PENDING_STAYS,
        PENDING_REPLACES,   /* it takes the place of all that waits */
        PENDING_TAKES_BACK, /* all that waits */
} WhilePending;

/* A change on its way. */
typedef struct Proposal {
        State *state;          /* owned */
        Policy *files;         /* owned; NULL: the files in force. Its own state is not used */
        HostInputs inputs;     /* owned; of files */
        const SetDelta *delta; /* the only difference, or NULL */
        ErrorKind invalid;     /* what it is called when it does not compile */
        bool untried;          /* a dry run asks the kernel nothing */
        WhilePending pending;
        bool must;       /* come into force, even if the disk does not take it */
        const char *set; /* whose entries change and nothing else; NULL: another change */
        size_t entries_added, entries_removed; /* of it */
        Outcome outcome;              /* OUTCOME_NONE: nothing more exact than OUTCOME_CHANGED */
        uint64_t former_expires_usec; /* see ChangeResult */
        bool only_expires;
        uint64_t *added; /* owned; ids of p25ctl's rules that are new or say something new */
        size_t n_added;
} Proposal;

void proposal_deinit(Proposal *p);
#define _cleanup_proposal_ _cleanup_(proposal_deinit)

/* Checks the options of a change and the revision that it expects. */
int change_check(const Manager *m, const Change *c, ChangeResult *r);
/* That, and a copy of the state to change. Refused while the fail-safe is in force, unless the
 * change is one that says nothing about rules. */
int change_begin(
        const Manager *m, const Change *c, ErrorKind invalid, ChangeResult *r, Proposal *ret);
int change_begin_anyway(const Manager *m, const Change *c, ChangeResult *r, Proposal *ret);
/* Compiles, checks, applies, stores; or finds that there is nothing to do. */
int change_finish(Manager *m, Proposal *p, const Change *c, ChangeResult *r);
/* Notes in the state who changes it and when, and counts the revision up from `revision`. */
int change_sign(State *s, uint64_t revision, const Change *c);

/* The policy that a proposal would put in force, borrowed. */
typedef struct Prospect {
        const Policy *policy; /* NULL: the fail-safe's */
        const Ruleset *ruleset;
        bool enabled;
} Prospect;

/* Asks the kernel which families this host has, for a worker. effects.c */
void manager_hold_families(Manager *m);
/* Adds what the change does to packets, and warnings about the rules and roles that it adds; before
 * anything is taken over. 0, or -ENOMEM with r->error. effects.c */
int change_tell_effects(
        Manager *m, const Proposal *p, const Prospect *next, const Change *c, ChangeResult *r);

/* The same between two policies, neither of which need be in force; one that does not compile any
 * more has no difference. */
int manager_tell_difference(Manager *m, const Policy *before, const Policy *after, ChangeResult *r);

/* The policy is another one, or under dry_run would be. */
void change_made(ChangeResult *r, Outcome outcome);
/* Fills in error and message and gives the errno back. */
int change_fail(ChangeResult *r, ErrorKind kind, int error, const char *format, ...) _printf_(4, 5);
/* The same with the first error of d; change_no_memory() for -ENOMEM. */
int change_fail_told(ChangeResult *r, ErrorKind kind, int error, const Diagnostics *d);
/* Adds all that is in d to the warnings. 0 or -ENOMEM. */
int change_warn(ChangeResult *r, const Diagnostics *d);
/* The policy is at r->revision. */
int change_fail_stale(ChangeResult *r, uint64_t expected);
int change_no_memory(ChangeResult *r);
int change_fail_set_size(ChangeResult *r);
/* The error for a change that the fail-safe refuses. */
int change_fail_in_failsafe(ChangeResult *r);
/* The name service has yet to answer: the change may wait. */
int change_fail_unanswered(ChangeResult *r);
/* The client's error for an errno of a backend. */
ErrorKind change_backend_error(int error);
/* The error for the answer of a backend; if another program holds the lock, the change may wait. */
int change_fail_backend(ChangeResult *r, int error, bool locked_out, const Diagnostics *d);

/* ---- changes that wait to be confirmed: pending.c ---- */

/* The record of a former life, before the state is read. */
int pending_new(Manager *m);
Pending *pending_free(Pending *w);
/* The policy is in force: what is due is taken back, else a timer runs. */
void pending_start(Manager *m);

/* Around every change that is made, in this order; the last two are each other's alternative. */
int pending_admit(const Manager *m, const Proposal *p, const Change *c, ChangeResult *r);
int pending_begin(Manager *m, const Proposal *p, const Change *c, ChangeResult *r);
void pending_cancel(Manager *m);
void pending_commit(Manager *m, const Proposal *p, bool stored);

/* Does something wait that would be taken back to this revision? */
bool pending_is_from(const Manager *m, uint64_t base);
/* Now, whatever its deadline. */
int pending_take_back(Manager *m, const Change *c, ChangeResult *r);

/* A former revision. files are the copies that go with it; NULL: those that it names. Entries of
 * sets are those of then, or those of now where the set still exists. */
typedef struct FormerRevision {
        uint64_t revision;
        const char *files;
        bool entries_of_then;
} FormerRevision;

/* Proposes it, to be put in force again. revisions.c */
int manager_propose_revision(
        Manager *m, const FormerRevision *former, ChangeResult *r, Proposal *p);

/* ---- the fail-safe: failsafe.c ---- */

/* Its policy, without a state. 0 or -ENOMEM. */
int failsafe_policy(Policy **ret);
/* The part of the stored state that the fail-safe shows. */
int failsafe_state(const State *stored, State **ret);
/* The state that is stored: that in force, or what waits aside while the fail-safe is. */
const State *manager_stored(const Manager *m);

/* ---- rules that end: manager_expiry.c ---- */

/* The policy has changed: wakes up when the first of its rules ends. */
void manager_update_expiry(Manager *m);
/* Entries that end end in the kernel when they end here, also if the clock is set back. 0 or
 * negative errno. */
int manager_watch_clock(Manager *m);
/* At the start, of the state that was stored: leaves out what has ended, and remembers to store it
 * without. 0 or -ENOMEM. */
int manager_drop_expired(Manager *m, State *state);

/* ---- the rest ---- */

typedef enum ResolveMode {
        RESOLVE_CHANGE,   /* of a new policy: only names of the policy in force may be unknown */
        RESOLVE_IN_FORCE, /* the policy is or was in force: any name of its rules may be unknown */
        RESOLVE_AGAIN,    /* the same, and the name service is asked for all that was missing */
} ResolveMode;

/* The names of p, which is borrowed. */
Resolver manager_resolver(const Manager *m, const Policy *p, ResolveMode mode);
/* In lockdown no rule decides, but they are still there to be seen and changed: this is what will
 * be in force again. -EINVAL if it does not compile, which lockdown does not mind. */
int manager_compile_behind_lockdown(const Manager *m, Ruleset **ret);
/* d and names are those of the policy in force: its warnings and notes take the place of the former
 * ones, and the names that it misses are looked for. */
void manager_take_told(Manager *m, Diagnostics *d, Resolver *names);
/* ---- those who follow: events.c ---- */

/* The state that is stored is a new revision. */
void events_changed(Manager *m, Outcome outcome, char *const *diff);
void events_leaving(Manager *m);
void events_enforced(Manager *m);
void events_pending(Manager *m);
void events_repaired(Manager *m, uint64_t count, pid_t pid, const char *process);
void events_alert(Manager *m, const ManagerAlert *alert);
/* An alert: a fact that should not wait until somebody looks. */
void manager_alert(Manager *m, const char *name, const char *format, ...) _printf_(3, 4);
int manager_warn(Manager *m, const char *format, ...) _printf_(2, 3);

/* The backend that the policy asks for; -EOPNOTSUPP with an error in d. */
int manager_choose_backend(
        const Manager *m, const Policy *p, Diagnostics *d, const BackendOps **ret);
/* Adds what that backend cannot find of who opens a connection: a warning if p25.conf asks for it,
 * else a note. Lists may be NULL. backend.c */
int manager_tell_attribution(const Manager *m, const Policy *p, char ***warnings, char ***notes);
/* Adds a warning if a file says something else than what was read of it. report.c */
int manager_tell_edited(const Manager *m, char ***warnings);
/* Gives f's set files the entries that were read for p. Of a file that was not, unknown() decides:
 * 0, or an error as in manager_plan(). */
typedef int SetFileUnknown(SetDecl *set, Diagnostics *d);
int manager_fill_sets(const Policy *p, Fragment *f, SetFileUnknown *unknown, Diagnostics *d);

/* At the start: the one of choice, or none. A descriptor of another is closed. */
int manager_open_backend(Manager *m, const int *fds, size_t n_fds, Diagnostics *d);
/* The backend that the policy asks for: the one in use, or another that is opened now, which goes
 * to manager_take_backend() once its policy is in force, or to manager_drop_backend(). */
int manager_begin_backend(Manager *m, const Policy *p, Diagnostics *d, Backend **ret);
void manager_take_backend(Manager *m, Backend *b);
void manager_drop_backend(Manager *m, Backend *b);
/* Remembers what was counted until now: another backend is put in use. */
void manager_carry_counters(Manager *m);
/* p25 is inactive: all counters begin at zero. */
void manager_forget_counters(Manager *m);
/* At the start, of a policy that is not enabled, and that nobody switched off: is another one in
 * the kernel, by whichever backend? Then that backend is the one in use from now on. */
bool manager_find_kept(Manager *m);
/* Takes out what is in the kernel; waits for the lock only where something is. */
int manager_clear_backend(Backend *b, uint64_t deadline_usec, Diagnostics *d);
/* Takes out what another backend, of a former daemon, may have left; when nothing else waits, for
 * closing the sockets that it takes may have to wait for what the kernel has yet to clean up. */
void manager_sweep_later(Manager *m);
/* Others who change what is in the kernel: manager_repairs.c. */
void manager_on_repaired(void *data, uint64_t count, pid_t pid, const char *process);
int manager_report_repairs(const Manager *m, Report *report); /* lines of status */
/* The lock of the packet filter, where there is one: for b, and for the backend in use if it is
 * another; all that a change does in the kernel is done under it. 0, or -EBUSY, another errno. */
int manager_lock(Manager *m, Backend *b, uint64_t deadline_usec, Diagnostics *d);
/* Of the backend in use; another that is closed has let go. */
void manager_unlock(Manager *m);
/* Callers that wait for the name service try again. */
void manager_names_are_answered(Manager *m);
/* Adds a line for each role of a policy that expects a server where nobody listens, and for each
 * that closes what another one opens, but for those that are known: roles.c. 0 or -ENOMEM. */
int manager_tell_roles(const Manager *m, const Policy *p, char *const *known, char ***lines);
/* Adds a line for each program of this host that a policy, and the ruleset compiled of it, do not
 * judge as its author may expect: programs.c. 0 or -ENOMEM. */
int manager_tell_programs(const Manager *m, const Policy *p, const Ruleset *ruleset, char ***lines);
/* Refuses a ruleset with a rule 'out on IFACE' that is not in force (or `all`: with any) where this
 * host routes by marks: routing.c. 0 or negative errno with r->error. */
int manager_check_routing(const Manager *m, const Ruleset *next, bool all, ChangeResult *r);
/* Adds a line for each such rule in force. 0 or -ENOMEM. */
int manager_tell_routing(const Manager *m, char ***lines);
/* Puts a ruleset into the kernel, by the backend in use. */
int manager_apply(Manager *m, const Ruleset *r, Diagnostics *d);
/* Sees to it that there are copies of the files in force, and that the state says which. 0;
 * -ESTALE: the files have changed since they were read; other negative errno. */
int manager_keep_files(Manager *m);
/* Soon, not now: cuts what the policy in force refuses; keeps copies of good files. */
void manager_cut_later(Manager *m);
void manager_save_later(Manager *m);

/* Loads and applies at the start. */
int manager_start(Manager *m, const int *fds, size_t n_fds, Diagnostics *d);

/* Users, groups and units that come and go. */
int watch_new(Manager *m, Watch **ret);
Watch *watch_free(Watch *w);
DEFINE_CLEANUP(Watch, watch_free)
/* The policy has changed: look for what it names. */
void watch_follow(Manager *m);
/* Asks the name service again for all that the policy names. */
void watch_ask_names(Manager *m);
