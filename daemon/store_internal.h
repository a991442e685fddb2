/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What store.c and store_good.c share.
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
        size_t journal_length; /* of its good lines */
        bool journal_checked;  /* the file ends there */
        bool rewrite;          /* write every set anew with the next commit */
        bool damaged;          /* state.conf cannot be read: it is moved aside, not replaced */
        bool collected;        /* garbage of former runs is gone */
};

/* mkdir -p; the last one with mode 0700. 0 or negative errno. */
int store_make_folders(const char *path);
/* Makes and opens the state folder when it is needed first. */
int store_open_folder(Store *s);
int store_write_all(int fd, const char *data, size_t n);
/* Names of new fragments and sets are on disk when this returns. */
int store_sync_folders(Store *s);
/* Removes what the state does not name. */
void store_collect_garbage(Store *s);
/* A new file with mode 0600, on disk when this returns if `sync`; removed again on failure. */
int store_write_file(int folder, const char *path, const char *data, size_t n, bool sync);
