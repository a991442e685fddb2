/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Forgets: revisions beyond their number or size, the oldest first, and what is named by nothing
 * any more. Done many changes at a time, since all of the past is read for it.
 */

#include "daemon/store/past.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>

/* These stay whatever they take: what is in force, and what it can be taken back to. */
#define WHOLES_MIN 2
#define JOURNALS_BYTES_MAX (16u << 20)

/* The files that kept revisions name, each once, and their size. */
typedef struct Named {
        Store *store;
        void *tree;            /* of names, by tsearch() */
        char **files, **trees; /* the names: of fragments and sets; of copies of the host's files */
        uint64_t bytes;
} Named;

static int name_compare(const void *a, const void *b)
{
        return strcmp(a, b);
}

static void name_keep(void *name)
{
        (void)name; /* the lists own them */
}

static void named_deinit(Named *n)
{
        tdestroy(n->tree, name_keep);
        strv_free(n->files);
        strv_free(n->trees);
}

/* ---- sizes ---- */

static uint64_t file_bytes(const Store *s, const char *file)
{
        struct stat st;

        return fstatat(s->folder_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : (uint64_t)st.st_size;
}

/* A file that is in several trees counts a part in each. */
static uint64_t tree_bytes(int folder, const char *name)
{
        _cleanup_(closedir_p) DIR *dir = folder_open(folder, name);
        struct dirent *entry;
        uint64_t bytes = 0;

        while (dir && (entry = readdir(dir))) {
                struct stat st;

                if (streq(entry->d_name, ".") || streq(entry->d_name, "..") ||
                        fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (S_ISDIR(st.st_mode))
                        bytes += tree_bytes(dirfd(dir), entry->d_name);
                else if (st.st_nlink > 0)
                        bytes += (uint64_t)st.st_size / st.st_nlink;
        }
        return bytes;
}

/* ---- what a revision names ---- */

static int named_add(Named *n, const char *name, size_t length, bool tree)
{
        _cleanup_free_ char *copy = strndup(name, length);
        _cleanup_buffer_ Buffer path = { 0 };
        void **found;

        if (!copy)
                return -ENOMEM;
        found = tsearch(copy, &n->tree, name_compare);
        if (!found)
                return -ENOMEM;
        if (*found != copy)
                return 0;
        if (strv_consume(tree ? &n->trees : &n->files, TAKE_PTR(copy)) < 0)
                return -ENOMEM;
        buffer_printf(&path, "%s%.*s", tree ? STATE_HOST "/" : "", (int)length, name);
        if (path.failed)
                return -ENOMEM;
        n->bytes +=
                tree ? tree_bytes(n->store->folder_fd, path.data) : file_bytes(n->store, path.data);
        return 0;
}

/* The names that a state's text gives in a setting. A quote within a string is written \". */
static int named_add_text(Named *n, const char *text, const char *before, bool tree)
{
        for (const char *p = text; (p = strstr(p, before));) {
                const char *end;

                p += strlen(before);
                end = strchrnul(p, '"');
                if (named_add(n, p, (size_t)(end - p), tree) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int named_add_revision(Named *n, const PastWhole *w)
{
        _cleanup_free_ char *text = NULL;
        int r = past_text(n->store, w, SIZE_MAX, &text);

        /* what cannot be read cannot be gone back to, and holds nothing */
        if (r < 0)
                return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : 0;
        n->bytes += w->bytes;
        if (named_add_text(n, text, "file = \"", false) < 0)
                return -ENOMEM;
        return named_add_text(n, text, "files = \"", true);
}

/* ---- what stays ---- */

/* States between two revisions are kept while a change may be taken back to them. */
static bool is_needed(const Store *s, const Past *p, size_t i)
{
        const PastWhole *w = &p->wholes[i];
        bool last_before = i + 1 == p->n_wholes || p->wholes[i + 1].revision > s->held;

        if (!w->between || w->file)
                return true;
        return s->holds && (w->revision > s->held || last_before);
}

/* The whole states that stay, and the files that they name: the last thousand revisions of the
 * policy, or as many as there is room for. */
static int choose(Store *s, const Past *p, Named *named, bool *keeps)
{
        size_t n_kept = 0, n_policy = 0;

        for (size_t i = p->n_wholes; i > 0; i--) {
                const PastWhole *w = &p->wholes[i - 1];
                bool held = s->holds && i < p->n_wholes && p->wholes[i].revision > s->held;
                int r;

                if (!is_needed(s, p, i - 1))
                        continue;
                if (!held && (n_policy == REVISIONS_MAX ||
                                     (n_kept >= WHOLES_MIN && named->bytes > s->bytes_max)))
                        break;
                r = named_add_revision(named, w);
                if (r < 0)
                        return r;
                keeps[i - 1] = true;
                n_kept++;
                n_policy += !w->between;
        }
        return 0;
}

/* Is there a set's file, of a state that stays, to which the journal adds? */
static bool journal_is_needed(const PastJournal *j, uint64_t first, char *const *files)
{
        if (j->last > first)
                return true;
        for (char *const *file = files; file && *file; file++) {
                const char *dot = strrchr(*file, '.');

                if (strncmp(*file, STATE_SETS "/", strlen(STATE_SETS "/")) == 0 && dot &&
                        strtoull(dot + 1, NULL, 10) < j->last)
                        return true;
        }
        return false;
}

static void forget_journal(Store *s, const PastJournal *j)
{
        char name[80];

        (void)snprintf(name, sizeof(name), STATE_REVISIONS "/%" PRIu64 "-%" PRIu64 PAST_LINES,
                j->first, j->last);
        (void)unlinkat(s->folder_fd, name, 0);
}

/* The journals that stay are those of the states that stay, but no more than this: an older state
 * has then the entries that its sets had when they were written as a whole. */
static void forget_journals(Store *s, const Past *p, uint64_t first, char *const *files)
{
        uint64_t bytes = 0;

        for (size_t i = p->n_journals; i > 0; i--) {
                const PastJournal *j = &p->journals[i - 1];
                bool held = s->holds && j->last > s->held;

                bytes += j->bytes;
                if (!held && (!journal_is_needed(j, first, files) || bytes > JOURNALS_BYTES_MAX))
                        forget_journal(s, j);
        }
}

void store_prune_revisions(Store *s, uint64_t newest)
{
        _cleanup_past_ Past p = { 0 };
        _cleanup_(named_deinit) Named named = { .store = s };
        _cleanup_free_ bool *keeps = NULL;
        uint64_t first = newest;

        if (past_read(s, newest, &p) < 0)
                return;
        keeps = calloc(p.n_wholes + 1, sizeof(bool));
        if (!keeps || choose(s, &p, &named, keeps) < 0)
                return; /* what is named is not known: everything stays */
        for (size_t i = p.n_wholes; i > 0; i--) {
                _cleanup_free_ char *path = NULL;
                const PastWhole *w = &p.wholes[i - 1];

                if (keeps[i - 1])
                        first = w->revision;
                else if (!w->file && past_path(w, &path) >= 0)
                        (void)unlinkat(s->folder_fd, path, 0);
        }
        forget_journals(s, &p, first, named.files);
        store_collect_garbage(s, named.files);
        store_remove_files(s, named.trees);
}
