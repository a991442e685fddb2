/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/auth/caller.h"

#include "daemon/io/file.h"
#include "daemon/reader/ask.h"
#include "rules/base/text.h"
#include "rules/base/util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#define ANCESTORS_MAX 64
#define TCP_ESTABLISHED 1

/* ---- the unit ---- */

static bool ends_with(const char *text, size_t n, const char *end)
{
        return n > strlen(end) && memcmp(text + n - strlen(end), end, strlen(end)) == 0;
}

/* "…:/system.slice/cron.service/sub" → "cron.service": the outermost is the system's own. */
static void unit_of_cgroup(const char *path, char *ret, size_t size)
{
        while (*path == '/') {
                size_t n = strcspn(++path, "/\n");

                if (ends_with(path, n, ".service") || ends_with(path, n, ".scope")) {
                        (void)snprintf(ret, size, "%.*s", (int)n, path);
                        text_make_printable(ret);
                        return;
                }
                path += n;
        }
}

static void find_unit(const char *proc, pid_t pid, char *ret, size_t size)
{
        static const char *const trees[] = { "0::", ":name=systemd:" };
        char text[4096];

        (void)file_read_process(proc, (uint32_t)pid, "cgroup", text, sizeof(text));
        for (size_t i = 0; i < ELEMENTS(trees) && !*ret; i++) {
                const char *line = strstr(text, trees[i]);

                if (line)
                        unit_of_cgroup(line + strlen(trees[i]), ret, size);
        }
}

/* ---- the login manager ---- */

static bool find_session(pid_t pid, char *ret, size_t size)
{
        _cleanup_free_ char *session = NULL, *host = NULL;

        if (sd_pid_get_session(pid, &session) < 0 ||
                sd_session_get_remote_host(session, &host) < 0 || !host)
                return false;
        (void)snprintf(ret, size, "%s", host);
        text_make_printable(ret);
        return true;
}

/* ---- sshd ---- */

/* The name of a process may have blanks and brackets: the other fields come after the last bracket.
 */
static pid_t parent_of(const char *proc, pid_t pid)
{
        char text[512];
        const char *bracket;
        int parent;

        (void)file_read_process(proc, (uint32_t)pid, "stat", text, sizeof(text));
        bracket = strrchr(text, ')');
        return bracket && sscanf(bracket + 1, " %*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

/* Root's own: anybody may call a process sshd. */
static bool is_sshd(const char *proc, pid_t pid)
{
        char path[256], name[32];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s/%d", proc, (int)pid);
        if (stat(path, &st) < 0 || st.st_uid != 0)
                return false;
        (void)file_read_process(proc, (uint32_t)pid, "comm", name, sizeof(name));
        name[strcspn(name, "\n")] = '\0';
        return streq(name, "sshd") || streq(name, "sshd-session");
}

/* "0200A8C0:0016" or the same of IPv6, which are words in the order of the machine. */
static bool address_print(const char *hex, char *ret, size_t size)
{
        uint32_t words[4] = { 0 };
        size_t digits = strcspn(hex, ":");
        const void *address = words;
        int family = AF_INET6;

        if (digits != 8 && digits != 32)
                return false;
        for (size_t i = 0; i < digits / 8; i++) {
                char word[9];

                memcpy(word, hex + 8 * i, 8);
                word[8] = '\0';
                words[i] = (uint32_t)strtoul(word, NULL, 16);
        }
        if (digits == 8)
                family = AF_INET;
        else if (words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff)) {
                family = AF_INET;
                address = &words[3];
        }
        return inet_ntop(family, address, ret, (socklen_t)size);
}

/* The other end of a connection, by its socket's number. */
static bool find_peer(
        const char *proc, pid_t pid, const char *table, unsigned long inode, char *ret, size_t size)
{
        char path[256], line[512], remote[64];
        bool found = false;
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/%d/%s", proc, (int)pid, table);
        f = fopen(path, "re");
        while (f && !found && fgets(line, sizeof(line), f)) {
                unsigned long number;
                unsigned state;

                if (sscanf(line, " %*d: %*63s %63s %x %*s %*s %*s %*u %*d %lu", remote, &state,
                            &number) == 3 &&
                        number == inode && state == TCP_ESTABLISHED)
                        found = address_print(remote, ret, size);
        }
        if (f)
                fclose(f);
        return found;
}

/* Forwarded connections come after the one over which they are asked for. */
static bool find_connection(const char *proc, pid_t pid, char *ret, size_t size)
{
        static const char *const tables[] = { "net/tcp", "net/tcp6" };

        for (int fd = 0; fd < 64; fd++) {
                char path[256], target[64];
                unsigned long inode;
                ssize_t n;

                (void)snprintf(path, sizeof(path), "%s/%d/fd/%d", proc, (int)pid, fd);
                n = readlink(path, target, sizeof(target) - 1);
                target[n > 0 ? n : 0] = '\0';
                if (sscanf(target, "socket:[%lu]", &inode) != 1)
                        continue;
                for (size_t i = 0; i < ELEMENTS(tables); i++)
                        if (find_peer(proc, pid, tables[i], inode, ret, size))
                                return true;
        }
        return false;
}

static void find_ssh(const char *proc, pid_t pid, char *ret, size_t size)
{
        for (unsigned i = 0; i < ANCESTORS_MAX && pid > 1; i++, pid = parent_of(proc, pid))
                if (is_sshd(proc, pid) && find_connection(proc, pid, ret, size))
                        return;
}

static void find_name(const char *proc, pid_t pid, char *ret, size_t size)
{
        (void)file_read_process(proc, (uint32_t)pid, "comm", ret, size);
        ret[strcspn(ret, "\n")] = '\0';
        text_make_printable(ret);
}

void caller_look(const char *proc, pid_t pid, CallerPlace *ret)
{
        *ret = (CallerPlace){ 0 };
        if (pid <= 0)
                return;
        find_name(proc, pid, ret->process, sizeof(ret->process));
        find_unit(proc, pid, ret->unit, sizeof(ret->unit));
        if (!streq(proc, "/proc") || !find_session(pid, ret->remote, sizeof(ret->remote)))
                find_ssh(proc, pid, ret->remote, sizeof(ret->remote));
}

void caller_place(pid_t pid, CallerPlace *ret)
{
        ReaderAnswer answer;

        caller_look("/proc", pid, ret);
        if (pid <= 0 || ret->process[0] != '\0' || reader_process((uint32_t)pid, &answer) < 0)
                return;
        (void)snprintf(ret->process, sizeof(ret->process), "%.*s", (int)sizeof(answer.process.name),
                answer.process.name);
        (void)snprintf(ret->unit, sizeof(ret->unit), "%.*s", (int)sizeof(answer.process.unit),
                answer.process.unit);
        (void)snprintf(ret->remote, sizeof(ret->remote), "%.*s", (int)sizeof(answer.process.remote),
                answer.process.remote);
}
