/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The content of /etc/subuid and /etc/subgid, with numbers for the owners' names. An id that
 * /etc/passwd or /etc/group has belongs to itself, and what root was lent belongs to nobody: rules
 * for root must not hold for the processes of a container that root started.
 */

#include "daemon/host/names_file.h"
#include "rules/policy/subordinate.h"

typedef struct SubordinateFiles {
        NamesFile users, groups;
        Subordinates found;
        bool is_read;
        uint64_t version; /* of all files, that `found` is of */
} SubordinateFiles;

/* The uid of an owner whom passwd does not have: 0, -ENOENT. */
typedef int (*SubordinateOwner)(void *data, const char *name, uint32_t *ret_uid);

int subordinate_files_init(SubordinateFiles *s, const char *folder);
void subordinate_files_deinit(SubordinateFiles *s);
/* Their present content; borrowed until the next call. find may be NULL. 0 or -ENOMEM. */
int subordinate_files_read(SubordinateFiles *s, NamesFile *passwd, NamesFile *group,
        SubordinateOwner find, void *data, const Subordinates **ret);
