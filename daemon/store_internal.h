/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the files store*.c share.
 */

#include "daemon/host_internal.h"
#include "daemon/store.h"

/* What store_prepare() did and store_publish() makes true. */
typedef struct StorePrepared {
        bool in_journal;       /* a line of the journal, else a whole state.conf */
        size_t journal_length; /* before that line */
        char **fragment_files, **set_files;
        bool moved; /* some of these are new */
        bool fold;  /* the sets were written anew, the journal is obsolete */
        uint64_t revision;
        char *revision_file;
        char *stored_files;
} StorePrepared;

#define STATE_NEW STATE_FILE ".new"
#define STATE_COPY_NEW STATE_COPY ".new"
#define STATE_OLD STATE_FILE ".old"

struct Store {
        const HostPaths *paths;
        int folder_fd;  /* -1 until something is written */
        int journal_fd; /* -1 until something is appended */
        /* as of the state that was committed last, by index of its fragments and sets */
        char **fragment_files;
        char **set_files;
        StorePrepared next;
        char *files;           /* the copies of the host's files that were asked for last */
        char *stored_files;    /* those that state.conf names */
        size_t journal_length; /* of its good lines */
        bool journal_checked;  /* the file ends there */
        bool rewrite;          /* write every set anew with the next commit */
        bool holds;            /* a revision that must not be forgotten */
        uint64_t held;
        bool damaged; /* state.conf cannot be read: it is moved aside, not replaced */
};

/* mkdir -p; the last one with mode 0700. 0 or negative errno. */
int store_make_folders(const char *path);
/* Makes and opens the state folder when it is needed first. */
int store_open_folder(Store *s);
int store_write_all(int fd, const char *data, size_t n);
/* Names of new fragments and sets are on disk when this returns. */
int store_sync_folders(Store *s);
/* Removes fragments and sets that neither the state nor a file of `kept` names. */
void store_collect_garbage(Store *s, char *const *kept);

/* ---- store_copies.c ---- */

/* Removes all trees but those of these names, the good one and the one in use. */
void store_remove_files(Store *s, char *const *kept);

/* ---- store_revisions.c ---- */

#define REVISIONS_PRUNE 100 /* so many changes are between two removals of old revisions */

/* Files the new state, by its text or as a line of the journal, and the old one if it is not there;
 * the name of the file is left in s->next. Not on disk when this returns: losing the last revisions
 * with the power is no loss of policy. */
int store_write_revision(Store *s, const State *old, const State *new, const char *text);
int store_write_revision_line(Store *s, const State *new, const char *line);
/* Forgets what is older than REVISIONS_MAX. */
void store_prune_revisions(Store *s, uint64_t newest);
/* A new file with mode 0600, on disk when this returns if `sync`; removed again on failure. */
int store_write_file(int folder, const char *path, const char *data, size_t n, bool sync);
