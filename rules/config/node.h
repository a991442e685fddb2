/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A parsed document as the readers of values see it: a tree of nodes. Nodes live as long as their
 * document (scan.h).
 */

#include "rules/base/util.h"

typedef struct Node Node;

typedef enum NodeKind {
        NODE_GROUP,
        NODE_LIST, /* or array */
        NODE_STRING,
        NODE_INTEGER,
        NODE_BOOL,
        NODE_FLOAT,
} NodeKind;

NodeKind node_kind(const Node *n);
const char *node_name(const Node *n); /* NULL for an element of a list and for the document */
unsigned node_line(const Node *n);

/* Of groups and lists, in the order of the text; constant time. */
size_t node_length(const Node *n);
const Node *node_child(const Node *n, size_t i);
/* A setting of a group, or NULL. */
const Node *node_find(const Node *group, const char *name);

const char *node_string(const Node *n);
bool node_bool(const Node *n);

/* An integer as it is written. */
typedef struct NodeInteger {
        int64_t value;
        bool overflow;   /* beyond 64 bits */
        bool has_suffix; /* L */
        char text[32];   /* for messages; cut */
} NodeInteger;

NodeInteger node_integer(const Node *n);

/* "rules[2].from"; the time it takes grows with the length of the lists around: for messages. 0 or
 * -ENOMEM */
int node_path(const Node *n, char **ret);
