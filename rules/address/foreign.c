/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/address/foreign.h"

#include "rules/base/util.h"

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool holds(const char *line, size_t n, const char *what)
{
        return memmem(line, n, what, strlen(what)) != NULL;
}

static bool begins(const char *line, size_t n, const char *what)
{
        return n >= strlen(what) && memcmp(line, what, strlen(what)) == 0;
}

static bool is_html(const char *line, size_t n)
{
        return line[0] == '<' && (holds(line, n, ">") || begins(line, n, "<!"));
}

/* Objects, arrays, and strings between commas. An IPv6 address in brackets is not an array. */
static bool is_json(const char *line, size_t n)
{
        if (line[0] == '{' || line[0] == '}' || line[0] == ']' || holds(line, n, "\":"))
                return true;
        if (line[0] == '[')
                return n == 1 || line[1] == '"' || line[1] == '{' || line[1] == ' ';
        return line[0] == '"' && (line[n - 1] == ',' || line[n - 1] == '"');
}

static bool is_csf(const char *line, size_t n)
{
        return holds(line, n, "|d=") || holds(line, n, "|s=");
}

static bool is_setting(const char *line, size_t n)
{
        return begins(line, n, "mynetworks") || (is_letter(line[0]) && holds(line, n, " = "));
}

/* "192.0.2.0/24 REJECT" */
static bool is_table(const char *line, size_t n)
{
        size_t i = 0;

        while (i < n && line[i] != ' ' && line[i] != '\t')
                i++;
        while (i < n && (line[i] == ' ' || line[i] == '\t'))
                i++;
        return i < n && is_letter(line[i]);
}

static bool is_csv(const char *line, size_t n)
{
        return holds(line, n, ",");
}

static bool is_several(const char *line, size_t n)
{
        return holds(line, n, " ");
}

static const struct Format {
        bool (*is_it)(const char *line, size_t n);
        const char *name;
} formats[] = {
        { is_html, "HTML" },
        { is_json, "JSON" },
        { is_csf, "a rule of CSF" },
        { is_setting, "a setting, NAME = VALUE" },
        { is_csv, "CSV" },
        { is_table, "a lookup table, ADDRESS ACTION" },
        { is_several, "several values" },
};

const char *foreign_format(const char *line, size_t n)
{
        for (size_t i = 0; n > 0 && i < ELEMENTS(formats); i++)
                if (formats[i].is_it(line, n))
                        return formats[i].name;
        return NULL;
}
