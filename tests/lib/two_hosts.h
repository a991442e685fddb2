/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Real connections between this network namespace and a second one behind two veth pairs. One
 * process holds the sockets of both: a socket stays in the namespace, and with the uid, group and
 * cgroup, in which it was made.
 */

#include "daemon/connections/connections.h"
#include "rules/policy/policy.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define _cleanup_policy_ _cleanup_(policy_free_p)
#define _cleanup_ruleset_ _cleanup_(ruleset_free_p)

extern int host, remote;
extern int server4, server6;

void run(const char *command);
void enter(int ns);

/* ---- sockets ---- */

typedef struct End {
        int ns;
        uint32_t uid, gid;
} End;

#define HOST               \
        (End)              \
        {                  \
                host, 0, 0 \
        }

#define REMOTE               \
        (End)                \
        {                    \
                remote, 0, 0 \
        }

socklen_t address_make(const char *text, uint16_t port, struct sockaddr_storage *ret);
int socket_make(End end, int family);
int listen_at(End end, const char *address, uint16_t port);

/* from: "" or the local address to bind to; its port: 0 for any */
int connect_from(End end, const char *from, uint16_t from_port, const char *to, uint16_t port);
int connect_to(End end, const char *to, uint16_t port);
uint8_t tcp_state(int fd);
/* The state of a socket when it is the wanted one, or half a minute later: what the other end has
 * sent may come late on a busy machine. */
uint8_t tcp_state_in_time(int fd, uint8_t wanted);

#define assert_open(fd) assert_int_equal(tcp_state(fd), TCP_ESTABLISHED)
#define assert_cut(fd) assert_int_equal(tcp_state(fd), TCP_CLOSE)
/* Ends of connections whose other ends were cut, or not. */
void assert_ends(const int *fds, const bool *gone, size_t n);

void close_all(const int *fds, size_t n);

/* Connections that wait at the remote's servers from earlier tests. */
void servers_clear(void);
uint64_t cut(const Ruleset *r);

/* The default of out rejects, of in denies, and the rules stand before. */
Policy *closed_policy(void);
Ruleset *compile_now(const Policy *p);

/* ---- the two namespaces ---- */

int group_setup(void **state);
int group_teardown(void **state);
