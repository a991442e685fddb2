/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/log.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool for_journal;

/* systemd.exec(5): $JOURNAL_STREAM is device and inode of the journal's stream. */
void fleet_log_open(void)
{
        const char *text = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        for_journal = text && sscanf(text, "%llu:%llu", &device, &inode) == 2 &&
                      fstat(STDERR_FILENO, &st) == 0 && st.st_dev == (dev_t)device &&
                      st.st_ino == (ino_t)inode;
}

void fleet_log(int priority, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                fputs("p25-fleet: out of memory\n", stderr);
                return;
        }
        text_make_printable(text);
        if (for_journal)
                fprintf(stderr, "<%d>%s\n", priority, text);
        else
                fprintf(stderr, "p25-fleet: %s\n", text);
}
