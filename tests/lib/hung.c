/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A file system like one on a server that goes away: it has one file, "list", and answers until it
 * gets SIGUSR1, from then on nothing.
 *
 *   hung FOLDER OWNER TEXT    mounts it and prints a line; ends with SIGTERM
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_NODE 2

static const char *text;
static uint32_t owner;

static struct fuse_attr attributes(uint64_t node)
{
        return (struct fuse_attr){ .ino = node,
                .size = node == LIST_NODE ? strlen(text) : 0,
                .mode = node == LIST_NODE ? S_IFREG | 0644 : S_IFDIR | 0755,
                .nlink = 1,
                .uid = owner,
                .blksize = 4096 };
}

static void answer(int fd, uint64_t unique, int error, const void *data, size_t n)
{
        char buffer[sizeof(struct fuse_out_header) + 65536];
        struct fuse_out_header h = {
                .len = (uint32_t)(sizeof(h) + n), .error = -error, .unique = unique
        };

        memcpy(buffer, &h, sizeof(h));
        if (n > 0)
                memcpy(buffer + sizeof(h), data, n);
        if (write(fd, buffer, h.len) < 0 && errno != ENOENT)
                perror("write");
}

static void answer_init(int fd, uint64_t unique)
{
        struct fuse_init_out out = {
                .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 65536
        };

        answer(fd, unique, 0, &out, sizeof(out));
}

static void answer_lookup(int fd, uint64_t unique, const char *name)
{
        struct fuse_entry_out out = { .nodeid = LIST_NODE, .attr = attributes(LIST_NODE) };

        if (strcmp(name, "list") != 0)
                answer(fd, unique, ENOENT, NULL, 0);
        else
                answer(fd, unique, 0, &out, sizeof(out));
}

static void serve(int fd, const struct fuse_in_header *h, const void *argument)
{
        struct fuse_attr_out attr = { .attr = attributes(h->nodeid) };
        const struct fuse_read_in *read_in = argument;
        struct fuse_open_out opened = { .open_flags = FOPEN_DIRECT_IO };
        size_t length = strlen(text);

        switch (h->opcode) {
        case FUSE_INIT:
                answer_init(fd, h->unique);
                break;
        case FUSE_LOOKUP:
                answer_lookup(fd, h->unique, argument);
                break;
        case FUSE_GETATTR:
                answer(fd, h->unique, 0, &attr, sizeof(attr));
                break;
        case FUSE_OPEN:
                answer(fd, h->unique, 0, &opened, sizeof(opened));
                break;
        case FUSE_READ:
                if (read_in->offset >= length)
                        answer(fd, h->unique, 0, NULL, 0);
                else
                        answer(fd, h->unique, 0, text + read_in->offset, length - read_in->offset);
                break;
        case FUSE_RELEASE:
        case FUSE_FLUSH:
                answer(fd, h->unique, 0, NULL, 0);
                break;
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
                break;
        default:
                answer(fd, h->unique, ENOSYS, NULL, 0);
        }
}

static void on_usr1(int number)
{
        (void)number;
}

int main(int argc, char **argv)
{
        static char request[1 << 17] __attribute__((aligned(8)));
        struct sigaction deaf = { .sa_handler = on_usr1 };
        char options[128];
        int fd;

        if (argc != 4) {
                fprintf(stderr, "usage: hung FOLDER OWNER TEXT\n");
                return 4;
        }
        owner = (uint32_t)strtoul(argv[2], NULL, 10);
        text = argv[3];
        sigaction(SIGUSR1, &deaf, NULL);
        fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        if (fd < 0) {
                perror("/dev/fuse");
                return 1;
        }
        snprintf(options, sizeof(options),
                "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", fd, getuid(), getgid());
        if (mount("hung", argv[1], "fuse.hung", MS_NOSUID | MS_NODEV, options) < 0) {
                perror("mount");
                return 1;
        }
        puts("mounted");
        fflush(stdout);
        for (;;) {
                ssize_t n = read(fd, request, sizeof(request));

                if (n < 0 && errno == EINTR)
                        break;
                if (n < 0 && errno == ENODEV)
                        return 0;
                if (n >= (ssize_t)sizeof(struct fuse_in_header))
                        serve(fd, (void *)request, request + sizeof(struct fuse_in_header));
        }
        for (;;)
                pause();
}
