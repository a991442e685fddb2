/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The question of p25d to p25d-reader, which may look at all processes and read all files, and does
 * nothing else: one message each way, of a fixed size, over a socket that only p25d's user may
 * open.
 */

#include "daemon/site/question.h"
#include "rules/base/util.h"

#define READER_SOCKET "/run/p25d-reader.socket"
/* Files of the kernel that it opens besides those of the policy: which legacy tables there are. */
#define READER_TABLES4 "/proc/self/net/ip_tables_names"
#define READER_TABLES6 "/proc/self/net/ip6_tables_names"
#define READER_SOCKETS_MAX 512
#define READER_PATH_MAX 4096
#define READER_FORWARDERS_MAX 32
#define READER_INODES_MAX 8

typedef enum ReaderKind {
        READER_FILE = 1,   /* a regular file; the answer brings a descriptor for reading */
        READER_NAMED,      /* one that a policy names: by the rules of host_read_named() */
        READER_FOLDER,     /* a folder, for listing it */
        READER_GROUPS,     /* the groups of sockets */
        READER_PROCESS,    /* what is known of a process */
        READER_FORWARDERS, /* programs that take connections for containers */
        READER_NETLINK,    /* a netlink socket that can change nothing; n is its protocol */
        READER_CONTAINER,  /* name and image of a container */
        READER_ORIGIN,     /* what made a process run */
        READER_XTABLES,    /* a socket to ask for legacy tables over; n is its family */
        READER_OPENER,     /* which process holds a socket */
} ReaderKind;

typedef struct ReaderQuestion {
        uint32_t kind;
        uint32_t n; /* of sockets, the process, protocol, family, socket's inode, or owner of the
                       container */
        union {
                uint32_t uid;                         /* of the process, for its origin */
                char path[READER_PATH_MAX];           /* or the container's id */
                uint32_t sockets[READER_SOCKETS_MAX]; /* inodes */
                uint32_t user;                        /* who made the socket n */
        };
} ReaderQuestion;

typedef struct ReaderAnswer {
        int32_t error;  /* 0 or negative errno */
        uint32_t blind; /* not every process could be looked at */
        union {
                struct ReaderGroup {
                        uint32_t known, gid;
                } groups[READER_SOCKETS_MAX]; /* by index of the question's sockets */
                struct ReaderProcess {
                        char name[64], unit[128], remote[64];
                } process; /* as in daemon/auth/caller.h */
                SiteContainer container;
                struct ReaderOrigin {
                        char job[512];
                        SiteRequest request;
                        char container[CONTAINER_ID_LENGTH + 1];
                        uint32_t owner; /* of the container */
                } origin;               /* as in daemon/host/origin.h */
                struct ReaderOpener {
                        uint32_t pid;
                        char process[64], command[256], directory[256];
                } opener; /* as in daemon/connections/opener.h */
                struct {
                        uint32_t n, untranslated;
                        struct ReaderForwarder {
                                char name[16];
                                uint32_t pid, uid, n_inodes;
                                uint64_t inodes[READER_INODES_MAX]; /* the first of them */
                                uint16_t has_target, target_port;
                                uint32_t target_family;
                                uint8_t target[16];
                        } items[READER_FORWARDERS_MAX];
                } forwarders; /* as in daemon/host/forwarders.h */
        };
} ReaderAnswer;
