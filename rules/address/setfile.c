/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Set files: text to prefixes and back, for lists of millions (prefixset.h). Opens no files. */

#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/address/foreign.h"
#include "rules/address/prefixset.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"

#include <errno.h>
#include <stdio.h>

#define REPORTS_MAX 20 /* of bad lines, and of host bits, that are reported one by one */

typedef struct SetReader {
        const char *file;
        Diagnostics *diagnostics;
        unsigned line;
        size_t n_bad, n_host_bits;
        Prefix4 *v4;
        size_t n_v4;
        Prefix6 *v6;
        size_t n_v6;
} SetReader;

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static int reader_add4(SetReader *s, uint32_t address, uint8_t bits)
{
        if (array_grow(&s->v4, s->n_v4, sizeof(*s->v4)) < 0)
                return -ENOMEM;
        s->v4[s->n_v4++] = (Prefix4){ address, bits };
        return 0;
}

static int reader_add6(SetReader *s, const Prefix *p)
{
        if (array_grow(&s->v6, s->n_v6, sizeof(*s->v6)) < 0)
                return -ENOMEM;
        memcpy(s->v6[s->n_v6].address, p->address.bytes, sizeof(p->address.bytes));
        s->v6[s->n_v6++].bits = p->bits;
        return 0;
}

static bool begins_with_mark(const SetReader *s, const char *text, size_t n)
{
        return s->line == 1 && n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
}

/* The error in a line, "X: REASON" or "X looks like …". */
static int bad_line_words(
        SetReader *s, const char *text, size_t n, const char *reason, const char *foreign)
{
        int shown = n > 64 ? 64 : (int)n;
        Place place = { s->file, s->line };

        if (begins_with_mark(s, text, n))
                return diagnostics_error(s->diagnostics, place, NULL,
                        "the list begins with a byte order mark: save it as UTF-8 without one");
        if (foreign)
                return diagnostics_error(s->diagnostics, place, NULL,
                        "\"%.*s\"%s looks like %s; a list has one address or prefix a line", shown,
                        text, n > 64 ? "..." : "", foreign);
        return diagnostics_error(s->diagnostics, place, NULL, "\"%.*s\"%s: %s", shown, text,
                n > 64 ? "..." : "", reason);
}

static int reader_bad_line(SetReader *s, const char *text, size_t n, const char *reason)
{

        if (++s->n_bad > REPORTS_MAX)
                return 0;
        if (s->diagnostics && s->diagnostics->hides_content)
                return diagnostics_error(s->diagnostics, ((Place){ s->file, s->line }), NULL,
                               "is not an address or prefix") == -ENOMEM
                               ? -ENOMEM
                               : 0;
        return bad_line_words(s, text, n, reason, foreign_format(text, n)) == -ENOMEM ? -ENOMEM : 0;
}

static int reader_host_bits(SetReader *s, const char *text, size_t n, const Prefix *p)
{
        char network[ADDRESS_TEXT_MAX];

        if (++s->n_host_bits > REPORTS_MAX)
                return 0;
        if (s->diagnostics && s->diagnostics->hides_content)
                return diagnostics_warning(
                        s->diagnostics, ((Place){ s->file, s->line }), NULL, "has host bits");
        return diagnostics_warning(s->diagnostics, ((Place){ s->file, s->line }), NULL,
                "\"%.*s\" has host bits; using %s", (int)n, text, prefix_format(p, network));
}

/* Any line, without its end. */
static int reader_line(SetReader *s, const char *text, size_t n)
{
        const char *reason;
        bool host_bits;
        size_t end = 0;
        Prefix p;

        while (end < n && text[end] != '#' && text[end] != ';')
                end++;
        while (end > 0 && is_blank(*text)) {
                text++;
                end--;
        }
        while (end > 0 && is_blank(text[end - 1]))
                end--;
        if (end == 0)
                return 0;
        if (prefix_parse(text, end, &p, &host_bits, &reason) < 0)
                return reader_bad_line(s, text, end, reason);
        if (host_bits && reader_host_bits(s, text, end, &p) < 0)
                return -ENOMEM;
        return p.address.family == FAMILY_IPV4 ? reader_add4(s, address_to_ipv4(&p.address), p.bits)
                                               : reader_add6(s, &p);
}

/*
 * The line that nearly all lines are: "192.0.2.0/24\n", "192.0.2.1\n". Returns the bytes it takes,
 * 0 if the line is another one; reader_line() then judges it.
 */
static size_t quick_line(const char *text, size_t n, uint32_t *ret_address, uint8_t *ret_bits)
{
        size_t i = ipv4_prefix_scan(text, n, ret_address, ret_bits);

        return i > 0 && i < n && text[i++] != '\n' ? 0 : i;
}

static int reader_too_many(SetReader *s)
{
        return diagnostics_error(s->diagnostics, ((Place){ s->file, s->line }), NULL,
                "too many entries: a set can hold at most %d", PREFIX_SET_MAX);
}

static int reader_read(SetReader *s, const char *text, size_t n)
{
        while (n > 0) {
                uint32_t address;
                uint8_t bits;
                size_t length = quick_line(text, n, &address, &bits);
                int r;

                s->line++;
                if (length > 0) {
                        r = reader_add4(s, address, bits);
                } else {
                        const char *end = memchr(text, '\n', n);

                        length = end ? (size_t)(end - text) : n;
                        r = reader_line(s, text, length);
                        length += end != NULL;
                }
                if (r < 0)
                        return r;
                if (s->n_v4 + s->n_v6 > PREFIX_SET_MAX)
                        return reader_too_many(s);
                text += length;
                n -= length;
        }
        return 0;
}

/* A summary of the errors that were not reported line by line. */
static int reader_sum_up(SetReader *s)
{
        Place place = { s->file, 0 };

        if (s->n_host_bits > REPORTS_MAX &&
                diagnostics_warning(s->diagnostics, place, NULL, "%zu more lines with host bits",
                        s->n_host_bits - REPORTS_MAX) < 0)
                return -ENOMEM;
        if (s->n_bad > REPORTS_MAX)
                return diagnostics_error(
                        s->diagnostics, place, NULL, "%zu more bad lines", s->n_bad - REPORTS_MAX);
        return s->n_bad > 0 ? -EINVAL : 0;
}

int prefix_set_parse(const char *text, size_t n, const char *file, Diagnostics *d, PrefixSet **ret)
{
        SetReader s = { .file = file, .diagnostics = d };
        int r;

        r = reader_read(&s, text, n);
        if (r >= 0)
                r = reader_sum_up(&s);
        if (r < 0) {
                free(s.v4);
                free(s.v6);
                return r;
        }
        return prefix_set_adopt(s.v4, s.n_v4, s.v6, s.n_v6, ret);
}

int prefix_set_print(const PrefixSet *s, char **ret, size_t *ret_length)
{
        /* the longest lines: "255.255.255.255/32" never is one, "255.255.255.254/31" is */
        const size_t line4 = 19, line6 = 44;
        size_t n_v4 = item_list_count(s->v4), n_v6 = item_list_count(s->v6);
        char *text = malloc(n_v4 * line4 + n_v6 * line6 + ADDRESS_TEXT_MAX), *p = text;
        char *smaller;

        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < n_v4; i++) {
                const Prefix4 *v4 = prefix4_at(s, i);

                p += ipv4_write(v4->address, p);
                if (v4->bits < 32) {
                        *p++ = '/';
                        if (v4->bits >= 10)
                                *p++ = (char)('0' + v4->bits / 10);
                        *p++ = (char)('0' + v4->bits % 10);
                }
                *p++ = '\n';
        }
        for (size_t i = 0; i < n_v6; i++) {
                const Prefix6 *v6 = prefix6_at(s, i);
                Prefix prefix = { .address.family = FAMILY_IPV6, .bits = v6->bits };

                memcpy(prefix.address.bytes, v6->address, 16);
                prefix_format(&prefix, p);
                p += strlen(p);
                *p++ = '\n';
        }
        *p = '\0';
        *ret_length = (size_t)(p - text);
        smaller = realloc(text, *ret_length + 1);
        *ret = smaller ?: text;
        return 0;
}
