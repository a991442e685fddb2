/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A file of lines of fields, "a:b:c", such as /etc/passwd: kept in memory, and read again when it
 * changed. Does not depend on what the fields mean.
 */

#include "daemon/host/internal.h"

typedef struct NamesFile {
        char *path;
        char *text; /* NULL: not there */
        HostInput input;
        uint64_t version;  /* counts changes */
        bool held, looked; /* names_file_hold(), and it was looked at since */
} NamesFile;

/* 0 or -ENOMEM. */
int names_file_init(NamesFile *f, const char *folder, const char *name);
void names_file_deinit(NamesFile *f);
/* The text as it is now, or NULL; borrowed until the next call. */
const char *names_file_text(NamesFile *f);
/* Lets the text stay as it is found the next time, or ends that. */
void names_file_hold(NamesFile *f, bool held);

/* A field of a line and its length; NULL: there are fewer. */
const char *names_line_field(const char *line, unsigned field, size_t *ret_length);
/* 0; -EINVAL: the field is missing or not a number; -ERANGE. */
int names_field_number(const char *line, unsigned field, uint32_t *ret);
/* The next line, or NULL. */
const char *names_line_next(const char *line);
