/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Owns the policy, the ruleset compiled of it, the store and the backend, and is the one way of a
 * change: parse → check → compile → dry run → apply → store → publish. Knows nothing of
 * D-Bus.
 */

#include "daemon/api/errors.h"
#include "daemon/api/outcome.h"
#include "daemon/backend/backend.h"

typedef struct CutResult CutResult;
typedef struct HostNames HostNames;
typedef struct Listeners Listeners;
typedef struct Manager Manager;
typedef struct Origin Origin;
typedef struct Policy Policy;
typedef struct Ports Ports;
typedef struct Report Report;
typedef struct Revisions Revisions;
typedef struct Rule Rule;
typedef struct SetChanges SetChanges;

/* An alert for the operator. Strings are borrowed. */
typedef struct ManagerAlert {
        const char *name; /* "fight", "broken", "peace", "assertion", "unstored", "pending" */
        const char *text;
        pid_t pid; /* 0: not known, or nobody's doing */
        const char *process;
        bool untold; /* nobody else logs it */
} ManagerAlert;

/* A new revision. All is borrowed. */
typedef struct ManagerChanged {
        uint64_t revision;
        const Origin *origin; /* who, when, why */
        Outcome outcome;
        char *const *diff; /* "+ allow out …", "- …" */
} ManagerChanged;

/* Events that others follow: the bus, the log. All are called after the fact, from the event loop;
 * NULL: of no interest. */
typedef struct ManagerEvents {
        void (*changed)(void *data, const ManagerChanged *c);
        /* The policy is about to leave the kernel, and its counters with it: the last time to ask
         * manager_counters(). The change may still fail. */
        void (*leaving)(void *data);
        /* Another ruleset is in force, or none, or in the hands of another backend. */
        void (*enforced)(void *data);
        /* Another change waits to be confirmed, or none: manager_pending(). */
        void (*pending)(void *data);
        void (*repaired)(void *data, uint64_t count, pid_t pid, const char *process);
        void (*alert)(void *data, const ManagerAlert *alert);
        void *data;
        struct ManagerEvents *next; /* the manager's */
} ManagerEvents;

/* The caller, and the options of the call (a{sv} of SPEC section 5). Strings are borrowed. */
typedef struct Change {
        bool dry_run;
        bool has_expected;
        uint64_t expected_revision;
        uint32_t confirm_seconds; /* 0: at once and for good */
        uint32_t position;        /* AddRule: from 1; 0: at the end */
        bool has_replaces;
        uint64_t replaces;        /* AddRule: the id of p25ctl's rule that makes room */
        uint32_t timeout_seconds; /* UpdateSet: what is added ends then; 0: it stays */
        uint32_t uid;
        pid_t pid; /* 0: not known */
        /* NULL or "": not known, none */
        const char *process;
        const char *unit;
        const char *remote;
        const char *reason;
        const char *connection; /* of the bus; no other ever has this name */
} Change;

/* The result of a change. Zero it before, change_result_deinit() it after, also after a failure. */
typedef struct ChangeResult {
        bool changed;
        Outcome outcome; /* OUTCOME_NONE unless changed */
        /* Of a rule that was updated: when it was to end (0: never), and whether the rest of it is
         * as it was. */
        uint64_t former_expires_usec;
        bool only_expires;
        uint64_t revision;
        char **diff;     /* "+ allow out …", "- …": what the policy gains and loses */
        char **effects;  /* "newly denied: in 25/tcp from …": what changes for packets */
        char **replay;   /* of a dry run: how it would have judged recent connections */
        char **warnings; /* what the author should know */
        /* UpdateSet: entries that were named and make no difference; NULL: not looked for */
        char **unchanged;
        /* ReplaceSet: how many entries the set has then */
        bool counts_entries;
        uint64_t entries;
        ErrorKind error; /* set with every negative return */
        char *message;   /* one line, what p25ctl prints after "ERROR: " */
        /* Another program holds the lock that the backend needs, or, if unanswered, the name
         * service has to be waited for: see manager_wait(). */
        bool locked_out, unanswered;
} ChangeResult;

void change_result_deinit(ChangeResult *r);

/* The owner of recent connections adds a line on how two rulesets (NULL: none is in force) judge
 * them differently. 0 or -ENOMEM. */
typedef struct ManagerReplay {
        int (*tell)(void *data, const Ruleset *before, const Ruleset *after, char ***lines);
        void *data;
} ManagerReplay;

typedef struct ManagerOptions {
        const char *root, *policies;              /* NULL: none */
        const BackendOps *const *backends;        /* by BackendKind; NULL: not in this program */
        const BackendOps *backend;                /* whatever the policy says; NULL: as it says */
        int (*cut)(const Ruleset *, CutResult *); /* connections.h; NULL: nothing is cut */
        /* daemon/listeners.h; NULL: nobody looks who listens */
        int (*listeners)(const Ports *, Listeners *);
        const int *fds; /* from the service manager's store */
        size_t n_fds;
        HostNames *names;    /* taken over; NULL: of this host */
        const char *boot_id; /* of the kernel, if that cannot be asked; NULL: not known */
} ManagerOptions;

/*
 * Loads (files and state; else last good; else no-mail), applies, and gives a manager that is in
 * force. Without a bus, network or name service. On failure nothing has changed, and *ret_message
 * says why in a line: -EPERM (no CAP_NET_ADMIN), -EOPNOTSUPP (no nf_tables), -ENOMEM, another errno
 * of the kernel.
 */
int manager_new(sd_event *event, const ManagerOptions *options, Manager **ret, char **ret_message);
/* Borrowed until they are removed; called in the order in which they were added. */
void manager_add_events(Manager *m, ManagerEvents *events);
/* Sets the receiver of the rules' decisions; f NULL: none any more. */
void manager_follow_decisions(Manager *m, DecisionHandler f, void *data);
/* Hands over what was decided since the last time. 1; 0: the backend in use cannot count so; a
 * negative errno: what could not be read comes the next time. */
int manager_take_decisions(Manager *m);
/* Does a packet in the log follow when rules have counted something? True where no rules are. */
bool manager_is_woken(const Manager *m);
void manager_remove_events(Manager *m, ManagerEvents *events);
/* For dry runs from now on. */
void manager_set_replay(Manager *m, const ManagerReplay *replay);
Manager *manager_free(Manager *m); /* leaves the policy in the kernel */
DEFINE_CLEANUP(Manager, manager_free)

/* Every change: 0 and r->changed, or negative errno with r->error and r->message; then nothing has
 * changed. Under dry_run nothing ever does. */
int manager_add_rules(Manager *m, Rule *const *rules, size_t n, const Change *c, ChangeResult *r);
/* The rule takes the place of c->replaces, or goes to c->position, counted without that one. Where
 * the match stays the same, the id and the counters stay too. */
int manager_replace_rule(Manager *m, const Rule *rule, const Change *c, ChangeResult *r);
/* By match, and by action unless it is _ACTION_INVALID. Without such a rule nothing changes; an
 * unknown id or position is ERROR_NO_SUCH_RULE. */
int manager_remove_rules(
        Manager *m, Rule *const *matches, size_t n, const Change *c, ChangeResult *r);
int manager_remove_rule_id(Manager *m, uint64_t id, const Change *c, ChangeResult *r);
int manager_remove_rule_position(Manager *m, uint32_t position, const Change *c, ChangeResult *r);
/* An empty text removes; removing an absent one changes nothing. */
int manager_put_fragment(
        Manager *m, const char *name, const char *text, size_t n, const Change *c, ChangeResult *r);
int manager_replace_set(
        Manager *m, const char *name, const char *text, size_t n, const Change *c, ChangeResult *r);
/* Several of them as one change, or none. A set of the same name must have been created with p25ctl
 * or the bus, or is new. */
typedef struct ManagerText {
        const char *name;
        bool is_set;      /* else a fragment */
        const char *text; /* "" removes a fragment and empties a set */
        size_t n;
} ManagerText;
int manager_put_texts(
        Manager *m, const ManagerText *texts, size_t n, const Change *c, ChangeResult *r);
int manager_update_set(Manager *m, const char *name, char *const *add, char *const *remove,
        const Change *c, ChangeResult *r);
int manager_drop_set(Manager *m, const char *name, const Change *c, ChangeResult *r);
int manager_reload(Manager *m, const Change *c, ChangeResult *r);
int manager_reset(Manager *m, const Change *c, ChangeResult *r);
/* A new revision with the state of an old one; ERROR_NO_SUCH_REVISION. */
int manager_rollback(Manager *m, uint64_t revision, const Change *c, ChangeResult *r);

/* The change that was made under confirm_seconds stays in force. ERROR_NO_SUCH_REVISION: another
 * revision waits, or none. ERROR_ACCESS_DENIED: c's connection made the change itself. */
int manager_confirm(Manager *m, uint64_t revision, const Change *c, ChangeResult *r);

/*
 * Waiting for the lock of the packet filter, which another program may hold for seconds, without
 * stopping the event loop. Whoever's change was locked out, or comes after one that was, puts it
 * here: `again` is called in the order of arrival as soon as the lock is there, and tries again.
 * -EBUSY from it: still locked out. last: the time is over, it is not called once more.
 */
#define MANAGER_WAIT_SECONDS 5
typedef struct ManagerWait {
        Manager *manager; /* NULL: does not wait */
        struct ManagerWait *next;
        uint64_t deadline_usec;
        bool for_names;
        int (*again)(void *data, bool last);
        void *data;
} ManagerWait;

/* For the name service: nobody has to wait behind, and again is called as soon as all that was
 * asked is answered or given up. */
int manager_wait_for_names(
        Manager *m, ManagerWait *w, int (*again)(void *data, bool last), void *data);
int manager_wait(Manager *m, ManagerWait *w, int (*again)(void *data, bool last), void *data);
void manager_wait_cancel(ManagerWait *w);
/* Does somebody wait? A change that comes now has its place behind. */
bool manager_is_waiting(const Manager *m);

/* Takes out of the kernel what p25d has left there, by whichever backend, and changes no file. For
 * a program that is not p25d, while none runs. 0, or negative errno with an error in d. */
int manager_remove_policy(
        sd_event *event, const BackendOps *const *backends, size_t n, Diagnostics *d);

/* Reading. */
const Policy *manager_policy(const Manager *m);
const Ruleset *manager_ruleset(const Manager *m);   /* NULL while inactive */
const char *manager_backend_name(const Manager *m); /* "" while inactive */
/* Is a policy in the kernel? It may be one that p25d does not know, when its files are lost. */
bool manager_is_active(const Manager *m);
uint64_t manager_repairs(const Manager *m);
const char *manager_repaired_by(const Manager *m); /* "nft[4711]", the last one; NULL: not known */
/* A description of damage to the rules in the kernel; *ret is NULL if there is none. 0 or -ENOMEM.
 */
int manager_peace_text(const Manager *m, char **ret);
HostNames *manager_names(Manager *m); /* borrowed */
/* The content of `status` without what manager_report_programs() adds. */
int manager_report(Manager *m, Report *ret);
/* Warnings about programs of this host, for which all its processes are looked at. 0 or -ENOMEM. */
int manager_report_programs(const Manager *m, Report *report);
/* As of the backend in use, with what former backends counted of the rules in force; ascending by
 * id, a malloc()ed array, empty while inactive. 0 or negative errno. */
int manager_counters(Manager *m, RuleCounter **ret, size_t *ret_n);
/* Of the kernel in which the policy is; "": it cannot be determined. Returns buffer. */
#define MANAGER_BOOT_ID_MAX 64
const char *manager_boot_id(const Manager *m, char buffer[static MANAGER_BOOT_ID_MAX]);
/* Before a fork(): what the child cannot ask the kernel for itself is read, at most once a second.
 * In the child: that is used, so that the backend's socket is left alone. */
void manager_prepare_worker(Manager *m);
void manager_enter_worker(Manager *m);
/* The change that waits to be confirmed. */
typedef struct PendingReport {
        uint64_t revision; /* 0: nothing */
        uint64_t deadline_usec;
        uint64_t seconds_left;
        uint64_t base;       /* the revision that it is taken back to */
        const char *failure; /* why it could not be taken back, borrowed; NULL: nothing failed */
} PendingReport;
void manager_pending(Manager *m, PendingReport *ret);
int manager_list_revisions(Manager *m, size_t max, Revisions *ret);
int manager_list_set_changes(Manager *m, size_t max, SetChanges *ret);
/* The policy of a time, with the names, and the entries of sets, of now. ERROR_NO_SUCH_REVISION:
 * nothing of that time is kept; ERROR_INVALID_ARGS: it is in the future. */
typedef struct FormerPolicy {
        uint64_t revision, time_usec; /* since when it was in force */
        bool files_of_now;            /* those of then are not kept */
        Ruleset *ruleset;             /* owned; NULL: p25 was inactive */
} FormerPolicy;
void former_policy_deinit(FormerPolicy *p);
int manager_policy_at(Manager *m, uint64_t at_usec, ChangeResult *r, FormerPolicy *ret);
/* The difference of two states, in r->diff. */
int manager_diff_revisions(Manager *m, uint64_t from, uint64_t to, ChangeResult *r);
/* Warnings for the operator: the fail-safe or the last good policy in force, a damaged state. */
char *const *manager_warnings(const Manager *m);
/* The backend's, for the service manager's store; borrowed. */
size_t manager_keep_fds(Manager *m, int *fds, size_t max);
/* The service stops: the policy is to stay in the kernel, see BackendOps.detach. Nothing follows
 * but manager_free(). */
int manager_detach(Manager *m, bool (*follows)(void));
/* The changes and warnings that a reload would bring; changes nothing. text, if not NULL, stands in
 * the place of p25.conf. Who asks without trust has no file opened but those that the policy in
 * force is made of, and the kernel is not asked. */
int manager_plan(Manager *m, const char *text, size_t n, bool trusted, ChangeResult *r);
/* Compiles a text in the place of what it is (host file, fragment, role), says what is wrong. */
int manager_check(Manager *m, const char *text, size_t n, Diagnostics *d);
