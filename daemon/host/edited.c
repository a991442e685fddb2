/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Do the files of the host still have the content that was read?
 */

#include "daemon/host/internal.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"

#include <errno.h>

/* Of a larger file the time and the size are enough. */
#define COMPARED_MAX (1u << 20)

static bool is_edited(const HostInput *read)
{
        _cleanup_free_ char *text = NULL;
        HostInput now;
        struct stat st;
        size_t length;

        if (read->remote)
                return false;
        if (stat(read->path, &st) < 0)
                return errno != EACCES; /* only a reload looks into it */
        now = host_input_from_stat(&st);
        if (now.size == read->size && now.mtime_nsec == read->mtime_nsec)
                return false;
        /* written again, with the same content */
        return now.size != read->size || now.size > COMPARED_MAX || access(read->path, R_OK) < 0 ||
               host_read_file(read->path, COMPARED_MAX, NULL, &text, &length) < 0 ||
               host_content_hash(text, length) != read->content;
}

static bool was_read(const HostInputs *read, const char *path)
{
        for (size_t i = 0; i < read->n; i++)
                if (streq(read->items[i].path, path))
                        return true;
        return false;
}

/* A file that came later. */
static int find_new(const char *folder, const HostInputs *read, char **ret)
{
        _cleanup_strv_ char **names = NULL;

        /* folders that only p25d-reader may list are not examined for every status */
        if (access(folder, R_OK | X_OK) < 0 || host_list_conf(folder, NULL, &names) < 0)
                return 0;
        STRV_FOREACH (name, names) {
                _cleanup_free_ char *path = NULL;
                _cleanup_buffer_ Buffer b = { 0 };

                buffer_printf(&b, "%s/%s", folder, *name);
                if (buffer_take(&b, &path) < 0)
                        return -ENOMEM;
                if (!was_read(read, path)) {
                        *ret = TAKE_PTR(path);
                        return 1;
                }
        }
        return 0;
}

static int found(const char *path, char **ret)
{
        *ret = strdup(path);
        return *ret ? 1 : -ENOMEM;
}

int host_find_edited(const HostPaths *p, const HostInputs *read, char **ret)
{
        int r;

        for (size_t i = 0; i < read->n; i++)
                if (is_edited(&read->items[i]))
                        return found(read->items[i].path, ret);
        if (!was_read(read, p->conf) && access(p->conf, F_OK) == 0)
                return found(p->conf, ret);
        r = find_new(p->policy_folder, read, ret);
        return r != 0 ? r : find_new(p->roles_folder, read, ret);
}
