/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/delta.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"

#include <errno.h>

#define _cleanup_set_ _cleanup_(prefix_set_unref_p)

int set_text_normalise(
        const char *text, size_t n, const char *file, Diagnostics *d, char **ret, size_t *ret_n)
{
        _cleanup_set_ PrefixSet *s = NULL;
        int r = prefix_set_parse(text, n, file, d, &s);

        return r < 0 ? r : prefix_set_print(s, ret, ret_n);
}

static int parse_quietly(const char *text, size_t n, PrefixSet **ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        return prefix_set_parse(text, n, NULL, &d, ret);
}

/* ---- making ---- */

/* The entries of a that b does not have, each behind a sign. */
static int add_missing(Buffer *b, char sign, const char *a, size_t n_a, const char *text_b)
{
        _cleanup_set_ PrefixSet *set_a = NULL, *set_b = NULL;
        int r = parse_quietly(a, n_a, &set_a);

        if (r >= 0)
                r = parse_quietly(text_b, strlen(text_b), &set_b);
        for (size_t i = 0; r >= 0 && i < prefix_set_size(set_a); i++) {
                Prefix p = prefix_set_at(set_a, i);
                char shown[ADDRESS_TEXT_MAX];

                if (!prefix_set_has(set_b, &p))
                        buffer_printf(b, "%c%s\n", sign, prefix_format(&p, shown));
        }
        return r;
}

int set_delta_make(const char *from, const char *to, char **ret, size_t *ret_n)
{
        _cleanup_buffer_ Buffer b = { 0 };
        int r = add_missing(&b, '-', from, strlen(from), to);

        if (r >= 0)
                r = add_missing(&b, '+', to, strlen(to), from);
        if (r < 0)
                return r;
        *ret_n = b.length;
        return buffer_take(&b, ret);
}

/* ---- applying ---- */

/* The lines of one sign, without it, as a set. */
static int read_side(const char *delta, char sign, PrefixSet **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        for (const char *line = delta; *line;) {
                const char *end = strchr(line, '\n');

                if (!end || (line[0] != '+' && line[0] != '-'))
                        return -EINVAL;
                if (line[0] == sign)
                        buffer_add(&b, line + 1, (size_t)(end + 1 - (line + 1)));
                line = end + 1;
        }
        if (b.failed)
                return -ENOMEM;
        return parse_quietly(b.data ?: "", b.length, ret);
}

int set_delta_apply(const char *base, const char *delta, char **ret, size_t *ret_n)
{
        _cleanup_set_ PrefixSet *before = NULL, *plus = NULL, *minus = NULL, *after = NULL;
        size_t added, removed;
        int r = parse_quietly(base, strlen(base), &before);

        if (r >= 0)
                r = read_side(delta, '+', &plus);
        if (r >= 0)
                r = read_side(delta, '-', &minus);
        if (r >= 0)
                r = prefix_set_update(before, plus, minus, &after, &added, &removed);
        return r < 0 ? r : prefix_set_print(after, ret, ret_n);
}
