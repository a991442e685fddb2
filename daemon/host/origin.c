/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/host/origin.h"

#include "daemon/io/file.h"
#include "daemon/loop/clock.h"
#include "daemon/reader/ask.h"
#include "daemon/site/ask.h"
#include "rules/base/text.h"
#include "rules/base/util.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define ANCESTORS_MAX 32
#define ENVIRONMENT_MAX ((size_t)256 << 10)

typedef struct Process {
        uint32_t pid, parent, uid;
        char name[32];
} Process;

static bool process_look(const char *proc, uint32_t pid, Process *ret)
{
        *ret = (Process){ .pid = pid };
        (void)file_read_process(proc, pid, "comm", ret->name, sizeof(ret->name));
        ret->name[strcspn(ret->name, "\n")] = '\0';
        return file_read_parent(proc, pid, &ret->parent, &ret->uid);
}

static void text_put(char *ret, size_t size, const char *text)
{
        (void)snprintf(ret, size, "%s", text);
        text_make_printable(ret);
}

/* ---- jobs ---- */

/* "/bin/sh -c LINE" is LINE; any other command is its words. */
static void line_of_job(const char *proc, uint32_t pid, char *ret, size_t size)
{
        char words[4096];
        size_t n = file_read_process(proc, pid, "cmdline", words, sizeof(words)),
               first = strlen(words) + 1;

        if (first < n && streq(words + first, "-c") && first + 3 < n) {
                text_put(ret, size, words + first + 3);
                return;
        }
        for (size_t i = 0; i + 1 < n; i++)
                if (words[i] == '\0')
                        words[i] = ' ';
        text_put(ret, size, words);
}

/* at(1) gives the shell its job as input: a file "QNNNNNTTTTTTTT" with the queue, the job's number
 * and the time, hexadecimal. */
static void number_of_job(const char *proc, uint32_t pid, char *ret, size_t size)
{
        char path[256], target[256], *name;
        unsigned number;
        ssize_t n;

        (void)snprintf(path, sizeof(path), "%s/%u/fd/0", proc, pid);
        n = readlink(path, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        name = strstr(target, "/atjobs/");
        if (name && sscanf(name + strlen("/atjobs/"), "%*c%5x", &number) == 1)
                (void)snprintf(ret, size, "at job %u", number);
}

/* atd runs as the user daemon, whose processes nobody else makes. */
static bool find_job(const char *proc, const Process *p, const Process *parent, ProcessOrigin *ret)
{
        bool is_cron = streq(parent->name, "cron") || streq(parent->name, "crond");

        if (is_cron && parent->uid == 0 && !streq(p->name, parent->name))
                line_of_job(proc, p->pid, ret->job, sizeof(ret->job));
        else if (streq(parent->name, "atd") && parent->uid < 100 && !streq(p->name, "atd"))
                number_of_job(proc, p->pid, ret->job, sizeof(ret->job));
        return ret->job[0] != '\0';
}

/* ---- CGI ---- */

/* The value of "NAME=…" in a list of texts that end with a NUL each; "" if there is none. */
static const char *variable(const char *list, size_t n, const char *name)
{
        size_t length = strlen(name);

        for (const char *at = list; at < list + n; at += strlen(at) + 1)
                if (strncmp(at, name, length) == 0 && at[length] == '=')
                        return at + length + 1;
        return "";
}

/* RFC 3875, section 4.1; SCRIPT_FILENAME and REQUEST_URI are of all web servers. */
static bool find_request(const char *proc, uint32_t pid, SiteRequest *ret)
{
        static char list[ENVIRONMENT_MAX];
        size_t n = file_read_process(proc, pid, "environ", list, sizeof(list));
        const char *method, *uri;

        if (*variable(list, n, "GATEWAY_INTERFACE") == '\0')
                return false;
        method = variable(list, n, "REQUEST_METHOD");
        uri = variable(list, n, "REQUEST_URI");
        (void)snprintf(ret->request, sizeof(ret->request), "%s%s%s", method,
                *method && *uri ? " " : "", uri);
        text_make_printable(ret->request);
        text_put(ret->script, sizeof(ret->script), variable(list, n, "SCRIPT_FILENAME"));
        text_put(ret->site, sizeof(ret->site), variable(list, n, "SERVER_NAME"));
        return true;
}

/* ---- all of it ---- */

static void find_container(const char *proc, uint32_t pid, ContainerId *ret)
{
        char text[4096], *path;

        (void)file_read_process(proc, pid, "cgroup", text, sizeof(text));
        path = strstr(text, "0::/");
        if (!path)
                return;
        path[strcspn(path, "\n")] = '\0';
        if (!container_of_path(path + strlen("0::"), ret))
                *ret = (ContainerId){ 0 };
}

void origin_look(const char *proc, uint32_t pid, uint32_t uid, ProcessOrigin *ret)
{
        bool has_request = false;
        Process p, parent;

        *ret = (ProcessOrigin){ 0 };
        find_container(proc, pid, &ret->container);
        if (!process_look(proc, pid, &p))
                return;
        for (unsigned i = 0; i < ANCESTORS_MAX && p.pid > 1; i++, p = parent) {
                has_request =
                        has_request || (p.uid == uid && find_request(proc, p.pid, &ret->request));
                if (!process_look(proc, p.parent, &parent) || find_job(proc, &p, &parent, ret))
                        return;
        }
}

/* Whatever sent it, a text ends and moves no cursor. */
static void text_take(char *ret, size_t size, const char *text)
{
        (void)snprintf(ret, size, "%.*s", (int)size - 1, text);
        text_make_printable(ret);
}

static void origin_take(const struct ReaderOrigin *o, ProcessOrigin *ret)
{
        text_take(ret->job, sizeof(ret->job), o->job);
        text_take(ret->request.site, sizeof(ret->request.site), o->request.site);
        text_take(ret->request.script, sizeof(ret->request.script), o->request.script);
        text_take(ret->request.request, sizeof(ret->request.request), o->request.request);
        text_take(ret->container.id, sizeof(ret->container.id), o->container);
        ret->container.owner = o->owner;
}

/* The answer of p25d-site, for which the rest was not waited for. Closes fd. */
static int request_wait(int fd, unsigned msec, SiteRequest *ret)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int r = poll(&p, 1, (int)msec) < 0 ? -errno : site_receive(fd, ret);

        close(fd);
        return r;
}

int origin_ask(uint32_t pid, uint32_t uid, unsigned msec, ProcessOrigin *ret)
{
        uint64_t until_usec = clock_now_usec(CLOCK_MONOTONIC) + (uint64_t)msec * 1000, now;
        int fd = site_send(pid, uid);
        ReaderAnswer answer;
        SiteRequest request;
        int r;

        if (geteuid() != 0 && reader_origin(pid, uid, msec, &answer) >= 0)
                origin_take(&answer.origin, ret);
        else
                origin_look("/proc", pid, uid, ret);
        if (fd < 0)
                return 0;
        now = clock_now_usec(CLOCK_MONOTONIC);
        r = request_wait(
                fd, now < until_usec ? (unsigned)((until_usec - now) / 1000) : 0, &request);
        if (r >= 0)
                ret->request = request;
        return r == -ETIMEDOUT ? r : 0;
}
