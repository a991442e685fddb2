/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Finds the address at which a pool of PHP-FPM answers questions about its status, by its
 * configuration (php-fpm.conf and what that includes).
 */

#include <stddef.h>

#define POOL_SOCKET_MAX 108
#define POOL_PATH_MAX 128

typedef struct PoolStatus {
        char socket[POOL_SOCKET_MAX]; /* pm.status_listen: the path of a socket; empty: none */
        char path[POOL_PATH_MAX];     /* pm.status_path */
} PoolStatus;

/*
 * Reads the file with the rights of this process; files that it may not read are left out. 0;
 * -ENOENT: there is no such pool, or it has no status socket; -EFBIG: too many or too long files;
 * -ENOMEM. An address of TCP is none, because nobody can say who answers there.
 */
int pool_config_find(const char *file, const char *pool, PoolStatus *ret);
