/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The ports of this host on which programs listen. */

#include "rules/base/util.h"
#include "rules/policy/ports.h"

typedef struct Socket Socket;
typedef struct Sockets Sockets;

typedef struct Listeners {
        Ports heard;    /* that other hosts can reach, in one family at least */
        Ports loopback; /* that only this host can reach */
} Listeners;

/* The sockets themselves, added to *ret. 0 or negative errno. */
int listeners_list(const Ports *ports, Sockets *ret);
bool listener_is_loopback(const Socket *s);

/* Of these ports. 0 or negative errno; does not wait for anything but the kernel's answer. */
int listeners_find(const Ports *ports, Listeners *ret);
