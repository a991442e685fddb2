/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Text to tree: libconfig's language, read as libconfig 1.5 reads it, but for what it would take in
 * another meaning, crash on or need hours for. That is refused by name and line, and so is what
 * libconfig calls a syntax error. Knows no vocabulary.
 */

#include "rules/base/diagnostic.h"
#include "rules/config/node.h"

#define SCAN_DEPTH_MAX 16
#define SCAN_GROUP_MAX 10000    /* settings of one group, in which twins are looked for */
#define SCAN_VALUES_MAX 2200000 /* a set's entries, and some */

/* One value; see node.h for what it is asked. Children lie side by side. */
struct Node {
        const Node *parent; /* NULL: the document */
        const char *name;   /* in the text; NULL: has none */
        union {
                const char *value; /* in the text: a string, decoded, or the token */
                const Node *children;
                size_t first; /* child, while the text is read */
        };
        uint32_t line;
        uint32_t n : 29; /* children */
        uint32_t kind : 3;
};

typedef struct Scan {
        Node *nodes; /* the document is the last */
        size_t n;
} Scan;

void scan_deinit(Scan *s);

/* Is it text: at most POLICY_TEXT_MAX bytes of UTF-8 without NUL? 0, -EINVAL (error in d). */
int scan_bytes(const char *text, size_t n, const char *file, Diagnostics *d);

/*
 * Reads a NUL-terminated text that scan_bytes() has passed, and writes into it: the nodes' names
 * and strings are pieces of it, each with its end. 0, -EINVAL (one error in d), -ENOMEM.
 */
int scan_text(char *text, const char *file, Diagnostics *d, Scan *ret);

/* The document; it has no name and no line. */
const Node *scan_root(const Scan *s);

/* The settings that stand outside of any group, until the text ends or breaks off. */
void scan_top_names(
        const char *text, void (*f)(const char *name, size_t n, void *data), void *data);
