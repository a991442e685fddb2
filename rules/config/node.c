/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a node says of itself. The tree is made in scan.c.
 */

#include "rules/config/node.h"

#include "rules/config/lexer.h"
#include "rules/config/scan.h"

#include <stdio.h>

NodeKind node_kind(const Node *n)
{
        return n->kind;
}

const char *node_name(const Node *n)
{
        return n->name;
}

unsigned node_line(const Node *n)
{
        return n->line;
}

size_t node_length(const Node *n)
{
        return n->n;
}

const Node *node_child(const Node *n, size_t i)
{
        return &n->children[i];
}

const Node *node_find(const Node *group, const char *name)
{
        for (size_t i = 0; i < group->n; i++)
                if (streq(group->children[i].name, name))
                        return &group->children[i];
        return NULL;
}

const char *node_string(const Node *n)
{
        return n->kind == NODE_STRING ? n->value : "";
}

bool node_bool(const Node *n)
{
        return n->kind == NODE_BOOL && (*n->value == 't' || *n->value == 'T');
}

NodeInteger node_integer(const Node *n)
{
        LexerInteger i = lexer_integer(n->value);
        NodeInteger ret = { .value = i.value, .overflow = i.overflow, .has_suffix = i.has_suffix };
        bool is_float;

        snprintf(ret.text, sizeof(ret.text), "%.*s", (int)lexer_number_length(n->value, &is_float),
                n->value);
        return ret;
}

static void path_add(const Node *n, Buffer *b)
{
        if (!n->parent)
                return;
        path_add(n->parent, b);
        if (!n->name)
                buffer_printf(b, "[%td]", n - n->parent->children);
        else
                buffer_printf(b, "%s%s", b->length > 0 ? "." : "", n->name);
}

int node_path(const Node *n, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        path_add(n, &b);
        return buffer_take(&b, ret);
}
