/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/host/forwarders.h"

#include "daemon/host/internal.h"
#include "daemon/reader/ask.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define DOCKER_CONF "/etc/docker/daemon.json"
#define COMMAND_LINE_MAX 4096
#define CONF_MAX (1u << 20)

void forwarders_deinit(Forwarders *f)
{
        for (size_t i = 0; i < f->n; i++)
                free(f->items[i].inodes);
        free(f->items);
        *f = (Forwarders){ 0 };
}

/* ---- processes ---- */

/* The kernel keeps 15 letters of a name; programs add to it ("rootlessport-child", "passt.avx2", as
 * which pasta runs too). */
static bool is_called(const char *name, const char *const *programs)
{
        for (; *programs; programs++) {
                size_t n = strlen(*programs);

                /* its end, or what a program adds */
                if (strncmp(name, *programs, n) == 0 && strchr("-.", name[n]))
                        return true;
        }
        return false;
}

static const char *const hiding[] = { "docker-proxy", "rootlessport", "rootlesskit", "slirp4netns",
        NULL };
/* They give the container's server the address of a client that is another host. */
static const char *const showing[] = { "passt", "pasta", NULL };

static bool is_forwarder(const char *name)
{
        return is_called(name, hiding) || is_called(name, showing);
}

/* The argument behind an option, in a command line whose words end with NUL. */
static const char *option_find(const char *line, size_t n, const char *option)
{
        for (const char *word = line; word < line + n; word += strlen(word) + 1)
                if (streq(word, option) && word + strlen(word) + 1 < line + n)
                        return word + strlen(word) + 1;
        return NULL;
}

/* docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 25 -container-ip 172.17.0.2 -container-port
 * 25 */
static void target_read(int process, Forwarder *f)
{
        char line[COMMAND_LINE_MAX];
        size_t n = file_read_start(process, "cmdline", line, sizeof(line));
        const char *address = option_find(line, n, "-container-ip"), *why;
        const char *port = option_find(line, n, "-container-port");
        long number = port ? strtol(port, NULL, 10) : 0;

        if (!address || number < 1 || number > UINT16_MAX ||
                address_parse(address, strlen(address), &f->target, &why) < 0)
                return;
        f->target_port = (uint16_t)number;
        f->has_target = true;
}

static int sockets_read(int process, Forwarder *f)
{
        _cleanup_(closedir_p) DIR *dir = folder_open(process, "fd");
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                unsigned long long inode;
                char link[64];
                ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

                link[n > 0 ? n : 0] = '\0';
                if (sscanf(link, "socket:[%llu]", &inode) != 1)
                        continue;
                if (array_grow(&f->inodes, f->n_inodes, sizeof(*f->inodes)) < 0)
                        return -ENOMEM;
                f->inodes[f->n_inodes++] = inode;
        }
        return 0;
}

/* Looks for "dockerd --iptables=false" on the command line and in the file. */
static bool has_no_translation(int process, const char *root)
{
        _cleanup_free_ char *text = NULL;
        char line[COMMAND_LINE_MAX], path[PATH_MAX];
        size_t n = file_read_start(process, "cmdline", line, sizeof(line));
        const char *setting;

        for (const char *word = line; word < line + n; word += strlen(word) + 1)
                if (streq(word, "--iptables=false"))
                        return true;
        if ((size_t)snprintf(path, sizeof(path), "%s" DOCKER_CONF, root) >= sizeof(path) ||
                host_read_file(path, CONF_MAX, NULL, &text, &n) < 0)
                return false;
        setting = strstr(text, "\"iptables\"");
        setting = setting ? strchr(setting, ':') : NULL;
        return setting && strncmp(setting + 1 + strspn(setting + 1, " \t\r\n"), "false", 5) == 0;
}

/* The folder of a process that must not be traced belongs to root. */
static int owner_read(int process, uint32_t *ret)
{
        char text[COMMAND_LINE_MAX];
        const char *line;

        (void)file_read_start(process, "status", text, sizeof(text));
        line = strstr(text, "\nUid:");
        return line && sscanf(line, "\nUid: %*u %u", ret) == 1 ? 0 : -ENOENT;
}

static int process_read(int proc, const char *pid, const char *root, Forwarders *l)
{
        _cleanup_close_ int process = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Forwarder f = { .pid = (pid_t)strtol(pid, NULL, 10) };
        size_t n;

        if (process < 0)
                return 0; /* it has ended */
        n = file_read_start(process, "comm", f.name, sizeof(f.name));
        f.name[strcspn(f.name, "\n")] = '\0';
        if (n > 0 && streq(f.name, "dockerd"))
                l->untranslated |= has_no_translation(process, root);
        if (n == 0 || !is_forwarder(f.name) || owner_read(process, &f.uid) < 0)
                return 0;
        target_read(process, &f);
        if (sockets_read(process, &f) < 0 || array_grow(&l->items, l->n, sizeof(*l->items)) < 0) {
                free(f.inodes);
                return -ENOMEM;
        }
        l->items[l->n++] = f;
        return 0;
}

int forwarders_look(const char *root, Forwarders *ret)
{
        _cleanup_(closedir_p) DIR *proc = opendir("/proc");
        _cleanup_(forwarders_deinit) Forwarders l = { 0 };
        struct dirent *entry;

        while (proc && (entry = readdir(proc)))
                if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
                        process_read(dirfd(proc), entry->d_name, root, &l) < 0)
                        return -ENOMEM;
        *ret = TAKE_STRUCT(l);
        return 0;
}

static int forwarder_take(const struct ReaderForwarder *from, Forwarder *ret)
{
        Forwarder f = { .pid = (pid_t)from->pid,
                .uid = from->uid,
                .n_inodes = from->n_inodes < READER_INODES_MAX ? from->n_inodes : READER_INODES_MAX,
                .has_target = from->has_target != 0,
                .target.family = from->target_family == FAMILY_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4,
                .target_port = from->target_port };

        memcpy(f.name, from->name, sizeof(f.name) - 1);
        memcpy(f.target.bytes, from->target, sizeof(f.target.bytes));
        f.inodes = calloc(READER_INODES_MAX, sizeof(*f.inodes));
        if (!f.inodes)
                return -ENOMEM;
        memcpy(f.inodes, from->inodes, f.n_inodes * sizeof(*f.inodes));
        *ret = f;
        return 0;
}

static int forwarders_ask(Forwarders *ret)
{
        _cleanup_(forwarders_deinit) Forwarders l = { 0 };
        ReaderAnswer answer;

        if (reader_forwarders(&answer) < 0)
                return 0;
        l.untranslated = answer.forwarders.untranslated != 0;
        l.items = calloc(READER_FORWARDERS_MAX, sizeof(*l.items));
        if (!l.items)
                return -ENOMEM;
        for (; l.n < answer.forwarders.n && l.n < READER_FORWARDERS_MAX; l.n++)
                if (forwarder_take(&answer.forwarders.items[l.n], &l.items[l.n]) < 0)
                        return -ENOMEM;
        *ret = TAKE_STRUCT(l);
        return 0;
}

int forwarders_read(const char *root, Forwarders *ret)
{
        int r = forwarders_look(root, ret);

        /* a /proc without the first process shows only this user's */
        if (r < 0 || ret->n > 0 || access("/proc/1", F_OK) == 0)
                return r;
        return forwarders_ask(ret);
}

const Forwarder *forwarders_find(const Forwarders *f, uint64_t inode)
{
        for (size_t i = 0; i < f->n; i++)
                for (size_t k = 0; k < f->items[i].n_inodes; k++)
                        if (f->items[i].inodes[k] == inode)
                                return &f->items[i];
        return NULL;
}

/* ---- what to do about it ---- */

/* Does it hide the clients of this family? Docker translates the addresses of IPv4 before
 * docker-proxy could take them, and those of IPv6 where the container has an IPv6 address. */
static bool hides(const Forwarders *all, const Forwarder *f, Family family)
{
        if (is_called(f->name, showing))
                return false;
        if (!f->has_target)
                return true;
        return all->untranslated || family != f->target.family;
}

int forwarder_advice(
        const Forwarders *all, const Forwarder *f, bool ipv4, bool ipv6, uint16_t port, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        *ret = NULL;
        ipv4 = ipv4 && hides(all, f, FAMILY_IPV4);
        ipv6 = ipv6 && hides(all, f, FAMILY_IPV6);
        if (!ipv4 && !ipv6)
                return 0;
        buffer_printf(&b,
                "port %u: %s passes %s to a container, whose server sees this host's address "
                "instead of the client's and may take every client for a trusted one; to close %s: "
                "p25ctl deny ",
                port, f->name,
                ipv4 && ipv6 ? "connections"
                : ipv4       ? "IPv4 connections"
                             : "IPv6 connections",
                ipv4 && ipv6 ? "the port"
                : ipv4       ? "IPv4"
                             : "IPv6");
        if (ipv4 && ipv6)
                buffer_printf(&b, "%u/tcp", port);
        else
                buffer_printf(&b, "from %s to any port %u", ipv4 ? "0.0.0.0/0" : "::/0", port);
        return buffer_take(&b, ret);
}
