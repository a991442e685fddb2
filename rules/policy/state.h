/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The settings of p25ctl and the bus: the daemon's own document.
 */

#include "rules/base/util.h"
#include "rules/policy/defaults.h"
#include "rules/policy/directions.h"
#include "rules/policy/origin.h"
#include "rules/policy/rulelist.h"
#include "rules/policy/settings.h"

typedef struct Fragment Fragment;
typedef struct PrefixSet PrefixSet;
typedef struct TimedSet TimedSet;

/* A set that p25ctl or the bus made. */
typedef struct StoredSet {
        char *name;
        PrefixSet *entries;
        TimedSet *timed; /* those that end, none of which is in entries; NULL: none */
} StoredSet;

#define REVISION_ITSELF UINT64_MAX

/* The settings of p25ctl and the bus, which override the files until `reset`. */
typedef struct State {
        uint64_t revision;
        /* The last revision that changed more than entries of sets, or REVISION_ITSELF. */
        uint64_t policy_revision;
        Origin origin;
        char *files;       /* the name of the copies of the host's files of then; NULL: not known */
        bool files_pinned; /* these are in force instead of the host's files */
        uint64_t next_id;  /* of the next rule */
        int enabled;       /* -1: not set */
        bool roles_set;
        char **roles;
        Defaults defaults;
        Logging logging; /* _LOGGING_INVALID: not set */
        /* Enforced, although p25.conf or the role says audit. */
        bool promoted[DIRECTIONS];
        char **promoted_roles;
        bool lockdown;
        RuleList rules;
        Fragment **fragments; /* by name; a reference each */
        size_t n_fragments;
        StoredSet *sets; /* by name */
        size_t n_sets;
} State;

/* The revision of the policy apart from the entries of sets; is it an older one? */
uint64_t state_policy_revision(const State *s);
bool state_is_between(const State *s);
/* An empty state: revision 0, next_id 1, nothing set. */
State *state_new(void);
State *state_free(State *s);
DEFINE_CLEANUP(State, state_free)
/* Notes which copies of the host's files it goes with, or NULL; 0 or -ENOMEM. */
int state_name_files(State *s, const char *files);
/* Shares rules, fragments and entries; the way every change begins. */
int state_copy(const State *s, State **ret);

/* Puts entries in the place of the set's, or adds the set, keeping the order of names; takes a
 * reference. entries NULL removes. 0 or -ENOMEM. */
int state_put_set(State *s, const char *name, PrefixSet *entries);
/* The same with entries that end; timed may be NULL. */
int state_put_entries(State *s, const char *name, PrefixSet *entries, TimedSet *timed);
int state_put_fragment(State *s, const char *name, Fragment *f);
StoredSet *state_find_set(const State *s, const char *name);
Fragment *state_find_fragment(const State *s, const char *name);
