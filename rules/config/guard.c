/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The checks of a text before libconfig reads it: integers, nesting, duplicates, @include,
 * words without quotes. Follows the grammar only as far as its messages need it.
 */

#include "rules/config/guard.h"

#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/hash.h"
#include "rules/base/nearest.h"
#include "rules/base/text.h"
#include "rules/config/lexer.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

/* libconfig compares each name with all others of its group; this bounds all groups together. */
#define NAME_COMPARES_MAX 150000000

typedef struct Key {
        uint64_t hash;
        uint32_t offset, length;
        uint32_t line;
} Key;

/* A group, list or array that is not closed yet. */
typedef struct Frame {
        char open;
        unsigned line;
        size_t index;     /* of the value that is being read, in lists and arrays */
        size_t offset;    /* of the opening bracket */
        size_t first_key; /* of the group's, in Guard.keys */
        bool has_key;     /* a group: the value of its last key is not complete */
} Frame;

typedef struct Guard {
        Lexer lexer;
        char *text;
        const char *file;
        Diagnostics *d;
        Frame frames[GUARD_DEPTH_MAX];
        size_t depth; /* frames[0] is the document */
        Key *keys;    /* of all open groups, outer ones first */
        size_t n_keys;
        uint64_t compares;
        size_t string_length; /* of the string that is being read, all its parts */
        GuardCounts counts;
        Token last;
        unsigned last_line;
} Guard;

/* ---- where we are ---- */

static Frame *top(Guard *g)
{
        return &g->frames[g->depth - 1];
}

static bool in_group(Guard *g)
{
        return top(g)->open == '{';
}

/* The path of the value that is being read, "rules[2].from". */
static void path_add(const Guard *g, Buffer *b)
{
        for (size_t i = 0; i < g->depth; i++) {
                const Frame *f = &g->frames[i];
                size_t end = i + 1 < g->depth ? g->frames[i + 1].first_key : g->n_keys;

                if (f->open != '{') {
                        buffer_printf(b, "[%zu]", f->index);
                } else if (f->has_key) {
                        const Key *k = &g->keys[end - 1];

                        if (b->length > 0)
                                buffer_add_char(b, '.');
                        buffer_add(b, g->text + k->offset, k->length);
                }
        }
}

static int guard_error(Guard *g, unsigned line, const char *format, ...) _printf_(3, 4);
static int guard_error(Guard *g, unsigned line, const char *format, ...)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *path = NULL;
        char text[256];
        va_list ap;

        path_add(g, &b);
        if (buffer_take(&b, &path) < 0)
                return -ENOMEM;
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (*path == '\0')
                return diagnostics_error(g->d, ((Place){ g->file, line }), NULL, "%s", text);
        return diagnostics_error(g->d, ((Place){ g->file, line }), path, "%.200s: %s", path, text);
}

/* ---- names ---- */

/* 0: it is new; else the place behind the first one's in g->keys; -EINVAL: too many to look. */
static int find_duplicate(Guard *g, const Key *k)
{
        size_t first = top(g)->first_key, n = g->n_keys - first;

        g->compares += n;
        if (n >= GUARD_GROUP_MAX || g->compares > NAME_COMPARES_MAX)
                return guard_error(g, k->line,
                        "more than %d settings in one group, or many such groups", GUARD_GROUP_MAX);
        for (size_t i = first; i < g->n_keys; i++) {
                const Key *o = &g->keys[i];

                if (o->hash == k->hash && o->length == k->length &&
                        memcmp(g->text + o->offset, g->text + k->offset, k->length) == 0)
                        return (int)i + 1;
        }
        return 0;
}

/* A word where a value must stand. */
static int bare_word(Guard *g, const char *word, size_t n)
{
        static const struct {
                const char *word, *value;
        } switches[] = { { "yes", "true" }, { "on", "true" }, { "no", "false" },
                { "off", "false" } };
        int shown = n > 64 ? 64 : (int)n;
        _cleanup_free_ char *whole = strndup(word, n);
        Nearest near = nearest_begin(whole ?: "");

        for (size_t i = 0; i < ELEMENTS(switches); i++)
                if (n == strlen(switches[i].word) && strncasecmp(word, switches[i].word, n) == 0)
                        return guard_error(g, g->lexer.start_line,
                                "write %s, or \"%.*s\" in double quotes where a string is expected",
                                switches[i].value, shown, word);
        if (word[n] == ':' && strspn(word, "0123456789abcdefABCDEF") == n)
                return guard_error(g, g->lexer.start_line, "an address must be in double quotes");
        if (nearest_try(&near, "true") || nearest_try(&near, "false"))
                return guard_error(g, g->lexer.start_line,
                        "write %s, or \"%.*s\" in double quotes where a string is expected",
                        near.found, shown, word);
        return guard_error(g, g->lexer.start_line, "write \"%.*s\" in double quotes", shown, word);
}

static int take_name(Guard *g)
{
        const Lexer *l = &g->lexer;
        const char *name = g->text + l->start;
        size_t n = l->at - l->start;
        Key k = {
                .hash = hash_bytes(HASH_BEGIN, name, n),
                .offset = (uint32_t)l->start,
                .length = (uint32_t)n,
                .line = l->start_line,
        };
        int duplicate;

        if (g->last == TOKEN_ASSIGN || !in_group(g))
                return bare_word(g, name, n);
        if (n > NAME_MAX_LENGTH)
                return guard_error(g, l->start_line,
                        "the name \"%.16s...\" has %zu letters; at most %d are allowed", name, n,
                        NAME_MAX_LENGTH);
        duplicate = find_duplicate(g, &k);
        if (duplicate < 0)
                return duplicate;
        if (array_grow(&g->keys, g->n_keys, sizeof(Key)) < 0)
                return -ENOMEM;
        g->keys[g->n_keys++] = k;
        top(g)->has_key = true;
        if (duplicate > 0)
                return guard_error(
                        g, k.line, "set twice, first in line %u", g->keys[duplicate - 1].line);
        return 0;
}

/* ---- values ---- */

static int count_value(Guard *g)
{
        if (++g->counts.values <= GUARD_VALUES_MAX)
                return 0;
        return guard_error(g, g->lexer.start_line,
                "more than %d values: put a long list of addresses into a set's file",
                GUARD_VALUES_MAX);
}

static int take_scalar(Guard *g)
{
        int r = count_value(g);

        top(g)->has_key = false;
        return r;
}

/* Strings side by side are one. */
static int take_string(Guard *g)
{
        bool begins = g->last != TOKEN_STRING;

        g->string_length = (begins ? 0 : g->string_length) + g->lexer.at - g->lexer.start;
        if (g->string_length > GUARD_STRING_MAX)
                return guard_error(
                        g, g->lexer.start_line, "a string of more than %d bytes", GUARD_STRING_MAX);
        return begins ? take_scalar(g) : 0;
}

/* libconfig 1.5 keeps the low 32 bits of an integer without L, 1.7 does so for hexadecimal ones;
 * 1.7 reads a leading zero as octal and 1.5 does not. */
static int check_integer(Guard *g, const char *token)
{
        LexerInteger i = lexer_integer(token);
        int n = (int)(g->lexer.at - g->lexer.start);
        const char *digits = token + (*token == '-' || *token == '+');

        n = n > 40 ? 40 : n;
        if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9')
                return guard_error(g, g->lexer.start_line,
                        "%.*s: write the number without leading zeros", n, token);
        if (i.overflow && i.is_long)
                return guard_error(
                        g, g->lexer.start_line, "%.*s is out of range (64 bits)", n, token);
        if (i.overflow || (!i.is_long && (i.value < INT32_MIN || i.value > INT32_MAX)))
                return guard_error(g, g->lexer.start_line, "%.*s is out of range (%d to %d)", n,
                        token, INT32_MIN, INT32_MAX);
        return 0;
}

/* An address without quotes is cut into numbers and marks that touch. */
static int take_number(Guard *g, bool is_float)
{
        const char *token = g->text + g->lexer.start, *behind = g->text + g->lexer.at;
        int r;

        if (strchr(".:/", *behind) && *behind && behind[1] != '/' && behind[1] != '*')
                return guard_error(g, g->lexer.start_line, "an address must be in double quotes");
        if (is_float)
                return guard_error(g, g->lexer.start_line, "%.*s is not a whole number",
                        (int)(behind - token > 40 ? 40 : behind - token), token);
        r = check_integer(g, token);
        return r < 0 ? r : take_scalar(g);
}

static int take_open(Guard *g)
{
        char c = g->text[g->lexer.start];
        int r;

        if (top(g)->open == '[')
                return guard_error(g, g->lexer.start_line,
                        "an array [ … ] cannot contain groups or lists; use a list ( … )");
        if (g->depth == GUARD_DEPTH_MAX)
                return guard_error(
                        g, g->lexer.start_line, "nested more than %d levels deep", GUARD_DEPTH_MAX);
        r = count_value(g);
        g->counts.compounds++;
        g->frames[g->depth++] = (Frame){
                .open = c,
                .line = g->lexer.start_line,
                .offset = g->lexer.start,
                .first_key = g->n_keys,
        };
        return r;
}

static int take_close(Guard *g)
{
        static const char pairs[] = "{}[]()";
        const Frame *f = top(g);
        char *c = &g->text[g->lexer.start];

        if (g->depth == 1)
                return guard_error(g, g->lexer.start_line, "unexpected '%c': nothing is open", *c);
        if (strchr(pairs, f->open)[1] != *c)
                return guard_error(g, g->lexer.start_line, "'%c' does not match '%c' from line %u",
                        *c, f->open, f->line);
        if (f->open == '[') {
                g->text[f->offset] = '(';
                *c = ')';
        }
        g->n_keys = f->first_key;
        g->depth--;
        top(g)->has_key = false;
        return 0;
}

static int take_end(Guard *g)
{
        const Frame *f = top(g);

        if (g->depth == 1)
                return 0;
        return guard_error(g, g->last_line,
                "unexpected end of file: '%c' from line %u is not closed", f->open, f->line);
}

/* ---- characters without a meaning ---- */

static bool is_quote(uint32_t code)
{
        return code == '\'' || code == '`' || code == 0xab || code == 0xbb || code == 0xb4 ||
               (code >= 0x2018 && code <= 0x201f) || code == 0x2032 || code == 0x2033 ||
               code == 0x2039 || code == 0x203a;
}

static int take_other(Guard *g)
{
        const char *p = g->text + g->lexer.start;
        uint32_t code = (unsigned char)*p;
        int n = code < 0x80 ? 1 : (int)utf8_character(p, &code);

        if (strncmp(p, "@include", strlen("@include")) == 0)
                return guard_error(g, g->lexer.start_line,
                        "@include is not allowed; put a fragment into policy.d instead");
        if (*p == '@' || *p == '$')
                return guard_error(g, g->lexer.start_line, "%cNAME must be in double quotes", *p);
        if (is_quote(code))
                return guard_error(g, g->lexer.start_line,
                        "%.*s is not a quote here; strings need straight double quotes (\")", n, p);
        return guard_error(g, g->lexer.start_line, "unexpected '%.*s'", n, p);
}

/* ---- grammar ---- */

static bool is_value(Token t)
{
        return t == TOKEN_BOOL || t == TOKEN_STRING || t == TOKEN_INTEGER || t == TOKEN_FLOAT;
}

/* The error in a value after the last token, or NULL. */
static const char *misplaced_value(Guard *g, Token t)
{
        if (g->last == TOKEN_ASSIGN ||
                (g->last == TOKEN_STRING && t == TOKEN_STRING && in_group(g)))
                return NULL;
        if (g->last == TOKEN_NAME)
                return "'=' is missing after the name";
        if (in_group(g))
                return "expected NAME = VALUE;";
        return g->last == TOKEN_OPEN || g->last == TOKEN_COMMA ? NULL : "a comma is missing";
}

/* The same for a comma, a semicolon, a closing bracket and the end. */
static const char *misplaced_end(Guard *g, Token t)
{
        bool ends_value = is_value(g->last) || g->last == TOKEN_CLOSE;

        if (g->last == TOKEN_ASSIGN)
                return "a value is missing after '='";
        if (g->last == TOKEN_NAME)
                return "'=' is missing after the name";
        if (t == TOKEN_SEMICOLON && !in_group(g))
                return "the values of a list are separated by commas, not semicolons";
        if ((t == TOKEN_SEMICOLON || t == TOKEN_COMMA) && !ends_value)
                return in_group(g) ? "expected NAME = VALUE" : "a value is missing";
        if (t == TOKEN_CLOSE && g->last == TOKEN_COMMA && !in_group(g))
                return "a value is missing after the comma";
        return NULL;
}

static const char *misplaced(Guard *g, Token t)
{
        switch (t) {
        case TOKEN_BOOL:
        case TOKEN_STRING:
        case TOKEN_INTEGER:
        case TOKEN_FLOAT:
        case TOKEN_OPEN:
                return misplaced_value(g, t);
        case TOKEN_COMMA:
        case TOKEN_SEMICOLON:
        case TOKEN_CLOSE:
        case TOKEN_END:
                return misplaced_end(g, t);
        case TOKEN_NAME:
                return g->last == TOKEN_NAME ? "'=' is missing after the name" : NULL;
        case TOKEN_ASSIGN:
                return g->last != TOKEN_NAME ? "a name is missing before '='" : NULL;
        case TOKEN_OTHER:
        case TOKEN_ERROR:
                break;
        }
        return NULL;
}

/* `default.incoming = …`: the name behind the dot, and its length; 0: it is something else.
 * Messages name settings like this, files do not. */
static size_t dotted_name(const Guard *g, const char **ret)
{
        static const char digits[] = "0123456789_-", name[] = "abcdefghijklmnopqrstuvwxyz"
                                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                              "0123456789_-";
        const Key *k = g->n_keys > 0 ? &g->keys[g->n_keys - 1] : NULL;

        if (g->last != TOKEN_NAME || !k || k->offset + k->length != g->lexer.start ||
                g->text[g->lexer.start] != '.')
                return 0;
        *ret = g->text + g->lexer.start + 1;
        return strspn(*ret, digits) > 0 ? 0 : strspn(*ret, name);
}

static int take_dotted(Guard *g, const char *name, size_t n)
{
        const Key *k = &g->keys[g->n_keys - 1];

        return guard_error(g, g->lexer.start_line,
                "a name has no dots: write %.*s = { %.*s = VALUE; };", (int)k->length,
                g->text + k->offset, n > 64 ? 64 : (int)n, name);
}

static int take_token(Guard *g, Token t)
{
        const char *wrong = misplaced(g, t), *name;
        size_t n = dotted_name(g, &name);

        if (n > 0)
                return take_dotted(g, name, n);
        if (wrong)
                return guard_error(
                        g, t == TOKEN_END ? g->last_line : g->lexer.start_line, "%s", wrong);
        switch (t) {
        case TOKEN_NAME:
                return take_name(g);
        case TOKEN_STRING:
                return take_string(g);
        case TOKEN_BOOL:
                return take_scalar(g);
        case TOKEN_INTEGER:
        case TOKEN_FLOAT:
                return take_number(g, t == TOKEN_FLOAT);
        case TOKEN_COMMA:
                top(g)->index++;
                return 0;
        case TOKEN_OPEN:
                return take_open(g);
        case TOKEN_CLOSE:
                return take_close(g);
        case TOKEN_END:
                return take_end(g);
        case TOKEN_OTHER:
                return take_other(g);
        case TOKEN_ERROR:
                return guard_error(g, g->lexer.start_line, "%s", g->lexer.error);
        case TOKEN_ASSIGN:
        case TOKEN_SEMICOLON:
                return 0;
        }
        return 0;
}

int guard_text(char *text, const char *file, Diagnostics *d, GuardCounts *ret)
{
        Guard g = { .text = text, .file = file, .d = d, .depth = 1, .last = TOKEN_OPEN };
        Token t;
        int r;

        g.frames[0] = (Frame){ .open = '{' };
        lexer_init(&g.lexer, text);
        do {
                t = lexer_next(&g.lexer);
                r = take_token(&g, t);
                g.last = t;
                g.last_line = g.lexer.start_line;
        } while (r >= 0 && t != TOKEN_END);
        free(g.keys);
        if (r >= 0)
                *ret = g.counts;
        return r;
}
