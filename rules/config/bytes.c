/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Is it text at all? Does not depend on libconfig's language. */

#include "rules/config/bytes.h"

#include "rules/base/text.h"
#include "rules/policy/valid.h"

static unsigned line_at(const char *text, const char *at)
{
        unsigned line = 1;

        for (; text < at; text++)
                line += *text == '\n';
        return line;
}

int bytes_check(const char *text, size_t n, const char *file, Diagnostics *d)
{
        const char *nul;

        if (n > POLICY_TEXT_MAX)
                return diagnostics_error(d, ((Place){ file, 1 }), NULL,
                        "the file is larger than %u MiB, the limit for a policy",
                        POLICY_TEXT_MAX >> 20);
        nul = n > 0 ? memchr(text, '\0', n) : NULL;
        if (nul)
                return diagnostics_error(d, ((Place){ file, line_at(text, nul) }), NULL,
                        "NUL byte: this is not a text file (a policy is plain UTF-8)");
        return 0;
}

/* Tab, line feed, form feed and carriage return are white space. */
static bool is_control(char c)
{
        return ((unsigned char)c < 0x20 && !strchr("\t\n\f\r", c)) || c == 0x7f;
}

/* Over printable ASCII, which nearly all of a text is. */
static const char *skip_plain(const char *p)
{
        while (*p >= ' ' && *p < 0x7f)
                p++;
        return p;
}

int characters_check(const char *text, const char *file, Diagnostics *d)
{
        uint32_t code;
        size_t n;

        if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
                return diagnostics_error(d, ((Place){ file, 1 }), NULL,
                        "the file begins with a byte order mark: save it as UTF-8 without one");
        for (const char *p = skip_plain(text); *p; p = skip_plain(p + n)) {
                n = utf8_character(p, &code);
                if (n == 0)
                        return diagnostics_error(d, ((Place){ file, line_at(text, p) }), NULL,
                                "byte 0x%02x is not UTF-8 (a policy is plain UTF-8)",
                                (unsigned char)*p);
                if (is_control(*p))
                        return diagnostics_error(d, ((Place){ file, line_at(text, p) }), NULL,
                                "control character 0x%02x (a policy is plain UTF-8)",
                                (unsigned char)*p);
        }
        return 0;
}
