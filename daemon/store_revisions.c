/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The files of former states. What a revision names (fragments, sets) is kept as long as the
 * revision is; old ones are removed many at a time, so that most changes read nothing of this.
 */

#include "daemon/store_internal.h"

#include "rules/print.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define WHOLE ".conf"
#define LINE ".set"
#define NAME_SIZE 32 /* "18446744073709551615.conf" */
/* Who, when and why come before the rules, see print_state(). */
#define HEAD_BYTES 4096
#define HEAD_END "\n  next_id"

void revisions_deinit(Revisions *l)
{
        for (size_t i = 0; i < l->n; i++)
                origin_deinit(&l->items[i].origin);
        free(l->items);
        *l = (Revisions){ 0 };
}

/* ---- writing ---- */

static int path_make(uint64_t revision, const char *suffix, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_printf(&b, STATE_REVISIONS "/%" PRIu64 "%s", revision, suffix);
        return buffer_take(&b, ret);
}

static int exists(int folder, uint64_t revision, const char *suffix)
{
        _cleanup_free_ char *path = NULL;

        if (path_make(revision, suffix, &path) < 0)
                return -ENOMEM;
        return faccessat(folder, path, F_OK, 0) == 0;
}

/* other: the suffix of what an attempt that failed may have left. */
static int write_file(Store *s, uint64_t revision, const char *suffix, const char *other,
        const char *text, char **ret_path)
{
        _cleanup_free_ char *path = NULL, *stale = NULL;
        int r;

        if (path_make(revision, suffix, &path) < 0 || path_make(revision, other, &stale) < 0)
                return -ENOMEM;
        (void)unlinkat(s->folder_fd, stale, 0);
        r = store_write_file(s->folder_fd, path, text, strlen(text), false);
        if (r == -ENOENT && mkdirat(s->folder_fd, STATE_REVISIONS, 0700) == 0)
                r = store_write_file(s->folder_fd, path, text, strlen(text), false);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(path);
        return 0;
}

/* Can the state be told from the files that it lies in? Revision 0 has none, and is worth to be
 * kept because of the host's files. */
static bool is_written(const Store *s, const State *old)
{
        if (old->revision == 0)
                return old->files && old->n_sets == 0 && old->n_fragments == 0;
        return s->journal_length == 0 && !s->rewrite && strv_length(s->set_files) == old->n_sets &&
               strv_length(s->fragment_files) == old->n_fragments;
}

/* The state that was there before revisions were kept. */
static int write_first(Store *s, const State *old)
{
        _cleanup_free_ char *text = NULL, *path = NULL;

        if (!is_written(s, old) || exists(s->folder_fd, old->revision, WHOLE) != 0 ||
                exists(s->folder_fd, old->revision, LINE) != 0)
                return 0;
        if (print_state(old, s->fragment_files, s->set_files, &text) < 0)
                return -ENOMEM;
        return write_file(s, old->revision, WHOLE, LINE, text, &path);
}

int store_write_revision(Store *s, const State *old, const State *new, const char *text)
{
        int r = write_first(s, old);

        return r < 0 ? r : write_file(s, new->revision, WHOLE, LINE, text, &s->next.revision_file);
}

int store_write_revision_line(Store *s, const State *new, const char *line)
{
        return write_file(s, new->revision, LINE, WHOLE, line, &s->next.revision_file);
}

/* ---- what there is ---- */

/* A file of a revision. */
typedef struct Entry {
        uint64_t revision;
        bool whole;
} Entry;

typedef struct Entries {
        Entry *items; /* ascending */
        size_t n;
        int folder_fd; /* of revisions/; -1: there is none */
} Entries;

static void entries_deinit(Entries *e)
{
        free(e->items);
        close_p(&e->folder_fd);
}
#define _cleanup_entries_ _cleanup_(entries_deinit)

static int entry_compare(const void *x, const void *y)
{
        const Entry *a = x, *b = y;

        return (a->revision > b->revision) - (a->revision < b->revision);
}

static int entry_parse(const char *name, Entry *ret)
{
        char *end;

        if (*name < '0' || *name > '9' || (*name == '0' && name[1] != '.'))
                return -EINVAL;
        errno = 0;
        ret->revision = strtoull(name, &end, 10);
        ret->whole = streq(end, WHOLE);
        return errno != 0 || (!ret->whole && !streq(end, LINE)) ? -EINVAL : 0;
}

static int entries_read(Store *s, uint64_t up_to, Entries *ret)
{
        _cleanup_entries_ Entries e = { .folder_fd = -1 };
        _cleanup_(closedir_p) DIR *dir = NULL;
        _cleanup_free_ char *path = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        struct dirent *entry;

        *ret = e;
        buffer_printf(&b, "%s/" STATE_REVISIONS, s->paths->state);
        if (buffer_take(&b, &path) < 0)
                return -ENOMEM;
        dir = opendir(path);
        if (!dir)
                return errno == ENOMEM ? -ENOMEM : 0;
        e.folder_fd = fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 0);
        while ((entry = readdir(dir))) {
                Entry found;

                if (entry_parse(entry->d_name, &found) < 0 || found.revision > up_to)
                        continue;
                if (array_grow(&e.items, e.n, sizeof(*e.items)) < 0)
                        return -ENOMEM;
                e.items[e.n++] = found;
        }
        if (e.n > 0)
                qsort(e.items, e.n, sizeof(*e.items), entry_compare);
        *ret = e;
        e = (Entries){ .folder_fd = -1 };
        return 0;
}

static void entry_name(const Entry *e, char name[NAME_SIZE])
{
        (void)snprintf(name, NAME_SIZE, "%" PRIu64 "%s", e->revision, e->whole ? WHOLE : LINE);
}

/* At most max bytes of it; negative errno if it cannot be read. */
static int entry_read(const Entries *e, const Entry *entry, size_t max, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_close_ int fd = -1;
        char name[NAME_SIZE], chunk[4096];
        ssize_t n;

        entry_name(entry, name);
        fd = openat(e->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        buffer_add_string(&b, "");
        while (b.length < max && (n = read(fd, chunk, sizeof(chunk))) != 0) {
                if (n < 0)
                        return -errno;
                buffer_add(&b, chunk, (size_t)n);
        }
        return buffer_take(&b, ret);
}

/* Appends the one record of a line's file. -EINVAL: it is torn. */
static int entry_read_line(const Entries *e, const Entry *entry, Journal *j)
{
        _cleanup_(journal_deinit) Journal one = { 0 };
        _cleanup_free_ char *text = NULL;
        int r = entry_read(e, entry, SIZE_MAX, &text);

        if (r >= 0)
                r = journal_parse(text, strlen(text), NULL, NULL, &one);
        if (r < 0 || one.n != 1 || one.records[0].revision != entry->revision)
                return r == -ENOMEM ? r : -EINVAL;
        if (array_grow(&j->records, j->n, sizeof(*j->records)) < 0)
                return -ENOMEM;
        j->records[j->n++] = one.records[0];
        one.n = 0;
        return 0;
}

uint64_t store_newest_revision(Store *s)
{
        _cleanup_entries_ Entries e = { .folder_fd = -1 };

        return entries_read(s, UINT64_MAX, &e) < 0 || e.n == 0 ? 0 : e.items[e.n - 1].revision;
}

/* ---- the list ---- */

/* The head of a state's text is a state without rules. */
static int read_head(const Entries *e, const Entry *entry, Revision *ret)
{
        _cleanup_(state_document_deinit) StateDocument doc = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *text = NULL;
        const State *s;
        char *end;
        int r;

        r = entry_read(e, entry, HEAD_BYTES, &text);
        if (r < 0)
                return r;
        end = strstr(text, HEAD_END);
        if (!end)
                return -EINVAL;
        *end = '\0';
        buffer_printf(&b, "%s" HEAD_END " = 1;\n};\n", text);
        if (b.failed)
                return -ENOMEM;
        r = parse_state(b.data, b.length, NULL, NULL, &doc);
        if (r < 0)
                return r;
        s = doc.state;
        if (s->revision != entry->revision)
                return -EINVAL;
        ret->revision = s->revision;
        return origin_copy(&s->origin, &ret->origin);
}

static int read_line(const Entries *e, const Entry *entry, Revision *ret)
{
        _cleanup_(journal_deinit) Journal j = { 0 };
        const JournalRecord *record;
        int r = entry_read_line(e, entry, &j);

        if (r < 0)
                return r;
        record = &j.records[0];
        ret->revision = record->revision;
        return origin_copy(&record->origin, &ret->origin);
}

static bool is_kept(const Store *s, uint64_t current, uint64_t revision)
{
        if (s->holds && revision >= s->held)
                return revision <= current;
        return revision <= current && current - revision < REVISIONS_MAX;
}

int store_list_revisions(Store *s, uint64_t current, size_t max, Revisions *ret)
{
        _cleanup_entries_ Entries e = { .folder_fd = -1 };
        _cleanup_(revisions_deinit) Revisions l = { 0 };
        int r = entries_read(s, current, &e);

        if (r < 0)
                return r;
        for (size_t i = e.n; i > 0 && l.n < max && is_kept(s, current, e.items[i - 1].revision);
                i--) {
                const Entry *entry = &e.items[i - 1];
                Revision revision;

                if (entry->revision == 0)
                        break; /* nobody made it */
                r = entry->whole ? read_head(&e, entry, &revision)
                                 : read_line(&e, entry, &revision);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        continue;
                if (array_grow(&l.items, l.n, sizeof(*l.items)) < 0) {
                        origin_deinit(&revision.origin);
                        return -ENOMEM;
                }
                l.items[l.n++] = revision;
        }
        *ret = l;
        l = (Revisions){ 0 };
        return 0;
}

/* ---- one of them ---- */

/* The last whole state up to a revision, if nothing is missing between the two. */
static const Entry *find_base(const Entries *e, uint64_t revision)
{
        for (size_t i = e->n; i > 0 && e->items[i - 1].revision == revision; i--, revision--)
                if (e->items[i - 1].whole)
                        return &e->items[i - 1];
        return NULL;
}

/* All small changes of sets; *ret_torn is the last one that cannot be read. */
static int read_lines(const Entries *e, Journal *ret, uint64_t *ret_torn)
{
        for (size_t i = 0; i < e->n; i++) {
                int r = e->items[i].whole ? 0 : entry_read_line(e, &e->items[i], ret);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        *ret_torn = e->items[i].revision;
        }
        return 0;
}

/* Is a change missing that is not in the files of the sets? */
static bool is_incomplete(const StoredState *s, uint64_t base, uint64_t torn)
{
        bool incomplete = torn > base;

        for (size_t i = 0; i < s->state->n_sets; i++)
                incomplete |= torn > s->set_bases[i];
        return incomplete;
}

int store_load_revision(Store *s, uint64_t current, uint64_t revision, Diagnostics *d, State **ret)
{
        _cleanup_(stored_state_deinit) StoredState stored = { 0 };
        _cleanup_entries_ Entries e = { .folder_fd = -1 };
        _cleanup_(journal_deinit) Journal j = { 0 };
        _cleanup_free_ char *path = NULL;
        const Entry *base;
        uint64_t torn = 0;
        int r;

        if (!is_kept(s, current, revision))
                return -ENOENT;
        r = entries_read(s, revision, &e);
        if (r < 0)
                return r;
        base = find_base(&e, revision);
        if (!base && revision == 0) {
                *ret = state_new();
                return *ret ? 0 : -ENOMEM;
        }
        if (!base)
                return -ENOENT;
        r = read_lines(&e, &j, &torn);
        if (r >= 0)
                r = path_make(base->revision, WHOLE, &path);
        if (r >= 0)
                r = host_load_stored_with(s->paths->state, path, s->paths->root, &j, d, &stored);
        if (r < 0)
                return r;
        if (stored.state->revision != revision || is_incomplete(&stored, base->revision, torn))
                return -ENOENT;
        *ret = TAKE_PTR(stored.state);
        return 0;
}

/* ---- forgetting ---- */

/* Appends what a state's text names by a setting. A quote within a string is written \". */
static int add_names(const char *text, const char *before, char ***names)
{
        for (const char *p = text; (p = strstr(p, before));) {
                _cleanup_free_ char *name = NULL;
                const char *end;

                p += strlen(before);
                end = strchrnul(p, '"');
                name = strndup(p, (size_t)(end - p));
                if (!name || (!strv_contains(*names, name) && strv_append(names, name) < 0))
                        return -ENOMEM;
        }
        return 0;
}

/* Does a set's file that is kept need this line, because it is older? */
static bool line_is_needed(const Entries *e, const Entry *entry, char *const *names)
{
        _cleanup_(journal_deinit) Journal j = { 0 };

        if (entry_read_line(e, entry, &j) < 0)
                return true;
        for (char *const *name = names; j.n == 1 && name && *name; name++) {
                const char *set = *name + strlen(STATE_SETS "/"), *dot = strrchr(*name, '.');

                if (strncmp(*name, STATE_SETS "/", strlen(STATE_SETS "/")) == 0 && dot &&
                        strlen(j.records[0].set) == (size_t)(dot - set) &&
                        strncmp(set, j.records[0].set, (size_t)(dot - set)) == 0 &&
                        strtoull(dot + 1, NULL, 10) < entry->revision)
                        return true;
        }
        return false;
}

/* The first whole state that is needed: the base of the oldest revision that is kept. */
static uint64_t first_needed(const Entries *e, uint64_t newest)
{
        uint64_t oldest = newest - REVISIONS_MAX + 1, first = 0;

        for (size_t i = 0; i < e->n && e->items[i].revision <= oldest; i++)
                if (e->items[i].whole)
                        first = e->items[i].revision;
        return first;
}

void store_prune_revisions(Store *s, uint64_t newest)
{
        _cleanup_entries_ Entries e = { .folder_fd = -1 };
        _cleanup_strv_ char **names = NULL, **trees = NULL;
        uint64_t first;

        if (entries_read(s, newest, &e) < 0)
                return;
        first = newest < REVISIONS_MAX ? 0 : first_needed(&e, newest);
        for (size_t i = 0; i < e.n; i++) {
                _cleanup_free_ char *text = NULL;

                if (e.items[i].whole && e.items[i].revision >= first &&
                        (entry_read(&e, &e.items[i], SIZE_MAX, &text) < 0 ||
                                add_names(text, "file = \"", &names) < 0 ||
                                add_names(text, "files = \"", &trees) < 0))
                        return; /* what it names is not known: everything stays */
        }
        for (size_t i = 0; i < e.n && e.items[i].revision < first; i++) {
                char name[NAME_SIZE];

                if (!e.items[i].whole && line_is_needed(&e, &e.items[i], names))
                        continue;
                entry_name(&e.items[i], name);
                (void)unlinkat(e.folder_fd, name, 0);
        }
        store_collect_garbage(s, names);
        store_remove_files(s, trees);
}
