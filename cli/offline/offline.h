/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Policies without a daemon: files below --root, the stored state, and a file from the command
 * line in its place among them. Functions that return an exit status have printed the reason.
 */

#include "cli/console/cli.h"
#include "daemon/host/host.h"
#include "rules/config/parse.h"
#include "rules/policy/names.h"

typedef struct Assertions Assertions;
typedef struct Ruleset Ruleset;

typedef struct Offline {
        HostPaths paths;
        HostNames *host_names;
        Names names;
} Offline;

void offline_close(Offline *o);
#define _cleanup_offline_ _cleanup_(offline_close)
int offline_open(Cli *c, Offline *ret);

/* One file, whatever it is; one of the three is set. */
typedef struct Document {
        DocumentKind kind;
        HostConf *host;
        Fragment *fragment;
        Role *role;
} Document;

/* A policy text from a file, or from standard input ("-"). An exit status. */
int offline_read_text(Cli *c, const char *path, char **ret);

void document_deinit(Document *d);
#define _cleanup_document_ _cleanup_(document_deinit)
/* Reads and parses, the set files that it names included. 0, or negative errno with errors in
 * d. */
int document_load(const Offline *o, const char *path, Diagnostics *d, Document *ret);
/* p25.conf from a text that path is named for, its set files included; the same. */
int offline_parse_host(const Offline *o, const char *path, const char *text, size_t n,
        Diagnostics *d, HostConf **ret);
/* The assertions in it. */
const Assertions *document_assertions(const Document *d);
/* Puts it in its place: the host file's, or that of the fragment or role of its name; takes new
 * references. 0 or -ENOMEM. */
int document_put(const Document *d, Policy *p);

/* The host's policy, as far as this user can read it: everything, else the roles, else nothing. A
 * document is judged together with it. 0 or negative errno. */
int offline_surroundings(const Offline *o, Policy **ret);
/* Only the roles, with errors in d. 0 or negative errno. */
int offline_roles(const Offline *o, Diagnostics *d, Policy **ret);

/* Prints the changes that a reload would make below --root; text, if not NULL, replaces p25.conf,
 * and its lines are those of path. An exit status. */
int offline_plan(Cli *c, const char *path, const char *text);

/* The policy below --root as it is stored, and compiled. Errors are printed. */
int offline_policy(Cli *c, const Offline *o, Policy **ret);
int offline_load(Cli *c, const Offline *o, Policy **ret, Ruleset **ret_ruleset);
