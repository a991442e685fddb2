/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Arrays, lists of strings, texts (util.h). */

#include "rules/base/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int strdup_null(const char *s, char **ret)
{
        *ret = s ? strdup(s) : NULL;
        return s && !*ret ? -ENOMEM : 0;
}

int text_printf(char **ret, const char *format, ...)
{
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(ret, format, ap);
        va_end(ap);
        if (n < 0)
                *ret = NULL;
        return n < 0 ? -ENOMEM : 0;
}

bool text_ends_with(const char *s, const char *end)
{
        size_t n = strlen(s), m = strlen(end);

        return n >= m && streq(s + n - m, end);
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

int array_grow(void *array, size_t n, size_t size)
{
        void **p = array, *grown;
        size_t capacity;

        if (n >= 4 ? (n & (n - 1)) != 0 : n != 0)
                return 0;
        capacity = n < 4 ? 4 : 2 * n;
        grown = reallocarray(*p, capacity, size);
        if (!grown)
                return -ENOMEM;
        *p = grown;
        return 0;
}

int array_insert(void *array, size_t *n, size_t size, size_t at, const void *element)
{
        void **p = array;
        char *place;

        if (array_grow(array, *n, size) < 0)
                return -ENOMEM;
        place = (char *)*p + at * size;
        memmove(place + size, place, (*n - at) * size);
        memcpy(place, element, size);
        ++*n;
        return 0;
}

void array_remove(void *array, size_t *n, size_t size, size_t at)
{
        void **p = array;
        char *place = (char *)*p + at * size;

        --*n;
        memmove(place, place + size, (*n - at) * size);
}

int number_compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

int id_compare(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

size_t array_lower_bound(const void *key, const void *array, size_t n, size_t size,
        int (*compare)(const void *key, const void *element))
{
        size_t low = 0;

        while (low < n) {
                size_t middle = low + (n - low) / 2;

                if (compare(key, (const char *)array + middle * size) > 0)
                        low = middle + 1;
                else
                        n = middle;
        }
        return low;
}

bool array_same_members(const void *a, size_t n_a, const void *b, size_t n_b, size_t size,
        int (*compare)(const void *, const void *))
{
        _cleanup_free_ char *x = NULL, *y = NULL;
        size_t i = 0, j = 0;

        if (n_a == 0 || n_b == 0)
                return n_a == n_b;
        if (n_a == 1 && n_b == 1)
                return compare(a, b) == 0;
        x = reallocarray(NULL, n_a, size);
        y = reallocarray(NULL, n_b, size);
        if (!x || !y)
                return false;
        memcpy(x, a, n_a * size);
        memcpy(y, b, n_b * size);
        qsort(x, n_a, size, compare);
        qsort(y, n_b, size, compare);
        while (i < n_a && j < n_b) {
                if (compare(x + i * size, y + j * size) != 0)
                        return false;
                for (i++; i < n_a && compare(x + (i - 1) * size, x + i * size) == 0; i++)
                        ;
                for (j++; j < n_b && compare(y + (j - 1) * size, y + j * size) == 0; j++)
                        ;
        }
        return i == n_a && j == n_b;
}

size_t strv_length(char *const *l)
{
        size_t n = 0;

        while (l && l[n])
                n++;
        return n;
}

bool strv_contains(char *const *l, const char *s)
{
        for (; l && *l; l++)
                if (streq(*l, s))
                        return true;
        return false;
}

bool strv_equal(char *const *a, char *const *b)
{
        size_t n = strv_length(a);

        if (n != strv_length(b))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!streq(a[i], b[i]))
                        return false;
        return true;
}

int strv_consume(char ***l, char *s)
{
        size_t n = strv_length(*l);
        char **grown;

        if (!s)
                return -ENOMEM;
        grown = reallocarray(*l, n + 2, sizeof(char *));
        if (!grown) {
                free(s);
                return -ENOMEM;
        }
        grown[n] = s;
        grown[n + 1] = NULL;
        *l = grown;
        return 0;
}

int strv_append(char ***l, const char *s)
{
        return strv_consume(l, strdup(s));
}

int strv_vprintf(char ***l, const char *format, va_list ap)
{
        char *text;

        return vasprintf(&text, format, ap) < 0 ? -ENOMEM : strv_consume(l, text);
}

int strv_printf(char ***l, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = strv_vprintf(l, format, ap);
        va_end(ap);
        return r;
}

int strv_copy(char *const *l, char ***ret)
{
        _cleanup_strv_ char **copy = NULL;
        size_t n = strv_length(l);

        if (n > 0) {
                copy = calloc(n + 1, sizeof(char *));
                if (!copy)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                copy[i] = strdup(l[i]);
                if (!copy[i])
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(copy);
        return 0;
}

int string_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(char **l)
{
        if (l)
                qsort(l, strv_length(l), sizeof(char *), string_compare);
}

char **strv_free(char **l)
{
        STRV_FOREACH (s, l)
                free(*s);
        free(l);
        return NULL;
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

static bool buffer_reserve(Buffer *b, size_t n)
{
        size_t want, capacity = b->capacity ? b->capacity : 128;
        char *grown;

        if (b->failed)
                return false;
        if (n >= SIZE_MAX / 2 - b->length) {
                b->failed = true;
                return false;
        }
        want = b->length + n + 1;
        if (want <= b->capacity)
                return true;
        while (capacity < want)
                capacity *= 2;
        grown = realloc(b->data, capacity);
        if (!grown) {
                b->failed = true;
                return false;
        }
        b->data = grown;
        b->capacity = capacity;
        return true;
}

void buffer_add(Buffer *b, const void *data, size_t n)
{
        if (!buffer_reserve(b, n))
                return;
        if (n > 0)
                memcpy(b->data + b->length, data, n);
        b->length += n;
        b->data[b->length] = '\0';
}

void buffer_add_string(Buffer *b, const char *s)
{
        buffer_add(b, s, strlen(s));
}

void buffer_add_char(Buffer *b, char c)
{
        buffer_add(b, &c, 1);
}

void buffer_printf(Buffer *b, const char *format, ...)
{
        va_list ap;
        size_t room;
        int n;

        if (!buffer_reserve(b, 0))
                return;
        room = b->capacity - b->length;
        va_start(ap, format);
        n = vsnprintf(b->data + b->length, room, format, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n >= room && buffer_reserve(b, (size_t)n)) {
                va_start(ap, format);
                vsnprintf(b->data + b->length, (size_t)n + 1, format, ap);
                va_end(ap);
        }
        b->failed = b->failed || n < 0;
        if (b->failed)
                b->data[b->length] = '\0';
        else
                b->length += (size_t)n;
}

void buffer_clear(Buffer *b)
{
        b->length = 0;
        b->failed = false;
        if (b->data)
                b->data[0] = '\0';
}

int buffer_take(Buffer *b, char **ret)
{
        buffer_add(b, "", 0);
        if (b->failed) {
                buffer_deinit(b);
                return -ENOMEM;
        }
        *ret = b->data;
        *b = (Buffer){ 0 };
        return 0;
}

void buffer_deinit(Buffer *b)
{
        free(b->data);
        *b = (Buffer){ 0 };
}
