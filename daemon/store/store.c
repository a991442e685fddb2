/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The way of a state to disk. Nothing names the files that are written first: fragments and sets
 * get a name with the new revision in it, and the rename of state.conf makes all of it true at
 * once. A small change of a set is one checked line at the end of the journal instead.
 */

#include "daemon/store/past.h"

#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/config/print.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* More entries than this are not worth a line. */
#define DELTA_MAX 4000

static void prepared_deinit(StorePrepared *p)
{
        strv_free(p->fragment_files);
        strv_free(p->set_files);
        free(p->stored_files);
        *p = (StorePrepared){ 0 };
}

Store *store_free(Store *s)
{
        if (!s)
                return NULL;
        close_p(&s->folder_fd);
        close_p(&s->journal_fd);
        strv_free(s->fragment_files);
        strv_free(s->set_files);
        free(s->files);
        free(s->stored_files);
        prepared_deinit(&s->next);
        store_forget_last_change(s);
        free(s);
        return NULL;
}

int store_new(const HostPaths *paths, Store **ret)
{
        Store *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->paths = paths;
        s->folder_fd = s->journal_fd = -1;
        s->bytes_max = REVISIONS_BYTES_MAX;
        s->bytes_written = REVISIONS_PRUNE_BYTES; /* nobody knows what is there */
        *ret = s;
        return 0;
}

/* ---- reading ---- */

static int load(Store *s, const char *file, Diagnostics *d, State **ret)
{
        _cleanup_(stored_state_deinit) StoredState stored = { 0 };
        int r;

        r = host_load_stored(s->paths->state, file, s->paths->root, d, &stored);
        if (r < 0) {
                /* what else lies there, a journal perhaps, belongs to no state */
                s->rewrite = true;
                s->damaged = s->damaged || r != -ENOENT;
                return r;
        }
        strv_free(s->fragment_files);
        s->fragment_files = TAKE_PTR(stored.fragment_files);
        strv_free(s->set_files);
        s->set_files = TAKE_PTR(stored.set_files);
        free(s->stored_files);
        if (strdup_null(stored.state->files, &s->stored_files) < 0)
                return -ENOMEM;
        if (!s->files && strdup_null(stored.state->files, &s->files) < 0)
                return -ENOMEM;
        s->stored_file = file;
        s->stored_revision = stored.text_revision;
        s->stored_is_between = stored.text_is_between;
        s->journal_first = stored.journal_first;
        s->journal_last = stored.journal_last;
        s->journal_length = stored.journal_length;
        s->journal_checked = false;
        s->rewrite = false;
        *ret = TAKE_PTR(stored.state);
        return 0;
}

int store_load(Store *s, Diagnostics *d, State **ret)
{
        return load(s, STATE_FILE, d, ret);
}

int store_load_copy(Store *s, Diagnostics *d, State **ret)
{
        int r = load(s, STATE_COPY, d, ret);

        s->rewrite = true;
        return r;
}

static size_t delta_size(const SetDelta *delta)
{
        return (delta->add ? prefix_set_size(delta->add) : 0) +
               (delta->remove ? prefix_set_size(delta->remove) : 0) + timed_set_size(delta->timed);
}

/* ---- the commit ---- */

/* Keeps a state.conf that could not be read under the first free name, too: until the new one takes
 * its place it is what a start would find. */
static int set_aside(Store *s)
{
        char name[sizeof(STATE_FILE ".damaged-") + 8];

        for (unsigned i = 1; i < 1000; i++) {
                struct stat st;

                (void)snprintf(name, sizeof(name), "%s.damaged-%u", STATE_FILE, i);
                if (fstatat(s->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        break;
        }
        /* a folder, say, has no second name */
        if (linkat(s->folder_fd, STATE_FILE, s->folder_fd, name, 0) < 0 && errno != ENOENT &&
                renameat(s->folder_fd, STATE_FILE, s->folder_fd, name) < 0 && errno != ENOENT)
                return -errno;
        s->damaged = false;
        return 0;
}

/* Nobody knows which of them the disk has: the old one, which is a revision by now, is what we say.
 */
static void restore_state(Store *s)
{
        const PastWhole old = { .revision = s->stored_revision, .between = s->stored_is_between };
        _cleanup_free_ char *path = NULL;

        (void)unlinkat(s->folder_fd, STATE_NEW, 0);
        if (s->stored_file && past_path(&old, &path) >= 0 &&
                linkat(s->folder_fd, path, s->folder_fd, STATE_NEW, 0) == 0 &&
                renameat(s->folder_fd, STATE_NEW, s->folder_fd, STATE_FILE) == 0) {
                s->stored_file = STATE_FILE;
                return;
        }
        /* then a start finds the copy, and the next change writes all of it */
        (void)unlinkat(s->folder_fd, STATE_FILE, 0);
        s->stored_file = NULL;
        s->rewrite = true;
}

/* Puts what was written in place of state.conf. */
static int rename_state(Store *s)
{
        int r = s->damaged ? set_aside(s) : 0;

        if (r < 0)
                return r;
        if (renameat(s->folder_fd, STATE_NEW, s->folder_fd, STATE_FILE) < 0)
                return -errno;
        if (fsync(s->folder_fd) < 0) {
                r = -errno;
                restore_state(s);
                return r;
        }
        return 0;
}

/* Better no copy than one that says less than is in force. Over a file ext4 renames another only
 * when it has written that one. */
static void rename_copy(Store *s)
{
        (void)unlinkat(s->folder_fd, STATE_COPY, 0);
        (void)renameat(s->folder_fd, STATE_COPY_NEW, s->folder_fd, STATE_COPY);
}

/* The names of what was written again are on disk when this returns. */
static int sync_names(Store *s)
{
        const StorePrepared *p = &s->next;
        int r = 0;

        if (!strv_equal(p->fragment_files, s->fragment_files))
                r = folder_sync(s->folder_fd, STATE_FRAGMENTS);
        if (r >= 0 && !strv_equal(p->set_files, s->set_files))
                r = folder_sync(s->folder_fd, STATE_SETS);
        return r;
}

static int prepare_whole(Store *s, const State *old, const State *new)
{
        StorePrepared *p = &s->next;
        _cleanup_free_ char *text = NULL;
        int r;

        p->fold = s->rewrite || (s->journal_length > 0 && store_journal_is_large(s, new));
        r = store_write_fragments(s, old, new, s->rewrite, &p->fragment_files);
        if (r >= 0)
                r = store_write_sets(s, old, new, p->fold, &p->set_files);
        if (r >= 0)
                r = print_state(new, p->fragment_files, p->set_files, &text);
        if (r < 0)
                return r;
        if (strlen(text) > POLICY_TEXT_MAX)
                return -E2BIG;
        if (strdup_null(new->files, &p->stored_files) < 0)
                return -ENOMEM;
        r = sync_names(s);
        if (r >= 0)
                r = store_write_file(s, s->folder_fd, STATE_NEW, text, strlen(text), true);
        if (r >= 0)
                r = store_keep_revision(s, old);
        if (r < 0)
                return r;
        /* a file of its own and no link, so that what damages one leaves the other */
        (void)unlinkat(s->folder_fd, STATE_COPY_NEW, 0);
        (void)store_write_file(s, s->folder_fd, STATE_COPY_NEW, text, strlen(text), false);
        return 0;
}

static int publish_whole(Store *s)
{
        bool fold = s->next.fold;
        int r;

        r = rename_state(s);
        if (r < 0)
                return r;
        free(s->stored_files);
        s->stored_files = TAKE_PTR(s->next.stored_files);
        /* It is true now; what follows is housekeeping. */
        s->rewrite = false;
        rename_copy(s);
        strv_free(s->fragment_files);
        s->fragment_files = TAKE_PTR(s->next.fragment_files);
        strv_free(s->set_files);
        s->set_files = TAKE_PTR(s->next.set_files);
        s->stored_file = STATE_FILE;
        s->stored_revision = s->next.revision;
        s->stored_is_between = s->next.is_between;
        s->names_pending = true;
        if (fold)
                store_put_journal_aside(s);
        return 0;
}

static void unlink_new(Store *s, char **files, char *const *kept)
{
        STRV_FOREACH (file, files)
                if (!strv_contains(kept, *file))
                        (void)unlinkat(s->folder_fd, *file, 0);
}

static void cancel(Store *s)
{
        if (s->next.in_journal) {
                s->journal_length = s->next.journal_length;
                s->journal_last = s->next.journal_last;
                /* if even this fails the line is cut off before the next one */
                s->journal_checked = ftruncate(s->journal_fd, (off_t)s->journal_length) == 0 &&
                                     fdatasync(s->journal_fd) == 0;
        } else {
                (void)unlinkat(s->folder_fd, STATE_NEW, 0);
                (void)unlinkat(s->folder_fd, STATE_COPY_NEW, 0);
                unlink_new(s, s->next.fragment_files, s->fragment_files);
                unlink_new(s, s->next.set_files, s->set_files);
        }
        prepared_deinit(&s->next);
}

static int commit_error(const Store *s, int error, Diagnostics *d)
{
        Place place = { .file = s->paths->state };
        char buffer[128];

        if (error == -E2BIG)
                (void)diagnostics_error(d, place, NULL,
                        "the rules would be stored as a text of more than %u MiB, the limit",
                        POLICY_TEXT_MAX >> 20);
        else if (error == -ENOSPC || error == -EDQUOT)
                (void)diagnostics_error(d, place, NULL, "the disk is full");
        else if (error == -EROFS)
                (void)diagnostics_error(d, place, NULL, "the disk is read-only");
        else
                (void)diagnostics_error(d, place, NULL, "cannot be written: %s",
                        strerror_r(-error, buffer, sizeof(buffer)));
        return error;
}

/* Somebody removed it under us: all of the state is written into a new one. */
static bool folder_is_gone(const Store *s)
{
        struct stat ours, there;

        return s->folder_fd >= 0 &&
               (fstat(s->folder_fd, &ours) < 0 || stat(s->paths->state, &there) < 0 ||
                       ours.st_ino != there.st_ino || ours.st_dev != there.st_dev);
}

int store_prepare(
        Store *s, const State *old, const State *new, const SetDelta *delta, Diagnostics *d)
{
        int r;

        if (folder_is_gone(s)) {
                close_p(&s->folder_fd);
                close_p(&s->journal_fd);
                s->folder_fd = s->journal_fd = -1;
                s->journal_length = 0;
                s->stored_file = NULL;
                s->rewrite = true;
                store_forget_last_change(s);
        }
        r = store_open_folder(s);
        if (r < 0)
                return commit_error(s, r, d);
        s->next.in_journal = delta && !s->rewrite && delta_size(delta) <= DELTA_MAX &&
                             !store_journal_is_large(s, old) && s->set_files &&
                             streq_null(s->stored_files, new->files);
        s->next.journal_length = s->journal_length;
        s->next.journal_last = s->journal_last;
        s->next.revision = new->revision;
        s->next.is_between = state_is_between(new);
        r = s->next.in_journal ? store_append_journal(s, new, delta) : prepare_whole(s, old, new);
        if (r < 0) {
                cancel(s);
                return commit_error(s, r, d);
        }
        return 0;
}

int store_publish(Store *s, Diagnostics *d)
{
        int r = s->next.in_journal ? 0 : publish_whole(s);

        if (r < 0) {
                cancel(s);
                return commit_error(s, r, d);
        }
        s->prune |= s->next.revision % REVISIONS_PRUNE == 0 ||
                    s->bytes_written >= REVISIONS_PRUNE_BYTES;
        s->newest = s->next.revision;
        prepared_deinit(&s->next);
        return 0;
}

int store_sync_revisions(Store *s)
{
        int r = s->names_pending && s->folder_fd >= 0 ? folder_sync(s->folder_fd, STATE_REVISIONS)
                                                      : 0;

        if (r >= 0)
                s->names_pending = false;
        return r;
}

void store_tidy(Store *s)
{
        _cleanup_close_ int fd = -1;

        if (s->prune) {
                store_prune_revisions(s, s->newest);
                s->prune = false;
                s->bytes_written = 0;
        }
        if (!s->names_pending)
                return;
        (void)store_sync_revisions(s);
        fd = openat(s->folder_fd, STATE_COPY, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0)
                (void)fsync(fd);
}

void store_set_bytes_max(Store *s, uint64_t max)
{
        s->bytes_max = max;
}

void store_cancel(Store *s)
{
        cancel(s);
}
