/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/base/text.h"

#include <errno.h>
#include <stdio.h>

int strdup_null(const char *s, char **ret)
{
        *ret = s ? strdup(s) : NULL;
        return s && !*ret ? -ENOMEM : 0;
}

int text_vprintf(char **ret, const char *format, va_list ap)
{
        if (vasprintf(ret, format, ap) >= 0)
                return 0;
        *ret = NULL;
        return -ENOMEM;
}

int text_printf(char **ret, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = text_vprintf(ret, format, ap);
        va_end(ap);
        return r;
}

bool text_ends_with(const char *s, const char *end)
{
        size_t n = strlen(s), m = strlen(end);

        return n >= m && streq(s + n - m, end);
}

int text_find(const char *const texts[], int n, const char *s)
{
        for (int i = 0; i < n; i++)
                if (streq(texts[i], s))
                        return i;
        return -1;
}

int text_find_word(const char *const texts[], int n, const char *word)
{
        size_t length = strlen(word);

        for (int i = 0; i < n && length > 0; i++)
                for (const char *t = texts[i]; *t; t += strspn(t, " ")) {
                        size_t end = strcspn(t, " ");

                        if (end == length && strncasecmp(t, word, length) == 0)
                                return i;
                        t += end;
                }
        return -1;
}

bool text_is_number(const char *s)
{
        return *s && s[strspn(s, "0123456789")] == '\0';
}

int digits_parse(const char *s, size_t n, uint64_t max, uint64_t *ret)
{
        uint64_t number = 0;
        bool fits = true;

        if (n == 0)
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                uint64_t digit = (uint64_t)(s[i] - '0');

                if (s[i] < '0' || s[i] > '9')
                        return -EINVAL;
                fits = fits && digit <= max && number <= (max - digit) / 10;
                number = fits ? number * 10 + digit : 0;
        }
        if (!fits)
                return -ERANGE;
        *ret = number;
        return 0;
}

/* RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t utf8_character(const char *s, uint32_t *ret_code)
{
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *b = (const unsigned char *)s;
        size_t n = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
        uint32_t code = n <= 1 ? b[0] : b[0] & (0xffu >> (n + 1));

        if (n == 0 || b[0] > 0xf4)
                return 0;
        for (size_t i = 1; i < n; i++) {
                if ((b[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (b[i] & 0x3f);
        }
        if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return 0;
        *ret_code = code;
        return n;
}

/* Bytes of the character at s, or 0 if there is none or it is a control character. */
static size_t character_length(const char *s)
{
        uint32_t code;
        size_t n = utf8_character(s, &code);

        if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
                code == 0x2029)
                return 0;
        return n;
}

bool text_is_printable(const char *s)
{
        while (*s) {
                size_t n = character_length(s);

                if (n == 0)
                        return false;
                s += n;
        }
        return true;
}

void text_make_printable(char *s)
{
        while (*s) {
                size_t n = character_length(s);

                if (n == 0)
                        *s++ = '?';
                else
                        s += n;
        }
}

const char *text_show(const char *text, char buffer[static TEXT_SHOWN_MAX])
{
        size_t n = strnlen(text, TEXT_SHOWN_MAX - sizeof("..."));
        bool whole = text[n] == '\0';

        /* the first byte left out must not be in the midst of a UTF-8 sequence */
        while (!whole && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
                n--;
        memcpy(buffer, text, n);
        memcpy(buffer + n, whole ? "" : "...", whole ? 1 : sizeof("..."));
        text_make_printable(buffer);
        return buffer;
}
