/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/host/journal.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedentry.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/hash.h"
#include "rules/base/text.h"
#include "rules/policy/expiry.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define CHECKSUM_DIGITS 16

static void record_deinit(JournalRecord *r)
{
        origin_deinit(&r->origin);
        free(r->set);
        prefix_set_unref(r->add);
        prefix_set_unref(r->remove);
        timed_set_unref(r->timed);
        *r = (JournalRecord){ 0 };
}

void journal_deinit(Journal *j)
{
        for (size_t i = 0; i < j->n; i++)
                record_deinit(&j->records[i]);
        free(j->records);
        *j = (Journal){ 0 };
}

void journal_drop_last(Journal *j)
{
        record_deinit(&j->records[--j->n]);
}

/* Distinguishes a torn line from a whole one; needs to do no more. */
static uint64_t checksum(const char *text, size_t n)
{
        return hash_finish(hash_bytes(HASH_BEGIN, text, n));
}

/* Percent encoding of what would end a word; '=' before it, so that an empty word shows. */
static void word_print(Buffer *b, const char *text)
{
        buffer_add_char(b, '=');
        for (const char *p = text ? text : ""; *p; p++) {
                unsigned char c = (unsigned char)*p;

                if (c <= ' ' || c == '%' || c == 0x7f)
                        buffer_printf(b, "%%%02x", c);
                else
                        buffer_add_char(b, *p);
        }
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int word_parse(const char *word, size_t n, char **ret)
{
        _cleanup_buffer_ Buffer text = { 0 };

        if (n == 0 || word[0] != '=')
                return -EINVAL;
        if (n == 1) {
                *ret = NULL;
                return 0;
        }
        for (size_t i = 1; i < n; i++) {
                int high, low;

                if (word[i] != '%') {
                        buffer_add_char(&text, word[i]);
                        continue;
                }
                high = i + 2 < n ? hex_digit(word[i + 1]) : -1;
                low = i + 2 < n ? hex_digit(word[i + 2]) : -1;
                if (high < 0 || low < 0 || (high == 0 && low == 0))
                        return -EINVAL;
                buffer_add_char(&text, (char)(high << 4 | low));
                i += 2;
        }
        return buffer_take(&text, ret);
}

static void prefixes_print(Buffer *b, char sign, const PrefixSet *s)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; s && i < prefix_set_size(s); i++) {
                Prefix p = prefix_set_at(s, i);

                buffer_printf(b, " %c%s", sign, prefix_format(&p, text));
        }
}

static void timed_print(Buffer *b, const TimedSet *s)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < timed_set_size(s); i++) {
                TimedEntry e = timed_set_at(s, i);

                buffer_printf(b, " +%s@%" PRIu64, prefix_format(&e.prefix, text),
                        e.until_usec / USEC_PER_SEC);
        }
}

void journal_record_print(Buffer *b, const JournalRecord *r)
{
        char pid[sizeof("4294967295")];
        const Origin *o = &r->origin;
        const char *const words[] = { o->process, o->reason, o->pid > 0 ? pid : NULL, o->unit,
                o->remote };
        _cleanup_buffer_ Buffer body = { 0 };

        (void)snprintf(pid, sizeof(pid), "%" PRIu32, o->pid);
        buffer_printf(&body, "%" PRIu64 " %" PRIu64 " %" PRIu32 " %s", r->revision, o->time_usec,
                o->uid, r->set);
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                buffer_add_char(&body, ' ');
                word_print(&body, words[i]);
        }
        prefixes_print(&body, '+', r->add);
        prefixes_print(&body, '-', r->remove);
        timed_print(&body, r->timed);
        if (body.failed) {
                b->failed = true;
                return;
        }
        buffer_printf(b, "%0*" PRIx64 " ", CHECKSUM_DIGITS, checksum(body.data, body.length));
        buffer_add(b, body.data, body.length);
        buffer_add_char(b, '\n');
}

/* The next word of the line: up to a blank. */
static const char *next_word(const char **p, const char *end, size_t *ret_length)
{
        const char *word = *p, *blank = memchr(word, ' ', (size_t)(end - word));

        *ret_length = (size_t)((blank ? blank : end) - word);
        *p = blank ? blank + 1 : end;
        return word;
}

static int next_number(const char **p, const char *end, uint64_t max, uint64_t *ret)
{
        size_t n;
        const char *word = next_word(p, end, &n);

        return digits_parse(word, n, max, ret) < 0 ? -EINVAL : 0;
}

typedef struct EntryLists {
        Prefix *add, *remove;
        size_t n_add, n_remove;
        TimedEntry *timed;
        size_t n_timed;
} EntryLists;

static void entry_lists_deinit(EntryLists *l)
{
        free(l->add);
        free(l->remove);
        free(l->timed);
}

static int prefix_append(Prefix **list, size_t *n, const Prefix *p)
{
        if (array_grow(list, *n, sizeof(**list)) < 0)
                return -ENOMEM;
        (*list)[(*n)++] = *p;
        return 0;
}

/* "+PREFIX", "-PREFIX" or "+PREFIX@SECONDS" */
static int entry_parse(const char *word, size_t n, EntryLists *l)
{
        const char *at = memchr(word, '@', n), *reason, *digits = at ? at + 1 : NULL;
        size_t length = at ? (size_t)(at - word) : n;
        uint64_t sec;
        Prefix prefix;
        bool host_bits;

        if (length < 2 || (word[0] != '+' && word[0] != '-') ||
                prefix_parse(word + 1, length - 1, &prefix, &host_bits, &reason) < 0)
                return -EINVAL;
        if (word[0] == '-')
                return at ? -EINVAL : prefix_append(&l->remove, &l->n_remove, &prefix);
        if (!at)
                return prefix_append(&l->add, &l->n_add, &prefix);
        if (prefix.bits == 0 || next_number(&digits, word + n, EXPIRY_MAX_SEC, &sec) < 0)
                return -EINVAL;
        if (array_grow(&l->timed, l->n_timed, sizeof(*l->timed)) < 0)
                return -ENOMEM;
        l->timed[l->n_timed++] = (TimedEntry){ prefix, sec * USEC_PER_SEC };
        return 0;
}

static int entries_parse(const char *p, const char *end, JournalRecord *r)
{
        _cleanup_(entry_lists_deinit) EntryLists l = { 0 };
        int q = 0;

        while (p < end && q >= 0) {
                size_t n;
                const char *word = next_word(&p, end, &n);

                q = entry_parse(word, n, &l);
        }
        if (q < 0)
                return q;
        if (prefix_set_new(l.add, l.n_add, &r->add) < 0 ||
                prefix_set_new(l.remove, l.n_remove, &r->remove) < 0)
                return -ENOMEM;
        return timed_set_adopt(TAKE_PTR(l.timed), l.n_timed, &r->timed);
}

/* Process and reason, and what is there of process id, unit and remote address. */
static int origin_parse(const char **p, const char *end, Origin *o)
{
        _cleanup_free_ char *pid = NULL;
        char **const words[] = { &o->process, &o->reason, &pid, &o->unit, &o->remote };
        const char *digits;
        uint64_t number;

        for (size_t i = 0; i < ELEMENTS(words) && (i < 2 || (*p < end && **p == '=')); i++) {
                size_t n;
                const char *word = next_word(p, end, &n);
                int r = word_parse(word, n, words[i]);

                if (r < 0)
                        return r;
        }
        if (!pid)
                return 0;
        digits = pid;
        if (next_number(&digits, pid + strlen(pid), UINT32_MAX, &number) < 0)
                return -EINVAL;
        o->pid = (uint32_t)number;
        return 0;
}

static int record_parse_body(const char *p, const char *end, JournalRecord *r)
{
        const char *word;
        uint64_t uid;
        size_t n;
        int q;

        if (next_number(&p, end, INT64_MAX, &r->revision) < 0 ||
                next_number(&p, end, INT64_MAX, &r->origin.time_usec) < 0 ||
                next_number(&p, end, UINT32_MAX, &uid) < 0)
                return -EINVAL;
        r->origin.uid = (uint32_t)uid;
        word = next_word(&p, end, &n);
        r->set = strndup(word, n);
        if (!r->set)
                return -ENOMEM;
        if (!name_is_valid(r->set))
                return -EINVAL;
        q = origin_parse(&p, end, &r->origin);
        return q < 0 ? q : entries_parse(p, end, r);
}

/* One line without its newline. */
static int record_parse(const char *line, size_t n, JournalRecord *ret)
{
        _cleanup_(record_deinit) JournalRecord r = { 0 };
        char expected[CHECKSUM_DIGITS + 1];
        int q;

        if (n < CHECKSUM_DIGITS + 2 || line[CHECKSUM_DIGITS] != ' ' || memchr(line, '\0', n))
                return -EINVAL;
        (void)snprintf(expected, sizeof(expected), "%0*" PRIx64, CHECKSUM_DIGITS,
                checksum(line + CHECKSUM_DIGITS + 1, n - CHECKSUM_DIGITS - 1));
        if (memcmp(line, expected, CHECKSUM_DIGITS) != 0)
                return -EINVAL;
        q = record_parse_body(line + CHECKSUM_DIGITS + 1, line + n, &r);
        if (q < 0)
                return q;
        *ret = TAKE_STRUCT(r);
        return 0;
}

int journal_parse(const char *text, size_t n, const char *file, Diagnostics *d, Journal *ret)
{
        _cleanup_(journal_deinit) Journal j = { 0 };
        unsigned line = 0, bad = 0;
        size_t at = 0;

        while (at < n) {
                const char *newline = memchr(text + at, '\n', n - at);
                JournalRecord r;
                int q;

                line++;
                if (!newline)
                        break;
                q = record_parse(text + at, (size_t)(newline - text) - at, &r);
                if (q == -ENOMEM)
                        return q;
                at = (size_t)(newline - text) + 1;
                if (q < 0) {
                        bad = bad ? bad : line;
                        continue;
                }
                if (array_grow(&j.records, j.n, sizeof(*j.records)) < 0) {
                        record_deinit(&r);
                        return -ENOMEM;
                }
                j.records[j.n++] = r;
                if (bad != 0 || (j.n > 1 && r.revision <= j.records[j.n - 2].revision))
                        return diagnostics_error(d, ((Place){ file, bad ? bad : line }), NULL,
                                "the journal of the sets is damaged");
                j.length = at;
        }
        *ret = TAKE_STRUCT(j);
        return 0;
}
