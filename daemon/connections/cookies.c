/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/cookies.h"

#include "daemon/io/file.h"
#include "rules/base/util.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* The line of names is long, its values stand behind it: both are at the file's beginning. */
#define NETSTAT_MAX 16384
#define COUNTER "SyncookiesSent"

/* The word with this number in a line; NULL: it has fewer. */
static const char *word_at(const char *line, size_t number)
{
        const char *end = line + strcspn(line, "\n");

        while (line < end && number-- > 0) {
                line += strcspn(line, " \n");
                line += strspn(line, " ");
        }
        return line < end ? line : NULL;
}

bool cookies_are_in(const char *netstat)
{
        const char *values = strchr(netstat, '\n'), *word, *value;

        for (size_t i = 0; values && (word = word_at(netstat, i)); i++) {
                if (strncmp(word, COUNTER, strlen(COUNTER)) != 0 ||
                        !strchr(" \n", word[strlen(COUNTER)]))
                        continue;
                value = word_at(values + 1, i);
                return !value || strtoull(value, NULL, 10) > 0;
        }
        return true;
}

bool cookies_were_sent(void)
{
        char text[NETSTAT_MAX];

        /* "" if it cannot be read */
        (void)file_read_start(AT_FDCWD, "/proc/self/net/netstat", text, sizeof(text));
        return cookies_are_in(text);
}
