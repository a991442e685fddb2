/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The journal of the sets: any text is read or refused; what is written is read again as it was,
 * whole, and cut short anywhere it is read as far as its last whole line.
 */

#include "daemon/host/journal.h"
#include "rules/address/prefixset.h"
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

/* Up to the next NUL; NULL when there is nothing. */
static char *take_string(const char **p, const char *end)
{
        size_t n = strnlen(*p, (size_t)(end - *p));
        char *s = n > 0 ? strndup(*p, n) : NULL;

        *p += n < (size_t)(end - *p) ? n + 1 : n;
        return s;
}

static void expect_origin(const Origin *got, const Origin *wanted)
{
        expect(got->time_usec == wanted->time_usec && got->uid == wanted->uid, "time and user");
        expect(got->pid == wanted->pid, "process id");
        expect(streq_null(got->process, wanted->process), "process");
        expect(streq_null(got->unit, wanted->unit), "unit");
        expect(streq_null(got->remote, wanted->remote), "remote");
        expect(streq_null(got->reason, wanted->reason), "reason");
}

static void check_written(const char *p, const char *end)
{
        _cleanup_(origin_deinit) Origin origin = { .time_usec = 9, .uid = 10 };
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = NULL;
        _cleanup_(journal_deinit) Journal j = { 0 }, torn = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        JournalRecord r = { .revision = 7, .set = (char *)"set" };
        size_t first, cut;

        origin.pid = (uint32_t)(end - p);
        origin.process = take_string(&p, end);
        origin.unit = take_string(&p, end);
        origin.remote = take_string(&p, end);
        origin.reason = take_string(&p, end);

        if (prefix_set_parse(p, (size_t)(end - p), "text", NULL, &entries) < 0)
                return;
        r.origin.process = origin.process;
        journal_record_print(&b, &r);
        first = b.length;
        r = (JournalRecord){
                .revision = 8, .origin = origin, .set = (char *)"other", .add = entries
        };
        journal_record_print(&b, &r);
        expect(journal_parse(b.data, b.length, "journal", NULL, &j) == 0, "read again");
        expect(j.n == 2 && j.length == b.length, "both lines");
        expect_origin(&j.records[1].origin, &origin);
        expect(prefix_set_equal(j.records[1].add, entries), "entries");
        expect(prefix_set_size(j.records[1].remove) == 0, "none removed");
        cut = first + (b.length - first) / 2;
        expect(journal_parse(b.data, cut, "journal", NULL, &torn) == 0, "torn");
        expect(torn.n == 1 && torn.length == first, "up to the last whole line");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        _cleanup_(journal_deinit) Journal j = { 0 };
        const char *text = (const char *)data;

        if (n == 0)
                return 0;
        if (journal_parse(text, n, "journal", NULL, &j) == 0)
                expect(j.length <= n, "no more than there is");
        check_written(text, text + n);
        return 0;
}
