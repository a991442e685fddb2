/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the grammar of a text: bytes, nesting, twins, @include, words without quotes, and the tree
 * that comes of it. Leaves the meaning to the vocabulary.
 */

#include "rules/config/scan.h"

#include "rules/config/lexer.h"
#include "rules/policy/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* Looking for twins costs the square of a group's size; this is for all groups together. */
#define TWIN_COMPARES_MAX 150000000

typedef struct Key {
        uint32_t hash;
        uint32_t offset, length;
        uint32_t line;
} Key;

/* A group, list or array that is not closed yet. */
typedef struct Frame {
        char open;
        unsigned line;
        size_t index;      /* of the value that is being read, in lists and arrays */
        size_t first_key;  /* of the group's, in Scanner.keys */
        size_t first_open; /* of the values read so far, in Scanner.open */
        bool has_key;      /* a group: the value of its last key is not complete */
} Frame;

typedef struct Scanner {
        Lexer lexer;
        char *text;
        const char *file;
        Diagnostics *d;
        Frame frames[SCAN_DEPTH_MAX];
        size_t depth; /* frames[0] is the document */
        Key *keys;    /* of all open groups, outer ones first */
        size_t n_keys;
        uint64_t compares;
        Node *nodes; /* of groups and lists that are closed, each one's side by side */
        size_t n_nodes;
        Node *open; /* of all that are not, outer ones first */
        size_t n_open;
        char *string_end; /* of the last string */
        size_t n_values;
        Token last;
        unsigned last_line;
} Scanner;

void scan_deinit(Scan *s)
{
        free(s->nodes);
        *s = (Scan){ 0 };
}

/* ---- bytes ---- */

static unsigned line_at(const char *text, size_t at)
{
        unsigned line = 1;

        for (size_t i = 0; i < at; i++)
                line += text[i] == '\n';
        return line;
}

int scan_bytes(const char *text, size_t n, const char *file, Diagnostics *d)
{
        const char *nul;

        if (n > POLICY_TEXT_MAX)
                return diagnostics_error(d, ((Place){ file, 1 }), NULL,
                        "the text is larger than %u MiB, which is the limit of a policy's text",
                        POLICY_TEXT_MAX >> 20);
        nul = n > 0 ? memchr(text, '\0', n) : NULL;
        if (nul)
                return diagnostics_error(d, ((Place){ file, line_at(text, nul - text) }), NULL,
                        "a NUL byte: this is no text (a policy is plain UTF-8)");
        return 0;
}

static int scan_utf8(const char *text, const char *file, Diagnostics *d)
{
        uint32_t code;

        if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
                return diagnostics_error(d, ((Place){ file, 1 }), NULL,
                        "a byte order mark: save the file as UTF-8 without it");
        for (size_t at = 0; text[at];) {
                size_t n = (unsigned char)text[at] < 0x80 ? 1 : utf8_character(text + at, &code);

                if (n == 0)
                        return diagnostics_error(d, ((Place){ file, line_at(text, at) }), NULL,
                                "byte 0x%02x is not UTF-8 (a policy is plain UTF-8)",
                                (unsigned char)text[at]);
                at += n;
        }
        return 0;
}

/* ---- where we are ---- */

static Frame *top(Scanner *s)
{
        return &s->frames[s->depth - 1];
}

static bool in_group(Scanner *s)
{
        return top(s)->open == '{';
}

/* The path of the value that is being read, "rules[2].from". */
static void path_add(const Scanner *s, Buffer *b)
{
        for (size_t i = 0; i < s->depth; i++) {
                const Frame *f = &s->frames[i];
                size_t end = i + 1 < s->depth ? s->frames[i + 1].first_key : s->n_keys;

                if (f->open != '{') {
                        buffer_printf(b, "[%zu]", f->index);
                } else if (f->has_key) {
                        const Key *k = &s->keys[end - 1];

                        if (b->length > 0)
                                buffer_add_char(b, '.');
                        buffer_add(b, s->text + k->offset, k->length);
                }
        }
}

static int scanner_error(Scanner *s, unsigned line, const char *format, ...) _printf_(3, 4);
static int scanner_error(Scanner *s, unsigned line, const char *format, ...)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *path = NULL;
        char text[256];
        va_list ap;

        path_add(s, &b);
        if (buffer_take(&b, &path) < 0)
                return -ENOMEM;
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (*path == '\0')
                return diagnostics_error(s->d, ((Place){ s->file, line }), NULL, "%s", text);
        return diagnostics_error(s->d, ((Place){ s->file, line }), path, "%.200s: %s", path, text);
}

/* ---- names ---- */

static uint32_t hash_bytes(const char *p, size_t n)
{
        uint32_t h = 2166136261u; /* FNV-1a */

        for (size_t i = 0; i < n; i++)
                h = (h ^ (unsigned char)p[i]) * 16777619u;
        return h;
}

static int find_twin(Scanner *s, const Key *k)
{
        size_t first = top(s)->first_key, n = s->n_keys - first;

        s->compares += n;
        if (n >= SCAN_GROUP_MAX || s->compares > TWIN_COMPARES_MAX)
                return scanner_error(s, k->line, "more than %d settings in a group, or many such",
                        SCAN_GROUP_MAX);
        for (size_t i = first; i < s->n_keys; i++) {
                const Key *o = &s->keys[i];

                if (o->hash == k->hash && o->length == k->length &&
                        memcmp(s->text + o->offset, s->text + k->offset, k->length) == 0)
                        return (int)i + 1;
        }
        return 0;
}

static int take_name(Scanner *s)
{
        const Lexer *l = &s->lexer;
        size_t n = l->at - l->start;
        Key k = {
                .hash = hash_bytes(s->text + l->start, n),
                .offset = (uint32_t)l->start,
                .length = (uint32_t)n,
                .line = l->start_line,
        };
        int twin;

        if (s->last == TOKEN_ASSIGN || !in_group(s))
                return scanner_error(s, l->start_line, "write \"%.*s\" in double quotes",
                        n > 64 ? 64 : (int)n, s->text + l->start);
        if (n > NAME_MAX_LENGTH)
                return scanner_error(s, l->start_line,
                        "a name of %zu letters, \"%.16s...\"; %d is the limit", n,
                        s->text + l->start, NAME_MAX_LENGTH);
        twin = find_twin(s, &k);
        if (twin < 0)
                return twin;
        if (array_grow(&s->keys, s->n_keys, sizeof(Key)) < 0)
                return -ENOMEM;
        s->keys[s->n_keys++] = k;
        top(s)->has_key = true;
        if (twin > 0)
                return scanner_error(
                        s, k.line, "set twice, here and in line %u", s->keys[twin - 1].line);
        return 0;
}

/* ---- values ---- */

static int count_value(Scanner *s)
{
        if (++s->n_values <= SCAN_VALUES_MAX)
                return 0;
        return scanner_error(s, s->lexer.start_line,
                "more than %d values in a text: a long list of addresses belongs into a set's file",
                SCAN_VALUES_MAX);
}

/* A value begins. Its name has been read, and what ends the name as well. */
static int add_node(Scanner *s, NodeKind kind, unsigned line)
{
        const Key *k = top(s)->has_key ? &s->keys[s->n_keys - 1] : NULL;

        if (array_grow(&s->open, s->n_open, sizeof(Node)) < 0)
                return -ENOMEM;
        if (k)
                s->text[k->offset + k->length] = '\0';
        s->open[s->n_open++] = (Node){
                .name = k ? s->text + k->offset : NULL,
                .value = s->text + s->lexer.start,
                .line = line,
                .kind = kind,
        };
        return count_value(s);
}

static int take_scalar(Scanner *s, NodeKind kind)
{
        int r = add_node(s, kind, s->lexer.start_line);

        top(s)->has_key = false;
        return r;
}

/* Neighbours are one string. */
static int take_string(Scanner *s)
{
        int r = 0;

        if (s->last != TOKEN_STRING) {
                r = take_scalar(s, NODE_STRING);
                s->string_end = s->text + s->lexer.start;
        }
        s->string_end = lexer_string(s->text + s->lexer.start, s->string_end);
        return r;
}

static int take_open(Scanner *s)
{
        char c = s->text[s->lexer.start];
        unsigned line = top(s)->has_key ? s->keys[s->n_keys - 1].line : s->lexer.start_line;
        int r;

        if (top(s)->open == '[')
                return scanner_error(s, s->lexer.start_line,
                        "groups and lists stand in a list ( … ), not in an array [ … ]");
        if (s->depth == SCAN_DEPTH_MAX)
                return scanner_error(
                        s, s->lexer.start_line, "nested more than %d levels deep", SCAN_DEPTH_MAX);
        r = add_node(s, c == '{' ? NODE_GROUP : NODE_LIST, line);
        s->frames[s->depth++] = (Frame){
                .open = c,
                .line = s->lexer.start_line,
                .first_key = s->n_keys,
                .first_open = s->n_open,
        };
        return r;
}

/* The values of the innermost group or list are complete: they are moved to where they stay. */
static int close_node(Scanner *s, Node *parent)
{
        size_t first = top(s)->first_open, n = s->n_open - first;

        parent->first = s->n_nodes;
        parent->n = (uint32_t)n;
        for (size_t i = first; i < s->n_open; i++) {
                if (array_grow(&s->nodes, s->n_nodes, sizeof(Node)) < 0)
                        return -ENOMEM;
                s->nodes[s->n_nodes++] = s->open[i];
        }
        s->n_open = first;
        return 0;
}

static int take_close(Scanner *s)
{
        static const char pairs[] = "{}[]()";
        const Frame *f = top(s);
        char c = s->text[s->lexer.start];
        int r;

        if (s->depth == 1)
                return scanner_error(s, s->lexer.start_line, "%c closes nothing", c);
        if (strchr(pairs, f->open)[1] != c)
                return scanner_error(s, s->lexer.start_line, "%c cannot close the %c of line %u", c,
                        f->open, f->line);
        r = close_node(s, &s->open[f->first_open - 1]);
        s->n_keys = f->first_key;
        s->depth--;
        top(s)->has_key = false;
        return r;
}

static int take_end(Scanner *s)
{
        const Frame *f = top(s);

        if (s->depth == 1)
                return 0;
        return scanner_error(s, s->last_line, "the text ends, but the %c of line %u is not closed",
                f->open, f->line);
}

/* An address without quotes looks like numbers that touch. */
static const char *address_without_quotes(Scanner *s)
{
        top(s)->has_key = in_group(s); /* it is the value that did not end */
        return "an address is a text, write it in double quotes";
}

static int take_other(Scanner *s)
{
        const char *p = s->text + s->lexer.start;

        if (strncmp(p, "@include", strlen("@include")) == 0)
                return scanner_error(s, s->lexer.start_line,
                        "@include is refused: put a fragment into policy.d, it does that job");
        if (*p == '@' || *p == '$')
                return scanner_error(
                        s, s->lexer.start_line, "%cNAME is a text, write it in double quotes", *p);
        if (*p == '/' && (s->last == TOKEN_INTEGER || s->last == TOKEN_FLOAT))
                return scanner_error(s, s->lexer.start_line, "%s", address_without_quotes(s));
        return scanner_error(s, s->lexer.start_line, "'%c' has no meaning here", *p);
}

/* ---- grammar ---- */

static bool is_value(Token t)
{
        return t == TOKEN_BOOL || t == TOKEN_STRING || t == TOKEN_INTEGER || t == TOKEN_FLOAT;
}

/* What is wrong with a value after the last token, or NULL. */
static const char *misplaced_value(Scanner *s, Token t)
{
        bool number = s->last == TOKEN_INTEGER || s->last == TOKEN_FLOAT;

        if (s->last == TOKEN_ASSIGN || (s->last == TOKEN_STRING && t == TOKEN_STRING))
                return NULL;
        if (number && (t == TOKEN_INTEGER || t == TOKEN_FLOAT))
                return address_without_quotes(s);
        if (s->last == TOKEN_NAME)
                return "= is missing after the name";
        if (in_group(s))
                return "NAME = VALUE; is wanted here";
        return s->last == TOKEN_OPEN || s->last == TOKEN_COMMA ? NULL : "a comma is missing";
}

/* The same of a comma, a semicolon, a closing bracket and the end. */
static const char *misplaced_end(Scanner *s, Token t)
{
        bool ends_value = is_value(s->last) || s->last == TOKEN_CLOSE;

        if (s->last == TOKEN_ASSIGN)
                return "a value is missing after =";
        if (s->last == TOKEN_NAME)
                return "= is missing after the name";
        if (t == TOKEN_SEMICOLON && !in_group(s))
                return "between the values of a list stands a comma, no semicolon";
        if ((t == TOKEN_SEMICOLON || t == TOKEN_COMMA) && !ends_value)
                return in_group(s) ? "NAME = VALUE is missing" : "a value is missing";
        if (t == TOKEN_CLOSE && s->last == TOKEN_COMMA && !in_group(s))
                return "a value is missing after the comma";
        return NULL;
}

static const char *misplaced(Scanner *s, Token t)
{
        switch (t) {
        case TOKEN_BOOL:
        case TOKEN_STRING:
        case TOKEN_INTEGER:
        case TOKEN_FLOAT:
        case TOKEN_OPEN:
                return misplaced_value(s, t);
        case TOKEN_COMMA:
        case TOKEN_SEMICOLON:
        case TOKEN_CLOSE:
        case TOKEN_END:
                return misplaced_end(s, t);
        case TOKEN_NAME:
                return s->last == TOKEN_NAME ? "= is missing after the name" : NULL;
        case TOKEN_ASSIGN:
                return s->last != TOKEN_NAME ? "NAME is missing before =" : NULL;
        case TOKEN_OTHER:
        case TOKEN_ERROR:
                break;
        }
        return NULL;
}

static int take_token(Scanner *s, Token t)
{
        const char *wrong = misplaced(s, t);

        if (wrong)
                return scanner_error(
                        s, t == TOKEN_END ? s->last_line : s->lexer.start_line, "%s", wrong);
        switch (t) {
        case TOKEN_NAME:
                return take_name(s);
        case TOKEN_STRING:
                return take_string(s);
        case TOKEN_BOOL:
                return take_scalar(s, NODE_BOOL);
        case TOKEN_INTEGER:
                return take_scalar(s, NODE_INTEGER);
        case TOKEN_FLOAT:
                return take_scalar(s, NODE_FLOAT);
        case TOKEN_COMMA:
                top(s)->index++;
                return 0;
        case TOKEN_OPEN:
                return take_open(s);
        case TOKEN_CLOSE:
                return take_close(s);
        case TOKEN_END:
                return take_end(s);
        case TOKEN_OTHER:
                return take_other(s);
        case TOKEN_ERROR:
                return scanner_error(s, s->lexer.start_line, "%s", s->lexer.error);
        case TOKEN_ASSIGN:
        case TOKEN_SEMICOLON:
                return 0;
        }
        return 0;
}

/* The document becomes the last node; where all of them lie is known now. */
static int finish(Scanner *s, Scan *ret)
{
        Node document = { .kind = NODE_GROUP };
        int r = close_node(s, &document);

        if (r >= 0)
                r = array_grow(&s->nodes, s->n_nodes, sizeof(Node));
        if (r < 0)
                return r;
        s->nodes[s->n_nodes++] = document;
        for (size_t i = 0; i < s->n_nodes; i++) {
                Node *n = &s->nodes[i], *children;

                if (n->kind != NODE_GROUP && n->kind != NODE_LIST)
                        continue;
                children = s->nodes + n->first;
                for (size_t k = 0; k < n->n; k++)
                        children[k].parent = n;
                n->children = children;
        }
        *ret = (Scan){ .nodes = TAKE_PTR(s->nodes), .n = s->n_nodes };
        return 0;
}

int scan_text(char *text, const char *file, Diagnostics *d, Scan *ret)
{
        Scanner s = { .text = text, .file = file, .d = d, .depth = 1 };
        Token t;
        int r;

        r = scan_utf8(text, file, d);
        if (r < 0)
                return r;
        s.frames[0] = (Frame){ .open = '{' };
        s.last = TOKEN_OPEN;
        lexer_init(&s.lexer, text);
        do {
                t = lexer_next(&s.lexer);
                r = take_token(&s, t);
                s.last = t;
                s.last_line = s.lexer.start_line;
        } while (r >= 0 && t != TOKEN_END);
        if (r >= 0)
                r = finish(&s, ret);
        free(s.keys);
        free(s.open);
        free(s.nodes);
        return r;
}

const Node *scan_root(const Scan *s)
{
        return &s->nodes[s->n - 1];
}

/* ---- questions ---- */

void scan_top_names(const char *text, void (*f)(const char *name, size_t n, void *data), void *data)
{
        Lexer l;
        size_t depth = 0;

        lexer_init(&l, text);
        for (Token t = lexer_next(&l); t != TOKEN_END && t != TOKEN_ERROR; t = lexer_next(&l)) {
                if (t == TOKEN_OPEN)
                        depth++;
                else if (t == TOKEN_CLOSE)
                        depth -= depth > 0;
                else if (t == TOKEN_NAME && depth == 0)
                        f(text + l.start, l.at - l.start, data);
        }
}
