/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A disk that loses power. The program's own calls that change files below one folder are noted in
 * a model of a file system that knows what is safe: what was written to a file is, once the file
 * was synced; a name is, once its folder was. After any of the calls the model says what may be
 * found when the machine starts again. The same calls can be made to fail, one at a time.
 *
 * The functions of libc are defined here, so that a program that links this takes these. Nothing is
 * ever really synced: that is what the model is for.
 */

#include "rules/base/hash.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct DiskEntry {
        char *name;
        int node; /* -1: none of this name */
        int folder;
        unsigned call; /* that made it so; entries of one call are safe together */
} DiskEntry;

typedef struct DiskBytes {
        char *data;
        size_t n;
} DiskBytes;

typedef struct DiskNode {
        enum { DISK_FILE, DISK_FOLDER, DISK_LINK } kind;
        DiskBytes now, safe; /* of a link its target */
} DiskNode;

typedef struct Disk {
        DiskNode *nodes; /* the first is the folder itself */
        size_t n_nodes;
        DiskEntry *safe; /* names that are on disk */
        size_t n_safe;
        DiskEntry *pending; /* and those that are not, in the order of the calls */
        size_t n_pending;
} Disk;

/* The calls, and those of them that fail. */
extern struct DiskCalls {
        char folder[256]; /* below which calls are noted; "" for none */
        Disk disk;
        unsigned calls;   /* so far */
        unsigned writes;  /* of them */
        unsigned fail_at; /* this one fails; 0: none */
        bool fail_on;     /* and all after it */
        int error;        /* so; 0: this one of the writes writes half of it */
        bool failed;
        void (*after)(void); /* called after each of them */
        struct {
                int node;
                size_t at;
                bool append;
        } fds[1024];
} disk;

/* ---- the model ---- */

void disk_set(DiskBytes *b, const char *data, size_t n);
int disk_node(Disk *d, int kind);
void disk_name(DiskEntry **list, size_t *n, int folder, const char *name, int node);

/* ---- what may be found ---- */

/* Of the names that are not safe. */
typedef enum DiskNames { NAMES_ALL, NAMES_NONE, NAMES_ONLY, NAMES_BUT, NAMES_SOME } DiskNames;

/* Of the bytes that are not. */
typedef enum DiskData { DATA_ALL, DATA_LOST, DATA_HALF, DATA_ZERO, _DATA_MAX } DiskData;

typedef struct DiskLoss {
        DiskNames names;
        unsigned call; /* of ONLY and BUT; the seed of SOME */
        DiskData data;
} DiskLoss;

/* Writes what is found after a loss below a path, where nothing is. */
void disk_write(const Disk *d, const char *path, const DiskLoss *loss);

/* Two losses after which the same is found have the same. */
uint64_t disk_hash(const Disk *d, const DiskLoss *loss);
