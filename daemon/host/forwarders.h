/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Programs that take connections for containers and open new ones to them: behind most of them the
 * server in the container sees an address of this host, which mail servers tend to trust, in the
 * place of every client's. Found by their names below /proc; does not depend on policies.
 */

#include "rules/address/address.h"

#include <sys/types.h>

typedef struct Forwarder {
        char name[16]; /* "docker-proxy" */
        pid_t pid;
        uint32_t uid;
        uint64_t *inodes; /* of its sockets */
        size_t n_inodes;
        /* docker-proxy: where it passes connections on to */
        bool has_target;
        Address target;
        uint16_t target_port;
} Forwarder;

typedef struct Forwarders {
        Forwarder *items;
        size_t n;
        bool untranslated; /* Docker is configured not to use iptables: IPv4 comes by docker-proxy
                            * too */
} Forwarders;

void forwarders_deinit(Forwarders *f);
/* root: "" or a folder, where Docker's configuration is. Processes that this user may not look at
 * are left out. 0 or -ENOMEM. */
int forwarders_look(const char *root, Forwarders *ret);
/* The same; where this process does not see others, p25d-reader looks. */
int forwarders_read(const char *root, Forwarders *ret);
/* The one that holds this socket; NULL: none. */
const Forwarder *forwarders_find(const Forwarders *f, uint64_t inode);
/* "port 25: docker-proxy hides the IPv6 clients …: p25ctl deny …"; *ret is NULL when it hides none
 * of those families. 0 or -ENOMEM. */
int forwarder_advice(
        const Forwarders *all, const Forwarder *f, bool ipv4, bool ipv6, uint16_t port, char **ret);
