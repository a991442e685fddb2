/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Who holds a lock that all who change something agree on: the only trace that they leave.
 */

#include <stdbool.h>
#include <sys/types.h>

#define LOCK_HOLDER_NAME_MAX 32

typedef struct LockHolder {
        pid_t pid;
        char name[LOCK_HOLDER_NAME_MAX];
} LockHolder;

/* A process other than this one that has the file open, if it can be one with flock(2) on it. Looks
 * at the newest processes alone: whoever has just begun. False: none is to be seen. */
bool lock_holder_find(const char *path, LockHolder *ret);
