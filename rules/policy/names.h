/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Numbers for the names in rules. The daemon and p25ctl answer from the host (daemon/host), tests
 * from a table. rules/ itself opens nothing.
 */

#include "rules/base/util.h"
#include "rules/policy/valid.h"

#define CGROUP_HINT_MAX 256

typedef struct Cgroup {
        uint64_t id;    /* inode of the cgroup v2 folder */
        uint32_t level; /* depth below the root: system.slice/x.service is 2 */
        /* Below /sys/fs/cgroup, which is how nft names it; "" where that is not known. */
        char path[CGROUP_PATH_MAX];
        /* With an error: what may be meant, "" where nothing is known. Of a unit that does not run
         * the end of "unit X is not running: …"; of one that does not exist another name. */
        char hint[CGROUP_HINT_MAX];
} Cgroup;

typedef struct Subordinates Subordinates;

/* Every member returns 0 and the answer, -ENOENT (unknown name; of a unit: it does not run now),
 * -EAGAIN (not known yet, as before the name service is up: the name matches nothing for now, which
 * is a warning and no error), -ENXIO (unit: there is none of this name), -EOPNOTSUPP (unit: no
 * cgroup v2 here), -ENOMEM, or another negative errno. Numbers as names are never asked. */
typedef struct Names {
        int (*user)(void *data, const char *name, uint32_t *ret_uid);
        int (*group)(void *data, const char *name, uint32_t *ret_gid);
        int (*unit)(void *data, const char *name, Cgroup *ret);
        void *data;
        /* Ids that users were lent; NULL: there are none. 0 or -ENOMEM. */
        int (*subordinates)(void *data, Subordinates *ret);
        /* The ids of users that this host has, ascending, at most so many; NULL: not known. A
         * malloc()ed array. 0 or -ENOMEM. */
        int (*accounts)(void *data, size_t max, uint32_t **ret, size_t *ret_n);
} Names;
