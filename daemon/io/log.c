/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/io/log.h"

#include "daemon/io/file.h"
#include "rules/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *program = "p25";
static bool to_journal;

/* systemd names the device and inode of the stream that it gave (sd-daemon(3), systemd.exec(5)) */
void log_open(const char *name)
{
        const char *stream = getenv("JOURNAL_STREAM");
        uint64_t device, inode;
        struct stat st;

        file_reserve_streams();
        program = name;
        to_journal = stream && sscanf(stream, "%" SCNu64 ":%" SCNu64, &device, &inode) == 2 &&
                     fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

bool log_is_journal(void)
{
        return to_journal;
}

const char *log_format(char buffer[static LOG_LINE_MAX], const char *format, va_list ap)
{
        (void)vsnprintf(buffer, LOG_LINE_MAX, format, ap);
        text_make_printable(buffer);
        return buffer;
}

void log_put(int priority, const char *message)
{
        char text[LOG_LINE_MAX + 16];
        int n = to_journal ? snprintf(text, sizeof(text), "<%d>%s\n", priority, message)
                           : snprintf(text, sizeof(text), "%s: %s\n", program, message);

        /* one write, so that lines of several writers do not mix */
        while (write(STDERR_FILENO, text, (size_t)n) < 0 && errno == EINTR)
                ;
}

void log_line(int priority, const char *format, ...)
{
        char text[LOG_LINE_MAX];
        va_list ap;

        va_start(ap, format);
        log_put(priority, log_format(text, format, ap));
        va_end(ap);
}
