/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A manager with its files below a folder of the test's own, a backend in memory and users of its
 * own: what the tests of the manager share.
 */

#include "daemon/backend/memory.h"
#include "daemon/manager/manager.h"
#include "rules/policy/action.h"
#include "rules/words/words.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

extern char folder[64];
extern sd_event *event;
extern Manager *manager;
extern Backend *backend; /* the manager's */
extern BackendOps memory;
extern unsigned n_changed, n_cut, n_repaired;
extern int probe_error;
extern unsigned n_busy;  /* so often the backend cannot be opened: its table is another's */
extern char alerts[512]; /* "fight: nft[77] keeps …\n" */

int count_cut(const Ruleset *r, CutResult *ret);
const char *path_of(const char *name);
void write_text(const char *name, const char *text);

static _unused_ const char conf[] = "enabled = true;\n"
                                    "roles = ( \"closed\" );\n"
                                    "sets = { file = { entries = [ \"192.0.2.0/24\" ]; }; };\n"
                                    "rules = ( { action = \"allow\"; direction = \"in\";"
                                    " from = [ \"@file\" ]; } );\n";

int setup(void **state);
int teardown(void **state);

/* names: NULL for those of the folder "host". Taken in any case. */
int start_with_names(HostNames *names, int expected);
int start_with(int expected);
void start(void);

/* Runs what the manager put off. */
void settle(uint64_t usec);

extern const Change no_options;

/* ---- a change that fails or has no effect changes none of this ---- */

typedef struct Snapshot {
        char *kernel; /* NULL: nothing installed */
        char *disk;   /* names, times and content of all that is stored */
        char *report;
        unsigned applied;
} Snapshot;

char *report_text(void);
Snapshot take_snapshot(void);
void snapshot_deinit(Snapshot *s);

#define _cleanup_snapshot_ _cleanup_(snapshot_deinit)

/* Kernel and report have not changed; if untouched, the backend was not called and the disk is the
 * same. */
void expect_same(const Snapshot *before, bool untouched);

/* ---- rules from words ---- */

int words(const char *text, const Change *c, ChangeResult *result);
void print_result(const ChangeResult *r);

/* The lines of the difference, joined. */
void expect_diff(const ChangeResult *r, const char *expected);
void do_words(const char *text, bool changed, const char *diff);
void expect_rule(size_t index, uint64_t id, Action action, const char *comment);

/* The kernel and the disk agree with the manager. */
void expect_consistent(void);

/* ---- changes, each as a function of its options ---- */

typedef int (*Operation)(const Change *c, ChangeResult *r);

int set_role_open(const Change *c, ChangeResult *r);
int default_in(const Change *c, ChangeResult *r);
int logging_high(const Change *c, ChangeResult *r);
int disable(const Change *c, ChangeResult *r);
int enable(const Change *c, ChangeResult *r);
int put_text(const char *text, const Change *c, ChangeResult *r);
int put_fragment(const Change *c, ChangeResult *r);

/* diff NULL: refused with error. */
typedef struct Step {
        Operation operation;
        const char *diff;
        ErrorKind error;
        bool not_idempotent;
} Step;

void step_done(const Step *s, bool dry);

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
