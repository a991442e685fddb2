/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A text in libconfig's language, read by libconfig into a tree of nodes. Nodes live as long as
 * their tree.
 */

#include "rules/base/diagnostic.h"

typedef struct Tree Tree;
typedef struct Node Node;

typedef enum NodeKind {
        NODE_GROUP,
        NODE_LIST, /* or array */
        NODE_STRING,
        NODE_INTEGER,
        NODE_BOOL,
} NodeKind;

/* The text need not end with NUL. 0, -EINVAL (one error in d), -ENOMEM. Opens no files. */
int tree_read(const char *text, size_t n, const char *file, Diagnostics *d, Tree **ret);
Tree *tree_free(Tree *t);
DEFINE_CLEANUP(Tree, tree_free)
/* The document: a group without name and line. */
const Node *tree_root(const Tree *t);

NodeKind node_kind(const Node *n);
const char *node_name(const Node *n); /* NULL for an element of a list and for the document */
unsigned node_line(const Node *n);    /* 0 for the document */

/* Of groups and lists, in the order of the text; constant time. */
size_t node_length(const Node *n);
const Node *node_child(const Node *n, size_t i);
/* A setting of a group, or NULL. */
const Node *node_find(const Node *group, const char *name);

const char *node_string(const Node *n); /* "" for other kinds */
bool node_bool(const Node *n);
/* Always what the digits say. */
int64_t node_integer(const Node *n);
bool node_is_long(const Node *n); /* written with L */

/* "rules[2].from"; takes time that grows with the length of the lists around: for messages. 0 or
 * -ENOMEM */
int node_path(const Node *n, char **ret);
