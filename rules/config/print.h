/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Model to canonical text. parse(print(x)) equals x, and print(parse(print(x))) equals print(x):
 * fixed order of settings, only what differs from the default (a rule's direction is always said),
 * RFC 5952 addresses, ports by service name where there is one. The texts are libconfig's own
 * language: p25's leniency in reading is not needed to read them.
 * All return 0 or -ENOMEM and a text that the caller frees.
 */

#include "rules/config/parse.h"

typedef struct Rule Rule;

int print_rule(const Rule *r, char **ret); /* one "{ … }" group on one line */
int print_host(const HostConf *h, char **ret);
int print_fragment(const Fragment *f, char **ret);
int print_role(const Role *r, char **ret);
/* fragments and sets: the files that the store wrote them to, by index of s->fragments, s->sets */
int print_state(const State *s, char *const *fragment_files, char *const *set_files, char **ret);
