/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Former states: which there are, and what they were. Changes of entries only are no revisions of
 * the policy, which they would push out by the thousand; between two revisions they are kept as
 * long as something may be taken back to them. A former state.conf stays as a file of revisions/, a
 * change of a set only as a line of a journal; a state is read from the last text before it and the
 * lines since.
 */

#include "daemon/store/past.h"

#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/config/print.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

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

/* The state before all others, which no file holds, is worth to be kept because of the host's files
 * that it went with. */
static int keep_first(Store *s, const State *old)
{
        static const char file[] = STATE_REVISIONS "/0" PAST_WHOLE;
        _cleanup_free_ char *text = NULL;

        if (s->damaged || old->revision != 0 || !old->files || old->n_sets > 0 ||
                old->n_fragments > 0 || faccessat(s->folder_fd, file, F_OK, 0) == 0)
                return 0;
        if (print_state(old, NULL, NULL, &text) < 0)
                return -ENOMEM;
        return store_write_file(s, s->folder_fd, file, text, strlen(text), true);
}

int store_keep_revision(Store *s, const State *old)
{
        const PastWhole present = { .revision = s->stored_revision,
                .between = s->stored_is_between };
        _cleanup_free_ char *path = NULL;

        if (!s->stored_file)
                return keep_first(s, old);
        if (past_path(&present, &path) < 0)
                return -ENOMEM;
        if (linkat(s->folder_fd, s->stored_file, s->folder_fd, path, 0) == 0)
                return 0;
        if (errno == ENOENT && mkdirat(s->folder_fd, STATE_REVISIONS, 0700) < 0 && errno != EEXIST)
                return -errno;
        /* of a change that failed later on */
        if (unlinkat(s->folder_fd, path, 0) < 0 && errno != ENOENT)
                return -errno;
        return linkat(s->folder_fd, s->stored_file, s->folder_fd, path, 0) < 0 ? -errno : 0;
}

/* ---- the list ---- */

/* The head of a state's text is a state without rules. */
static int read_head(Store *s, const PastWhole *w, Revision *ret)
{
        _cleanup_(state_document_deinit) StateDocument doc = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *text = NULL;
        char *end;
        int r;

        r = past_text(s, w, HEAD_BYTES, &text);
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
        if (doc.state->revision != w->revision)
                return -EINVAL;
        ret->revision = w->revision;
        return origin_copy(&doc.state->origin, &ret->origin);
}

/* The number of revisions of the policy that are newer than this one. */
static size_t count_newer(const Past *p, uint64_t revision)
{
        size_t n = 0;

        for (size_t i = p->n_wholes; i > 0 && p->wholes[i - 1].revision > revision; i--)
                n += !p->wholes[i - 1].between;
        return n;
}

static bool is_kept(const Store *s, const Past *p, uint64_t revision)
{
        return (s->holds && revision >= s->held) || count_newer(p, revision) < REVISIONS_MAX;
}

int store_list_revisions(Store *s, uint64_t current, size_t max, Revisions *ret)
{
        _cleanup_past_ Past p = { 0 };
        _cleanup_(revisions_deinit) Revisions l = { 0 };

        if (past_read(s, current, &p) < 0)
                return -ENOMEM;
        for (size_t i = p.n_wholes; i > 0 && l.n < max; i--) {
                const PastWhole *w = &p.wholes[i - 1];
                Revision revision;
                int r;

                /* nobody made revision 0 */
                if (w->between || w->revision == 0 || !is_kept(s, &p, w->revision))
                        continue;
                r = read_head(s, w, &revision);
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
        *ret = TAKE_STRUCT(l);
        return 0;
}

uint64_t store_newest_revision(Store *s)
{
        _cleanup_past_ Past p = { 0 };
        uint64_t newest = 0;

        if (past_read(s, UINT64_MAX, &p) < 0)
                return 0;
        if (p.n_wholes > 0)
                newest = p.wholes[p.n_wholes - 1].revision;
        if (p.lines.n > 0 && p.lines.records[p.lines.n - 1].revision > newest)
                newest = p.lines.records[p.lines.n - 1].revision;
        return newest;
}

/* ---- one of them ---- */

/* Is a change missing that is not in the files of the sets? */
static bool is_incomplete(const Past *p, const StoredState *s)
{
        for (size_t i = 0; i < p->n_journals; i++)
                for (size_t j = 0; p->journals[i].damaged && j < s->state->n_sets; j++)
                        if (s->set_bases[j] < p->journals[i].last &&
                                s->state->revision >= p->journals[i].first)
                                return true;
        return false;
}

int store_load_revision(Store *s, uint64_t current, uint64_t revision, Diagnostics *d, State **ret)
{
        _cleanup_(stored_state_deinit) StoredState stored = { 0 };
        _cleanup_past_ Past p = { 0 };
        _cleanup_free_ char *path = NULL;
        const PastWhole *base;
        int r;

        if (revision > current || past_read(s, current, &p) < 0)
                return revision > current ? -ENOENT : -ENOMEM;
        if (!is_kept(s, &p, revision))
                return -ENOENT;
        past_cut(&p, revision);
        base = past_base(&p, revision);
        if (!base && revision == 0) {
                *ret = state_new();
                return *ret ? 0 : -ENOMEM;
        }
        if (!base)
                return -ENOENT;
        if (past_path(base, &path) < 0)
                return -ENOMEM;
        r = host_load_stored_with(s->paths->state, path, s->paths->root, &p.lines, d, &stored);
        if (r < 0)
                return r;
        if (stored.state->revision != revision || is_incomplete(&p, &stored))
                return -ENOENT;
        *ret = TAKE_PTR(stored.state);
        return 0;
}
