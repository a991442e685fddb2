/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/console/printable.h"

#include "rules/base/text.h"
#include "rules/base/util.h"

#include <stdlib.h>

/* Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX 9): a text that
 * holds them may be shown in another order than it has. */
static bool changes_direction(uint32_t code)
{
        return code == 0x061c || code == 0x200e || code == 0x200f ||
               (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static bool is_control(uint32_t code)
{
        return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

/* Bytes of the character at s if it may be printed, else 0. */
static size_t printable_length(const char *s)
{
        uint32_t code;
        size_t n = utf8_character(s, &code);

        return n > 0 && !is_control(code) && !changes_direction(code) ? n : 0;
}

/* The number of bytes that one '?' replaces: a whole character, or a byte of what is not UTF-8. */
static size_t replaced_length(const char *s)
{
        uint32_t code;
        size_t n = utf8_character(s, &code);

        return n > 0 ? n : 1;
}

static bool is_layout(const char *s)
{
        return s[0] == '\n' || s[0] == '\t' || (s[0] == '\r' && s[1] == '\n');
}

/* Bytes of an escape sequence at s that sets a color ("\033[31m"), else 0. */
static size_t color_length(const char *s)
{
        size_t n;

        if (s[0] != '\033' || s[1] != '[')
                return 0;
        n = strspn(s + 2, "0123456789");
        return n <= 2 && s[2 + n] == 'm' ? n + 3 : 0;
}

/* Bytes of ASCII that need no look at a character. */
static size_t plain_length(const char *s)
{
        size_t n = 0;

        while (s[n] >= 0x20 && s[n] < 0x7f)
                n++;
        return n;
}

static char *move(char *to, const char *s, size_t n)
{
        if (to != s)
                memmove(to, s, n);
        return to + n;
}

static void clean(char *s, bool layout, bool colors)
{
        char *to = s;

        for (;;) {
                size_t n = plain_length(s);

                to = move(to, s, n);
                s += n;
                if (!*s)
                        break;
                n = layout && is_layout(s) ? 1 : printable_length(s);

                if (n == 0 && colors)
                        n = color_length(s);

                if (n == 0) {
                        s += replaced_length(s);
                        *to++ = '?';
                        continue;
                }
                to = move(to, s, n);
                s += n;
        }
        *to = '\0';
}

void printable_line(char *s)
{
        clean(s, false, false);
}

void printable_text(char *s)
{
        clean(s, true, false);
}

void printable_colored_text(char *s)
{
        clean(s, true, true);
}

/* The bytes of an escape at s that stands for a character that must not be printed, else 0. */
static size_t bad_escape(const char *s)
{
        char digits[5] = { 0 };
        uint32_t code;

        if (strchr("bfnrt", s[1]))
                return s[1] ? 2 : 0;
        if (s[1] != 'u' || strnlen(s + 2, 4) < 4)
                return 0;
        memcpy(digits, s + 2, 4);
        code = (uint32_t)strtoul(digits, NULL, 16);
        return is_control(code) || changes_direction(code) ? 6 : 0;
}

void printable_json(char *s)
{
        char *to = s;

        printable_text(s);
        while (*s) {
                size_t n = strcspn(s, "\\");

                to = move(to, s, n);
                s += n;
                n = *s ? 1 : 0;

                if (s[0] == '\\' && s[1]) {
                        size_t bad = bad_escape(s);

                        if (bad > 0) {
                                *to++ = '?';
                                s += bad;
                                continue;
                        }
                        n = 2;
                }
                to = move(to, s, n);
                s += n;
        }
        *to = '\0';
}
