/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/base/buffer.h"

#include "rules/base/array.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static bool buffer_reserve(Buffer *b, size_t n)
{
        if (!b->failed && (n >= SIZE_MAX / 2 - b->length || array_reserve(&b->data, &b->capacity,
                                                                    128, b->length + n + 1) < 0))
                b->failed = true;
        return !b->failed;
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
