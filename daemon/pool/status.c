/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/pool/status.h"

#include "rules/base/json.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdio.h>

typedef struct Wanted {
        uint32_t pid;
        SiteRequest *ret;
        bool found;
} Wanted;

/* "-" stands for what a worker does not have. */
static const char *text_of(const Json *o, const char *key)
{
        const char *text = json_get_string(o, key);

        return text && !streq(text, "-") ? text : "";
}

/* A character that is cut in the middle becomes '?'. */
static void text_put(char *ret, size_t size, const char *a, const char *between, const char *b)
{
        (void)snprintf(ret, size, "%s%s%s", a, between, b);
        text_make_printable(ret);
}

static int process_look(const Json *process, void *data)
{
        Wanted *w = data;
        const char *state, *method, *uri;
        int64_t pid;

        if (w->found || !json_number(json_get(process, "pid"), &pid) || pid != w->pid)
                return 0;
        w->found = true;
        /* What an idle worker did last is not what its process does now. */
        state = text_of(process, "state");
        if (!streq(state, "Running") && !streq(state, "Finishing"))
                return 0;
        method = text_of(process, "request method");
        uri = text_of(process, "request uri");
        text_put(w->ret->script, sizeof(w->ret->script), text_of(process, "script"), "", "");
        text_put(w->ret->request, sizeof(w->ret->request), method, *method && *uri ? " " : "", uri);
        return 0;
}

/*
 * The body of an answer in which JSON refuses no byte of a text: PHP before 8.2.36 writes the names
 * of files as they are. A control character becomes a blank, which is right between texts too; what
 * is not UTF-8 becomes '?'. The caller frees it; NULL: no memory.
 */
static char *body_copy(const char *body)
{
        char *copy = strdup(body);

        for (char *p = copy; p && *p; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = ' ';
        if (copy)
                text_make_printable(copy);
        return copy;
}

int pool_status_find(const char *output, size_t n, uint32_t pid, SiteRequest *ret)
{
        _cleanup_(json_free_p) Json *document = NULL;
        _cleanup_free_ char *text = NULL;
        Wanted w = { .pid = pid, .ret = ret };
        const char *body;
        int r;

        *ret = (SiteRequest){ 0 };
        if (strlen(output) != n)
                return -EBADMSG;
        body = strstr(output, "\r\n\r\n");
        if (!body)
                return -EBADMSG;
        text = body_copy(body + 4);
        if (!text)
                return -ENOMEM;
        r = json_parse_items(text, "processes", process_look, &w, &document);
        if (r >= 0 && !w.found)
                r = -ENOENT;
        if (r < 0) {
                *ret = (SiteRequest){ 0 };
                return r == -EINVAL ? -EBADMSG : r;
        }
        text_put(ret->site, sizeof(ret->site), text_of(document, "pool"), "", "");
        return 0;
}
