/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/tokens.h"

#include "rules/base/buffer.h"

/* Skips separators. */
static Token next_token(Lexer *l)
{
        Token t;

        do {
                t = lexer_next(l);
        } while (t == TOKEN_COMMA || t == TOKEN_SEMICOLON);
        return t;
}

static int hex_digit(char c)
{
        const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c | 0x20) : NULL;

        return p ? (int)(p - digits) : -1;
}

/* The character behind a backslash, and its length; 0: nothing special, the backslash stays. */
static size_t token_escape(const char *p, char *ret)
{
        static const char letters[] = "nrtf\\\"", meanings[] = "\n\r\t\f\\\"";
        const char *letter = memchr(letters, *p, sizeof(letters) - 1);

        if ((*p == 'x' || *p == 'X') && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
                *ret = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
                return 3;
        }
        if (letter)
                *ret = meanings[letter - letters];
        return letter ? 1 : 0;
}

/* Adds what a string token says. */
static void token_string(const char *token, Buffer *b)
{
        for (const char *p = token + 1; *p != '"';) {
                char c = *p++;

                if (c == '\\')
                        p += token_escape(p, &c);
                buffer_add_char(b, c);
        }
}

/* The string that begins with the last token, and what stands beside it. */
static bool same_string(const Node *n, Lexer *l)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *text = NULL;

        for (Lexer next = *l;;) {
                token_string(l->text + l->start, &b);
                if (lexer_next(&next) != TOKEN_STRING)
                        break;
                *l = next;
        }
        return buffer_take(&b, &text) == 0 && streq(node_string(n), text);
}

static inline bool same_tree(const Node *n, Lexer *l);

static bool same_children(const Node *n, Lexer *l)
{
        for (size_t i = 0; i < node_length(n); i++)
                if (!same_tree(node_child(n, i), l))
                        return false;
        return true;
}

static bool same_value(const Node *n, Token t, Lexer *l)
{
        const char *token = l->text + l->start;
        LexerInteger i;

        switch (node_kind(n)) {
        case NODE_STRING:
                return t == TOKEN_STRING && same_string(n, l);
        case NODE_BOOL:
                return t == TOKEN_BOOL && node_bool(n) == ((*token | 0x20) == 't');
        case NODE_INTEGER:
                i = lexer_integer(token);
                return t == TOKEN_INTEGER && !i.overflow && node_integer(n) == i.value &&
                       node_is_long(n) == i.is_long;
        case NODE_GROUP:
                return t == TOKEN_OPEN && *token == '{' && same_children(n, l) &&
                       next_token(l) == TOKEN_CLOSE;
        case NODE_LIST:
                return t == TOKEN_OPEN && *token != '{' && same_children(n, l) &&
                       next_token(l) == TOKEN_CLOSE;
        }
        return false;
}

static bool same_tree(const Node *n, Lexer *l)
{
        const char *name = node_name(n);
        Token t = next_token(l);
        unsigned line = l->start_line;

        if (name) {
                if (t != TOKEN_NAME || strlen(name) != l->at - l->start ||
                        strncmp(name, l->text + l->start, strlen(name)) != 0 ||
                        next_token(l) != TOKEN_ASSIGN)
                        return false;
                t = next_token(l);
        }
        return node_line(n) == line && same_value(n, t, l);
}

bool tree_says_the_same(const Node *document, const char *text)
{
        Lexer l;

        lexer_init(&l, text);
        return same_children(document, &l) && next_token(&l) == TOKEN_END;
}
