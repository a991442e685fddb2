/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Finds and reads former states. Does not know what is in them, but for the heads of lines.
 */

#include "daemon/store/past.h"

#include "rules/base/array.h"
#include "rules/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

void past_deinit(Past *p)
{
        free(p->wholes);
        free(p->journals);
        journal_deinit(&p->lines);
        *p = (Past){ 0 };
}

int past_path(const PastWhole *w, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        if (w->file)
                buffer_add_string(&b, w->file);
        else
                buffer_printf(&b, STATE_REVISIONS "/%" PRIu64 "%s", w->revision,
                        w->between ? PAST_BETWEEN : PAST_WHOLE);
        return buffer_take(&b, ret);
}

/* At most max bytes of a file of the state folder. */
static int text_read(Store *s, const char *file, size_t max, char **ret, size_t *ret_length)
{
        _cleanup_buffer_ Buffer b = { 0 }, path = { 0 };
        _cleanup_close_ int fd = -1;
        char chunk[16384];
        struct stat st;
        ssize_t n;

        buffer_printf(&path, "%s/%s", s->paths->state, file);
        if (path.failed)
                return -ENOMEM;
        fd = host_open_regular(path.data, &st);
        if (fd < 0)
                return TAKE_FD(fd);
        buffer_add_string(&b, "");
        while (b.length < max && (n = read(fd, chunk, sizeof(chunk))) != 0) {
                if (n < 0)
                        return -errno;
                buffer_add(&b, chunk, (size_t)n);
        }
        *ret_length = b.length;
        return buffer_take(&b, ret);
}

int past_text(Store *s, const PastWhole *w, size_t max, char **ret)
{
        _cleanup_free_ char *path = NULL;
        size_t n;

        return past_path(w, &path) < 0 ? -ENOMEM : text_read(s, path, max, ret, &n);
}

/* ---- lines ---- */

/* Takes over the records up to a revision, in their order; what is there already is not taken. */
static int lines_add(Journal *lines, Journal *j, uint64_t up_to)
{
        for (size_t i = 0; i < j->n; i++) {
                JournalRecord *r = &j->records[i];

                if (r->revision > up_to ||
                        (lines->n > 0 && r->revision <= lines->records[lines->n - 1].revision))
                        continue;
                if (array_grow(&lines->records, lines->n, sizeof(*lines->records)) < 0)
                        return -ENOMEM;
                lines->records[lines->n++] = *r;
                *r = (JournalRecord){ 0 };
        }
        return 0;
}

static int lines_read(Store *s, const char *file, uint64_t up_to, Past *p, PastJournal *ret)
{
        _cleanup_(journal_deinit) Journal j = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r;

        r = text_read(s, file, SIZE_MAX, &text, &n);
        if (r >= 0)
                r = journal_parse(text, n, NULL, NULL, &j);
        if (r == -ENOMEM)
                return r;
        ret->damaged = r < 0 || j.n == 0 || j.records[0].revision != ret->first ||
                       j.records[j.n - 1].revision != ret->last;
        if (r < 0)
                return 0;
        ret->bytes = n;
        return lines_add(&p->lines, &j, up_to);
}

/* All journals, the one that is written to as the last. */
static int read_journals(Store *s, uint64_t up_to, Past *p)
{
        PastJournal present = { 0 };

        for (size_t i = 0; i < p->n_journals; i++) {
                PastJournal *j = &p->journals[i];
                _cleanup_buffer_ Buffer file = { 0 };

                buffer_printf(&file, STATE_REVISIONS "/%" PRIu64 "-%" PRIu64 PAST_LINES, j->first,
                        j->last);
                if (file.failed || lines_read(s, file.data, up_to, p, j) < 0)
                        return -ENOMEM;
        }
        return s->journal_length > 0 ? lines_read(s, STATE_JOURNAL, up_to, p, &present) : 0;
}

static const JournalRecord *past_line(const Past *p, uint64_t revision)
{
        size_t low = array_lower_bound(
                &revision, p->lines.records, p->lines.n, sizeof(*p->lines.records), number_compare);

        return low < p->lines.n && p->lines.records[low].revision == revision
                       ? &p->lines.records[low]
                       : NULL;
}

/* ---- what there is ---- */

static int number_parse(const char **p, uint64_t *ret)
{
        char *end;

        if (**p < '0' || **p > '9' || (**p == '0' && (*p)[1] >= '0' && (*p)[1] <= '9'))
                return -EINVAL;
        errno = 0;
        *ret = strtoull(*p, &end, 10);
        *p = end;
        return errno != 0 ? -EINVAL : 0;
}

typedef enum PastKind {
        PAST_IS_WHOLE,
        PAST_IS_BETWEEN,
        PAST_IS_JOURNAL,
} PastKind;

/* "17.conf", "17.between" or "17-20.sets" */
static int name_parse(const char *name, uint64_t *ret_first, uint64_t *ret_last, PastKind *ret)
{
        if (number_parse(&name, ret_first) < 0)
                return -EINVAL;
        *ret = streq(name, PAST_WHOLE)     ? PAST_IS_WHOLE
               : streq(name, PAST_BETWEEN) ? PAST_IS_BETWEEN
                                           : PAST_IS_JOURNAL;
        if (*ret != PAST_IS_JOURNAL)
                return 0;
        if (*name++ != '-' || number_parse(&name, ret_last) < 0)
                return -EINVAL;
        return streq(name, PAST_LINES) && *ret_last >= *ret_first ? 0 : -EINVAL;
}

static int past_add(Past *p, const PastWhole *w)
{
        if (array_grow(&p->wholes, p->n_wholes, sizeof(*p->wholes)) < 0)
                return -ENOMEM;
        p->wholes[p->n_wholes++] = *w;
        return 0;
}

static int read_names(Store *s, DIR *dir, uint64_t up_to, Past *p)
{
        struct dirent *entry;

        while ((entry = readdir(dir))) {
                uint64_t revision, last;
                struct stat st;
                PastKind kind;

                if (name_parse(entry->d_name, &revision, &last, &kind) < 0 || revision > up_to ||
                        fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (kind == PAST_IS_JOURNAL) {
                        if (array_grow(&p->journals, p->n_journals, sizeof(*p->journals)) < 0)
                                return -ENOMEM;
                        p->journals[p->n_journals++] =
                                (PastJournal){ .first = revision, .last = last };
                } else if (!s->stored_file || revision != s->stored_revision) {
                        if (past_add(p, &(PastWhole){ .revision = revision,
                                                .between = kind == PAST_IS_BETWEEN,
                                                .bytes = (uint64_t)st.st_size }) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}

int past_read(Store *s, uint64_t up_to, Past *ret)
{
        _cleanup_past_ Past p = { 0 };
        _cleanup_(closedir_p) DIR *dir = NULL;
        _cleanup_buffer_ Buffer path = { 0 };

        buffer_printf(&path, "%s/" STATE_REVISIONS, s->paths->state);
        if (path.failed)
                return -ENOMEM;
        dir = opendir(path.data);
        if (!dir && errno == ENOMEM)
                return -ENOMEM;
        if (dir && read_names(s, dir, up_to, &p) < 0)
                return -ENOMEM;
        if (s->stored_file && s->stored_revision <= up_to &&
                past_add(&p, &(PastWhole){ .revision = s->stored_revision,
                                     .file = s->stored_file,
                                     .between = s->stored_is_between }) < 0)
                return -ENOMEM;
        if (p.n_wholes > 0)
                qsort(p.wholes, p.n_wholes, sizeof(*p.wholes), number_compare);
        if (p.n_journals > 0)
                qsort(p.journals, p.n_journals, sizeof(*p.journals), number_compare);
        if (read_journals(s, up_to, &p) < 0)
                return -ENOMEM;
        *ret = TAKE_STRUCT(p);
        return 0;
}

void past_cut(Past *p, uint64_t revision)
{
        while (p->lines.n > 0 && p->lines.records[p->lines.n - 1].revision > revision)
                journal_drop_last(&p->lines);
}

const PastWhole *past_base(const Past *p, uint64_t revision)
{
        const PastWhole *base = NULL;

        for (size_t i = p->n_wholes; !base && i > 0; i--)
                if (p->wholes[i - 1].revision <= revision)
                        base = &p->wholes[i - 1];
        for (uint64_t r = revision; base && r > base->revision; r--)
                if (!past_line(p, r))
                        return NULL;
        return base;
}
