/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Writes the state to disk, so that a loss of power at any moment leaves the old or the new one,
 * and keeps copies of the input files that were in force. On disk before a change is answered, and
 * in this order: new files of fragments and sets, their folder, the new text, its rename, the
 * folder; or one line of the journal. tests/unit/daemon/crash.c proves it of every call. Layout and
 * reading: host_internal.h. Does not depend on what is in force.
 */

#include "rules/base/util.h"
#include "rules/policy/origin.h"

typedef struct Diagnostics Diagnostics;
typedef struct HostInputs HostInputs;
typedef struct HostPaths HostPaths;
typedef struct PrefixSet PrefixSet;
typedef struct State State;
typedef struct Store Store;
typedef struct TimedSet TimedSet;

/* paths is borrowed for the life of the store. Touches nothing yet. 0 or -ENOMEM. */
int store_new(const HostPaths *paths, Store **ret);
Store *store_free(Store *s);
DEFINE_CLEANUP(Store, store_free)

/* As host_load_state; remembers what lies where. A state that cannot be read stays where it is,
 * so that every start finds it, until the first commit moves it aside. */
int store_load(Store *s, Diagnostics *d, State **ret);
/* The copy of it. */
int store_load_copy(Store *s, Diagnostics *d, State **ret);

/* A change of one set's entries that is worth a line in the journal. */
typedef struct SetDelta {
        const char *name;
        PrefixSet *add, *remove; /* borrowed; may be NULL; remove is done after the others */
        TimedSet *timed;         /* added, none of them in add */
} SetDelta;

/*
 * A commit in two steps, so that a full disk is found before the kernel is touched: prepare writes
 * all that `new` needs, under names that nothing names yet; publish makes it the stored state;
 * cancel takes it back. One of the two follows every prepare that succeeded. (A line of the journal
 * is true from prepare on: power lost before publish may leave the new state.)
 *
 * old is the one that was published or loaded last (an empty one at first): what it shares with new
 * by pointer is not written again. delta, if not NULL, is all the difference there is but for
 * revision, time, uid, process and reason. On failure (-ENOSPC, -EROFS, -EIO, -E2BIG for a state
 * beyond POLICY_TEXT_MAX, …; an error in d) the old state is the stored one.
 */
int store_prepare(
        Store *s, const State *old, const State *new, const SetDelta *delta, Diagnostics *d);
int store_publish(Store *s, Diagnostics *d);
void store_cancel(Store *s);

/* ---- revisions ---- */

#define REVISIONS_MAX 1000                 /* the last ones of the policy are kept */
#define REVISIONS_BYTES_MAX (256ull << 20) /* if they take no more than this */

typedef struct Revision {
        uint64_t revision;
        Origin origin;
} Revision;

typedef struct Revisions {
        Revision *items; /* the newest first */
        size_t n;
} Revisions;

void revisions_deinit(Revisions *l);
/* The last ones of the policy, up to `current`, at most max: changes of entries only are none.
 * Those that cannot be read are left out. */
int store_list_revisions(Store *s, uint64_t current, size_t max, Revisions *ret);
/* The state as it was; 0 is the empty one. -ENOENT: not kept; -EINVAL, … with errors in d. */
int store_load_revision(Store *s, uint64_t current, uint64_t revision, Diagnostics *d, State **ret);
/* The revisions that there are will be there after a loss of power. */
int store_sync_revisions(Store *s);
/* Some time after a change: the work that the answer to the change does not wait for. */
void store_tidy(Store *s);
/* For tests: another REVISIONS_BYTES_MAX. */
void store_set_bytes_max(Store *s, uint64_t max);
/* The highest number that was ever given, as far as the files know; 0: none. */
uint64_t store_newest_revision(Store *s);

/* ---- a change that waits to be confirmed: store_pending.c ---- */

/* The record, a text; -ENOENT: there is none. */
int store_read_pending(Store *s, char **ret);
/* Replaces it, "" removes it; on disk when this returns. */
int store_write_pending(Store *s, const char *text);
/* This revision is kept, however old it becomes; NULL: none but the last ones. */
void store_hold_revision(Store *s, const uint64_t *revision);
/* Sees to it that a revision, the one in force or an older one, is on disk. 0; -ENOENT: it is not
 * kept; other negative errno. */
int store_sync_revision(Store *s, uint64_t revision);
/* The stored state differs from `old` of the next commit, so all of it is written again. */
void store_distrust(Store *s);

/* ---- copies of the host's files ---- */

/*
 * Copies all input files below the state folder, where the loader reads them with another root; on
 * disk when this returns, so that a state may name them. What is there already is not written
 * again. The name of the copies is for State.files. -ESTALE: an input has changed since it was
 * read; other negative errno.
 */
int store_keep_files(Store *s, const HostInputs *inputs, char **ret_name);
/* Would copies of these be called so? NULL is the name of none. */
bool store_files_are(const Store *s, const char *name, const HostInputs *inputs);
/* The paths to load copies by; -ENOENT when there are none of this name. */
int store_files_paths(const Store *s, const char *name, HostPaths *ret);

/* These are to be loaded when the host's files are broken one day. 0: they were already; 1;
 * negative errno. */
int store_mark_good(Store *s, const char *name);
/* The name of these copies. -ENOENT: none. */
int store_good_files(const Store *s, char **ret);
