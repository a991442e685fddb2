/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/pool/config.h"

#include "rules/base/util.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 1024
#define FILE_SIZE_MAX ((size_t)256 << 10)
#define DEPTH_MAX 4 /* of files that include files */

typedef struct Reading {
        const char *pool;
        PoolStatus *ret;
        bool within; /* the pool's section */
        unsigned files, depth;
} Reading;

static int file_take(Reading *g, const char *path);

/* "$pool" stands for the pool's name. What does not fit is none. */
static void value_put(const Reading *g, const char *value, char *ret, size_t size)
{
        static const char variable[] = "$pool";
        size_t n = 0;

        while (*value && n + 1 < size) {
                bool named = strncmp(value, variable, strlen(variable)) == 0;
                int length = named ? snprintf(ret + n, size - n, "%s", g->pool)
                                   : snprintf(ret + n, size - n, "%c", *value);

                n += (size_t)length;
                value += named ? strlen(variable) : 1;
        }
        ret[*value || n >= size ? 0 : n] = '\0';
}

static int includes_take(Reading *g, const char *pattern)
{
        glob_t found = { 0 };
        int r = glob(pattern, GLOB_NOSORT, NULL, &found);

        if (r == GLOB_NOSPACE)
                return -ENOMEM;
        r = 0;
        for (size_t i = 0; i < found.gl_pathc && r == 0; i++)
                r = file_take(g, found.gl_pathv[i]);
        globfree(&found);
        return r;
}

static char *trim(char *s)
{
        size_t n;

        while (isspace((unsigned char)*s))
                s++;
        for (n = strlen(s); n > 0 && isspace((unsigned char)s[n - 1]);)
                s[--n] = '\0';
        return s;
}

/* Without quotes, or without the comment behind. */
static char *value_of(char *s)
{
        char quote = *s;
        char *end = quote == '"' || quote == '\'' ? strchr(s + 1, quote) : NULL;

        if (end) {
                *end = '\0';
                return s + 1;
        }
        s[strcspn(s, ";")] = '\0';
        return trim(s);
}

static int line_take(Reading *g, char *line)
{
        char *text = trim(line), *value = strchr(text, '='), *end, *name;

        if (*text == '[' && (end = strchr(text, ']'))) {
                *end = '\0';
                g->within = streq(trim(text + 1), g->pool);
                return 0;
        }
        if (*text == ';' || *text == '#' || !value)
                return 0;
        *value = '\0';
        name = trim(text);
        value = value_of(trim(value + 1));
        if (streq(name, "include"))
                return includes_take(g, value);
        if (g->within && streq(name, "pm.status_path"))
                value_put(g, value, g->ret->path, sizeof(g->ret->path));
        if (g->within && streq(name, "pm.status_listen"))
                value_put(g, value, g->ret->socket, sizeof(g->ret->socket));
        return 0;
}

static int lines_take(Reading *g, FILE *f)
{
        _cleanup_free_ char *line = NULL;
        size_t size = 0, sum = 0;
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = getline(&line, &size, f)) >= 0) {
                sum += (size_t)n;
                r = sum > FILE_SIZE_MAX ? -EFBIG : line_take(g, line);
        }
        return r;
}

static FILE *file_open(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct stat st;
        FILE *f = NULL;

        if (fd < 0)
                return NULL;
        if (fstat(fd, &st) >= 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)FILE_SIZE_MAX)
                f = fdopen(fd, "r");
        if (!f)
                close(fd);
        return f;
}

static int file_take(Reading *g, const char *path)
{
        FILE *f;
        int r;

        if (++g->files > FILES_MAX)
                return -EFBIG;
        if (g->depth >= DEPTH_MAX || !(f = file_open(path)))
                return 0;
        g->depth++;
        r = lines_take(g, f);
        g->depth--;
        fclose(f);
        return r;
}

int pool_config_find(const char *file, const char *pool, PoolStatus *ret)
{
        Reading g = { .pool = pool, .ret = ret };
        int r;

        *ret = (PoolStatus){ 0 };
        r = file_take(&g, file);
        if (r < 0)
                return r;
        return ret->socket[0] == '/' && ret->path[0] == '/' ? 0 : -ENOENT;
}
