/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files like /etc/passwd, and the fields of their lines. */

#include "daemon/host/names_file.h"

#include "rules/base/text.h"

#include <errno.h>

#define NAMES_FILE_MAX (64u << 20)

int names_file_init(NamesFile *f, const char *folder, const char *name)
{
        return text_printf(&f->path, "%s/%s", folder, name);
}

void names_file_deinit(NamesFile *f)
{
        free(f->path);
        free(f->text);
}

const char *names_file_text(NamesFile *f)
{
        struct stat st;
        HostInput now;
        size_t length;
        char *text;

        if (f->held && f->looked)
                return f->text;
        f->looked = true;
        if (stat(f->path, &st) < 0) {
                f->version += f->text != NULL;
                free(TAKE_PTR(f->text));
                return NULL;
        }
        now = host_input_from_stat(&st);
        if (f->text && host_input_equal(&now, &f->input))
                return f->text;
        if (host_read_file(f->path, NAMES_FILE_MAX, NULL, &text, &length) < 0) {
                f->looked = false;
                return NULL;
        }
        free(f->text);
        f->text = text;
        f->input = now;
        f->version++;
        return text;
}

void names_file_hold(NamesFile *f, bool held)
{
        f->held = held;
        f->looked = false;
}

const char *names_line_field(const char *line, unsigned field, size_t *ret_length)
{
        for (; field > 0; field--) {
                line += strcspn(line, ":\n");
                if (*line != ':')
                        return NULL;
                line++;
        }
        *ret_length = strcspn(line, ":\n");
        return line;
}

int names_field_number(const char *line, unsigned field, uint32_t *ret)
{
        size_t length;
        const char *text = names_line_field(line, field, &length);
        uint64_t n = 0;
        /* the last one means "no user" to the kernel */
        int r = text && length <= 10 ? digits_parse(text, length, UINT32_MAX - 1, &n) : -EINVAL;

        if (r >= 0)
                *ret = (uint32_t)n;
        return r;
}

const char *names_line_next(const char *line)
{
        line += strcspn(line, "\n");
        return *line ? line + 1 : NULL;
}
