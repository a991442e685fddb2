/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reads what the store wrote: state.conf, the fragments and sets that it names, and the journal
 * of the sets. Writes nothing.
 */

#include "rules/policy/state.h"
#include "daemon/host/internal.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/fragment.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define JOURNAL_MAX (256u << 20)

void stored_state_deinit(StoredState *s)
{
        state_free(s->state);
        strv_free(s->fragment_files);
        strv_free(s->set_files);
        free(s->set_bases);
        *s = (StoredState){ 0 };
}

static int refuse_set_files(const Fragment *f, Diagnostics *d)
{
        for (size_t i = 0; i < f->sets.n; i++) {
                const SetDecl *set = &f->sets.items[i];

                if (set->path)
                        return diagnostics_error(d,
                                ((Place){ .file = set->file, .line = set->line }), NULL,
                                "set %s: which files p25d reads is root's to say: give the entries",
                                set->name);
        }
        return 0;
}

int host_parse_stored_fragment(const char *name, const char *text, size_t n, const char *root,
        Diagnostics *d, Fragment **ret)
{
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        int r;

        r = parse_fragment(text, n, name, name, d, &f);
        if (r < 0)
                return r;
        r = root ? host_load_set_files(f, root, NULL, d) : refuse_set_files(f, d);
        if (r < 0)
                return r;
        /* over the bus it came from no file; its name did for the messages */
        free(f->file);
        f->file = NULL;
        free(f->text);
        f->text = strndup(text, n);
        if (!f->text)
                return -ENOMEM;
        *ret = TAKE_PTR(f);
        return 0;
}

/* "sets/drop.17" → 17; -EINVAL for a path that the store would not have written. */
static int stored_file_revision(const char *file, const char *folder, uint64_t *ret)
{
        size_t n = strlen(folder);
        const char *name, *dot;

        if (strncmp(file, folder, n) != 0 || file[n] != '/')
                return -EINVAL;
        name = file + n + 1;
        dot = strrchr(name, '.');
        if (!dot || dot == name || strchr(name, '/'))
                return -EINVAL;
        return digits_parse(dot + 1, strlen(dot + 1), UINT64_MAX, ret) < 0 ? -EINVAL : 0;
}

typedef struct StoredText {
        char *path, *text;
        size_t length;
} StoredText;

static void stored_text_deinit(StoredText *t)
{
        free(t->path);
        free(t->text);
}
#define _cleanup_stored_text_ _cleanup_(stored_text_deinit)

/* ret is empty, and to be deinitialised in any case. A file that the state names and that is not
 * there is an error of the state: -EINVAL. */
static int read_stored(
        const char *folder, const char *file, size_t max, Diagnostics *d, StoredText *ret)
{
        int r;

        if (text_printf(&ret->path, "%s/%s", folder, file) < 0)
                return -ENOMEM;
        r = host_read_file(ret->path, max, d, &ret->text, &ret->length);
        return r == -ENOENT ? -EINVAL : r;
}

static int load_fragment(
        const char *folder, const StateFile *from, const char *root, Diagnostics *d, State *state)
{
        _cleanup_stored_text_ StoredText t = { 0 };
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        uint64_t revision;
        int r;

        if (stored_file_revision(from->file, STATE_FRAGMENTS, &revision) < 0)
                return diagnostics_error(d, ((Place){ .file = folder }), NULL,
                        "%s is not a file of a fragment", from->file);
        r = read_stored(folder, from->file, POLICY_TEXT_MAX, d, &t);
        if (r < 0)
                return r;
        r = host_parse_stored_fragment(from->name, t.text, t.length, root, d, &f);
        if (r < 0)
                return r;
        return state_put_fragment(state, from->name, f);
}

static int load_set(const char *folder, const StateFile *from, Diagnostics *d, State *state)
{
        _cleanup_stored_text_ StoredText t = { 0 };
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = NULL;
        _cleanup_(timed_set_unref_p) TimedSet *timed = NULL;
        uint64_t revision;
        size_t plain;
        int r;

        if (stored_file_revision(from->file, STATE_SETS, &revision) < 0)
                return diagnostics_error(d, ((Place){ .file = folder }), NULL,
                        "%s is not a file of a set", from->file);
        r = read_stored(folder, from->file, SET_TEXT_MAX, d, &t);
        if (r < 0)
                return r;
        plain = timed_set_text_begin(t.text, t.length);
        r = prefix_set_parse(t.text, plain, t.path, d, &entries);
        if (r >= 0)
                r = timed_set_parse(t.text + plain, t.length - plain, t.path, d, &timed);
        return r < 0 ? r : state_put_entries(state, from->name, entries, timed);
}

static const char *find_file(const StateFile *files, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (streq(files[i].name, name))
                        return files[i].file;
        return NULL;
}

/* The files in the order in which the state has fragments and sets, and the sets' bases. */
static int note_files(const StateDocument *doc, StoredState *s)
{
        s->set_bases = calloc(s->state->n_sets + 1, sizeof(*s->set_bases));
        if (!s->set_bases)
                return -ENOMEM;
        for (size_t i = 0; i < s->state->n_fragments; i++)
                if (strv_append(&s->fragment_files, find_file(doc->fragments, doc->n_fragments,
                                                            s->state->fragments[i]->name)) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < s->state->n_sets; i++) {
                const char *file = find_file(doc->sets, doc->n_sets, s->state->sets[i].name);

                if (strv_append(&s->set_files, file) < 0)
                        return -ENOMEM;
                (void)stored_file_revision(file, STATE_SETS, &s->set_bases[i]);
        }
        return 0;
}

/* The journal's changes of one set, folded: `remove` is taken out of what was there, then the
 * others are added. No prefix is in two of them, except one that was removed and is timed now. */
typedef struct Folded {
        PrefixSet *add, *remove; /* NULL: the journal says nothing of the set */
        TimedSet *timed;
} Folded;

static void folded_deinit(Folded *f)
{
        prefix_set_unref(f->add);
        prefix_set_unref(f->remove);
        timed_set_unref(f->timed);
}

static int fold_prefixes(PrefixSet **s, const PrefixSet *add, const PrefixSet *remove)
{
        PrefixSet *next;
        size_t added, removed;
        int r = prefix_set_update(*s, add, remove, &next, &added, &removed);

        if (r < 0)
                return r;
        prefix_set_unref(*s);
        *s = next;
        return 0;
}

static int fold_timed(TimedSet **s, const TimedSet *put, const PrefixSet *remove)
{
        TimedChanges changes;
        TimedSet *next;

        if (timed_set_update(*s, put, remove, &next, &changes) < 0)
                return -ENOMEM;
        timed_set_unref(*s);
        *s = next;
        return 0;
}

static int fold_record(Folded *f, const JournalRecord *record)
{
        int r = fold_prefixes(&f->add, record->add, record->remove);

        if (r >= 0)
                r = fold_prefixes(&f->remove, NULL, record->add);
        if (r >= 0)
                r = fold_prefixes(&f->remove, record->remove, NULL);
        if (r >= 0)
                r = fold_timed(&f->timed, record->timed, record->remove);
        return r < 0 ? r : fold_timed(&f->timed, NULL, record->add);
}

static int fold_records(const Journal *j, const char *set, uint64_t base, Folded *ret)
{
        for (size_t i = 0; i < j->n; i++) {
                const JournalRecord *record = &j->records[i];
                int r = 0;

                if (streq(record->set, set) && record->revision > base)
                        r = fold_record(ret, record);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Onto a set as its file has it. */
static int unfold(const Folded *f, StoredSet *set, State *state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = NULL;
        _cleanup_(timed_set_unref_p) TimedSet *without = NULL, *timed = NULL;
        size_t added, removed;
        TimedChanges changes;
        int r = prefix_set_update(set->entries, f->add, f->remove, &entries, &added, &removed);

        if (r >= 0)
                r = timed_set_update(set->timed, NULL, f->add, &without, &changes);
        if (r >= 0)
                r = fold_timed(&without, NULL, f->remove);
        if (r >= 0)
                r = timed_set_update(without, f->timed, NULL, &timed, &changes);
        return r < 0 ? r : state_put_entries(state, set->name, entries, timed);
}

static int apply_journal(const Journal *j, const char *path, Diagnostics *d, StoredState *s)
{
        const JournalRecord *last = j->n > 0 ? &j->records[j->n - 1] : NULL;

        /* only when state.conf is a version older than the journal */
        for (size_t i = 0; i < j->n; i++)
                if (j->records[i].revision > s->state->revision &&
                        !state_find_set(s->state, j->records[i].set))
                        (void)diagnostics_warning(d, ((Place){ .file = path }), NULL,
                                "a change of set %s is lost: the set is not stored",
                                j->records[i].set);
        for (size_t i = 0; i < s->state->n_sets; i++) {
                _cleanup_(folded_deinit) Folded f = { 0 };
                StoredSet *set = &s->state->sets[i];
                int r = fold_records(j, set->name, s->set_bases[i], &f);

                if (r >= 0 && f.add)
                        r = unfold(&f, set, s->state);
                if (r == -E2BIG)
                        return diagnostics_error(d, ((Place){ .file = path }), NULL,
                                "makes set %s too large", set->name);
                if (r < 0)
                        return r;
        }
        if (!last || last->revision <= s->state->revision)
                return 0;
        s->state->policy_revision = state_policy_revision(s->state);
        s->state->revision = last->revision;
        origin_deinit(&s->state->origin);
        return origin_copy(&last->origin, &s->state->origin);
}

static int load_journal(const char *folder, Diagnostics *d, StoredState *s)
{
        _cleanup_(journal_deinit) Journal j = { 0 };
        _cleanup_free_ char *path = NULL, *text = NULL;
        struct stat st;
        size_t length;
        int r;

        if (text_printf(&path, "%s/%s", folder, STATE_JOURNAL) < 0)
                return -ENOMEM;
        if (lstat(path, &st) < 0 && errno == ENOENT)
                return 0;
        r = host_read_file(path, JOURNAL_MAX, d, &text, &length);
        if (r < 0)
                return r;
        r = journal_parse(text, length, path, d, &j);
        if (r < 0)
                return r;
        s->journal_length = j.length;
        s->journal_first = j.n > 0 ? j.records[0].revision : 0;
        s->journal_last = j.n > 0 ? j.records[j.n - 1].revision : 0;
        return apply_journal(&j, path, d, s);
}

/* journal NULL: the one on disk */
static int load_stored(const char *folder, const char *file, const char *root,
        const Journal *journal, Diagnostics *d, StoredState *ret)
{
        _cleanup_(state_document_deinit) StateDocument doc = { 0 };
        _cleanup_(stored_state_deinit) StoredState s = { 0 };
        _cleanup_free_ char *path = NULL, *text = NULL;
        struct stat st;
        size_t length;
        int r;

        if (text_printf(&path, "%s/%s", folder, file) < 0)
                return -ENOMEM;
        if (lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
                return -ENOENT;
        r = host_read_file(path, POLICY_TEXT_MAX, d, &text, &length);
        if (r < 0)
                return r == -ENOENT ? -EINVAL : r;
        r = parse_state(text, length, path, d, &doc);
        if (r < 0)
                return r;
        s.state = TAKE_PTR(doc.state);
        s.text_revision = s.state->revision;
        s.text_is_between = state_is_between(s.state);

        for (size_t i = 0; i < doc.n_fragments; i++) {
                r = load_fragment(folder, &doc.fragments[i], root, d, s.state);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < doc.n_sets; i++) {
                r = load_set(folder, &doc.sets[i], d, s.state);
                if (r < 0)
                        return r;
        }
        r = note_files(&doc, &s);
        if (r < 0)
                return r;
        r = journal ? apply_journal(journal, path, d, &s) : load_journal(folder, d, &s);
        if (r < 0)
                return r;
        *ret = TAKE_STRUCT(s);
        return 0;
}

int host_load_stored(
        const char *folder, const char *file, const char *root, Diagnostics *d, StoredState *ret)
{
        return load_stored(folder, file, root, NULL, d, ret);
}

int host_load_stored_with(const char *folder, const char *file, const char *root,
        const Journal *journal, Diagnostics *d, StoredState *ret)
{
        return load_stored(folder, file, root, journal, d, ret);
}

int host_paths_in_force(const HostPaths *p, const State *state, HostPaths *ret)
{
        _cleanup_buffer_ Buffer root = { 0 };
        struct stat st;

        if (state->files_pinned && state->files)
                buffer_printf(&root, "%s/" STATE_HOST "/%s", p->state, state->files);
        else
                buffer_printf(&root, "%s/" STATE_GOOD, p->state);
        if (root.failed)
                return -ENOMEM;
        return stat(root.data, &st) < 0 ? -errno : host_paths_init(ret, root.data, NULL);
}

int host_load_state(const HostPaths *p, Diagnostics *d, State **ret)
{
        _cleanup_(stored_state_deinit) StoredState s = { 0 };
        int r;

        r = host_load_stored(p->state, STATE_FILE, p->root, d, &s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s.state);
        return 0;
}
