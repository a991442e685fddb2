/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The status of a pool as PHP-FPM prints it for "full&json": what one of its workers works on.
 */

#include "daemon/site/question.h"

#include <stddef.h>

/*
 * output: headers, an empty line, a JSON object, and a NUL behind n bytes. Script and request are
 * empty if the worker does not work on any. 0; -ENOENT: pid is not a worker of the pool; -EBADMSG:
 * it is not a status; -ENOMEM.
 */
int pool_status_find(const char *output, size_t n, uint32_t pid, SiteRequest *ret);
