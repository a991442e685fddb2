/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Asks p25d-reader. Where none listens, as when root started p25d by hand, or it does not answer in
 * time, the answer is -EACCES. Does not depend on what is done with the answer.
 */

#include "daemon/reader/question.h"
#include "rules/base/util.h"

/* A descriptor, or negative errno; kind is READER_FILE, READER_NAMED or READER_FOLDER. */
int reader_open(ReaderKind kind, const char *path);
/* A socket for routes (NETLINK_ROUTE) or of the kernel's list of sockets (NETLINK_SOCK_DIAG), or
 * negative errno. */
int reader_netlink(int protocol);
/* A datagram socket of AF_INET or AF_INET6, over which nothing can be sent: the service manager
 * refuses that to p25d-reader, which made it. Or negative errno. */
int reader_xtables(int family);
/* Of at most READER_SOCKETS_MAX sockets. 0 or negative errno. */
int reader_groups(const uint32_t *sockets, uint32_t n, ReaderAnswer *ret);
/* 0 or negative errno. */
int reader_process(uint32_t pid, ReaderAnswer *ret);
int reader_forwarders(ReaderAnswer *ret);
/* 0 or negative errno. */
int reader_origin(uint32_t pid, uint32_t uid, unsigned msec, ReaderAnswer *ret);
/* As container_ask() in daemon/host/containers.h. */
int reader_container(const char *id, uint32_t owner, SiteContainer *ret);
/* Of the socket of that inode, which the user has made. 0, -ENOENT, -ENXIO (no p25d-reader
 * listens), -ETIMEDOUT, another negative errno. */
int reader_opener(uint32_t inode, uint32_t uid, ReaderAnswer *ret);
