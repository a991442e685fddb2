/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The tokens of libconfig's language, cut exactly where libconfig 1.5 cuts them: what is a comment
 * or a string here is one there. Knows no grammar.
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
        TOKEN_OTHER, /* libconfig knows no such character */
        TOKEN_ERROR, /* see error */
} Token;

typedef struct Lexer {
        const char *text; /* ends with, and holds but that, one NUL */
        size_t at;
        unsigned line;
        /* of the token given last */
        size_t start;
        unsigned start_line;
        const char *error;
} Lexer;

void lexer_init(Lexer *l, const char *text);
Token lexer_next(Lexer *l);

/* What a string token says, written to `to` with a NUL behind it; returns where that is. It is no
 * longer than the token, whose place it may take. */
char *lexer_string(const char *token, char *to);

/* An integer token, read exactly: libconfig 1.5 wraps what is too large. */
typedef struct LexerInteger {
        int64_t value;
        bool overflow;   /* beyond 64 bits; value is then without meaning */
        bool has_suffix; /* L or LL */
} LexerInteger;

LexerInteger lexer_integer(const char *token);
/* Bytes of the number token that begins here. */
size_t lexer_number_length(const char *token, bool *ret_is_float);
