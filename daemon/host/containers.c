/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A file of root's engine must be root's, one of a user's engine that user's. Below the engine's
 * folder no link is followed and no other filesystem entered, so that nobody makes a reader with
 * more rights open, or wait for, anything else.
 */

#include "daemon/host/containers.h"

#include "daemon/reader/ask.h"
#include "daemon/site/ask.h"
#include "rules/base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- which container ---- */

/* The words before an ID in the name of a scope, or of a folder where an engine makes its cgroups
 * without systemd. */
static const char *const scopes[] = { "docker-", "libpod-", "cri-containerd-", "crio-",
        "nerdctl-" };
static const char *const folders[] = { "docker/", "libpod_parent/libpod-" };

static bool id_take(const char *text, ContainerId *ret)
{
        if (strspn(text, "0123456789abcdef") != CONTAINER_ID_LENGTH ||
                !strchr("/.", text[CONTAINER_ID_LENGTH])) /* or its NUL */
                return false;
        memcpy(ret->id, text, CONTAINER_ID_LENGTH);
        ret->id[CONTAINER_ID_LENGTH] = '\0';
        return true;
}

static bool id_behind(const char *text, const char *const *prefixes, size_t n, ContainerId *ret)
{
        for (size_t i = 0; i < n; i++)
                if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0 &&
                        id_take(text + strlen(prefixes[i]), ret))
                        return true;
        return false;
}

static const char *next_part(const char *path)
{
        path += strcspn(path, "/");
        return path + strspn(path, "/");
}

static bool is_slice(const char *part)
{
        static const char suffix[] = ".slice";
        size_t n = strcspn(part, "/");

        return n > strlen(suffix) &&
               strncmp(part + n - strlen(suffix), suffix, strlen(suffix)) == 0;
}

/* "user.slice/user-1000.slice/…" */
static uint32_t owner_of_path(const char *path)
{
        static const char slice[] = "user.slice/user-";
        unsigned uid;
        char end[8];

        if (strncmp(path, slice, strlen(slice)) == 0 &&
                sscanf(path + strlen(slice), "%u.%6s", &uid, end) == 2 && streq(end, "slice/"))
                return uid;
        return 0;
}

/* Cgroups below slices only are the service manager's, or the engine's own: below a service its
 * user may make cgroups with any name. */
bool container_of_path(const char *path, ContainerId *ret)
{
        bool found = false;

        path += strspn(path, "/");
        *ret = (ContainerId){ .owner = owner_of_path(path) };
        if (ret->owner != 0) {
                for (; *path; path = next_part(path))
                        found |= id_behind(path, scopes, ELEMENTS(scopes), ret);
                return found;
        }
        if (id_behind(path, folders, ELEMENTS(folders), ret))
                return true;
        while (is_slice(path))
                path = next_part(path);
        return id_behind(path, scopes, ELEMENTS(scopes), ret);
}

/* ---- its file ---- */

static int folder_open(const char *path, uint32_t owner)
{
        int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || (st.st_uid != 0 && st.st_uid != owner)) {
                close(fd);
                return -EACCES;
        }
        return fd;
}

/* A regular file of the owner, which nobody else can write. */
static int file_open(int folder, const char *name, uint32_t owner)
{
        static const struct open_how how = {
                .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        };
        int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != owner ||
                st.st_mode & (S_IWGRP | S_IWOTH)) {
                close(fd);
                return -EACCES;
        }
        return fd;
}

static int file_ask(int folder, const char *name, const ContainerId *c, SiteContainer *ret)
{
        int fd = file_open(folder, name, c->owner), r;

        if (fd < 0)
                return fd;
        r = site_container(fd, c->id, ret);
        close(fd);
        return r;
}

typedef struct EngineFile {
        const char *folder; /* below the root, or below a user's home */
        const char *format; /* of the file below it; with %s it gets the id */
} EngineFile;

static const EngineFile host_files[] = {
        { "/var/lib/docker", "containers/%s/config.v2.json" },
        { "/var/lib/containers/storage", "overlay-containers/containers.json" },
        { "/var/lib/containers/storage", "overlay-containers/volatile-containers.json" },
        { "/var/lib/containers/storage", "vfs-containers/containers.json" },
};

static const EngineFile user_files[] = {
        { "", ".local/share/docker/containers/%s/config.v2.json" },
        { "", ".local/share/containers/storage/overlay-containers/containers.json" },
        { "", ".local/share/containers/storage/overlay-containers/volatile-containers.json" },
        { "", ".local/share/containers/storage/vfs-containers/containers.json" },
};

static int engine_ask(
        const char *base, const EngineFile *e, const ContainerId *c, SiteContainer *ret)
{
        char path[PATH_MAX], name[256];
        int folder, r;

        if ((size_t)snprintf(path, sizeof(path), "%s%s", base, e->folder) >= sizeof(path))
                return -ENAMETOOLONG;
        folder = folder_open(path, c->owner);
        if (folder < 0)
                return folder;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(name, sizeof(name), e->format, c->id);
#pragma GCC diagnostic pop
        r = file_ask(folder, name, c, ret);
        close(folder);
        return r;
}

/* Of /etc/passwd only: the name service may take its time. */
static int home_find(const char *root, uint32_t uid, char *ret, size_t size)
{
        char path[PATH_MAX];
        struct passwd *entry;
        int r = -ENOENT;
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/etc/passwd", root);
        f = fopen(path, "re");
        if (!f)
                return -errno;
        while (r < 0 && (entry = fgetpwent(f)))
                if (entry->pw_uid == uid && entry->pw_dir[0] == '/' &&
                        (size_t)snprintf(ret, size, "%s%s", root, entry->pw_dir) < size)
                        r = 0;
        fclose(f);
        return r;
}

/* Another engine may have it: the reason why one could not be asked is kept. */
int container_look(const char *root, const ContainerId *c, SiteContainer *ret)
{
        const EngineFile *files = c->owner == 0 ? host_files : user_files;
        size_t n = c->owner == 0 ? ELEMENTS(host_files) : ELEMENTS(user_files);
        char home[PATH_MAX];
        int r = -ENOENT, error;

        if (c->owner != 0 && (error = home_find(root, c->owner, home, sizeof(home))) < 0)
                return error;
        for (size_t i = 0; i < n; i++) {
                error = engine_ask(c->owner == 0 ? root : home, &files[i], c, ret);
                if (error == 0)
                        return 0;
                if (r == -ENOENT)
                        r = error;
        }
        return r;
}

int container_ask(const ContainerId *c, SiteContainer *ret)
{
        int r = container_look("", c, ret);

        return r >= 0 || geteuid() == 0 ? r : reader_container(c->id, c->owner, ret);
}
