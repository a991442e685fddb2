/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Texts: copies, numbers in them, and what of them may be shown.
 */

#include "rules/base/util.h"

#include <stdarg.h>

/* A copy of s in *ret, NULL of NULL; 0 or -ENOMEM. */
int strdup_null(const char *s, char **ret);
/* A formatted text in *ret; 0, or -ENOMEM and NULL. */
int text_printf(char **ret, const char *format, ...) _printf_(2, 3);
int text_vprintf(char **ret, const char *format, va_list ap) _printf_(2, 0);
bool text_ends_with(const char *s, const char *end);
/* The index of a text in a table, or -1. */
int text_find(const char *const texts[], int n, const char *s);
/* The index of the text that has the word among its own, which blanks separate, or -1. The case of
 * letters does not matter. */
int text_find_word(const char *const texts[], int n, const char *word);
/* Decimal digits and nothing else, at least one? */
bool text_is_number(const char *s);
/* n of them, to a number of at most max; 0, -EINVAL, or -ERANGE for digits that say more. */
int digits_parse(const char *s, size_t n, uint64_t max, uint64_t *ret);

/* Bytes (1 to 4) and code of the UTF-8 character at s, which ends with a NUL somewhere; 0: none. */
size_t utf8_character(const char *s, uint32_t *ret_code);
/* Valid UTF-8 without control characters (C0, DEL, C1, line and paragraph separators)? */
bool text_is_printable(const char *s);
/* Puts '?' in the place of every byte that text_is_printable() would refuse. */
void text_make_printable(char *s);

/*
 * A text as a message may show it: at most 64 bytes of it, whole UTF-8 sequences, and without the
 * control characters that would move a terminal's cursor. Returns buffer.
 */
#define TEXT_SHOWN_MAX 68
const char *text_show(const char *text, char buffer[static TEXT_SHOWN_MAX]);
