/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads a file in a process of its own, within a deadline: on a file system whose server is gone,
 * neither open(2) nor stat(2) nor read(2) returns. Does not depend on what the file means.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

typedef struct ApartFile {
        struct stat st;
        bool remote; /* on a file system of another host or of a program, which may not answer */
        char *text;  /* malloc()ed, NUL-terminated */
        size_t length;
} ApartFile;

typedef struct ApartFrom {
        int (*open_path)(const char *path); /* a descriptor or negative errno; in the process */
        const char *path;
        int fd; /* or, if it is not negative, what is open already */
} ApartFrom;

/* Reads to the end, at most max bytes. 0; -EFBIG: there is more; -ETIMEDOUT: for five seconds
 * nothing came, or twenty were not enough; other negative errno. */
int apart_read(const ApartFrom *from, size_t max, ApartFile *ret);
