/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the methods before and after a change: the effects of a reload, and the confirmation of a
 * change.
 */

#include "daemon/bus/answer.h"
#include "daemon/bus/dict.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/properties.h"
#include "daemon/bus/reply.h"
#include "rules/policy/valid.h"

#include <errno.h>

#define _cleanup_result_ _cleanup_(change_result_deinit)

int bus_describe_reload(BusCall *c, sd_bus_error *error)
{
        enum { TEXT, _KEY_MAX };
        static const BusKey keys[_KEY_MAX] = { [TEXT] = { "text", "s", false } };
        _cleanup_result_ ChangeResult result = { 0 };
        BusValue v[_KEY_MAX] = { 0 };
        size_t n;
        int r;

        r = bus_dict_read(c->message, keys, _KEY_MAX, BUS_ERROR_INVALID_ARGS, v, error);
        if (r < 0)
                return r;
        n = v[TEXT].string ? strlen(v[TEXT].string) : 0;
        if (n > POLICY_TEXT_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a policy text is at most %u MiB", POLICY_TEXT_MAX >> 20);
        r = manager_plan(c->bus->manager, v[TEXT].string, n, c->caller.uid == 0, &result);
        return r < 0 ? bus_result_fail(&result, error) : bus_result_send(c, &result);
}

int bus_confirm(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        Change change = { .uid = c->caller.uid, .connection = c->connection };
        uint64_t revision;
        int r;

        r = sd_bus_message_read(c->message, "t", &revision);
        if (r < 0)
                return r;
        r = manager_confirm(c->bus->manager, revision, &change, &result);
        bus_publish(c->bus);
        if (r < 0)
                return bus_result_fail(&result, error);
        r = sd_bus_reply_method_return(c->message, "");
        return r < 0 ? r : 0;
}
