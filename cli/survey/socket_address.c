/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/survey/socket_address.h"

#include "rules/address/address.h"
#include "rules/address/family.h"

#include <arpa/inet.h>
#include <string.h>

socklen_t socket_address_make(const Address *a, uint16_t port, struct sockaddr_storage *ret)
{
        struct sockaddr_in *v4 = (void *)ret;
        struct sockaddr_in6 *v6 = (void *)ret;

        memset(ret, 0, sizeof(*ret));
        if (a->family == FAMILY_IPV4) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(port);
                memcpy(&v4->sin_addr, a->bytes, 4);
                return sizeof(*v4);
        }
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        memcpy(&v6->sin6_addr, a->bytes, 16);
        return sizeof(*v6);
}
