/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The process that holds the lock of xtables: the only trace that a change leaves.
 */

#include <stdbool.h>
#include <sys/types.h>

#define LOCK_HOLDER_NAME_MAX 32

typedef struct LockHolder {
        pid_t pid;
        char name[LOCK_HOLDER_NAME_MAX];
} LockHolder;

/* A process other than this one that has the file open, if it can be one with flock(2) on it. Looks
 * only at the newest processes. False: none was found. */
bool lock_holder_find(const char *path, LockHolder *ret);
