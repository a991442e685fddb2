/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/manager/user_folders.h"

#include "rules/base/util.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

/* nss-systemd(8), userdbd(8); what a unit with DynamicUser= has is noted in dynamic-uid. */
static const char *const paths[] = { "/run/systemd/dynamic-uid", "/run/systemd/machines",
        "/run/systemd/userdb", "/run/host/userdb", "/run/userdb", "/etc/userdb",
        "/usr/local/lib/userdb", "/usr/lib/userdb" };

/* A folder, or the nearest above it that exists. */
typedef struct UserFolder {
        UserFolders *all;
        const char *path;
        size_t length; /* of the part of the path that exists */
        sd_event_source *source;
} UserFolder;

struct UserFolders {
        sd_event *event;
        void (*changed)(void *data);
        void *data;
        UserFolder items[ELEMENTS(paths)];
};

static int folder_watch(UserFolder *f);

/* Is it the next part of the path? */
static bool is_next(const UserFolder *f, const char *name)
{
        const char *next = f->path + f->length + 1;
        size_t n = strlen(name);

        return strncmp(next, name, n) == 0 && (next[n] == '\0' || next[n] == '/');
}

static int on_event(_unused_ sd_event_source *s, const struct inotify_event *event, void *data)
{
        UserFolder *f = data;
        bool whole = f->path[f->length] == '\0';

        if (event->len > 0 && !whole && !is_next(f, event->name))
                return 0;
        /* the path is longer or shorter now */
        if (event->len == 0 || !whole)
                (void)folder_watch(f);
        f->all->changed(f->all->data);
        return 0;
}

static int path_watch(UserFolder *f, size_t length, sd_event_source **ret)
{
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%.*s", (int)length, f->path);
        return sd_event_add_inotify(f->all->event, ret, path,
                IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE |
                        IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
                on_event, f);
}

/* The path without its last part; "" has none. */
static size_t parent_length(const char *path, size_t length)
{
        while (length > 0 && path[--length] != '/')
                continue;
        return length;
}

/* Has the next part of the path appeared since it was looked for? */
static bool has_grown(const UserFolder *f)
{
        char path[PATH_MAX];
        size_t next = f->length + 1 + strcspn(f->path + f->length + 1, "/");

        (void)snprintf(path, sizeof(path), "%.*s", (int)next, f->path);
        return access(path, F_OK) >= 0;
}

static int folder_watch_once(UserFolder *f)
{
        sd_event_source *source = NULL;
        size_t length = strlen(f->path);
        int r;

        while ((r = path_watch(f, length, &source)) == -ENOENT && length > 0)
                length = parent_length(f->path, length);
        if (r < 0)
                return r;
        sd_event_source_disable_unref(f->source);
        f->source = source;
        f->length = length;
        return 0;
}

static int folder_watch(UserFolder *f)
{
        int r;

        do
                r = folder_watch_once(f);
        while (r >= 0 && f->path[f->length] != '\0' && has_grown(f));
        return r;
}

UserFolders *user_folders_new(sd_event *event, void (*changed)(void *data), void *data)
{
        UserFolders *f = calloc(1, sizeof(*f));

        if (!f)
                return NULL;
        *f = (UserFolders){ .event = sd_event_ref(event), .changed = changed, .data = data };
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                f->items[i] = (UserFolder){ .all = f, .path = paths[i] };
                if (folder_watch(&f->items[i]) < 0)
                        return user_folders_free(f);
        }
        return f;
}

UserFolders *user_folders_free(UserFolders *f)
{
        if (!f)
                return NULL;
        for (size_t i = 0; i < ELEMENTS(paths); i++)
                sd_event_source_disable_unref(f->items[i].source);
        sd_event_unref(f->event);
        free(f);
        return NULL;
}
