/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/stats/internal.h"

#include "daemon/io/file.h"
#include "rules/base/buffer.h"
#include "rules/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define FILE_NOW "stats"
#define FILE_DAMAGED "stats.damaged"
/* More than all rows with all their points take. */
#define BYTES_MAX (128u << 20)

int stats_file_read(const char *folder, char **ret, size_t *ret_n)
{
        _cleanup_free_ char *path = NULL;
        int r = text_printf(&path, "%s/" FILE_NOW, folder);

        return r < 0 ? r : file_read(path, O_NOFOLLOW, BYTES_MAX, ret, ret_n);
}

int stats_file_write(const char *folder, const Buffer *text)
{
        _cleanup_free_ char *path = NULL;
        int r = text_printf(&path, "%s/" FILE_NOW, folder);

        return r < 0 ? r : file_replace(path, text->data, text->length, 0600, FILE_SYNC_DATA);
}

int stats_file_set_aside(const char *folder)
{
        _cleanup_free_ char *path = NULL, *aside = NULL;

        if (text_printf(&path, "%s/" FILE_NOW, folder) < 0 ||
                text_printf(&aside, "%s/" FILE_DAMAGED, folder) < 0)
                return -ENOMEM;
        return rename(path, aside) < 0 ? -errno : 0;
}
