/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The tokens of libconfig's language, cut exactly where libconfig cuts them: what is a comment or a
 * string here is one there. Does not know the grammar.
 */

#include "rules/base/util.h"

typedef enum Token {
        TOKEN_END,
        TOKEN_NAME,
        TOKEN_BOOL,
        TOKEN_STRING,
        TOKEN_INTEGER,
        TOKEN_FLOAT,
        TOKEN_ASSIGN, /* = or : */
        TOKEN_COMMA,
        TOKEN_SEMICOLON,
        TOKEN_OPEN,  /* { [ ( */
        TOKEN_CLOSE, /* } ] ) */
        TOKEN_OTHER, /* a character that libconfig does not know */
        TOKEN_ERROR, /* see error */
} Token;

typedef struct Lexer {
        const char *text; /* NUL-terminated */
        size_t at;
        unsigned line;
        /* of the last token returned */
        size_t start;
        unsigned start_line;
        const char *error;
} Lexer;

void lexer_init(Lexer *l, const char *text);
Token lexer_next(Lexer *l);

/* An integer token, read exactly. */
typedef struct LexerInteger {
        int64_t value;
        bool overflow; /* beyond 64 bits; value is then meaningless */
        bool is_long;  /* ends with L or LL */
} LexerInteger;

LexerInteger lexer_integer(const char *token);
