/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/pool/container.h"

#include "rules/base/json.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((size_t)4 << 20)

static void text_put(char *ret, size_t size, const char *text)
{
        (void)snprintf(ret, size, "%s", text ?: "");
        text_make_printable(ret);
}

/* Docker's names begin with a slash. */
static int docker_find(const Json *o, const char *id, SiteContainer *ret)
{
        const char *own = json_get_string(o, "ID"), *name = json_get_string(o, "Name");

        if (!own || !streq(own, id))
                return -ENOENT;
        text_put(ret->name, sizeof(ret->name), name && *name == '/' ? name + 1 : name);
        text_put(ret->image, sizeof(ret->image), json_get_string(json_get(o, "Config"), "Image"));
        return 0;
}

/* The image's name is in a document within the document. */
static int podman_take(const Json *o, SiteContainer *ret)
{
        _cleanup_(json_free_p) Json *inner = NULL;
        const char *metadata = json_get_string(o, "metadata");
        int r = metadata ? json_parse(metadata, &inner) : 0;

        if (r == -ENOMEM)
                return r;
        text_put(ret->name, sizeof(ret->name), json_text(json_array_item(json_get(o, "names"), 0)));
        text_put(ret->image, sizeof(ret->image), json_get_string(inner, "image-name"));
        return 0;
}

static int podman_find(const Json *list, const char *id, SiteContainer *ret)
{
        for (size_t i = 0; i < json_array_length(list); i++) {
                const Json *o = json_array_item(list, i);
                const char *own = json_get_string(o, "id");

                if (own && streq(own, id))
                        return podman_take(o, ret);
        }
        return -ENOENT;
}

int container_find(const char *text, const char *id, SiteContainer *ret)
{
        _cleanup_(json_free_p) Json *document = NULL;
        int r = json_parse(text, &document);

        *ret = (SiteContainer){ 0 };
        if (r < 0)
                return r == -EINVAL ? -EBADMSG : r;
        r = docker_find(document, id, ret);
        return r == -ENOENT ? podman_find(document, id, ret) : r;
}

int container_read(int fd, const char *id, SiteContainer *ret)
{
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t length = 0;
        ssize_t n;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if (st.st_size > (off_t)FILE_SIZE_MAX)
                return -EFBIG;
        text = malloc(FILE_SIZE_MAX + 1);
        if (!text)
                return -ENOMEM;
        while (length < FILE_SIZE_MAX &&
                (n = pread(fd, text + length, FILE_SIZE_MAX - length, (off_t)length)) > 0)
                length += (size_t)n;
        text[length] = '\0';
        return container_find(text, id, ret);
}
