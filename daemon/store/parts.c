/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The files of a state: fragments and sets, each under a name with the revision that brought it.
 * Parts that the former state has already are not written again.
 */

#include "daemon/store/internal.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/fragment.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <inttypes.h>

/* FOLDER/NAME.REVISION */
static int versioned_path(const char *folder, const char *name, uint64_t revision, char **ret)
{
        return text_printf(ret, "%s/%s.%" PRIu64, folder, name, revision);
}

/* Writes the file and appends its path to the list. It needs no temporary name: nothing refers to
 * it yet, and what is left of an earlier attempt may be overwritten. */
static int write_versioned(Store *s, const char *path, const char *data, size_t n, char ***files)
{
        int r = store_write_file(s, s->folder_fd, path, data, n, true);

        return r < 0 ? r : strv_append(files, path);
}

static int write_fragment(Store *s, const Fragment *f, uint64_t revision, char ***files)
{
        _cleanup_free_ char *path = NULL;
        int r = versioned_path(STATE_FRAGMENTS, f->name, revision, &path);

        return r < 0 ? r : write_versioned(s, path, f->text, strlen(f->text), files);
}

/* The entries that end behind all others. */
static int set_print(const StoredSet *set, char **ret, size_t *ret_length)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t n;

        if (!set->timed)
                return prefix_set_print(set->entries, ret, ret_length);
        if (prefix_set_print(set->entries, &text, &n) < 0)
                return -ENOMEM;
        buffer_add(&b, text, n);
        timed_set_print(&b, set->timed);
        *ret_length = b.length;
        return buffer_take(&b, ret);
}

static int write_set(Store *s, const StoredSet *set, uint64_t revision, char ***files)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n;
        int r = set_print(set, &text, &n);

        if (r >= 0)
                r = versioned_path(STATE_SETS, set->name, revision, &path);
        return r < 0 ? r : write_versioned(s, path, text, n, files);
}

int store_write_fragments(Store *s, const State *old, const State *new, bool all, char ***ret)
{
        for (size_t i = 0; i < new->n_fragments; i++) {
                Fragment *f = new->fragments[i];
                size_t j = 0;
                int r;

                while (j < old->n_fragments && old->fragments[j] != f)
                        j++;
                r = !all && j < old->n_fragments && j < strv_length(s->fragment_files)
                            ? strv_append(ret, s->fragment_files[j])
                            : write_fragment(s, f, new->revision, ret);
                if (r < 0)
                        return r;
        }
        return 0;
}

int store_write_sets(Store *s, const State *old, const State *new, bool all, char ***ret)
{
        for (size_t i = 0; i < new->n_sets; i++) {
                const StoredSet *set = &new->sets[i];
                size_t j = 0;
                int r;

                while (j < old->n_sets && !streq(old->sets[j].name, set->name))
                        j++;
                r = !all && j < old->n_sets && j < strv_length(s->set_files) &&
                                    old->sets[j].entries == set->entries &&
                                    old->sets[j].timed == set->timed
                            ? strv_append(ret, s->set_files[j])
                            : write_set(s, set, new->revision, ret);
                if (r < 0)
                        return r;
        }
        return 0;
}
