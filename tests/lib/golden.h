/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Golden files: NAME.conf (a p25.conf) with NAME.d/ (fragments) and NAME.words (p25ctl's rules, a
 * line each, given at GOLDEN_NOW_SEC) as a policy, and what is found compared with the file that
 * holds it. GOLDEN_UPDATE=1 writes what is found.
 */

#include "rules/words/words.h"
#include "tests/lib/policy_files.h"
#include "tests/lib/shell_words.h"

#include <unistd.h>

#define GOLDEN_NOW_SEC UINT64_C(1767225600) /* 2026-01-01T00:00:00Z */

/* Compares with the file, or writes it. */
void file_expect(const char *path, const char *found);

/* f of every FOLDER/NAME.conf, of which there are at least so many. */
void golden_each(const char *folder, size_t least, void (*f)(const char *folder, const char *path));
char *format_path(const char *folder, const char *name, const char *ending);

/* The policy of FOLDER/NAME.conf, with the shipped roles. */
Policy *golden_load_policy(const char *folder, const char *path, Diagnostics *d);
