/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The senders: users, groups and units. A socket belongs to the user and the cgroup in which it was
 * made; for every cgroup a process makes sockets and hands them over.
 */

#include "daemon/host/host.h"
#include "rules/policy/names.h"
#include "tests/lib/world.h"

#include <limits.h>
#include <sys/stat.h>

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

static const uint32_t sender_uids[] = { 0, 8, 33, 101, 1000, 1001 };
static const uint32_t sender_gids[] = { 0, 8, 33, 100, 104 };

/* u0 is a folder, u1 lies in it, u2 beside it; units by these names are those cgroups. */
#define SENDER_UNITS 3

static const char *const sender_unit_names[SENDER_UNITS] = { "u0.service", "u1.service",
        "u2.service" };

typedef struct SenderUnit {
        Cgroup cgroup;
        uint64_t chain[2]; /* itself and the units around it */
        size_t n_chain;
        pid_t pid;
        int fd;
} SenderUnit;

extern struct Senders {
        bool many_users;
        char folder[PATH_MAX]; /* empty: no cgroups here */
        SenderUnit units[SENDER_UNITS];
} senders;

/* A socket of the host, of a unit (-1: of none of ours). */
int sender_socket(uint32_t uid, uint32_t gid, int unit, int family);
void senders_end(void);

/* In the host's network namespace. false: there are cgroups, and none could be made. */
bool senders_begin(void);
int sender_unit_find(void *data, const char *name, Cgroup *ret);
