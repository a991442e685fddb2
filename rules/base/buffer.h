/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A growing text or byte string. Always NUL-terminated once something was added. The first
 * allocation failure sticks: later additions do nothing, and buffer_take() says -ENOMEM, so that
 * long printers need one check, at their end.
 */

#include "rules/base/util.h"

typedef struct Buffer {
        char *data;
        size_t length;
        size_t capacity;
        bool failed;
} Buffer;

#define _cleanup_buffer_ _cleanup_(buffer_deinit)

void buffer_add(Buffer *b, const void *data, size_t n);
void buffer_add_string(Buffer *b, const char *s);
void buffer_add_char(Buffer *b, char c);
void buffer_printf(Buffer *b, const char *format, ...) _printf_(2, 3);
/* Drops the content, keeps the memory. */
void buffer_clear(Buffer *b);
/* Hands the text over (never NULL on success) and leaves the buffer empty; 0 or -ENOMEM. */
int buffer_take(Buffer *b, char **ret);
void buffer_deinit(Buffer *b);
