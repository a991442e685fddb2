/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One file of lines of the same width up to the process, so that the last row can be counted up
 * where it stands. Rows of one actor, set and minute that lie apart, because another actor came
 * between or p25d was started again, are added up when they are read.
 */

#include "daemon/store/set_changes.h"

#include "daemon/store/internal.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/text.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#define FILE_NEW STATE_SET_CHANGES ".new"
/* Some ten thousand rows; the older half goes when there are more. A row goes beyond it at most, so
 * that of a file that is longer, which p25d did not write, the end is read. */
#define BYTES_MAX (2u << 20)
#define ROW_BYTES_MAX 256
#define PROCESS_MAX 64

static void row_deinit(SetChange *c)
{
        free(c->process);
        free(c->set);
        *c = (SetChange){ 0 };
}

void set_changes_deinit(SetChanges *l)
{
        for (size_t i = 0; i < l->n; i++)
                row_deinit(&l->items[i]);
        free(l->items);
        *l = (SetChanges){ 0 };
}

static bool same_row(const SetChange *a, const SetChange *b)
{
        return a->minute == b->minute && a->uid == b->uid && streq(a->set, b->set) &&
               streq(a->process ?: "", b->process ?: "");
}

static void row_count(SetChange *row, const SetChange *more)
{
        row->added += more->added;
        row->removed += more->removed;
        row->changes += more->changes;
        row->entries = more->entries;
}

/* ---- text ---- */

static void row_print(Buffer *b, const SetChange *c)
{
        buffer_printf(b, "%012" PRIu64 " %010" PRIu32 " %-64s", c->minute, c->uid, c->set);
        buffer_printf(b, " %012" PRIu64 " %012" PRIu64 " %012" PRIu64 " %012" PRIu64 " ", c->added,
                c->removed, c->entries, c->changes);
        for (size_t i = 0; c->process && c->process[i] && i < PROCESS_MAX; i++) {
                unsigned char byte = (unsigned char)c->process[i];

                buffer_add_char(b, byte < ' ' || byte == 0x7f ? '?' : c->process[i]);
        }
        buffer_add_char(b, '\n');
}

static int row_parse(const char *line, SetChange *ret)
{
        SetChange c = { 0 };
        char set[NAME_MAX_LENGTH + 1];
        int n = 0;

        if (sscanf(line,
                    "%" SCNu64 " %" SCNu32 " %64s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                    "%n",
                    &c.minute, &c.uid, set, &c.added, &c.removed, &c.entries, &c.changes,
                    &n) != 7 ||
                line[n] != ' ' || !name_is_valid(set))
                return -EINVAL;
        c.set = strdup(set);
        if (!c.set || (line[n + 1] && !(c.process = strdup(line + n + 1)))) {
                row_deinit(&c);
                return -ENOMEM;
        }
        *ret = c;
        return 0;
}

/* ---- writing ---- */

static int file_open(Store *s)
{
        int r = store_open_folder(s), fd;

        if (r < 0)
                return r;
        fd = openat(s->folder_fd, STATE_SET_CHANGES,
                O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        return fd < 0 ? -errno : fd;
}

static int write_at(int fd, const Buffer *b, off_t at)
{
        ssize_t n = b->failed ? -1 : pwrite(fd, b->data, b->length, at);

        if (b->failed)
                return -ENOMEM;
        return n < 0 ? -errno : (size_t)n < b->length ? -ENOSPC : 0;
}

/* From there on, but no more than the file may have. A NUL, which p25d writes nowhere, ends a line.
 */
static int text_read(int fd, off_t from, Buffer *b)
{
        char chunk[16384];
        struct stat st;
        ssize_t n = 0;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if (st.st_size - from > BYTES_MAX + ROW_BYTES_MAX)
                from = st.st_size - BYTES_MAX;
        while (b->length <= BYTES_MAX + ROW_BYTES_MAX &&
                (n = pread(fd, chunk, sizeof(chunk), from)) > 0) {
                buffer_add(b, chunk, (size_t)n);
                from += n;
        }
        for (size_t i = 0; i < b->length; i++)
                if (b->data[i] == '\0')
                        b->data[i] = '\n';
        buffer_add_char(b, '\0');
        return n < 0 ? -errno : b->failed ? -ENOMEM : 0;
}

/* Without the older half; without all if that has no line. */
static int file_halve(Store *s, int fd, off_t size)
{
        _cleanup_buffer_ Buffer b = { 0 };
        int r = text_read(fd, size / 2, &b);
        const char *begin;

        if (r < 0)
                return r;
        begin = strchr(b.data, '\n');
        begin = begin ? begin + 1 : "";
        r = store_write_file(s, s->folder_fd, FILE_NEW, begin, strlen(begin), false);
        if (r >= 0 && renameat(s->folder_fd, FILE_NEW, s->folder_fd, STATE_SET_CHANGES) < 0)
                r = -errno;
        row_deinit(&s->last_change);
        return r;
}

/* After a loss of power the file may end within a line. */
static int row_append(Store *s, int fd, const SetChange *change)
{
        _cleanup_buffer_ Buffer b = { 0 };
        off_t size = lseek(fd, 0, SEEK_END);
        char last = '\n';
        int r;

        if (size < 0 || (size > 0 && pread(fd, &last, 1, size - 1) < 0))
                return -errno;
        if (last != '\n')
                buffer_add_char(&b, '\n');
        s->last_change_at = size + (last != '\n');
        row_print(&b, change);
        r = write_at(fd, &b, size);
        if (r < 0)
                return r;
        s->last_change = *change;
        s->last_change.set = strdup(change->set);
        if (!s->last_change.set || strdup_null(change->process, &s->last_change.process) < 0) {
                s->last_change.process = NULL;
                row_deinit(&s->last_change);
                return -ENOMEM;
        }
        return size > BYTES_MAX ? file_halve(s, fd, size) : 0;
}

int store_note_set_change(Store *s, const SetChange *change)
{
        _cleanup_close_ int fd = file_open(s);
        _cleanup_buffer_ Buffer b = { 0 };

        if (fd < 0)
                return TAKE_FD(fd);
        if (!s->last_change.set || !same_row(&s->last_change, change)) {
                row_deinit(&s->last_change);
                return row_append(s, fd, change);
        }
        row_count(&s->last_change, change);
        row_print(&b, &s->last_change);
        return write_at(fd, &b, s->last_change_at);
}

void store_forget_last_change(Store *s)
{
        row_deinit(&s->last_change);
}

/* ---- reading ---- */

/* Takes the row over: to that of its actor, set and minute, if it is there. */
static int rows_add(SetChanges *l, SetChange *row)
{
        for (size_t i = l->n; i > 0 && l->items[i - 1].minute == row->minute; i--)
                if (same_row(&l->items[i - 1], row)) {
                        row_count(&l->items[i - 1], row);
                        row_deinit(row);
                        return 0;
                }
        if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0) {
                row_deinit(row);
                return -ENOMEM;
        }
        l->items[l->n++] = *row;
        return 0;
}

static int rows_parse(char *text, SetChanges *l)
{
        for (char *line; (line = strsep(&text, "\n"));) {
                SetChange row;
                int r = row_parse(line, &row);

                if (r >= 0)
                        r = rows_add(l, &row);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

static void rows_turn(SetChanges *l, size_t max)
{
        for (size_t i = 0; i < l->n / 2; i++) {
                SetChange row = l->items[i];

                l->items[i] = l->items[l->n - 1 - i];
                l->items[l->n - 1 - i] = row;
        }
        while (l->n > max)
                row_deinit(&l->items[--l->n]);
}

int store_list_set_changes(Store *s, size_t max, SetChanges *ret)
{
        _cleanup_(set_changes_deinit) SetChanges l = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_close_ int fd = -1;
        int r;

        *ret = (SetChanges){ 0 };
        if (s->folder_fd < 0)
                fd = open(s->paths->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = openat(s->folder_fd < 0 ? fd : s->folder_fd, STATE_SET_CHANGES,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (r < 0)
                return errno == ENOENT || errno == EBADF ? 0 : -errno;
        close_p(&fd);
        fd = r;
        r = text_read(fd, 0, &b);
        if (r >= 0)
                r = rows_parse(b.data, &l);
        if (r < 0)
                return r;
        rows_turn(&l, max);
        *ret = TAKE_STRUCT(l);
        return 0;
}
