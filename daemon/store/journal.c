/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The journal of sets as a file: appending lines, and moving it aside when the sets were written
 * again. daemon/host/journal.c decides what a line says.
 */

#include "daemon/store/internal.h"

#include "daemon/host/journal.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* The journal is folded into the sets when it is larger than this and an eighth of them. */
#define JOURNAL_SMALL (64u << 10)
#define SET_ENTRY_BYTES 16

static int journal_open(Store *s)
{
        if (s->journal_fd < 0) {
                s->journal_fd = openat(s->folder_fd, STATE_JOURNAL,
                        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
                if (s->journal_fd < 0)
                        return -errno;
                if (s->journal_length == 0 && fsync(s->folder_fd) < 0)
                        return -errno;
        }
        /* what a loss of power left behind the last good line */
        if (!s->journal_checked && ftruncate(s->journal_fd, (off_t)s->journal_length) < 0)
                return -errno;
        s->journal_checked = true;
        return 0;
}

int store_append_journal(Store *s, const State *state, const SetDelta *delta)
{
        _cleanup_buffer_ Buffer line = { 0 };
        _cleanup_free_ char *text = NULL;
        JournalRecord record = {
                .revision = state->revision,
                .origin = state->origin,
                .set = (char *)delta->name,
                .add = delta->add,
                .remove = delta->remove,
                .timed = delta->timed,
        };
        size_t n;
        int r;

        journal_record_print(&line, &record);
        n = line.length;
        r = buffer_take(&line, &text);
        if (r < 0)
                return r;
        r = journal_open(s);
        if (r < 0)
                return r;
        r = file_write_all(s->journal_fd, text, n);
        if (r >= 0 && fdatasync(s->journal_fd) < 0)
                r = -errno;
        if (r < 0)
                return r;
        if (s->journal_length == 0)
                s->journal_first = state->revision;
        s->journal_last = state->revision;
        s->journal_length += n;
        return 0;
}

bool store_journal_is_large(const Store *s, const State *state)
{
        size_t entries = 0;

        for (size_t i = 0; i < state->n_sets; i++)
                entries += prefix_set_size(state->sets[i].entries) +
                           timed_set_size(state->sets[i].timed);
        return s->journal_length > JOURNAL_SMALL + entries * SET_ENTRY_BYTES / 8;
}

void store_put_journal_aside(Store *s)
{
        _cleanup_buffer_ Buffer path = { 0 };

        buffer_printf(&path, STATE_REVISIONS "/%" PRIu64 "-%" PRIu64 ".sets", s->journal_first,
                s->journal_last);
        if (journal_open(s) < 0)
                return;
        if (s->journal_length == 0 || path.failed ||
                renameat(s->folder_fd, STATE_JOURNAL, s->folder_fd, path.data) < 0) {
                if (ftruncate(s->journal_fd, 0) == 0)
                        s->journal_length = 0;
                return;
        }
        close_p(&s->journal_fd);
        s->journal_fd = -1;
        s->journal_length = 0;
}
