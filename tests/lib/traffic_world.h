/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The network for tests of a backend with real connections: listeners on every port, in every site.
 */

#include "tests/lib/nft_backend.h"

#define HOST4 "192.0.2.1"
#define HOST6 "2001:db8:1::1"
#define INTERNET4 "192.0.2.2"
#define INTERNET6 "2001:db8:1::2"
#define CONTAINER4 "10.9.0.2"
#define CONTAINER6 "fd00:9::2"

extern int listeners[16];
extern size_t n_listeners;
extern Backend *backend;

int setup(void **state);
int teardown(void **state);
int begin(void **state);
int end(void **state);

#define expect(answer, ...) assert_int_equal(connect_to(__VA_ARGS__), answer)
