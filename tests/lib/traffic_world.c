/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/traffic_world.h"

int listeners[16];

size_t n_listeners;
Backend *backend;

int setup(void **state)
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

int teardown(void **state)
{
        (void)state;
        for (size_t i = 0; i < n_listeners; i++)
                close(listeners[i]);
        world_end();
        return 0;
}

int begin(void **state)
{
        (void)state;
        backend = open_backend();
        return 0;
}

int end(void **state)
{
        (void)state;
        run("nft delete table inet nat 2>/dev/null; nft delete table inet raw 2>/dev/null");
        tested_backend->remove(backend, NULL);
        close_backend(&backend);
        return 0;
}
