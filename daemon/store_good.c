/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Copies of the input files that were in force last: a whole tree below the state folder, which the
 * same loader reads with another root. A new tree is made beside the old one, and a link moves from
 * one to the other.
 */

#include "daemon/store_internal.h"

#include "rules/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>

/* By what the files were when they were read; their content need not be read again. */
static uint64_t inputs_hash(const HostInputs *l)
{
        uint64_t h = HASH_BEGIN;

        for (size_t i = 0; i < l->n; i++) {
                const HostInput *input = &l->items[i];

                h = hash_string(h, input->path);
                h = hash_number(h, input->device);
                h = hash_number(h, input->inode);
                h = hash_number(h, input->size);
                h = hash_number(h, input->mtime_nsec);
                h = hash_number(h, input->ctime_nsec);
        }
        return hash_finish(h);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

/* rm -rf, below the state folder alone */
static void remove_tree(const char *path)
{
        (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Where the copy of an input lies below the tree. */
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

static int sync_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        _cleanup_close_ int fd = -1;

        (void)st;
        (void)ftw;
        if (type != FTW_F && type != FTW_D && type != FTW_DP)
                return 0;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int copy_input(const Store *s, const HostInput *input, const char *tree)
{
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *text = NULL, *to = NULL;
        _cleanup_buffer_ Buffer joined = { 0 };
        const char *before, *below;
        struct stat st;
        HostInput now;
        size_t n;
        char *slash;
        int r;

        r = host_read_file(input->path, SET_TEXT_MAX, NULL, &text, &n);
        if (r < 0)
                return r;
        /* asked after reading: a change in between must not be taken for what is in force */
        fd = host_open_regular(input->path, &st);
        if (fd < 0)
                return TAKE_FD(fd);
        now = host_input_from_stat(&st);
        if (!host_input_equal(&now, input))
                return -ESTALE;

        below = path_below(s, input->path, &before);
        buffer_printf(&joined, "%s%s%s", tree, before, below);
        r = buffer_take(&joined, &to);
        if (r < 0)
                return r;
        slash = strrchr(to, '/');
        *slash = '\0';
        r = store_make_folders(to);
        *slash = '/';
        if (r >= 0)
                r = store_write_file(AT_FDCWD, to, text, n, false);
        return r;
}

static int make_tree(const Store *s, const HostInputs *inputs, const char *tree)
{
        int r;

        remove_tree(tree);
        r = store_make_folders(tree);
        for (size_t i = 0; r >= 0 && i < inputs->n; i++)
                r = copy_input(s, &inputs->items[i], tree);
        /* all of them written first: the first fsync() then does most of the work of the others */
        if (r >= 0)
                r = nftw(tree, sync_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
        if (r < 0)
                remove_tree(tree);
        return r;
}

static int link_tree(Store *s, const char *name)
{
        static const char temporary[] = STATE_GOOD ".new";

        (void)unlinkat(s->folder_fd, temporary, 0);
        if (symlinkat(name, s->folder_fd, temporary) < 0 ||
                renameat(s->folder_fd, temporary, s->folder_fd, STATE_GOOD) < 0 ||
                fsync(s->folder_fd) < 0)
                return -errno;
        return 0;
}

static void remove_other_trees(const Store *s, const char *name)
{
        _cleanup_(closedir_p) DIR *dir = opendir(s->paths->state);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                _cleanup_buffer_ Buffer path = { 0 };

                if (strncmp(entry->d_name, STATE_GOOD ".", strlen(STATE_GOOD ".")) != 0 ||
                        streq(entry->d_name, name))
                        continue;
                buffer_printf(&path, "%s/%s", s->paths->state, entry->d_name);
                if (!path.failed)
                        remove_tree(path.data);
        }
}

int store_save_good(Store *s, const HostInputs *inputs)
{
        char name[sizeof(STATE_GOOD) + 20], current[sizeof(name)];
        _cleanup_free_ char *tree = NULL;
        _cleanup_buffer_ Buffer path = { 0 };
        ssize_t n;
        int r;

        r = store_open_folder(s);
        if (r < 0)
                return r;
        (void)snprintf(name, sizeof(name), "%s.%016" PRIx64, STATE_GOOD, inputs_hash(inputs));
        n = readlinkat(s->folder_fd, STATE_GOOD, current, sizeof(current) - 1);
        if (n > 0) {
                current[n] = '\0';
                if (streq(current, name))
                        return 0;
        }
        buffer_printf(&path, "%s/%s", s->paths->state, name);
        r = buffer_take(&path, &tree);
        if (r >= 0)
                r = make_tree(s, inputs, tree);
        if (r >= 0)
                r = link_tree(s, name);
        if (r < 0)
                return r;
        remove_other_trees(s, name);
        return 1;
}

int store_good_paths(const Store *s, HostPaths *ret)
{
        _cleanup_free_ char *root = NULL;
        _cleanup_buffer_ Buffer path = { 0 };
        struct stat st;
        int r;

        buffer_printf(&path, "%s/%s", s->paths->state, STATE_GOOD);
        r = buffer_take(&path, &root);
        if (r < 0)
                return r;
        if (stat(root, &st) < 0)
                return -ENOENT;
        return host_paths_init(ret, root, NULL);
}
