/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names for the numbers of users and groups, as a difference is printed. */

#include <stdint.h>

/* Finds the name for a number: malloc()ed in *ret, or NULL; 0 or -ENOMEM. Each function may be
 * NULL. */
typedef struct IdNames {
        int (*user)(void *data, uint32_t uid, char **ret);
        int (*group)(void *data, uint32_t gid, char **ret);
        void *data;
} IdNames;
