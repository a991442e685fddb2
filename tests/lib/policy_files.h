/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Policies of files for tests, read with only the parsers: no daemon, no --root. */

#include "rules/config/parse.h"
#include "tests/unit/fixture.h"

#include <glob.h>

char *test_read_bytes(const char *path, size_t *ret_n);
char *test_read_file(const char *path);

/* The file's name without folder and ending. */
char *test_base_name(const char *path);

/* Fails the test with what was wrong. */
void test_expect_good(int r, const Diagnostics *d);

/* The shipped roles, as the catalogue of p. */
void test_load_roles(Policy *p, Diagnostics *d);
void test_load_host(Policy *p, const char *text, const char *file, Diagnostics *d);
