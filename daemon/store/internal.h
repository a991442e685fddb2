/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of the room: the store itself, and its way of writing.
 */

#include "daemon/host/internal.h"
#include "daemon/store/set_changes.h"
#include "daemon/store/store.h"

/* The work of store_prepare() that store_publish() puts into effect. */
typedef struct StorePrepared {
        bool in_journal;       /* a line of the journal, else a whole state.conf */
        size_t journal_length; /* before that line */
        uint64_t journal_last;
        char **fragment_files, **set_files;
        bool fold; /* the sets were written again, the journal is obsolete */
        uint64_t revision;
        bool is_between; /* a change of entries only */
        char *stored_files;
} StorePrepared;

#define STATE_NEW STATE_FILE ".new"
#define STATE_COPY_NEW STATE_COPY ".new"

struct Store {
        const HostPaths *paths;
        int folder_fd;  /* -1 until something is written */
        int journal_fd; /* -1 until something is appended */
        /* as of the state that was committed last, by index of its fragments and sets */
        char **fragment_files;
        char **set_files;
        StorePrepared next;
        char *files;        /* the copies of the host's files that were asked for last */
        char *stored_files; /* those that the stored text names */
        /* the text that is stored, STATE_FILE or what was read in its place, NULL: none; and its
         * revision, which lines of the journal may have gone beyond */
        const char *stored_file;
        uint64_t stored_revision;
        bool stored_is_between;               /* it is of a change of entries only */
        uint64_t journal_first, journal_last; /* revisions of its lines */
        uint64_t bytes_max;                   /* of revisions and what they name */
        uint64_t bytes_written;               /* since old revisions were removed last */
        uint64_t newest;                      /* the revision published last */
        bool prune;                           /* it is time to */
        bool names_pending;                   /* names in revisions/ may not be on disk */
        size_t journal_length;                /* of its good lines */
        bool journal_checked;                 /* the file ends there */
        bool rewrite;                         /* write every set again with the next commit */
        bool holds;                           /* a revision that must not be forgotten */
        uint64_t held;
        SetChange last_change; /* the last row of that file, at this place; set NULL: not known */
        off_t last_change_at;
        bool damaged; /* state.conf cannot be read: it is moved aside, not replaced */
};

/* mkdir -p; the last one with mode 0700; if `sync`, their names are on disk when this returns. 0 or
 * negative errno. */
int store_make_folders(const char *path, bool sync);
/* Makes and opens the state folder when it is needed first. */
int store_open_folder(Store *s);
/* Removes fragments and sets that neither the state nor a file of `kept` names. */
void store_collect_garbage(Store *s, char *const *kept);

/* ---- copies.c ---- */

/* Removes all trees but those of these names, the good one and the one in use. */
void store_remove_files(Store *s, char *const *kept);

/* ---- revisions.c ---- */

#define REVISIONS_PRUNE 100               /* so many changes are between two removals of old ones */
#define REVISIONS_PRUNE_BYTES (16u << 20) /* or so much was written */

/* Sees to it that the state that is stored now stays as a revision; before it is replaced. What it
 * says is on disk, its new name not yet. old is it; if none is stored, what is the state without.
 */
int store_keep_revision(Store *s, const State *old);

/* ---- set_changes.c ---- */

void store_forget_last_change(Store *s);

/* ---- prune.c ---- */

/* Forgets what is beyond REVISIONS_MAX or bytes_max, and files that nothing names. */
void store_prune_revisions(Store *s, uint64_t newest);

/* ---- files.c ---- */

/* A new file with mode 0600, on disk when this returns if `sync`; removed again on failure. */
int store_write_file(Store *s, int folder, const char *path, const char *data, size_t n, bool sync);

/* ---- journal.c ---- */

/* Appends what changes the set, as one line that is on disk when this returns. 0 or negative errno.
 */
int store_append_journal(Store *s, const State *state, const SetDelta *delta);
/* The sets should be written again. */
bool store_journal_is_large(const Store *s, const State *state);
/* After the sets were written again the journal says nothing that is not in them; its lines stay as
 * revisions, unless it is not known whose they are. */
void store_put_journal_aside(Store *s);

/* ---- parts.c ---- */

/* Writes the fragments and sets of the new state that the old one does not have (all: every one)
 * and adds the paths of all of them to *ret, in order. 0 or negative errno. */
int store_write_fragments(Store *s, const State *old, const State *new, bool all, char ***ret);
int store_write_sets(Store *s, const State *old, const State *new, bool all, char ***ret);
