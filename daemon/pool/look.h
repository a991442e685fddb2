/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From a process to the request of PHP-FPM that it works on. Takes no rights: reads what everybody
 * may read of processes, and asks the pool.
 */

#include "daemon/site/question.h"
#include "rules/base/util.h"

/*
 * uid is the user who dialled: the worker must be that user's, and its parent root's, because
 * anybody may call a process php-fpm. 0, or -ENOENT (no such worker, or no status socket), -EACCES
 * (the socket may not be opened, or somebody else listens on it), -ETIMEDOUT, -EBADMSG, -EFBIG…
 */
int pool_look(
        const char *proc, uint32_t pid, uint32_t uid, unsigned deadline_msec, SiteRequest *ret);
