/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Descriptors and files: closed at the end of a scope, read and written whole. Does not depend on
 * the paths of p25, nor on the content.
 */

#include "rules/base/util.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void close_p(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}
#define _cleanup_close_ _cleanup_(close_p)

static inline void closedir_p(DIR **d)
{
        if (*d)
                closedir(*d);
}
#define _cleanup_closedir_ _cleanup_(closedir_p)

/* Call it before anything is opened: a standard stream that is closed becomes /dev/null, so that no
 * file that is opened later gets what is printed. Writing to it goes on failing. */
void file_reserve_streams(void);

/* All n bytes; 0 or negative errno, then some of them may be written. */
int file_write_all(int fd, const void *data, size_t n);
/* Reads to the end, about `expected` bytes, into a text with a NUL behind *ret_n bytes. 0; -EFBIG:
 * there are more than max; other negative errno. */
int file_read_all(int fd, size_t expected, size_t max, char **ret, size_t *ret_n);
/* The beginning of a file of /proc or /sys below the folder `at`, at most size - 1 bytes and a NUL;
 * returns how many, 0 where it cannot be read. */
size_t file_read_start(int at, const char *path, char *ret, size_t size);
/* The same of a process below `proc`, "/proc". */
size_t file_read_process(const char *proc, uint32_t pid, const char *name, char *ret, size_t size);
/* The parent and the real uid of a process below `proc`. False: there is no such process. */
bool file_read_parent(const char *proc, uint32_t pid, uint32_t *ret_parent, uint32_t *ret_uid);
/* Opens a regular file for reading, without waiting, with more flags of open(2), such as
 * O_NOFOLLOW: a descriptor; -EISDIR, -EINVAL (neither file nor folder), other negative errno. */
int file_open_regular(const char *path, int flags, struct stat *ret);

/* Such a file whole, of at most max bytes, as file_read_all(). */
int file_read(const char *path, int flags, size_t max, char **ret, size_t *ret_n);

typedef enum FileSync {
        FILE_SYNC_NONE, /* for what is worth nothing after a reboot */
        FILE_SYNC_DATA, /* a crash leaves the former content or the new one */
        FILE_SYNC_ALL,  /* the new one is on disk when it returns */
} FileSync;

/* A new file PATH.new takes the name of path. 0 or negative errno, then path is as it was. */
int file_replace(const char *path, const void *data, size_t n, unsigned mode, FileSync sync);

/* A folder, itself and no link to one; NULL with errno: it cannot be opened. */
DIR *folder_open(int at, const char *path);
/* 0 or negative errno: what was made, renamed or removed in the folder is on disk. */
int folder_sync(int at, const char *path);
/* The same of the folder that has the name of path in it. */
int folder_sync_above(const char *path);
