/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * fleet.conf: one text in the language of p25.conf, read behind the same guard. Which settings
 * there are is one table in config.c. Nothing is opened here but fleet.conf itself.
 */

#include "rules/base/diagnostic.h"

typedef struct Prefix Prefix;

#define FLEET_CONF "/etc/p25/fleet.conf"
#define FLEET_NAMES_MAX 64   /* sets, fragments, groups, keys, brokers: each */
#define FLEET_NAME_MAX 63    /* bytes of a set's, fragment's or group's name */
#define FLEET_HOST_MAX 253   /* bytes of a host's name */
#define FLEET_NEVER_MAX 1000 /* prefixes that are never banned */

/* The documents of a web server. url NULL: none. Strings are owned. */
typedef struct FleetDocuments {
        char *url;                /* https://HOST/PATH/, ends with a slash */
        char *ca;                 /* a file of certificates; NULL: those of the system */
        char *certificate, *key;  /* this host's, files; NULL: none */
        char **keys;              /* public keys of minisign, one or more */
        char **groups;            /* of this host */
        char **sets, **fragments; /* the names that documents may replace */
        unsigned interval_sec;    /* between two looks */
} FleetDocuments;

/* The messages of brokers. brokers NULL: none. */
typedef struct FleetLive {
        char **brokers;          /* mqtts://HOST[:PORT] */
        char *ca;                /* as above */
        char *certificate, *key; /* this host's */
        char *set;               /* the set of p25d that holds the fleet's bans, "fleet" */
        char **own;              /* those with this host's bans, one or more: "bans" */
        Prefix *never;           /* never banned by a message */
        size_t n_never;
        bool publish;  /* are this host's own bans published? */
        bool lockdown; /* does a message put this host into lockdown? */
        bool view;     /* does the fleet learn who sends from this host? */
} FleetLive;

typedef struct FleetConfig {
        char *host; /* this host's name in the fleet; never NULL */
        FleetDocuments documents;
        FleetLive live;
} FleetConfig;

/* The text need not end with NUL; file is for messages and borrowed. 0, -EINVAL (errors in d),
 * -ENOMEM. */
int fleet_config_parse(
        const char *text, size_t n, const char *file, Diagnostics *d, FleetConfig **ret);
/* Reads the file; the same, and what open(2) and read(2) say, with an error in d. */
int fleet_config_read(const char *path, Diagnostics *d, FleetConfig **ret);
FleetConfig *fleet_config_free(FleetConfig *c);
DEFINE_CLEANUP(FleetConfig, fleet_config_free)

/* mqtts://HOST[:PORT] */
bool fleet_broker_is_valid(const char *url);
/* 1 to FLEET_NAME_MAX of A-Z a-z 0-9 . _ -, and neither . nor .. */
bool fleet_name_is_valid(const char *name);
