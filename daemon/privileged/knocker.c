/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25d-knocker: makes idle ends of connections that p25d cuts send, which p25d has no right to do.
 * It may open raw sockets, and therefore nothing else: it takes nothing but messages of a fixed
 * size, and sends nothing but TCP headers of its own making, at a bounded rate. The service manager
 * starts it when p25d asks, and it ends when nobody has asked for a while.
 */

#include "daemon/connections/knock_order.h"
#include "daemon/connections/segment.h"
#include "daemon/io/socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#define IDLE_MSEC 60000
/* After each end that was knocked at: 20,000 a second at most. */
#define PAUSE_NSEC 50000
/* p25d does not wait for an answer, so its message is there when its connection is. */
#define MESSAGE_MSEC 1000

static void pause_for(uint32_t n)
{
        struct timespec pause = { .tv_nsec = (long)n * PAUSE_NSEC };

        nanosleep(&pause, NULL);
}

static void client_serve(int client, void *data)
{
        struct pollfd p = { .fd = client, .events = POLLIN };
        KnockOrder order = { 0 };
        uint32_t n = 0;

        if (poll(&p, 1, MESSAGE_MSEC) <= 0 ||
                recv(client, &order, sizeof(order), MSG_DONTWAIT) != sizeof(order))
                return;
        for (; n < order.n && n < KNOCKS_MAX; n++) {
                uint32_t mark;
                Tuple t;

                if (knock_order_read(&order, n, &t, &mark))
                        (void)segments_send(data, &t, mark);
        }
        pause_for(n);
}

int main(void)
{
        Segments segments = SEGMENTS_CLOSED;
        int status = socket_serve("p25d-knocker", IDLE_MSEC, client_serve, &segments);

        segments_close(&segments);
        return status;
}
