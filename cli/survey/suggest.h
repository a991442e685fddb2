/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From what is seen of a host to roles that fit it, with reasons. Pure: command_suggest.c looks.
 */

#include "rules/base/util.h"

typedef struct HostFacts {
        char *smtp_listener;                /* listens on 25 for other hosts; NULL: none */
        char *local_listener;               /* listens on 25 for this host only */
        char *submission_listener;          /* on 465 or 587, for others */
        size_t private_peers, public_peers; /* connected to port 25 now */
        char **destinations; /* to which ports 25 of others this host is connected now */
        char *bridge;        /* of containers or virtual machines */
        bool forwards;
        unsigned accounts; /* people who may log in */
} HostFacts;

typedef struct Suggestion {
        const char *role; /* static */
        char *reason;
} Suggestion;

#define SUGGESTIONS_MAX 8

typedef struct Suggestions {
        Suggestion items[SUGGESTIONS_MAX];
        size_t n;
} Suggestions;

/* 0 or -ENOMEM */
int roles_suggest(const HostFacts *facts, Suggestions *ret);
void suggestions_deinit(Suggestions *s);
void host_facts_deinit(HostFacts *f);
