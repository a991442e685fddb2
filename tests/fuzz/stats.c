/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The file of the statistics: any text, with a right checksum or without, is read or refused, and
 * what is read is written and read again as it was.
 */

#include "daemon/stats/internal.h"
#include "rules/base/buffer.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

static void print(Buffer *b, Counted *c, uint32_t now, uint64_t wall_usec)
{
        counted_print(b, c, now, wall_usec);
        expect(!b->failed, "memory");
}

static void check(const Buffer *text)
{
        _cleanup_buffer_ Buffer first = { 0 }, second = { 0 };
        Counted c, again;
        uint32_t now;
        uint64_t wall_usec;

        counted_init(&c);
        if (counted_parse(text->data ?: "", text->length, &c, &now, &wall_usec) == 0) {
                print(&first, &c, now, wall_usec);
                counted_init(&again);
                expect(counted_parse(first.data, first.length, &again, &now, &wall_usec) == 0,
                        "what is written is read");
                print(&second, &again, now, wall_usec);
                expect(streq(first.data, second.data), "as it was");
                counted_deinit(&again);
        }
        counted_deinit(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add(&b, data, n);
        check(&b);
        counted_seal(&b);
        check(&b);
        return 0;
}
