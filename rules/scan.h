/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A look at a text before libconfig sees it: refuses what libconfig 1.5 would take in another
 * meaning, crash on or need hours for, and notes where each value stands, because libconfig wraps
 * integers and loses the lines of strings. Knows no vocabulary.
 */

#include "rules/diagnostic.h"

#define SCAN_DEPTH_MAX 16
#define SCAN_GROUP_MAX 10000    /* settings of one group: libconfig looks for twins in a list */
#define SCAN_VALUES_MAX 2200000 /* a set's entries, and some */

typedef struct ScanScalar {
        uint32_t offset; /* of its first token in the text */
        uint32_t line;
} ScanScalar;

typedef struct Scan {
        const char *text;    /* borrowed */
        ScanScalar *scalars; /* all values but groups, lists and arrays, in the text's order */
        size_t n;
} Scan;

void scan_deinit(Scan *s);

/* Is it text: at most POLICY_TEXT_MAX bytes of UTF-8 without NUL? 0, -EINVAL (error in d). */
int scan_bytes(const char *text, size_t n, const char *file, Diagnostics *d);

/*
 * Scans a NUL-terminated text that scan_bytes() has passed. Arrays [ … ] of values become
 * lists ( … ) in place, because libconfig wants all values of an array to be of one type, and a
 * list of ports may have names and numbers. 0, -EINVAL (one error in d), -ENOMEM.
 */
int scan_text(char *text, const char *file, Diagnostics *d, Scan *ret);

/* The settings that stand outside of any group, until the text ends or breaks off. */
void scan_top_names(
        const char *text, void (*f)(const char *name, size_t n, void *data), void *data);

/* The last name of a setting that begins at or before a line, for messages; 0 bytes: there is
 * none. */
const char *scan_name_before(const char *text, unsigned line, size_t *ret_n);
