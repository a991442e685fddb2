/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of daemon/host and daemon/store only.
 */

#include "daemon/host/host.h"
#include "daemon/host/journal.h"
#include "daemon/io/file.h"
#include "rules/config/parse.h"

/* The most that is read of a set file: PREFIX_SET_MAX lines of the longest prefix and a comment. */
#define SET_TEXT_MAX (128u << 20)

/* The full name of a unit, "postfix" → "postfix.service"; -ENOENT for what can be none; -ENOMEM. */
int host_unit_full_name(const char *unit, char **ret);

HostInput host_input_from_stat(const struct stat *st);
/* The same file, unchanged? The path is not compared. */
bool host_input_equal(const HostInput *a, const HostInput *b);

/* The hash of a text for HostInput.content; never 0. */
uint64_t host_content_hash(const char *text, size_t n);

/* Opens without blocking and without side effects; a descriptor, or -EISDIR, -EINVAL, other
 * negative errno. */
int host_open_regular(const char *path, struct stat *ret_stat);

/* As host_read_file; appends the file to inputs, which may be NULL. */
int host_read_input(const char *path, size_t max, HostInputs *inputs, Diagnostics *d, char **ret,
        size_t *ret_length);

/* A file that a policy names: it belongs to root or to the owner of its folder, and no link leads
 * out of that. 0; -EXDEV: a link does; -ENOTUNIQ: it belongs to another; -ETIMEDOUT: it does not
 * come in time; -ECANCELED: one before it did not; as host_read_file. */
int host_read_named(
        const char *path, size_t max, HostInputs *inputs, char **ret, size_t *ret_length);

/* The content that was read before, if the file is still the same. 0, -ESTALE, -ENOMEM. */
int host_read_again(const HostInput *input, size_t max, char **ret, size_t *ret_length);

/* "does not exist", … or NULL for an errno (of either sign) without words of its own. */
const char *host_errno_text(int error);

/* Only p25.conf, with its set files; *ret is NULL when there is none. */
int host_load_conf(const HostPaths *p, HostInputs *inputs, Diagnostics *d, HostConf **ret);

/* The folder of passwd and group; borrowed. */
const char *host_names_folder(const HostNames *n);
/* Is the name service asked, because it may know more users or groups than the files? */
bool host_names_use_service(HostNames *n);

/* ---- the stored state ---- */

/*
 * Below ROOT/var/lib/p25:
 *   state.conf            names the others; renamed into place, which is the moment of commitment
 *   state.conf.copy       the same again, for the day on which state.conf is damaged
 *   fragments/NAME.REV    texts that were put over the bus
 *   sets/NAME.REV         entries of a set as of revision REV
 *   sets.journal          small changes to sets since then (journal.h)
 *   revisions/REV.conf    the state as of revision REV, as state.conf was
 *   revisions/A-B.sets    a former journal, with lines of revisions A to B
 *   pending               which revision is taken back, and when (pending.h); mostly none
 *   host/NAME/            copies of the input files of the host (store_copies.c)
 *   last-good             link to those that were in force last
 */
#define STATE_FILE "state.conf"
#define STATE_COPY "state.conf.copy"
#define STATE_FRAGMENTS "fragments"
#define STATE_SETS "sets"
#define STATE_JOURNAL "sets.journal"
#define STATE_REVISIONS "revisions"
#define STATE_PENDING "pending"
#define STATE_SET_CHANGES "set-changes"
#define STATE_HOST "host"
#define STATE_GOOD "last-good"

typedef struct StoredState {
        State *state;
        char **fragment_files;  /* by index of state->fragments: "fragments/NAME.REV" */
        char **set_files;       /* by index of state->sets */
        uint64_t *set_bases;    /* the REV of each */
        uint64_t text_revision; /* the revision of the text, before the journal */
        bool text_is_between;   /* the text is of a change of entries only */
        /* revisions of the first and the last line of the journal; 0: it is empty */
        uint64_t journal_first, journal_last;
        size_t journal_length; /* of what is good in the journal */
} StoredState;

void stored_state_deinit(StoredState *s);

/* Reads the state from `file` (STATE_FILE or STATE_COPY) of `folder`. Files that sets of
 * its fragments name are read below root. As host_load_state. */
int host_load_stored(
        const char *folder, const char *file, const char *root, Diagnostics *d, StoredState *ret);

/* The same with the changes to sets of `journal` in the place of those on disk. */
int host_load_stored_with(const char *folder, const char *file, const char *root,
        const Journal *journal, Diagnostics *d, StoredState *ret);

/* A fragment from the text that was put under a name; set files below root, and none without. */
int host_parse_stored_fragment(const char *name, const char *text, size_t n, const char *root,
        Diagnostics *d, Fragment **ret);
