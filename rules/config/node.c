/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one file that knows libconfig: a node is one of its settings. What libconfig would read
 * wrongly, the guard has refused before (guard.h).
 */

#include "rules/config/node.h"

#include "rules/base/buffer.h"
#include "rules/config/bytes.h"
#include "rules/config/guard.h"
#include "rules/config/lexer.h"

#include <errno.h>
#include <libconfig.h>

struct Tree {
        char *text;
        config_t config;
};

static config_setting_t *setting_of(const Node *n)
{
        return (config_setting_t *)n;
}

static const Node *node_of(const config_setting_t *s)
{
        return (const Node *)s;
}

/* ---- reading ---- */

/*
 * libconfig does not check its allocations and its scanner calls exit() without memory, so what it
 * is going to need must be there before it begins. With glibc's malloc a setting takes 80 bytes, a
 * string or name 16 more than its length; a list is an array that grows by 16 pointers and is
 * copied then.
 */
static int check_memory(size_t n, const GuardCounts *counts)
{
        size_t need = 65536 + 4 * n + counts->values * (96 + 2 * 32 + 2 * sizeof(void *)) +
                      counts->compounds * (32 + 17 * sizeof(void *));
        char *p = malloc(need);

        if (!p)
                return -ENOMEM;
        *(volatile char *)p = 0; /* so that the compiler keeps the allocation */
        free(p);
        return 0;
}

/* The text as the guard and libconfig need it: libconfig's comments end with a line feed. */
static int copy_text(const char *text, size_t n, char **ret)
{
        char *copy = malloc(n + 2);

        if (!copy)
                return -ENOMEM;
        if (n > 0)
                memcpy(copy, text, n);
        memcpy(copy + n, "\n", 2);
        *ret = copy;
        return 0;
}

static int config_read_text(Tree *t, const char *file, Diagnostics *d)
{
        config_init(&t->config);
        /* the guard refuses @include; if it ever missed one, there is nothing below this */
        config_set_include_dir(&t->config, "/dev/null");
        if (!config_read_string(&t->config, t->text))
                return diagnostics_error(d,
                        ((Place){ file, (unsigned)config_error_line(&t->config) }), NULL,
                        "libconfig cannot read this: %s", config_error_text(&t->config));
        config_setting_set_hook(config_root_setting(&t->config), t);
        return 0;
}

int tree_read(const char *text, size_t n, const char *file, Diagnostics *d, Tree **ret)
{
        _cleanup_free_ char *copy = NULL;
        GuardCounts counts;
        Tree *t;
        int r;

        r = bytes_check(text, n, file, d);
        if (r >= 0)
                r = copy_text(text, n, &copy);
        if (r >= 0)
                r = characters_check(copy, file, d);
        if (r >= 0)
                r = guard_text(copy, file, d, &counts);
        if (r >= 0)
                r = check_memory(n, &counts);
        if (r < 0)
                return r;
        t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->text = TAKE_PTR(copy);
        r = config_read_text(t, file, d);
        if (r < 0) {
                tree_free(t);
                return r;
        }
        *ret = t;
        return 0;
}

Tree *tree_free(Tree *t)
{
        if (!t)
                return NULL;
        config_destroy(&t->config);
        free(t->text);
        free(t);
        return NULL;
}

const Node *tree_root(const Tree *t)
{
        return node_of(config_root_setting(&t->config));
}

/* ---- what a node is ---- */

NodeKind node_kind(const Node *n)
{
        switch (config_setting_type(setting_of(n))) {
        case CONFIG_TYPE_GROUP:
                return NODE_GROUP;
        case CONFIG_TYPE_STRING:
                return NODE_STRING;
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                return NODE_INTEGER;
        case CONFIG_TYPE_BOOL:
                return NODE_BOOL;
        }
        return NODE_LIST; /* the guard lets no floats through */
}

const char *node_name(const Node *n)
{
        return config_setting_name(setting_of(n));
}

size_t node_length(const Node *n)
{
        return (size_t)config_setting_length(setting_of(n));
}

const Node *node_child(const Node *n, size_t i)
{
        return node_of(config_setting_get_elem(setting_of(n), (unsigned)i));
}

const Node *node_find(const Node *group, const char *name)
{
        return node_of(config_setting_get_member(setting_of(group), name));
}

const char *node_string(const Node *n)
{
        const char *s = config_setting_get_string(setting_of(n));

        return s ? s : "";
}

bool node_bool(const Node *n)
{
        return config_setting_get_bool(setting_of(n));
}

int64_t node_integer(const Node *n)
{
        return config_setting_get_int64(setting_of(n));
}

bool node_is_long(const Node *n)
{
        return config_setting_type(setting_of(n)) == CONFIG_TYPE_INT64;
}

/* ---- where it stands ---- */

static const Tree *node_tree(const Node *n)
{
        return config_setting_get_hook(config_root_setting(setting_of(n)->config));
}

/* Counts the strings before a setting; true when it was found. */
static bool count_strings(config_setting_t *in, const config_setting_t *until, size_t *n)
{
        if (in == until)
                return true;
        *n += config_setting_type(in) == CONFIG_TYPE_STRING;
        for (int i = 0; i < config_setting_length(in); i++)
                if (count_strings(config_setting_get_elem(in, (unsigned)i), until, n))
                        return true;
        return false;
}

/* The line of string n of a text, counted from 0; strings side by side are one. */
static unsigned string_line(const char *text, size_t n)
{
        Token last = TOKEN_END, t;
        Lexer l;

        lexer_init(&l, text);
        do {
                t = lexer_next(&l);
                if (t == TOKEN_STRING && last != TOKEN_STRING && n-- == 0)
                        break;
                last = t;
        } while (t != TOKEN_END && t != TOKEN_ERROR);
        return l.start_line;
}

/*
 * libconfig sees the end of a string in a list by the token behind it, and notes the line of that
 * token. The string's own line is found by counting; if the setting before has the same line, that
 * one is right.
 */
unsigned node_line(const Node *n)
{
        config_setting_t *s = setting_of(n), *parent = config_setting_parent(s), *before;
        size_t count = 0;
        int i;

        if (node_kind(n) != NODE_STRING || node_name(n))
                return s->line;
        i = config_setting_index(s);
        before = i > 0 ? config_setting_get_elem(parent, (unsigned)i - 1) : parent;
        if (before->line == s->line)
                return s->line;
        count_strings(config_root_setting(s->config), s, &count);
        return string_line(node_tree(n)->text, count);
}

static void path_add(config_setting_t *s, Buffer *b)
{
        if (config_setting_is_root(s))
                return;
        path_add(config_setting_parent(s), b);
        if (!config_setting_name(s))
                buffer_printf(b, "[%d]", config_setting_index(s));
        else
                buffer_printf(b, "%s%s", b->length > 0 ? "." : "", config_setting_name(s));
}

int node_path(const Node *n, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        path_add(setting_of(n), &b);
        return buffer_take(&b, ret);
}
