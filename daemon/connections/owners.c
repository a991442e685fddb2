/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/owners.h"

#include "daemon/io/file.h"
#include "daemon/reader/ask.h"
#include "rules/base/array.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- groups ---- */

void socket_groups_deinit(SocketGroups *g)
{
        free(g->items);
        *g = (SocketGroups){ 0 };
}

static SocketGroup *group_find(const SocketGroups *g, uint32_t inode)
{
        SocketGroup key = { .inode = inode };

        return g->n == 0 ? NULL : bsearch(&key, g->items, g->n, sizeof(key), id_compare);
}

/* The text of a socket's link, "socket:[12345]", has its inode. The
 * inode's own group is the one that its creator had: what the kernel takes for skgid. */
static bool descriptor_read(int folder, const char *name, SocketGroups *g)
{
        static const char begin[] = "socket:[";
        char link[64];
        ssize_t n = readlinkat(folder, name, link, sizeof(link) - 1);
        SocketGroup *found;
        struct stat st;

        if (n < 0)
                return false;
        link[n] = '\0';
        if (strncmp(link, begin, sizeof(begin) - 1) != 0)
                return false;
        found = group_find(g, (uint32_t)strtoul(link + sizeof(begin) - 1, NULL, 10));
        if (!found || found->known || fstatat(folder, name, &st, 0) < 0 || !S_ISSOCK(st.st_mode))
                return false;
        if ((uint32_t)st.st_ino != found->inode)
                return false;
        found->gid = st.st_gid;
        found->known = true;
        return true;
}

/* Returns how many became known. A process that has ended owns nothing. */
static size_t process_read(int proc, const char *pid, SocketGroups *g)
{
        _cleanup_(closedir_p) DIR *process = folder_open(proc, pid), *descriptors = NULL;
        struct dirent *e;
        size_t n = 0;

        if (process)
                descriptors = folder_open(dirfd(process), "fd");
        if (!descriptors && errno != ENOENT && errno != ESRCH)
                g->blind = true;
        while (descriptors && (e = readdir(descriptors)))
                if (e->d_name[0] != '.')
                        n += descriptor_read(dirfd(descriptors), e->d_name, g);
        return n;
}

/* Once through all processes; returns how many sockets are not found. */
static size_t processes_read(SocketGroups *g, size_t left)
{
        _cleanup_(closedir_p) DIR *proc = folder_open(AT_FDCWD, "/proc");
        bool init_seen = false;
        struct dirent *e;

        while (proc && left > 0 && (e = readdir(proc)))
                if (e->d_name[0] >= '0' && e->d_name[0] <= '9') {
                        init_seen |= streq(e->d_name, "1");
                        left -= process_read(dirfd(proc), e->d_name, g);
                }
        if (left > 0 && !init_seen) /* it shows only this user's processes, or none */
                g->blind = true;
        return left;
}

int socket_groups_look(const uint32_t *inodes, size_t n, SocketGroups *ret)
{
        SocketGroups g = { .n = n };

        g.items = calloc(n + 1, sizeof(*g.items));
        if (!g.items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                g.items[i].inode = inodes[i];
        qsort(g.items, n, sizeof(*g.items), id_compare);
        n = processes_read(&g, n);
        if (n > 0 && !g.blind)
                (void)processes_read(&g, n);
        *ret = g;
        return 0;
}

/* The next sockets that are not known; returns how many. */
static uint32_t unknown_collect(const SocketGroups *g, size_t *at, size_t ret[], uint32_t inodes[])
{
        uint32_t n = 0;

        for (; *at < g->n && n < READER_SOCKETS_MAX; ++*at)
                if (!g->items[*at].known) {
                        ret[n] = *at;
                        inodes[n++] = g->items[*at].inode;
                }
        return n;
}

/* Without an answer they stay unknown. */
static void groups_ask(SocketGroups *g)
{
        uint32_t inodes[READER_SOCKETS_MAX], n;
        size_t at = 0, which[READER_SOCKETS_MAX];
        bool blind = false;
        ReaderAnswer answer;

        while ((n = unknown_collect(g, &at, which, inodes)) > 0) {
                if (reader_groups(inodes, n, &answer) < 0)
                        return;
                blind |= answer.blind != 0;
                for (uint32_t i = 0; i < n; i++) {
                        g->items[which[i]].known = answer.groups[i].known != 0;
                        g->items[which[i]].gid = answer.groups[i].gid;
                }
        }
        g->blind = blind;
}

int socket_groups_read(const uint32_t *inodes, size_t n, SocketGroups *ret)
{
        int r = socket_groups_look(inodes, n, ret);

        if (r >= 0 && ret->blind)
                groups_ask(ret);
        return r;
}

int socket_groups_find(const SocketGroups *g, uint32_t inode, uint32_t *ret_gid)
{
        const SocketGroup *found = group_find(g, inode);

        if (!found || !found->known)
                return !found || g->blind ? -EAGAIN : -ENOENT;
        *ret_gid = found->gid;
        return 0;
}

/* ---- cgroups ---- */

void cgroup_tree_deinit(CgroupTree *t)
{
        free(t->items);
        *t = (CgroupTree){ 0 };
}

static int folder_add(CgroupTree *t, DIR *d, size_t parent)
{
        struct stat st;

        if (fstat(dirfd(d), &st) < 0)
                return 0;
        if (array_grow(&t->items, t->n, sizeof(*t->items)) < 0)
                return -ENOMEM;
        t->items[t->n++] = (CgroupFolder){ .id = st.st_ino, .parent = parent };
        return 1;
}

static int folder_read(CgroupTree *t, DIR *d, size_t parent, unsigned level)
{
        size_t self = t->n;
        struct dirent *e;
        int r;

        r = folder_add(t, d, level == 0 ? self : parent);
        if (r <= 0)
                return r;
        while (level + 1 < CGROUP_LEVEL_MAX && (e = readdir(d))) {
                _cleanup_(closedir_p) DIR *child = NULL;

                if (e->d_type != DT_DIR || e->d_name[0] == '.')
                        continue;
                child = folder_open(dirfd(d), e->d_name);
                r = child ? folder_read(t, child, self, level + 1) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

int cgroup_tree_read(const char *mount, CgroupTree *ret)
{
        _cleanup_(closedir_p) DIR *d = mount ? folder_open(AT_FDCWD, mount) : NULL;
        CgroupTree t = { 0 };
        int r;

        r = d ? folder_read(&t, d, 0, 0) : 0;
        if (r < 0) {
                cgroup_tree_deinit(&t);
                return r;
        }
        *ret = t;
        return 0;
}

size_t cgroup_tree_path(const CgroupTree *t, uint64_t id, uint64_t ids[static CGROUP_LEVEL_MAX])
{
        size_t i = 0, n = 0;

        while (i < t->n && t->items[i].id != id)
                i++;
        if (i == t->n)
                return 0;
        for (;;) {
                ids[n++] = t->items[i].id;
                if (t->items[i].parent == i || n == CGROUP_LEVEL_MAX)
                        return n;
                i = t->items[i].parent;
        }
}
