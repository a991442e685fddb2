/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The log of rules: any prefix and packet is read or refused; what is read is written as a record
 * and read again as it was. And any line is a record or refused.
 */

#include "daemon/events/event.h"
#include "daemon/events/record.h"
#include "rules/address/address.h"
#include "rules/address/family.h"
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

/* IPv4-mapped addresses have no text that is read. */
static bool is_mapped(const Address *a)
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

        return a->family == FAMILY_IPV6 && memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

static void check_record(const Event *e)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Event again;

        if (is_mapped(&e->source) || is_mapped(&e->destination) || e->rule > INT64_MAX)
                return;
        record_print(&b, e);
        expect(!b.failed && b.data[b.length - 1] == '\n', "a line");
        expect(record_parse(b.data, b.length - 1, &again) == 0, "what is written is read");
        expect(event_same(e, &again) && again.id == e->id && again.count == e->count &&
                        again.source_port == e->source_port && again.time_usec == e->time_usec,
                "as it was");
        event_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        const uint8_t *nul = memchr(data, '\0', n);
        Event e;

        if (record_parse((const char *)data, n, &e) == 0) {
                check_record(&e);
                event_deinit(&e);
        }
        if (nul && event_parse((const char *)data, nul + 1, (size_t)(data + n - nul - 1), &e) == 0)
                check_record(&e);
        return 0;
}
