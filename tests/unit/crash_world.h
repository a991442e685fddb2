/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the tests of power loss (daemon/crash.c) and of disk errors (daemon/disk_errors.c):
 * changes of every kind, the disk from which the machine starts again, and the state in force then,
 * as a text.
 */

#include "tests/lib/disk.h"

#include "tests/unit/manager_world.h"

#include "daemon/manager/internal.h"

#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/wait.h>

/* ---- trees ---- */

void disk_free(Disk *d);

/* All that is stored, as it lies below the world's folder; all of it safe. */
Disk disk_read(void);
void disk_restore(const Disk *d, const char *where, const DiskLoss *loss);

static const _unused_ DiskLoss no_loss = { NAMES_ALL, 0, DATA_ALL };

/* ---- the machine ---- */

typedef struct Scenario Scenario;

/* Starts p25d's manager below `folder`, forgetting the one that ran; for children, where nothing of
 * cmocka may be called. */
bool boot(void);

/* The report, of what waits to be confirmed without how long it does. */
char *timeless_report(void);

/* All that is in force: kernel, report and state. */
char *signature(void);

/* The place where two signatures part. */
void print_difference(const char *a, const char *b);

/* ---- changes ---- */

struct Scenario {
        const char *name;
        void (*before)(void); /* makes the world in which it happens */
        int (*change)(ChangeResult *r);
        enum {
                RUNNING,
                EDITED,     /* the host's files are others by then than at the start */
                FROM_START, /* the start is looked at, too */
        } when;
};

int set_update(const char *add, ChangeResult *r);

/* The host's files, as they are at first or as somebody has edited them. */
void write_files(bool edited);

#define SCENARIOS 25

extern const Scenario scenarios[SCENARIOS];
extern const Scenario *scenario; /* that is tried */
extern char elsewhere[64];       /* where the machine starts again */
extern char *before, *after;     /* signatures */

/* ---- trials ---- */

void begin(const Scenario *s, Disk *ret);
void end(Disk *base);
void start_unedited(void);
void run_change(void);
void find_signatures(const Disk *base);
