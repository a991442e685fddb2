/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Cgroups to units of the system's service manager: the inverse of host_unit_find(). Names of
 * cgroups that are gone are kept, because connections are attributed after the fact.
 */

#include "rules/base/util.h"

/* The depth to which cgroups are distinguished: as deep as rules look. */
#define UNIT_NAMES_LEVEL_MAX 4

typedef struct UnitNames UnitNames;

/* mount: of cgroup v2; NULL: there is none, and no cgroup has a name. 0 or -ENOMEM. */
int unit_names_new(const char *mount, UnitNames **ret);
UnitNames *unit_names_free(UnitNames *n);
DEFINE_CLEANUP(UnitNames, unit_names_free)

/* A descriptor to poll for reading: then unit_names_follow() notes what was made meanwhile. -1:
 * none, and new cgroups are seen when they are asked for. */
int unit_names_fd(const UnitNames *n);
void unit_names_follow(UnitNames *n);

/* "postfix@-.service", "session-3.scope", also for what lies below it; NULL: not known. Looks
 * through the tree for a cgroup that was not seen yet, once until unit_names_expire(). Borrowed
 * until the next call. */
const char *unit_names_find(UnitNames *n, uint64_t cgroup);
/* The cgroup's path below the mount; NULL: not known. */
const char *unit_names_path(UnitNames *n, uint64_t cgroup);
/* From now on a cgroup that was not found is looked for again. */
void unit_names_expire(UnitNames *n);

#define CONTAINER_NAME_MAX 64
/* The container whose processes are a unit's, as its engine lists it: "0123456789ab" of
 * docker-ID.scope, libpod-ID.scope and the like, NAME of machine-NAME.scope; NULL: it is none. */
const char *unit_container(const char *unit, char buffer[static CONTAINER_NAME_MAX]);

/* The unit that a path below the mount belongs to, in *ret (NULL: none). 0 or -ENOMEM. */
int unit_name_of_path(const char *path, char **ret);
