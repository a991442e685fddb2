/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Copies of the host's files: a tree of folders below the state folder for every content that was
 * in force, which the same loader reads with another root. A tree gets its name when all of it is
 * on disk, and is never changed after that; files that are the same in two trees are one file with
 * two links.
 */

#include "daemon/store/internal.h"

#include "rules/base/hash.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>

#define TREE_NEW STATE_HOST "/new"
#define TREE_NAMES 10 /* trees whose contents have the same hash */

static int remove_entry(
        const char *path, _unused_ const struct stat *st, int type, _unused_ struct FTW *ftw)
{
        return (type == FTW_DP ? rmdir(path) : unlink(path)) < 0 && errno != ENOENT ? -1 : 0;
}

/* rm -rf, only below the state folder */
static void remove_tree(const char *path)
{
        (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ---- what a tree is called ---- */

/* The path of an input's copy below the tree. */
static const char *path_below(const Store *s, const char *path, const char **ret_before)
{
        size_t shipped = strlen(s->paths->shipped), root = strlen(s->paths->root);

        if (strncmp(path, s->paths->shipped, shipped) == 0 && path[shipped] == '/') {
                *ret_before = HOST_SHIPPED;
                return path + shipped;
        }
        *ret_before = "";
        return strncmp(path, s->paths->root, root) == 0 ? path + root : path;
}

/* The hash of everything that was read, with the paths. */
static uint64_t inputs_hash(const Store *s, const HostInputs *l)
{
        uint64_t h = HASH_BEGIN;

        for (size_t i = 0; i < l->n; i++) {
                const char *before, *below = path_below(s, l->items[i].path, &before);

                h = hash_string(h, before);
                h = hash_string(h, below);
                h = hash_number(h, l->items[i].content);
        }
        return hash_finish(h);
}

static int tree_name(uint64_t hash, unsigned i, char **ret)
{
        return i == 0 ? text_printf(ret, "%016" PRIx64, hash)
                      : text_printf(ret, "%016" PRIx64 "-%u", hash, i);
}

/* No name leads out of the folder. */
static bool tree_name_is_valid(const char *name)
{
        return name_is_valid(name) && name[0] != '.';
}

/* Is it what these inputs would be called? */
bool store_files_are(const Store *s, const char *name, const HostInputs *inputs)
{
        char hash[17];

        (void)snprintf(hash, sizeof(hash), "%016" PRIx64, inputs_hash(s, inputs));
        return name && strncmp(name, hash, sizeof(hash) - 1) == 0;
}

/* ---- making one ---- */

typedef struct Copying {
        Store *store;
        const char *tree;   /* the path of the new one */
        const char *former; /* of one that may have the same files; NULL: none */
} Copying;

static int read_copy(const char *tree, const char *before, const char *below, char **ret, size_t *n)
{
        _cleanup_free_ char *path = NULL;

        if (text_printf(&path, "%s%s%s", tree, before, below) < 0)
                return -ENOMEM;
        return host_read_file(path, SET_TEXT_MAX, NULL, ret, n);
}

/* 1: it is the same file as in the tree made last. */
static int link_copy(const Copying *c, const char *before, const char *below, const char *to,
        const char *text, size_t n)
{
        _cleanup_free_ char *former = NULL, *path = NULL;
        size_t n_former;

        if (!c->former || read_copy(c->former, before, below, &former, &n_former) < 0 ||
                n_former != n || memcmp(former, text, n) != 0)
                return 0;
        if (text_printf(&path, "%s%s%s", c->former, before, below) < 0)
                return -ENOMEM;
        return link(path, to) == 0;
}

static int sync_file(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int copy_input(const Copying *c, const HostInput *input)
{
        _cleanup_free_ char *text = NULL, *to = NULL;
        const char *before, *below = path_below(c->store, input->path, &before);
        char *slash;
        size_t n;
        int r;

        r = host_read_again(input, SET_TEXT_MAX, &text, &n);
        if (r < 0)
                return r;
        r = text_printf(&to, "%s%s%s", c->tree, before, below);
        if (r < 0)
                return r;
        slash = strrchr(to, '/');
        *slash = '\0';
        r = store_make_folders(to, false);
        *slash = '/';
        if (r >= 0)
                r = link_copy(c, before, below, to, text, n);
        return r == 0 ? store_write_file(c->store, AT_FDCWD, to, text, n, false) : r;
}

static int sync_entry(const char *path, const struct stat *st, int type, _unused_ struct FTW *ftw)
{
        /* what has more than one link was written for a former tree, and is on disk */
        if (type == FTW_D || type == FTW_DP || (type == FTW_F && st->st_nlink == 1))
                return sync_file(path);
        return 0;
}

static int make_tree(const Copying *c, const HostInputs *inputs)
{
        int r;

        remove_tree(c->tree);
        r = store_make_folders(c->tree, false);
        for (size_t i = 0; r >= 0 && i < inputs->n; i++)
                r = copy_input(c, &inputs->items[i]);
        /* all of them written first: the first fsync() then does most of the work of the others */
        if (r >= 0)
                r = nftw(c->tree, sync_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
        return r;
}

/* 1: the tree is there, whole and the same; 0: there is none of this name; -EEXIST: another one. */
static int tree_is(const Store *s, const char *tree, const HostInputs *inputs)
{
        struct stat st;

        if (lstat(tree, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        for (size_t i = 0; i < inputs->n; i++) {
                _cleanup_free_ char *text = NULL;
                const char *before, *below = path_below(s, inputs->items[i].path, &before);
                size_t n;
                int r = read_copy(tree, before, below, &text, &n);

                if (r == -ENOMEM)
                        return r;
                if (r < 0 || host_content_hash(text, n) != inputs->items[i].content)
                        return -EEXIST;
        }
        return 1;
}

/* Makes the tree and gives it its name. */
static int build(Store *s, const HostInputs *inputs, const char *name)
{
        _cleanup_free_ char *tree = NULL, *former = NULL, *path = NULL, *folder = NULL;
        Copying c = { .store = s };
        int r;

        if (text_printf(&tree, "%s/" TREE_NEW, s->paths->state) < 0 ||
                text_printf(&path, "%s/" STATE_HOST "/%s", s->paths->state, name) < 0 ||
                text_printf(&folder, "%s/" STATE_HOST, s->paths->state) < 0 ||
                (s->files && text_printf(&former, "%s/%s", folder, s->files) < 0))
                return -ENOMEM;
        c.tree = tree;
        c.former = former;
        r = make_tree(&c, inputs);
        if (r >= 0 && rename(tree, path) < 0)
                r = -errno;
        if (r >= 0)
                r = sync_file(folder);
        if (r < 0)
                remove_tree(tree);
        return r;
}

int store_keep_files(Store *s, const HostInputs *inputs, char **ret_name)
{
        uint64_t hash = inputs_hash(s, inputs);
        int r = store_open_folder(s);

        for (unsigned i = 0; r >= 0 && i < TREE_NAMES; i++) {
                _cleanup_free_ char *name = NULL, *path = NULL, *used = NULL;

                if (tree_name(hash, i, &name) < 0 ||
                        text_printf(&path, "%s/" STATE_HOST "/%s", s->paths->state, name) < 0)
                        return -ENOMEM;
                r = tree_is(s, path, inputs);
                if (r == -EEXIST) {
                        r = 0;
                        continue;
                }
                if (r == 0)
                        r = build(s, inputs, name);
                if (r < 0)
                        break;
                used = strdup(name);
                if (!used)
                        return -ENOMEM;
                free(s->files);
                s->files = TAKE_PTR(used);
                *ret_name = TAKE_PTR(name);
                return 0;
        }
        return r < 0 ? r : -EEXIST;
}

int store_files_paths(const Store *s, const char *name, HostPaths *ret)
{
        _cleanup_free_ char *root = NULL;
        struct stat st;

        if (!tree_name_is_valid(name))
                return -ENOENT;
        if (text_printf(&root, "%s/" STATE_HOST "/%s", s->paths->state, name) < 0)
                return -ENOMEM;
        if (stat(root, &st) < 0)
                return -ENOENT;
        return host_paths_init(ret, root, NULL);
}

/* ---- the one that was good last ---- */

int store_good_files(const Store *s, char **ret)
{
        _cleanup_free_ char *path = NULL;
        char target[sizeof(STATE_HOST "/") + NAME_MAX_LENGTH];
        const char *name = target + strlen(STATE_HOST "/");
        ssize_t n;

        if (text_printf(&path, "%s/" STATE_GOOD, s->paths->state) < 0)
                return -ENOMEM;
        n = readlink(path, target, sizeof(target));
        if (n < 0 || (size_t)n >= sizeof(target))
                return -ENOENT;
        target[n] = '\0';
        if (strncmp(target, STATE_HOST "/", strlen(STATE_HOST "/")) != 0 ||
                !tree_name_is_valid(name))
                return -ENOENT;
        *ret = strdup(name);
        return *ret ? 0 : -ENOMEM;
}

int store_mark_good(Store *s, const char *name)
{
        static const char temporary[] = STATE_GOOD ".new";
        _cleanup_free_ char *now = NULL, *target = NULL;
        int r = store_open_folder(s);

        if (r < 0)
                return r;
        r = store_good_files(s, &now);
        if (r == -ENOMEM)
                return r;
        if (r >= 0 && streq(now, name))
                return 0;
        if (text_printf(&target, STATE_HOST "/%s", name) < 0)
                return -ENOMEM;
        (void)unlinkat(s->folder_fd, temporary, 0);
        if (symlinkat(target, s->folder_fd, temporary) < 0 ||
                renameat(s->folder_fd, temporary, s->folder_fd, STATE_GOOD) < 0 ||
                fsync(s->folder_fd) < 0)
                return -errno;
        return 1;
}

/* ---- forgetting ---- */

void store_remove_files(Store *s, char *const *kept)
{
        _cleanup_free_ char *folder = NULL, *good = NULL;
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;

        if (text_printf(&folder, "%s/" STATE_HOST, s->paths->state) < 0 ||
                store_good_files(s, &good) == -ENOMEM)
                return;
        dir = opendir(folder);
        while (dir && (entry = readdir(dir))) {
                _cleanup_free_ char *path = NULL;

                if (entry->d_name[0] == '.' || strv_contains(kept, entry->d_name) ||
                        streq_null(entry->d_name, s->files) || streq_null(entry->d_name, good) ||
                        text_printf(&path, "%s/%s", folder, entry->d_name) < 0)
                        continue;
                remove_tree(path);
        }
}
