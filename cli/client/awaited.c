/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/client/awaited.h"

#include "cli/client/client.h"
#include "daemon/loop/clock.h"
#include "rules/base/util.h"

#include <errno.h>

static int on_answer(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        AwaitedCall *call = data;

        call->answered = true;
        if (!sd_bus_message_is_method_error(m, NULL))
                call->reply = sd_bus_message_ref(m);
        return 1;
}

int awaited_begin(Cli *c, const char *method, uint64_t timeout_usec, AwaitedCall *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        *ret = (AwaitedCall){ .end_usec = clock_now_usec(CLOCK_MONOTONIC) + timeout_usec };
        if (client_message(c, method, &m) != 0)
                return -ENOMEM;
        /* sd_bus_process(3) would find that it is late before it reads an answer that is there */
        r = sd_bus_call_async(c->bus, &ret->slot, m, on_answer, ret, UINT64_MAX);
        return r < 0 ? r : 0;
}

sd_bus_message *awaited_wait(Cli *c, AwaitedCall *call)
{
        while (!call->answered) {
                uint64_t now_usec;
                int r = sd_bus_process(c->bus, NULL);

                if (r < 0)
                        return NULL;
                if (r > 0)
                        continue;
                now_usec = clock_now_usec(CLOCK_MONOTONIC);
                if (now_usec >= call->end_usec ||
                        sd_bus_wait(c->bus, call->end_usec - now_usec) < 0)
                        return NULL;
        }
        return call->reply;
}

void awaited_deinit(AwaitedCall *call)
{
        sd_bus_slot_unref(call->slot);
        sd_bus_message_unref(call->reply);
        *call = (AwaitedCall){ 0 };
}
