/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Cuts a text into libconfig's tokens. Refuses what libconfig's own scanner accepts although it
 * then means something else than it says: strings and comments without an end (libconfig takes the
 * end of a truncated file for the end of the comment), a line break in a string, which is nearly
 * always a missing quote, and \x00, which cuts a string short.
 */

#include "rules/config/lexer.h"

#include <strings.h>

/* Not isdigit(): the locale must not change what a file means. */
static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
        return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name_first(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool is_name(char c)
{
        return is_name_first(c) || is_digit(c) || c == '-' || c == '_';
}

void lexer_init(Lexer *l, const char *text)
{
        *l = (Lexer){ .text = text, .line = 1, .start_line = 1 };
}

static Token lexer_fail(Lexer *l, const char *error)
{
        l->error = error;
        return TOKEN_ERROR;
}

static bool skip_block_comment(Lexer *l)
{
        for (l->at += 2; l->text[l->at]; l->at++) {
                if (l->text[l->at] == '\n')
                        l->line++;
                if (l->text[l->at] == '*' && l->text[l->at + 1] == '/') {
                        l->at += 2;
                        return true;
                }
        }
        return false;
}

/* Skips white space and comments; false if a comment has no end. */
static bool skip_blank(Lexer *l)
{
        for (;;) {
                const char *p = l->text + l->at;

                if (*p == '\n')
                        l->line++;
                if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f') {
                        l->at++;
                } else if (*p == '#' || (p[0] == '/' && p[1] == '/')) {
                        l->at += strcspn(p, "\n");
                } else if (p[0] == '/' && p[1] == '*') {
                        l->start = l->at;
                        l->start_line = l->line;
                        if (!skip_block_comment(l))
                                return false;
                } else
                        return true;
        }
}

static Token next_string(Lexer *l)
{
        const char *p = l->text + l->at + 1;

        for (; *p != '"'; p++) {
                if (*p == '\0' || *p == '\n')
                        return lexer_fail(l,
                                "the closing quote is missing (a string ends on the line on which "
                                "it begins)");
                if (*p != '\\')
                        continue;
                if (p[1] == '"' || p[1] == '\\')
                        p++;
                else if ((p[1] == 'x' || p[1] == 'X') && p[2] == '0' && p[3] == '0')
                        return lexer_fail(l, "\\x00 is not allowed: a text cannot contain NUL");
        }
        l->at = (size_t)(p + 1 - l->text);
        return TOKEN_STRING;
}

static size_t digits(const char *p)
{
        size_t n = 0;

        while (is_digit(p[n]))
                n++;
        return n;
}

static size_t exponent(const char *p)
{
        size_t sign, n;

        if (*p != 'e' && *p != 'E')
                return 0;
        sign = p[1] == '+' || p[1] == '-';
        n = digits(p + 1 + sign);
        return n > 0 ? 1 + sign + n : 0;
}

static size_t suffix(const char *p)
{
        return p[0] != 'L' ? 0 : p[1] == 'L' ? 2 : 1;
}

/* Length of the number token that begins here; 0 if none does. */
static size_t lexer_number_length(const char *p, bool *ret_is_float)
{
        size_t n;

        *ret_is_float = false;
        if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && is_hex(p[2])) {
                for (n = 3; is_hex(p[n]); n++)
                        ;
                return n + suffix(p + n);
        }
        n = *p == '+' || *p == '-';
        n += digits(p + n);
        if (p[n] == '.') {
                n++;
                n += digits(p + n);
                *ret_is_float = true;
        } else if (n == 0 || !is_digit(p[n - 1]))
                return 0; /* only a sign */
        if (exponent(p + n) > 0) {
                n += exponent(p + n);
                *ret_is_float = true;
        }
        return *ret_is_float ? n : n + suffix(p + n);
}

static Token next_word(Lexer *l)
{
        const char *p = l->text + l->at;
        size_t n = 1;

        while (is_name(p[n]))
                n++;
        l->at += n;
        if ((n == 4 && strncasecmp(p, "true", 4) == 0) ||
                (n == 5 && strncasecmp(p, "false", 5) == 0))
                return TOKEN_BOOL;
        return TOKEN_NAME;
}

static Token next_mark(Lexer *l)
{
        static const struct {
                char c;
                Token token;
        } marks[] = {
                { '=', TOKEN_ASSIGN },
                { ':', TOKEN_ASSIGN },
                { ',', TOKEN_COMMA },
                { ';', TOKEN_SEMICOLON },
                { '{', TOKEN_OPEN },
                { '[', TOKEN_OPEN },
                { '(', TOKEN_OPEN },
                { '}', TOKEN_CLOSE },
                { ']', TOKEN_CLOSE },
                { ')', TOKEN_CLOSE },
        };
        char c = l->text[l->at++];

        for (size_t i = 0; i < ELEMENTS(marks); i++)
                if (marks[i].c == c)
                        return marks[i].token;
        return TOKEN_OTHER;
}

Token lexer_next(Lexer *l)
{
        const char *p;
        bool is_float;
        size_t n;

        if (!skip_blank(l))
                return lexer_fail(l, "the comment that begins here is not closed");
        p = l->text + l->at;
        l->start = l->at;
        l->start_line = l->line;
        if (*p == '\0')
                return TOKEN_END;
        if (*p == '"')
                return next_string(l);
        if (is_name_first(*p))
                return next_word(l);
        n = lexer_number_length(p, &is_float);
        if (n == 0)
                return next_mark(l);
        l->at += n;
        return is_float ? TOKEN_FLOAT : TOKEN_INTEGER;
}

LexerInteger lexer_integer(const char *p)
{
        LexerInteger i = { 0 };
        bool negative = *p == '-', hex;
        uint64_t value = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
        unsigned base;

        /* asked before the sign is skipped: libconfig's hexadecimal numbers have none */
        hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && is_hex(p[2]);
        base = hex ? 16 : 10;
        p += hex ? 2 : *p == '-' || *p == '+';
        for (; hex ? is_hex(*p) : is_digit(*p); p++) {
                unsigned digit = (unsigned)(is_digit(*p) ? *p - '0' : (*p | 0x20) - 'a' + 10);

                if (value > (limit - digit) / base) {
                        i.overflow = true;
                        value = 0;
                }
                value = value * base + digit;
        }
        i.is_long = *p == 'L';
        /* negated as unsigned: INT64_MIN has no positive counterpart */
        i.value = (int64_t)(negative ? -value : value);
        return i;
}
