/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* An address and port as connect(2) takes them. */

#include "rules/base/util.h"

#include <sys/socket.h>

typedef struct Address Address;

socklen_t socket_address_make(const Address *a, uint16_t port, struct sockaddr_storage *ret);
