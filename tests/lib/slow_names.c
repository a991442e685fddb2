/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Loaded before other libraries: a name service whose answers take as long as a test wants. The
 * file that P25_NAMES names holds "NAME NUMBER MILLISECONDS" a line, for users and groups alike;
 * who is not in it is asked about for as long as "*" says.
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number, or -1. */
static int64_t find(const char *name, uint32_t number)
{
        const char *path = getenv("P25_NAMES");
        FILE *f = path ? fopen(path, "re") : NULL;
        unsigned msec, everybody = 0;
        char found[64];
        int64_t n, result = -1;

        while (f && fscanf(f, "%63s %ld %u", found, &n, &msec) == 3) {
                if (strcmp(found, "*") == 0)
                        everybody = msec;
                if (name ? strcmp(found, name) != 0 : n != number)
                        continue;
                result = n;
                everybody = msec;
                break;
        }
        if (f)
                fclose(f);
        usleep(everybody * 1000);
        return result;
}

static int answer_user(int64_t n, const char *name, struct passwd *pw, char *buffer, size_t size,
        struct passwd **ret)
{
        *ret = NULL;
        if (n < 0)
                return 0;
        if (strlen(name) >= size)
                return ERANGE;
        memcpy(buffer, name, strlen(name) + 1);
        *pw = (struct passwd){ .pw_name = buffer, .pw_uid = (uid_t)n, .pw_gid = (gid_t)n };
        *ret = pw;
        return 0;
}

int getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t size, struct passwd **ret)
{
        return answer_user(find(name, 0), name, pw, buffer, size, ret);
}

int getpwuid_r(uid_t uid, struct passwd *pw, char *buffer, size_t size, struct passwd **ret)
{
        return answer_user(find(NULL, uid), "somebody", pw, buffer, size, ret);
}

int getgrnam_r(const char *name, struct group *gr, char *buffer, size_t size, struct group **ret)
{
        int64_t n = find(name, 0);

        *ret = NULL;
        if (n < 0)
                return 0;
        if (strlen(name) >= size)
                return ERANGE;
        memcpy(buffer, name, strlen(name) + 1);
        *gr = (struct group){ .gr_name = buffer, .gr_gid = (gid_t)n };
        *ret = gr;
        return 0;
}
