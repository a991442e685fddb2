/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/knock.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Errors are ignored: an end that sends by itself is reset all the same. Nobody has to be there yet
 * to take the message, so nothing is waited for. */
static void order_send(KnockOrder *o)
{
        static const struct sockaddr_un address = { AF_UNIX, KNOCKER_SOCKET };
        int fd;

        if (o->n == 0)
                return;
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0) {
                if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) >= 0)
                        (void)send(fd, o, sizeof(*o), MSG_NOSIGNAL);
                close(fd);
        }
        *o = (KnockOrder){ 0 };
}

void knocker_close(Knocker *k)
{
        segments_close(&k->segments);
        order_send(&k->order);
        *k = KNOCKER_CLOSED;
}

/* The unit grants no raw socket, or one by which nothing can be sent; each of these has another
 * error. */
void knock(Knocker *k, const Tuple *t, uint32_t mark)
{
        if (segments_send(&k->segments, t, mark) >= 0)
                return;
        if (k->order.n == KNOCKS_MAX)
                order_send(&k->order);
        (void)knock_order_add(&k->order, t, mark);
}
