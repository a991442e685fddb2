/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Names of containers, kept after these are gone; asked for a few at a time, because the answer is
 * waited for.
 */

#include "daemon/host/containers.h"
#include "rules/base/util.h"

typedef struct ContainerNames ContainerNames;

int container_names_new(ContainerNames **ret); /* 0 or -ENOMEM */
ContainerNames *container_names_free(ContainerNames *n);
/* NULL: not known, or not known yet. Borrowed until the next call. */
const SiteContainer *container_names_find(ContainerNames *n, const ContainerId *c);
/* From now on some more may be asked for; now_usec is of CLOCK_MONOTONIC. */
void container_names_expire(ContainerNames *n, uint64_t now_usec);
