/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool to_journal;

/* systemd names the device and inode of the stream that it gave (sd-daemon(3), systemd.exec(5)) */
void log_open(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        uint64_t device, inode;
        struct stat st;

        to_journal = stream && sscanf(stream, "%" SCNu64 ":%" SCNu64, &device, &inode) == 2 &&
                     fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_line(int priority, const char *format, ...)
{
        char text[2048];
        size_t n = 0;
        va_list ap;

        if (to_journal)
                n = (size_t)snprintf(text, sizeof(text), "<%d>", priority);
        else
                n = (size_t)snprintf(text, sizeof(text), "p25d: ");
        va_start(ap, format);
        (void)vsnprintf(text + n, sizeof(text) - n - 1, format, ap);
        va_end(ap);
        for (char *p = text + n; *p; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = '?';
        n = strlen(text);
        text[n++] = '\n';
        /* one write, so that a line stays whole beside those of others */
        while (write(STDERR_FILENO, text, n) < 0 && errno == EINTR)
                ;
}
