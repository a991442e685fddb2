/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A store below a folder of the test's own, the state that was committed last, and how a test
 * changes, commits and reads it.
 */

#include "daemon/store/store.h"

#include "daemon/host/internal.h"
#include "daemon/host/journal.h"
#include "rules/config/print.h"
#include "tests/lib/random.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

extern char folder[64];
extern HostPaths paths;
extern Store *store;
extern State *current; /* as committed last */

int setup(void **state);
int teardown(void **state);
const char *path_of(const char *name);
bool exists(const char *name);
off_t size_of(const char *name);
void append(const char *name, const char *text);
void replace(const char *name, const char *text);
PrefixSet *prefixes(const char *text);
State *next_state(void);

/* Everything on disk but the names of files, as text. */
char *stored_text(int expected);

/* Commits and takes it for the current one. */
int commit(State *s, const SetDelta *delta);
void add_rule(State *s, const char *comment);
void add_fragment(State *s, const char *name, const char *text);
void add_set(State *s, const char *name, const char *text);
State *full_state(void);
int commit_delta(const char *set, const char *add, const char *rem);
void reopen(void);
void expect_set(const char *name, const char *expected);
