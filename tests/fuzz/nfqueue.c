/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Packets in the queue of the kernel: whatever the bytes of a datagram are, packets are read within
 * their bounds, and their addresses are known or refused.
 */

#include "daemon/netlink/nfqueue.h"
#include "daemon/events/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void on_packet(const NfqueuePacket *p, void *data)
{
        uint32_t *sum = data;
        Event e = { 0 };

        for (size_t i = 0; i < p->length; i++)
                *sum += p->data[i];
        if (event_read_packet(p->data, p->length, &e) && e.destination.family == 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        uint64_t *aligned = calloc(n / 8 + 1, 8);
        uint32_t sum = 0;

        if (!aligned)
                return 0;
        if (n > 0)
                memcpy(aligned, data, n);
        nfqueue_parse(aligned, n, on_packet, &sum);
        free(aligned);
        return 0;
}
