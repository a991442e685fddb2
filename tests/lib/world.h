/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A small world for tests of the kernel: this process is the host, in a network namespace of its
 * own; children hold the namespaces of its neighbours. Sockets are made in whichever is asked for.
 *
 *   internet eth0 192.0.2.2, 2001:db8:1::2 ── wan0 192.0.2.1, 2001:db8:1::1 host
 *   container eth0 10.9.0.2, fd00:9::2 ────── cont0 10.9.0.1, fd00:9::1 host
 */

#include "rules/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum Site {
        HOST,
        INTERNET,
        CONTAINER,
        _SITES,
} Site;

extern struct World {
        int ns[_SITES];
        pid_t pid[_SITES];
} world;

int run(const char *format, ...) _printf_(1, 2);

#define must(...) assert_int_equal(run(__VA_ARGS__), 0)

/* The output of a command. */
char *output_of(const char *command);
void world_enter(Site p);
void world_add(Site p);

/* False: no namespaces here; the reason is printed. */
bool world_begin(void);
void world_end(void);

/* ---- sockets ---- */

socklen_t endpoint(const char *address, uint16_t port, struct sockaddr_storage *ret);

/* A listener on all addresses, both families. */
int listen_at(Site p, uint16_t port);

/* Ends with a reset: nothing of it lingers in conntrack. */
void abort_connection(int fd);

typedef enum Answer {
        OPEN,
        RESET,
        SILENT,
        OTHER,
} Answer;

#define SILENCE_MSEC 250

/* Connects as a user; *ret_fd (NULL: closed again) is the connection. */
Answer connect_as(uid_t uid, gid_t gid, Site p, const char *address, uint16_t port, int *ret_fd);
Answer connect_to(Site p, const char *address, uint16_t port);

/* ---- the links between the sites ---- */

/*
 * A new link drops what is sent before the kernel has seen its carrier, and a neighbour that was
 * asked for then is asked for again only a second later. A first packet must not meet that.
 */
void way_wait(Site p, const char *address);
void world_build(void);
