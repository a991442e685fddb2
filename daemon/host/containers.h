/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Name and image of a container, by what its engine keeps on disk. Opens the engine's files and has
 * p25d-site read them; where this process may not open them, p25d-reader does.
 */

#include "daemon/site/question.h"

#include <stdbool.h>
#include <stddef.h>

/* The container that a path of cgroups means, "/system.slice/docker-ID.scope". */
typedef struct ContainerId {
        char id[CONTAINER_ID_LENGTH + 1];
        uint32_t owner; /* the user whose engine runs it, by user-UID.slice; 0: the host's */
} ContainerId;

/* The innermost container of a path; false: it has none. */
bool container_of_path(const char *path, ContainerId *ret);

/*
 * root is "" or the folder under which all others are, for tests. Files of an owner other than root
 * are that user's claim: use what they say for that user's processes only. 0; -ENOENT: no engine
 * knows it; -EACCES: this process may not look, or no p25d-site answers; other negative errno.
 */
int container_look(const char *root, const ContainerId *c, SiteContainer *ret);
/* The same of this host; asks p25d-reader where needed. */
int container_ask(const ContainerId *c, SiteContainer *ret);
