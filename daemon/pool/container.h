/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Name and image of a container, from the files of engines: config.v2.json of Docker, an object,
 * and containers.json of Podman, a list.
 */

#include "daemon/site/question.h"

/* id has CONTAINER_ID_LENGTH digits. 0; -ENOENT: the text does not have it; -EBADMSG: it is not
 * such a file; -ENOMEM. */
int container_find(const char *text, const char *id, SiteContainer *ret);
/* The same of an open file, from its beginning; -EFBIG, -EINVAL (not a regular file). */
int container_read(int fd, const char *id, SiteContainer *ret);
