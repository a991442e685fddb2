/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Random models of every kind of document, with whatever their files can hold. Each belongs to the
 * caller. A failed allocation fails the test.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Fragment Fragment;
typedef struct HostConf HostConf;
typedef struct Role Role;
typedef struct Rule Rule;
typedef struct State State;

/* The same seed gives the same models. */
void chance_begin(uint64_t seed);

/* A text of at most max bytes; raw: also with control characters, and bytes
 * that are not UTF-8. */
char *chance_text(size_t max, bool raw);
/* vars: it may name variables. id: that of the state; 0: of a file. */
Rule *chance_rule(bool vars, uint64_t id);
HostConf *chance_host(void);
/* Settings that every document may hold, into a fragment that is new. */
void chance_common(Fragment *f);
Role *chance_role(void);
State *chance_state_document(void);
