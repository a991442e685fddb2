/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Facts about a socket's owner that sock_diag does not report: its group, from /proc, and the
 * cgroups around its own, from the cgroup v2 tree. A picture of one moment.
 */

#include "rules/base/util.h"

/* ---- groups ---- */

typedef struct SocketGroup {
        uint32_t inode, gid;
        bool known;
} SocketGroup;

typedef struct SocketGroups {
        SocketGroup *items; /* by inode */
        size_t n;
        bool blind; /* not every process could be looked at */
} SocketGroups;

void socket_groups_deinit(SocketGroups *g);
/* Looks through /proc for the owners of n sockets by inode; a socket that is not found is looked
 * for again, because it may have changed hands meanwhile. 0 or -ENOMEM. */
int socket_groups_look(const uint32_t *inodes, size_t n, SocketGroups *ret);
/* The same; where this process is not allowed to, p25d-reader looks. */
int socket_groups_read(const uint32_t *inodes, size_t n, SocketGroups *ret);
/* 0; -ENOENT: no process has it open, and it may be parked in a Unix socket; -EAGAIN: not
 * known. */
int socket_groups_find(const SocketGroups *g, uint32_t inode, uint32_t *ret_gid);

/* ---- cgroups ---- */

typedef struct CgroupFolder {
        uint64_t id;
        size_t parent; /* index; its own: the root */
} CgroupFolder;

typedef struct CgroupTree {
        CgroupFolder *items; /* parents before children */
        size_t n;
} CgroupTree;

void cgroup_tree_deinit(CgroupTree *t);
/* The tree below a mount of cgroup v2 (NULL: an empty one). 0 or -ENOMEM; cgroups that disappear
 * meanwhile are left out. */
int cgroup_tree_read(const char *mount, CgroupTree *ret);

#define CGROUP_LEVEL_MAX 32
/* The cgroup and those around it, innermost first, into ids; returns how many, 0 when it is not in
 * the tree. */
size_t cgroup_tree_path(const CgroupTree *t, uint64_t id, uint64_t ids[static CGROUP_LEVEL_MAX]);
