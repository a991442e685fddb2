/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The world of tests of what packets meet under a backend, TESTED_BACKEND: listeners that answer on
 * every port, in every site.
 */

#include "tests/lib/nft_backend.h"

#define HOST4 "192.0.2.1"
#define HOST6 "2001:db8:1::1"
#define INTERNET4 "192.0.2.2"
#define INTERNET6 "2001:db8:1::2"
#define CONTAINER4 "10.9.0.2"
#define CONTAINER6 "fd00:9::2"

static int listeners[16];
static size_t n_listeners;
static Backend *backend;

static int setup(void **state)
{
        static const uint16_t ports[] = { 25, 80, 587 };

        (void)state;
        world_build();
        for (size_t i = 0; i < ELEMENTS(ports); i++)
                for (Site s = HOST; s < _SITES; s++)
                        listeners[n_listeners++] = listen_at(s, ports[i]);
        listeners[n_listeners++] = listen_at(CONTAINER, 2525);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        for (size_t i = 0; i < n_listeners; i++)
                close(listeners[i]);
        world_end();
        return 0;
}

static int begin(void **state)
{
        (void)state;
        backend = open_backend();
        return 0;
}

static int end(void **state)
{
        (void)state;
        run("nft delete table inet nat 2>/dev/null; nft delete table inet raw 2>/dev/null");
        TESTED_BACKEND.remove(backend, NULL);
        close_backend(&backend);
        return 0;
}

#define expect(answer, ...) assert_int_equal(connect_to(__VA_ARGS__), answer)
