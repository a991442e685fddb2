/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What libconfig itself makes of a text that the scan took: the same tree. Two things are known to
 * differ: an array of mixed types, which libconfig refuses and p25 takes as the list that it means,
 * and integers beyond 32 bits, of which libconfig 1.5 keeps the low ones.
 */

#include "rules/config/lexer.h"
#include "rules/config/node.h"

#include <libconfig.h>
#include <stdio.h>

/* [ … ] becomes ( … ) */
static inline void arrays_to_lists(char *text)
{
        Lexer l;

        lexer_init(&l, text);
        for (Token t = lexer_next(&l); t != TOKEN_END && t != TOKEN_ERROR; t = lexer_next(&l)) {
                if (t == TOKEN_OPEN && text[l.start] == '[')
                        text[l.start] = '(';
                if (t == TOKEN_CLOSE && text[l.start] == ']')
                        text[l.start] = ')';
        }
}

static inline NodeKind setting_kind(const config_setting_t *s)
{
        switch (config_setting_type(s)) {
        case CONFIG_TYPE_GROUP:
                return NODE_GROUP;
        case CONFIG_TYPE_LIST:
                return NODE_LIST;
        case CONFIG_TYPE_STRING:
                return NODE_STRING;
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                return NODE_INTEGER;
        case CONFIG_TYPE_BOOL:
                return NODE_BOOL;
        }
        return NODE_FLOAT;
}

static inline bool same_value(const Node *n, const config_setting_t *s)
{
        NodeInteger i;

        switch (node_kind(n)) {
        case NODE_STRING:
                return streq(node_string(n), config_setting_get_string(s) ?: "");
        case NODE_BOOL:
                return node_bool(n) == config_setting_get_bool(s);
        case NODE_INTEGER:
                i = node_integer(n);
                return i.overflow || i.value < INT32_MIN || i.value > INT32_MAX ||
                       i.value == config_setting_get_int64(s);
        case NODE_GROUP:
        case NODE_LIST:
        case NODE_FLOAT:
                break;
        }
        return true;
}

static inline bool same_tree(const Node *n, config_setting_t *s)
{
        const char *name = config_setting_name(s);
        int length = config_setting_is_aggregate(s) ? config_setting_length(s) : 0;

        if (node_kind(n) != setting_kind(s) || node_length(n) != (size_t)length ||
                !node_name(n) != !name || (name && !streq(node_name(n), name)) || !same_value(n, s))
                return false;
        for (int i = 0; i < length; i++)
                if (!same_tree(node_child(n, (size_t)i), config_setting_get_elem(s, (unsigned)i)))
                        return false;
        return true;
}

/* `text` is NUL-terminated, as it was before the scan. */
static inline bool libconfig_reads_the_same(const char *text, const Node *document)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *copy = NULL;
        config_t config;
        bool same;

        /* libconfig's comments end with a line, not with a text */
        buffer_printf(&b, "%s\n", text);
        if (buffer_take(&b, &copy) < 0)
                return false;
        arrays_to_lists(copy);
        config_init(&config);
        config_set_include_dir(&config, "/dev/null");
        same = config_read_string(&config, copy) &&
               same_tree(document, config_root_setting(&config));
        if (!same)
                fprintf(stderr, "libconfig: %u: %s\n", (unsigned)config_error_line(&config),
                        config_error_text(&config) ?: "another tree");
        config_destroy(&config);
        return same;
}
