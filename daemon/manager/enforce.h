/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Puts a policy in force: at the start, by a change, when a rule expires, when a user or a unit
 * gets another number. The kernel comes first, then the disk, then the manager's own state;
 * followers are called last.
 */

#include "daemon/host/host.h"
#include "daemon/manager/resolve.h"
#include "rules/base/diagnostic.h"

typedef struct Manager Manager;

/* The parts of a policy that may come into force, owned. NULL: that part stays as it is. */
typedef struct Candidate {
        Policy *files;     /* its own state is not used */
        HostInputs inputs; /* of files */
        bool from_disk;    /* files are those of /etc, and no copies */
        State *state;
        State *stored; /* of the fail-safe, which comes into force: what is stored meanwhile */
        Ruleset *ruleset;
        Diagnostics told; /* of its compilation */
        Resolver names;   /* the same */
} Candidate;

void candidate_deinit(Candidate *c);
#define _cleanup_candidate_ _cleanup_(candidate_deinit)

/* The policy that the candidate makes, borrowed of both. */
Policy candidate_policy(const Manager *m, const Candidate *c);

typedef struct Enforcement {
        uint64_t lock_usec; /* how long the packet filter's lock is waited for */
        bool set_alone;     /* entries of one set are the only difference: it may need no lock */
        /* The policy says the same as before: the kernel is asked only if names have other numbers.
         */
        bool same;
        /* With the kernel's answer, before anything else knows: 0, or a negative errno, for which
         * the kernel is put back. NULL: nothing to do. */
        int (*publish)(void *data);
        void *data;
        bool locked_out; /* out: it failed because another program holds the lock */
} Enforcement;

/* Puts the candidate in force, and takes what it needs of it. 0; negative errno with errors in d
 * (none of publish): what was in force still is. */
int manager_enforce(Manager *m, Candidate *c, Enforcement *how, Diagnostics *d);
